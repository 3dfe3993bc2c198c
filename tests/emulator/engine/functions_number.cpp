// Arithmetic and numeric functions.
#include "tests/emulator/engine/convert.hpp"
#include "tests/emulator/engine/functions.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace emulator {

namespace {

bool is_whole(Kind kind) { return kind == Kind::kBoolean || is_integer(kind); }
bool is_exact(Kind kind) { return is_whole(kind) || kind == Kind::kDecimal; }

Type decimal(int scale) {
  Type type = simple_type(Kind::kDecimal);
  type.precision = 38;
  type.scale = scale;
  type.bits = 128;
  return type;
}

/// BIGINT, LARGEINT or DECIMAL while all arguments are exact; DOUBLE with any other, texts
/// included.
Type arithmetic_result(const std::vector<Type>& types) {
  int scale = 0;
  bool point = false;
  bool large = false;
  for (const Type& type : types) {
    if (!is_exact(type.kind)) return simple_type(Kind::kDouble);
    point = point || type.kind == Kind::kDecimal;
    large = large || type.kind == Kind::kLargeInt;
    scale = std::max(scale, type.kind == Kind::kDecimal ? type.scale : 0);
  }
  if (point) return decimal(scale);
  return simple_type(large ? Kind::kLargeInt : Kind::kBigInt);
}

Type product_result(const std::vector<Type>& types) {
  Type type = arithmetic_result(types);
  if (type.kind == Kind::kDecimal) type.scale = std::min(types[0].scale + types[1].scale, 38);
  return type;
}

Int128 exact(const Value& value) {
  const auto* wide = std::get_if<Int128>(&value);
  return wide != nullptr ? *wide : Int128{std::get<std::int64_t>(value)};
}

/// An exact number as a value of the result's type, NULL if it does not fit.
Value fitted(Int128 number, const Type& type) {
  if (type.kind != Kind::kBigInt) return number;
  if (number > std::numeric_limits<std::int64_t>::max() ||
      number < std::numeric_limits<std::int64_t>::min()) {
    return {};
  }
  return static_cast<std::int64_t>(number);
}

/// The opposite; the smallest number is its own.
Int128 opposite(Int128 number) {
  return static_cast<Int128>(UInt128{0} - static_cast<UInt128>(number));
}

/// An argument multiplied to the scale of the result.
std::optional<Int128> scaled(const FunctionCall& call, std::size_t i) {
  const int scale = call.types[i].kind == Kind::kDecimal ? call.types[i].scale : 0;
  Int128 number = 0;
  if (__builtin_mul_overflow(exact(call.arguments[i]), power_of_ten(call.result.scale - scale),
                             &number)) {
    return std::nullopt;
  }
  return number;
}

template <class Exact, class Real>
Value arithmetic(const FunctionCall& call, Exact exact_op, Real real_op) {
  if (call.result.kind == Kind::kDouble) {
    const auto a = call.number(0);
    const auto b = call.number(1);
    if (!a || !b) return {};
    const double result = real_op(*a, *b);
    return std::isfinite(result) ? Value{result} : Value{};
  }
  const auto a = scaled(call, 0);
  const auto b = scaled(call, 1);
  Int128 result = 0;
  if (!a || !b || exact_op(*a, *b, &result)) return {};
  return fitted(result, call.result);
}

Value add(const FunctionCall& call) {
  return arithmetic(
      call, [](Int128 a, Int128 b, Int128* out) { return __builtin_add_overflow(a, b, out); },
      [](double a, double b) { return a + b; });
}

Value subtract(const FunctionCall& call) {
  return arithmetic(
      call, [](Int128 a, Int128 b, Int128* out) { return __builtin_sub_overflow(a, b, out); },
      [](double a, double b) { return a - b; });
}

Value modulo(const FunctionCall& call) {
  return arithmetic(
      call,
      [](Int128 a, Int128 b, Int128* out) {
        if (b == 0) return true;
        *out = b == -1 ? 0 : a % b;
        return false;
      },
      [](double a, double b) { return std::fmod(a, b); });
}

Value multiply(const FunctionCall& call) {
  if (call.result.kind == Kind::kDouble) {
    return arithmetic(
        call, [](Int128, Int128, Int128*) { return true; },
        [](double a, double b) { return a * b; });
  }
  Int128 product = 0;
  if (__builtin_mul_overflow(exact(call.arguments[0]), exact(call.arguments[1]), &product))
    return {};
  return fitted(product, call.result);
}

Value divide(const FunctionCall& call) {
  const auto a = call.number(0);
  const auto b = call.number(1);
  if (!a || !b || *b == 0.0) return {};
  return *a / *b;
}

Value integer_divide(const FunctionCall& call) {
  const auto a = call.integer(0);
  const auto b = call.integer(1);
  if (!a || !b || *b == 0 || (*b == -1 && *a == std::numeric_limits<std::int64_t>::min()))
    return {};
  return *a / *b;
}

Type unary_result(const std::vector<Type>& types) { return arithmetic_result({types[0]}); }

Value negate(const FunctionCall& call) {
  if (call.result.kind == Kind::kDouble) {
    const auto number = call.number(0);
    return number ? Value{-*number} : Value{};
  }
  return fitted(opposite(exact(call.arguments[0])), call.result);
}

Value absolute(const FunctionCall& call) {
  if (call.result.kind == Kind::kDouble) {
    const auto number = call.number(0);
    return number ? Value{std::fabs(*number)} : Value{};
  }
  const Int128 number = exact(call.arguments[0]);
  return fitted(number < 0 ? opposite(number) : number, call.result);
}

template <double (*kFunction)(double)>
Value rounded(const FunctionCall& call) {
  const auto number = call.number(0);
  if (!number) return {};
  return cast_value(kFunction(*number), simple_type(Kind::kDouble), call.result).value_or(Value{});
}

double floor_of(double x) { return std::floor(x); }
double ceiling_of(double x) { return std::ceil(x); }

Type round_result(const std::vector<Type>& types) {
  return simple_type(types.size() == 1 ? Kind::kBigInt : Kind::kDouble);
}

Value round_function(const FunctionCall& call) {
  const auto number = call.number(0);
  const auto places = call.arguments.size() == 2 ? call.integer(1) : std::optional<std::int64_t>(0);
  if (!number || !places || *places > 300 || *places < -300) return {};
  const double factor = std::pow(10.0, static_cast<double>(*places));
  const double result = std::round(*number * factor) / factor;
  return cast_value(result, simple_type(Kind::kDouble), call.result).value_or(Value{});
}

Type common_of_all(const std::vector<Type>& types) { return common_type(types, 0); }

template <int kSign>
Value extreme(const FunctionCall& call) {
  std::size_t best = 0;
  for (std::size_t i = 1; i < call.arguments.size(); ++i) {
    const auto order =
        compare_typed(call.arguments[i], call.types[i], call.arguments[best], call.types[best]);
    if (!order) return {};
    if (*order * kSign > 0) best = i;
  }
  return cast_value(call.arguments[best], call.types[best], call.result).value_or(Value{});
}

}  // namespace

std::vector<FunctionInfo> number_functions() {
  constexpr auto kDouble = returns<Kind::kDouble>;
  constexpr auto kBigInt = returns<Kind::kBigInt>;
  return {
      {"+", 2, 2, arithmetic_result, add},
      {"-", 2, 2, arithmetic_result, subtract},
      {"*", 2, 2, product_result, multiply},
      {"/", 2, 2, kDouble, divide},
      {"%", 2, 2, arithmetic_result, modulo},
      {"mod", 2, 2, arithmetic_result, modulo},
      {" div", 2, 2, kBigInt, integer_divide},
      {" negate", 1, 1, unary_result, negate},
      {"abs", 1, 1, unary_result, absolute},
      {"floor", 1, 1, kBigInt, rounded<floor_of>},
      {"ceil", 1, 1, kBigInt, rounded<ceiling_of>},
      {"ceiling", 1, 1, kBigInt, rounded<ceiling_of>},
      {"round", 1, 2, round_result, round_function},
      {"greatest", 1, 100, common_of_all, extreme<1>},
      {"least", 1, 100, common_of_all, extreme<-1>},
  };
}

}  // namespace emulator
