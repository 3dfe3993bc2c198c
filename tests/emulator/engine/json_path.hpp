#pragma once

#include "tests/emulator/engine/json.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace emulator {

/// One step of a JSON path: a member, and then elements by their numbers.
struct JsonStep {
  std::string key;  ///< empty: the value itself
  std::vector<std::size_t> indexes;
};
using JsonPath = std::vector<JsonStep>;

/// Parses `$.a.b`, `$.arr[0]`, `$."dotted.key".x`, `$` (starrocks-load-protocol.md 11.4); unset if
/// it is no path.
[[nodiscard]] std::optional<JsonPath> parse_json_path(std::string_view text);

/// What a path leads to; nullptr if there is nothing.
[[nodiscard]] const Json* find_json(const Json& value, const JsonPath& path);

}  // namespace emulator
