#pragma once

#include "tests/emulator/engine/json.hpp"
#include "tests/emulator/engine/type.hpp"
#include "tests/emulator/engine/value.hpp"

#include <optional>
#include <string_view>

namespace emulator {

/// ARRAY or MAP in a CSV field, `[1,2]` or `{1:"a"}` (starrocks-load-protocol.md 11.3), to its
/// canonical text; unset if it is a bad value. Of duplicate keys the last wins.
[[nodiscard]] std::optional<Value> nested_from_csv(std::string_view text, const Type& type);

/// ARRAY from a JSON array, MAP and STRUCT from a JSON object (11.4).
[[nodiscard]] std::optional<Value> nested_from_json(const Json& json, const Type& type);

}  // namespace emulator
