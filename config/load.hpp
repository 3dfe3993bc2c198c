#pragma once

#include "config/options.hpp"
#include "config/origins.hpp"
#include "config/problem.hpp"
#include "config/surroundings.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace loadstar::config {

/// What came of reading a configuration.
struct Loaded {
  std::optional<Options> options;  ///< unset if there is an error among the problems
  std::vector<Problem> problems;   ///< by line; errors and warnings
  Origins origins;                 ///< where the options came from, for show()
};

/// Reads, completes and judges a configuration: YAML, values from the environment and from files,
/// the schema, `auto` values, validate(), and the files it names. All problems at once.
[[nodiscard]] Loaded load_text(std::string_view text, const std::string& file_name,
                               const Surroundings& surroundings);

/// load_text() on the file's content; a file that cannot be read is a problem.
[[nodiscard]] Loaded load_file(const std::string& path, const Surroundings& surroundings);

}  // namespace loadstar::config
