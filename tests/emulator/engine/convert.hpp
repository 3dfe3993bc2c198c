#pragma once

#include "tests/emulator/engine/json.hpp"
#include "tests/emulator/engine/type.hpp"
#include "tests/emulator/engine/value.hpp"

#include <optional>
#include <string_view>

namespace emulator {

/// Text as it stands in a CSV field to a value of `type` (starrocks-load-protocol.md 11.3); unset
/// if it is a bad value in the sense of 11.1. Never NULL. BITMAP, HLL, PERCENTILE and STRUCT have
/// no text form.
[[nodiscard]] std::optional<Value> from_csv(std::string_view text, const Type& type);

/// A JSON value that is not null to a value of `type` (11.4); unset if it is a bad value.
[[nodiscard]] std::optional<Value> from_json(const Json& json, const Type& type);

/// The VARCHAR that a JSON value becomes: what expressions of `columns` see. Not for null.
[[nodiscard]] std::string json_as_text(const Json& json);

/// CAST of a value that is not NULL; unset (that is NULL, in SQL) if it cannot be converted.
[[nodiscard]] std::optional<Value> cast_value(const Value& value, const Type& from, const Type& to);

/// Decimal text to a number without its point: rounded half away from zero, digits beyond the
/// type's precision cut before rounding.
[[nodiscard]] std::optional<Int128> parse_decimal(std::string_view text, int precision, int scale);

/// Integer text within [least, most]; a fraction is cut.
[[nodiscard]] std::optional<Int128> parse_integer(std::string_view text, Int128 least, Int128 most);

/// Decimal or scientific text, whole, finite.
[[nodiscard]] std::optional<double> parse_double(std::string_view text);

}  // namespace emulator
