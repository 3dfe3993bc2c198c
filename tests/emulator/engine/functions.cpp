#include "tests/emulator/engine/functions.hpp"

#include "tests/emulator/engine/convert.hpp"

#include <algorithm>
#include <map>

namespace emulator {

std::string FunctionCall::text(std::size_t i) const { return value_text(arguments[i], types[i]); }

std::optional<double> FunctionCall::number(std::size_t i) const {
  if (const auto* real = std::get_if<double>(&arguments[i])) return *real;
  if (const auto* whole = std::get_if<std::int64_t>(&arguments[i]))
    return static_cast<double>(*whole);
  return parse_double(text(i));
}

std::optional<std::int64_t> FunctionCall::integer(std::size_t i) const {
  const auto value = cast_value(arguments[i], types[i], simple_type(Kind::kBigInt));
  if (!value) return std::nullopt;
  return std::get<std::int64_t>(*value);
}

const std::vector<FunctionInfo>& all_functions() {
  static const std::vector<FunctionInfo> kAll = [] {
    std::vector<FunctionInfo> all;
    for (const auto& group : {logic_functions(), number_functions(), text_functions(),
                              time_functions(), sketch_functions()}) {
      all.insert(all.end(), group.begin(), group.end());
    }
    return all;
  }();
  return kAll;
}

const FunctionInfo* find_function(std::string_view name) {
  static const std::map<std::string_view, const FunctionInfo*> kByName = [] {
    std::map<std::string_view, const FunctionInfo*> names;
    for (const FunctionInfo& function : all_functions()) names.emplace(function.name, &function);
    return names;
  }();
  const auto found = kByName.find(name);
  return found == kByName.end() ? nullptr : found->second;
}

Type common_type(const std::vector<Type>& types, std::size_t first) {
  if (first >= types.size()) return text_type();
  Type common = types[first];
  for (std::size_t i = first + 1; i < types.size(); ++i) {
    const Type& other = types[i];
    const bool same = common.kind == other.kind && common.scale == other.scale;
    if (same && !is_string(common.kind)) continue;
    if (is_integer(common.kind) && is_integer(other.kind)) {
      common.kind = std::max(common.kind, other.kind);
    } else if (is_number(common.kind) && is_number(other.kind)) {
      common = simple_type(Kind::kDouble);
    } else {
      return text_type();
    }
  }
  return common;
}

namespace {

bool is_whole(Kind kind) { return kind == Kind::kBoolean || is_integer(kind); }
bool is_exact(Kind kind) { return is_whole(kind) || kind == Kind::kDecimal; }
bool is_time(Kind kind) { return kind == Kind::kDate || kind == Kind::kDatetime; }

std::optional<Int128> scaled(const Value& value, const Type& type, int scale) {
  const Int128 number = std::holds_alternative<Int128>(value)
                            ? std::get<Int128>(value)
                            : Int128{std::get<std::int64_t>(value)};
  const Int128 factor = power_of_ten(scale - (type.kind == Kind::kDecimal ? type.scale : 0));
  Int128 product = 0;
  if (__builtin_mul_overflow(number, factor, &product)) return std::nullopt;
  return product;
}

template <class T>
int order(const T& left, const T& right) {
  if (left < right) return -1;
  return right < left ? 1 : 0;
}

}  // namespace

std::optional<int> compare_typed(const Value& left, const Type& left_type, const Value& right,
                                 const Type& right_type) {
  if (is_exact(left_type.kind) && is_exact(right_type.kind)) {
    const int scale = std::max(left_type.scale, right_type.scale);
    const auto a = scaled(left, left_type, scale);
    const auto b = scaled(right, right_type, scale);
    if (a && b) return order(*a, *b);
  }
  if (is_number(left_type.kind) || is_number(right_type.kind)) {
    const auto a = cast_value(left, left_type, simple_type(Kind::kDouble));
    const auto b = cast_value(right, right_type, simple_type(Kind::kDouble));
    if (!a || !b) return std::nullopt;
    return order(*a, *b);
  }
  if (is_time(left_type.kind) || is_time(right_type.kind)) {
    const auto a = cast_value(left, left_type, simple_type(Kind::kDatetime));
    const auto b = cast_value(right, right_type, simple_type(Kind::kDatetime));
    if (!a || !b) return std::nullopt;
    return order(*a, *b);
  }
  return order(std::get<std::string>(left), std::get<std::string>(right));
}

}  // namespace emulator
