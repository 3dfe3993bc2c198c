#include "tests/emulator/engine/convert.hpp"

#include "tests/emulator/engine/nested.hpp"
#include "tests/emulator/engine/temporal.hpp"
#include "tests/emulator/engine/text.hpp"

#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

namespace emulator {

namespace {

struct Range {
  Int128 least;
  Int128 most;
};

template <class Integer>
constexpr Range range_of() {
  return {std::numeric_limits<Integer>::min(), std::numeric_limits<Integer>::max()};
}

Range integer_range(Kind kind) {
  switch (kind) {
    case Kind::kTinyInt:
      return range_of<std::int8_t>();
    case Kind::kSmallInt:
      return range_of<std::int16_t>();
    case Kind::kInt:
      return range_of<std::int32_t>();
    case Kind::kBigInt:
      return range_of<std::int64_t>();
    default:
      return {kInt128Min, kInt128Max};
  }
}

Value integer_value(Int128 number, Kind kind) {
  if (kind == Kind::kLargeInt) return number;
  return static_cast<std::int64_t>(number);
}

std::optional<Value> integer_from_double(double number, Kind kind) {
  const Range range = integer_range(kind);
  const double whole = std::trunc(number);
  // The upper bound rounds up to a power of two as a double, so it is excluded.
  const bool fits =
      kind == Kind::kBigInt || kind == Kind::kLargeInt
          ? whole >= static_cast<double>(range.least) && whole < static_cast<double>(range.most)
          : whole >= static_cast<double>(range.least) && whole <= static_cast<double>(range.most);
  if (!fits) return std::nullopt;
  return integer_value(static_cast<Int128>(whole), kind);
}

std::optional<Value> to_integer(std::string_view text, Kind kind) {
  const Range range = integer_range(kind);
  const auto number = parse_integer(text, range.least, range.most);
  if (!number) return std::nullopt;
  return integer_value(*number, kind);
}

std::optional<Value> to_real(std::string_view text, Kind kind) {
  const auto number = parse_double(text);
  if (!number) return std::nullopt;
  if (kind == Kind::kDouble) return *number;
  if (std::fabs(*number) > static_cast<double>(std::numeric_limits<float>::max()))
    return std::nullopt;
  return static_cast<double>(static_cast<float>(*number));
}

std::optional<Value> to_boolean(std::string_view raw) {
  const std::string_view text = trim_white(raw);
  if (text == "1" || equal_ignore_case(text, "true")) return std::int64_t{1};
  if (text == "0" || equal_ignore_case(text, "false")) return std::int64_t{0};
  const auto number = parse_double(text);
  if (!number) return std::nullopt;
  return std::int64_t{*number != 0.0};
}

std::optional<Value> to_decimal(std::string_view text, const Type& type) {
  const auto number = parse_decimal(text, type.precision, type.scale);
  if (!number) return std::nullopt;
  return *number;
}

std::optional<Value> to_time(std::string_view text, Kind kind) {
  const auto time = parse_datetime(text);
  if (!time) return std::nullopt;
  return kind == Kind::kDate ? date_text(*time) : datetime_text(*time);
}

std::optional<Value> limited(std::string bytes, int length) {
  if (bytes.size() > static_cast<std::size_t>(length)) return std::nullopt;
  return bytes;
}

/// A JSON column takes 16 MiB (kJSONLengthLimit in StarRocks' sources).
constexpr std::size_t kMaxJsonBytes = std::size_t{16} << 20U;

std::optional<Value> to_json(const Json& json) {
  try {
    std::string text = json_canonical(json);
    if (text.size() > kMaxJsonBytes) return std::nullopt;
    return text;
  } catch (const JsonError&) {
    return std::nullopt;
  }
}

std::optional<Value> to_json(std::string_view text) {
  try {
    return to_json(parse_json(text));
  } catch (const JsonError&) {
    return std::nullopt;
  }
}

/// CHAR is padded with NUL bytes and ends before the first when it is read
/// (ChunkHelper::padding_char_columns and the page readers of StarRocks' sources).
std::optional<Value> to_char(std::string_view text, int length) {
  if (text.size() > static_cast<std::size_t>(length)) return std::nullopt;
  return std::string(text.substr(0, text.find('\0')));
}

/// What CSV, JSON and CAST have in common: everything but VARBINARY and nested types.
std::optional<Value> from_text(std::string_view text, const Type& type) {
  switch (type.kind) {
    case Kind::kBoolean:
      return to_boolean(text);
    case Kind::kTinyInt:
    case Kind::kSmallInt:
    case Kind::kInt:
    case Kind::kBigInt:
    case Kind::kLargeInt:
      return to_integer(text, type.kind);
    case Kind::kFloat:
    case Kind::kDouble:
      return to_real(text, type.kind);
    case Kind::kDecimal:
      return to_decimal(text, type);
    case Kind::kChar:
      return to_char(text, type.length);
    case Kind::kVarchar:
    case Kind::kVarbinary:
      return limited(std::string(text), type.length);
    case Kind::kDate:
    case Kind::kDatetime:
      return to_time(text, type.kind);
    case Kind::kJson:
      return to_json(text);
    case Kind::kArray:
    case Kind::kMap:
    case Kind::kStruct:
      try {
        return nested_from_json(parse_json(text), type);
      } catch (const JsonError&) {
        return std::nullopt;
      }
    case Kind::kBitmap:
    case Kind::kHll:
    case Kind::kPercentile:
      return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

std::optional<Int128> parse_integer(std::string_view raw, Int128 least, Int128 most) {
  std::string_view text = trim_white(raw);
  const bool negative = !text.empty() && text[0] == '-';
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  const std::size_t point = text.find('.');
  const std::string_view whole = text.substr(0, point);
  const std::string_view fraction = point == std::string_view::npos ? "" : text.substr(point + 1);
  const auto only_digits = [](std::string_view t) {
    return t.find_first_not_of("0123456789") == std::string_view::npos;
  };
  if (whole.empty() || !only_digits(whole) || !only_digits(fraction)) return std::nullopt;
  Int128 number = 0;
  if (whole.size() <= 18) {
    // Most numbers fit 64 bits, where arithmetic is much cheaper.
    std::int64_t small = 0;
    for (const char c : whole) small = small * 10 - (c - '0');
    number = small;
  } else {
    for (const char c : whole) {
      const int digit = c - '0';
      // Counted below zero, where there is one number more.
      if (number < (kInt128Min + digit) / 10) return std::nullopt;
      number = number * 10 - digit;
    }
  }
  if (!negative) {
    if (number == kInt128Min) return std::nullopt;
    number = -number;
  }
  if (number < least || number > most) return std::nullopt;
  return number;
}

std::optional<double> parse_double(std::string_view raw) {
  std::string_view text = trim_white(raw);
  if (!text.empty() && text[0] == '+') text.remove_prefix(1);
  if (text.empty() || text.find_first_not_of("0123456789+-.eE") != std::string_view::npos)
    return std::nullopt;
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (end != text.data() + text.size()) return std::nullopt;
  if (error == std::errc::result_out_of_range) {
    // Too small is zero, too large is bad; from_chars does not say which it was.
    const std::size_t exponent = text.find_first_of("eE");
    const bool tiny = exponent != std::string_view::npos && text.substr(exponent + 1, 1) == "-";
    if (!tiny) return std::nullopt;
    return 0.0;
  }
  if (error != std::errc{} || !std::isfinite(number)) return std::nullopt;
  return number;
}

std::optional<Int128> parse_decimal(std::string_view raw, int precision, int scale) {
  std::string_view text = trim_white(raw);
  const bool negative = !text.empty() && text[0] == '-';
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  Int128 number = 0;
  int kept = 0;      // significant digits in `number`
  int exponent = 0;  // number * 10^exponent is the value
  bool point = false;
  bool any = false;
  std::size_t i = 0;
  for (; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '.' && !point) {
      point = true;
      continue;
    }
    if (c < '0' || c > '9') break;
    any = true;
    if (kept == precision) {
      // Digits beyond the precision are cut, not rounded.
      if (!point) ++exponent;
      continue;
    }
    number = number * 10 + (c - '0');
    if (number != 0) ++kept;
    if (point) --exponent;
  }
  if (!any) return std::nullopt;
  if (i < text.size()) {
    if (text[i] != 'e' && text[i] != 'E') return std::nullopt;
    std::string_view digits = text.substr(i + 1);
    if (!digits.empty() && digits[0] == '+') digits.remove_prefix(1);
    int shift = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), shift);
    if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
    if (shift < -1000 || shift > 1000)
      return number == 0 || shift < 0 ? std::optional<Int128>(0) : std::nullopt;
    exponent += shift;
  }
  const int move = exponent + scale;
  if (move < 0) {
    if (-move > 38) {
      number = 0;
    } else {
      const Int128 divisor = power_of_ten(-move);
      const Int128 rest = number % divisor;
      number /= divisor;
      if (rest >= divisor - rest) ++number;
    }
  } else if (number != 0) {
    for (int step = 0; step < move; ++step) {
      if (number > kInt128Max / 10) return std::nullopt;
      number *= 10;
    }
  }
  if (number >= power_of_ten(precision)) return std::nullopt;
  return negative ? -number : number;
}

std::optional<Value> from_csv(std::string_view text, const Type& type) {
  switch (type.kind) {
    case Kind::kVarbinary: {
      auto bytes = base64_decode(text);
      return limited(bytes ? std::move(*bytes) : std::string(text), type.length);
    }
    case Kind::kArray:
    case Kind::kMap:
      return nested_from_csv(text, type);
    case Kind::kStruct:
      return std::nullopt;
    default:
      return from_text(text, type);
  }
}

std::string json_as_text(const Json& json) {
  switch (json.kind) {
    case Json::Kind::kBool:
      return json.text == "true" ? "1" : "0";
    case Json::Kind::kArray:
    case Json::Kind::kObject:
      return json_minified(json);
    default:
      return json.text;
  }
}

std::optional<Value> from_json(const Json& json, const Type& type) {
  switch (type.kind) {
    case Kind::kJson:
      return to_json(json);
    case Kind::kArray:
    case Kind::kMap:
    case Kind::kStruct:
      if (json.kind == Json::Kind::kString) return from_text(json.text, type);
      return nested_from_json(json, type);
    case Kind::kChar:
      return to_char(json_as_text(json), type.length);
    case Kind::kVarchar:
    case Kind::kVarbinary:
      return limited(json_as_text(json), type.length);
    default:
      break;
  }
  if (json.kind == Json::Kind::kArray || json.kind == Json::Kind::kObject) return std::nullopt;
  if (json.kind == Json::Kind::kBool) {
    if (!is_number(type.kind)) return std::nullopt;
    return from_text(json_as_text(json), type);
  }
  auto value = from_text(json.text, type);
  if (!value && json.kind == Json::Kind::kNumber && is_integer(type.kind)) {
    // A number such as 1e3 goes through double.
    const auto number = parse_double(json.text);
    if (number && json.text.find_first_of("eE") != std::string::npos) {
      value = integer_from_double(*number, type.kind);
    }
  }
  return value;
}

std::optional<Value> cast_value(const Value& value, const Type& from, const Type& to) {
  const bool real = std::holds_alternative<double>(value);
  if (real && is_integer(to.kind)) return integer_from_double(std::get<double>(value), to.kind);
  if (real && to.kind == Kind::kDouble) return value;
  if (from.kind == to.kind && std::holds_alternative<std::int64_t>(value)) return value;
  if (from.kind >= Kind::kBitmap || to.kind >= Kind::kBitmap) {
    return from.kind == to.kind ? std::optional<Value>(value) : std::nullopt;
  }
  if (from.kind == Kind::kJson && to.kind == Kind::kJson) return value;
  if (to.kind == Kind::kJson && is_string(from.kind)) return to_json(std::get<std::string>(value));
  if (to.kind == Kind::kJson) return to_json(nested_text(value, from));
  if (from.kind == Kind::kJson) {
    const Json json = parse_json(std::get<std::string>(value));
    if (json.kind == Json::Kind::kNull) return std::nullopt;
    return from_json(json, to);
  }
  return from_text(value_text(value, from), to);
}

}  // namespace emulator
