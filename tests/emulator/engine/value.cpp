#include "tests/emulator/engine/value.hpp"

#include "tests/emulator/engine/json.hpp"

#include <fmt/format.h>

namespace emulator {

namespace {

std::string decimal_text(Int128 value, int scale) {
  std::string digits = int128_text(value);
  if (scale == 0) return digits;
  const bool negative = digits[0] == '-';
  if (negative) digits.erase(0, 1);
  const auto places = static_cast<std::size_t>(scale);
  if (digits.size() <= places) digits.insert(0, places + 1 - digits.size(), '0');
  digits.insert(digits.size() - places, ".");
  return negative ? "-" + digits : digits;
}

}  // namespace

std::string double_text(double value) { return fmt::format("{}", value); }

std::string float_text(float value) { return fmt::format("{}", value); }

std::string value_text(const Value& value, const Type& type) {
  if (const auto* number = std::get_if<std::int64_t>(&value)) return std::to_string(*number);
  if (const auto* wide = std::get_if<Int128>(&value)) {
    return decimal_text(*wide, type.kind == Kind::kDecimal ? type.scale : 0);
  }
  if (const auto* real = std::get_if<double>(&value)) {
    return type.kind == Kind::kFloat ? float_text(static_cast<float>(*real)) : double_text(*real);
  }
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  return {};
}

int compare_values(const Value& left, const Value& right) {
  if (left < right) return -1;
  return right < left ? 1 : 0;
}

std::string nested_text(const Value& value, const Type& type) {
  if (is_null(value)) return "null";
  const bool bare = is_number(type.kind) || type.kind == Kind::kArray || type.kind == Kind::kMap ||
                    type.kind == Kind::kStruct;
  const std::string text = value_text(value, type);
  return bare ? text : json_quoted(text);
}

}  // namespace emulator
