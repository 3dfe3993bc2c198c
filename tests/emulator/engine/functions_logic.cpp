// Comparison, boolean and conditional functions, and CAST.
#include "tests/emulator/engine/convert.hpp"
#include "tests/emulator/engine/functions.hpp"
#include "tests/emulator/engine/text.hpp"

namespace emulator {

namespace {

Value boolean(bool value) { return std::int64_t{value}; }

/// Truth of an argument: unset is NULL.
std::optional<bool> truth(const FunctionCall& call, std::size_t i) {
  if (is_null(call.arguments[i])) return std::nullopt;
  const auto value = cast_value(call.arguments[i], call.types[i], simple_type(Kind::kBoolean));
  if (!value) return std::nullopt;
  return std::get<std::int64_t>(*value) != 0;
}

std::optional<int> compare(const FunctionCall& call, std::size_t a, std::size_t b) {
  if (is_null(call.arguments[a]) || is_null(call.arguments[b])) return std::nullopt;
  return compare_typed(call.arguments[a], call.types[a], call.arguments[b], call.types[b]);
}

/// An argument as the type of the whole conditional.
Value as_result(const FunctionCall& call, std::size_t i) {
  if (is_null(call.arguments[i])) return {};
  return cast_value(call.arguments[i], call.types[i], call.result).value_or(Value{});
}

template <class Test>
Value compared(const FunctionCall& call, Test test) {
  const auto order = compare(call, 0, 1);
  if (!order) return {};
  return boolean(test(*order));
}

Value equal(const FunctionCall& c) {
  return compared(c, [](int o) { return o == 0; });
}
Value unequal(const FunctionCall& c) {
  return compared(c, [](int o) { return o != 0; });
}
Value less(const FunctionCall& c) {
  return compared(c, [](int o) { return o < 0; });
}
Value less_equal(const FunctionCall& c) {
  return compared(c, [](int o) { return o <= 0; });
}
Value greater(const FunctionCall& c) {
  return compared(c, [](int o) { return o > 0; });
}
Value greater_equal(const FunctionCall& c) {
  return compared(c, [](int o) { return o >= 0; });
}

Value null_safe_equal(const FunctionCall& call) {
  const bool left = is_null(call.arguments[0]);
  const bool right = is_null(call.arguments[1]);
  if (left || right) return boolean(left && right);
  return equal(call);
}

Value logical_and(const FunctionCall& call) {
  const auto left = truth(call, 0);
  const auto right = truth(call, 1);
  if ((left && !*left) || (right && !*right)) return boolean(false);
  return left && right ? boolean(true) : Value{};
}

Value logical_or(const FunctionCall& call) {
  const auto left = truth(call, 0);
  const auto right = truth(call, 1);
  if ((left && *left) || (right && *right)) return boolean(true);
  return left && right ? boolean(false) : Value{};
}

Value logical_not(const FunctionCall& call) {
  const auto value = truth(call, 0);
  return value ? boolean(!*value) : Value{};
}

Value null_test(const FunctionCall& call) { return boolean(is_null(call.arguments[0])); }

Value in_list(const FunctionCall& call) {
  bool unknown = is_null(call.arguments[0]);
  for (std::size_t i = 1; i < call.arguments.size() && !is_null(call.arguments[0]); ++i) {
    const auto order = compare(call, 0, i);
    if (order && *order == 0) return boolean(true);
    unknown = unknown || !order;
  }
  return unknown ? Value{} : boolean(false);
}

/// LIKE with % and _, and a backslash before a literal one of them.
bool like(std::string_view text, std::string_view pattern) {
  while (!pattern.empty()) {
    char c = pattern[0];
    if (c == '%') {
      for (std::size_t i = 0; i <= text.size(); ++i) {
        if (like(text.substr(i), pattern.substr(1))) return true;
      }
      return false;
    }
    if (text.empty()) return false;
    const bool any = c == '_';
    if (c == '\\' && pattern.size() > 1) {
      pattern.remove_prefix(1);
      c = pattern[0];
    }
    if (!any && text[0] != c) return false;
    text.remove_prefix(1);
    pattern.remove_prefix(1);
  }
  return text.empty();
}

Value like_function(const FunctionCall& call) { return boolean(like(call.text(0), call.text(1))); }

Value cast(const FunctionCall& call) {
  return cast_value(call.arguments[0], call.types[0], call.result).value_or(Value{});
}

/// The parser puts the type of CAST in place of this.
Type cast_result(const std::vector<Type>& types) { return types[0]; }

Value if_function(const FunctionCall& call) {
  return as_result(call, truth(call, 0).value_or(false) ? 1 : 2);
}

Value coalesce(const FunctionCall& call) {
  for (std::size_t i = 0; i < call.arguments.size(); ++i) {
    if (!is_null(call.arguments[i])) return as_result(call, i);
  }
  return {};
}

Value nullif(const FunctionCall& call) {
  const auto order = compare(call, 0, 1);
  return order && *order == 0 ? Value{} : call.arguments[0];
}

Type common_of_all(const std::vector<Type>& types) { return common_type(types, 0); }
Type common_after_first(const std::vector<Type>& types) { return common_type(types, 1); }
Type first_type(const std::vector<Type>& types) { return types[0]; }

}  // namespace

std::vector<FunctionInfo> logic_functions() {
  constexpr auto kBool = returns<Kind::kBoolean>;
  return {
      {"=", 2, 2, kBool, equal},
      {"!=", 2, 2, kBool, unequal},
      {"<", 2, 2, kBool, less},
      {"<=", 2, 2, kBool, less_equal},
      {">", 2, 2, kBool, greater},
      {">=", 2, 2, kBool, greater_equal},
      {"<=>", 2, 2, kBool, null_safe_equal, false},
      {" and", 2, 2, kBool, logical_and, false},
      {" or", 2, 2, kBool, logical_or, false},
      {" not", 1, 1, kBool, logical_not, false},
      {"isnull", 1, 1, kBool, null_test, false},
      {" in", 2, 10000, kBool, in_list, false},
      {" like", 2, 2, kBool, like_function},
      {" cast", 1, 1, cast_result, cast},
      {"if", 3, 3, common_after_first, if_function, false},
      {"ifnull", 2, 2, common_of_all, coalesce, false},
      {"nvl", 2, 2, common_of_all, coalesce, false},
      {"coalesce", 1, 100, common_of_all, coalesce, false},
      {"nullif", 2, 2, first_type, nullif, false},
  };
}

}  // namespace emulator
