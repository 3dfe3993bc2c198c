#pragma once

#include "config/scalar.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

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

/// Whether a file must be a regular one. A pipe or terminal may never end, so only the file that
/// the user names on the command line may be one.
enum class FileKind : std::uint8_t { kRegular, kAny };

/// The bytes of a small file, at most `limit`. Refused if it cannot be read, with the system's
/// reason, or is larger, or of another kind.
[[nodiscard]] Parsed<std::string> read_small_file(const std::string& path, std::size_t limit,
                                                  FileKind kind = FileKind::kRegular);

}  // namespace loadstar::config
