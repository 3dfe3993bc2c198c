#pragma once

#include "tests/emulator/engine/schema.hpp"
#include "tests/emulator/engine/value.hpp"

namespace emulator {

/// Puts the next value of a key into the value that the key has, as the column's function says
/// (SUM, MIN, MAX, REPLACE, REPLACE_IF_NOT_NULL, the unions). All but REPLACE pass over NULL.
void merge_value(Value& into, const Value& next, const Column& column);

/// The value with the opposite sign: what `negative: true` adds.
[[nodiscard]] Value negated(const Value& value);

}  // namespace emulator
