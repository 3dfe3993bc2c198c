#pragma once

#include "tests/emulator/engine/int128.hpp"
#include "tests/emulator/engine/type.hpp"

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace emulator {

/// One value of a row. Its type says which member it uses: BOOLEAN to BIGINT an int64, LARGEINT and
/// DECIMAL (without the point) an Int128, FLOAT and DOUBLE a double, everything else its canonical
/// text; VARBINARY its bytes; BITMAP, HLL and PERCENTILE a sorted JSON array. monostate is NULL.
using Value = std::variant<std::monostate, std::int64_t, double, Int128, std::string>;
using Values = std::vector<Value>;

[[nodiscard]] inline bool is_null(const Value& value) { return value.index() == 0; }

/// Text of a value as StarRocks prints it; not for NULL.
[[nodiscard]] std::string value_text(const Value& value, const Type& type);

/// Shortest text that reads back as the same number: "1", "1.5", "1e+20".
[[nodiscard]] std::string double_text(double value);
[[nodiscard]] std::string float_text(float value);

/// Orders two values of one type, NULL first: negative, zero or positive.
[[nodiscard]] int compare_values(const Value& left, const Value& right);

/// Text of an element inside an ARRAY, MAP or STRUCT: strings, dates and JSON in double quotes.
[[nodiscard]] std::string nested_text(const Value& value, const Type& type);

}  // namespace emulator
