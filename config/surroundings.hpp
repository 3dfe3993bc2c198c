#pragma once

#include <functional>
#include <optional>
#include <string>

#include "config/scalar.hpp"

namespace loadstar::config {

/// What the configuration depends on outside its file; a value, so that tests can make it up.
struct Surroundings {
  /// The value of an environment variable; nullopt if it is not set.
  std::function<std::optional<std::string>(const std::string&)> environment;
  /// Put before /proc and /sys: empty on a real system, a directory in tests.
  std::string system_root;
};

/// The process's own environment and system.
[[nodiscard]] Surroundings process_surroundings();

/// The bytes of a small file, at most `limit`. Refused if it cannot be read, with the system's reason, or
/// is larger.
[[nodiscard]] Parsed<std::string> read_small_file(const std::string& path, std::size_t limit);

}  // namespace loadstar::config
