#include "core/ingest/number_text.hpp"

#include "core/base/assert.hpp"
#include "core/ingest/digits.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <string>

namespace loadstar::ingest {
namespace {

__extension__ using Uint128 = unsigned __int128;

/// To the nearest integer, halves to the even one, for numbers below 2^51; others become something
/// that is at least as large. What std::rint() does, but without the call that it is on processors
/// of the first generation.
double rounded(double value) {
  constexpr double kShift = 6'755'399'441'055'744.0;  // 1.5 * 2^52: no room for fractions there
  return (value + kShift) - kShift;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Magnitudes of the largest positive value by width in bytes; the negative one is larger by one.
std::string_view largest_magnitude(std::size_t width, bool negative) {
  switch (width) {
    case 1:
      return negative ? "128" : "127";
    case 2:
      return negative ? "32768" : "32767";
    case 4:
      return negative ? "2147483648" : "2147483647";
    case 8:
      return negative ? "9223372036854775808" : "9223372036854775807";
    case 16:
      return negative ? "170141183460469231731687303715884105728"
                      : "170141183460469231731687303715884105727";
    default:
      return "";
  }
}

/// Cuts a sign off; true if it was a minus.
bool cut_sign(std::string_view& text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  return negative;
}

/// A decimal number as digits with a point somewhere: 0.012 is "12" with point -1.
struct Decimal {
  bool negative = false;
  std::string digits;  ///< without leading zeros; empty for zero
  long point = 0;      ///< digits before the decimal point; may lie outside of `digits`
};

/// Longest exponent and longest text that is looked at; more digits than any column type has.
constexpr std::size_t kLongestDecimal = 256;
constexpr int kLargestExponent = 512;

bool parse_exponent(std::string_view text, long& exponent) {
  const bool negative = cut_sign(text);
  int value = 0;
  if (text.empty() || !std::all_of(text.begin(), text.end(), is_digit)) return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return false;
  if (value > kLargestExponent) return false;
  exponent = negative ? -value : value;
  return true;
}

bool parse_decimal(std::string_view text, Decimal& out) {
  if (text.size() > kLongestDecimal) return false;
  out.negative = cut_sign(text);
  long exponent = 0;
  const auto e = text.find_first_of("eE");
  if (e != std::string_view::npos) {
    if (!parse_exponent(text.substr(e + 1), exponent)) return false;
    text = text.substr(0, e);
  }
  const auto dot = text.find('.');
  const std::string_view whole = text.substr(0, dot);
  const std::string_view fraction =
      dot == std::string_view::npos ? std::string_view() : text.substr(dot + 1);
  if (whole.empty() && fraction.empty()) return false;
  if (!std::all_of(whole.begin(), whole.end(), is_digit)) return false;
  if (!std::all_of(fraction.begin(), fraction.end(), is_digit)) return false;
  out.digits.append(whole).append(fraction);
  out.point = static_cast<long>(whole.size()) + exponent;
  const auto first = out.digits.find_first_not_of('0');
  const auto zeros = first == std::string::npos ? out.digits.size() : first;
  out.digits.erase(0, zeros);
  out.point -= static_cast<long>(zeros);
  return true;
}

void append_plain(TextBuffer& out, const Decimal& decimal) {
  const auto length = static_cast<long>(decimal.digits.size());
  if (decimal.negative && length > 0) out.append('-');
  const long whole = std::clamp(decimal.point, 0L, length);
  out.append(std::string_view(decimal.digits).substr(0, static_cast<std::size_t>(whole)));
  for (long i = length; length > 0 && i < decimal.point; ++i) out.append('0');
  if (decimal.point <= 0 || length == 0) out.append('0');
  if (whole == length) return;
  out.append('.');
  for (long i = decimal.point; i < 0; ++i) out.append('0');
  out.append(std::string_view(decimal.digits).substr(static_cast<std::size_t>(whole)));
}

}  // namespace

void append_integer(TextBuffer& out, std::int64_t value) {
  out.commit(put_integer(out.room(kIntegerRoom), value));
}

char* put_double(char* to, double value) {
  LOADSTAR_ASSERT(std::isfinite(value), "only finite numbers have a text");
  if (value == 0) {
    constexpr std::string_view kMinusZero = "-0.0";
    if (!std::signbit(value)) {
      *to++ = '0';
      return to;
    }
    return std::copy(kMinusZero.begin(), kMinusZero.end(), to);
  }
  // Numbers of at most two decimals, which most are, need no search for the shortest text. The
  // check r / 100 == value makes it exact (performance.md 2).
  const double hundredfold = rounded(value * 100);
  if (std::abs(hundredfold) < 1e15 && hundredfold / 100 == value) {
    auto cents = static_cast<std::int64_t>(hundredfold);
    if (cents < 0) {
      *to++ = '-';
      cents = -cents;
    }
    to = put_unsigned(to, static_cast<std::uint64_t>(cents / 100));
    if (const auto rest = static_cast<int>(cents % 100); rest != 0) {
      *to++ = '.';
      *to++ = static_cast<char>('0' + rest / 10);
      if (rest % 10 != 0) *to++ = static_cast<char>('0' + rest % 10);
    }
    return to;
  }
  return std::to_chars(to, to + kDoubleRoom, value).ptr;
}

void append_double(TextBuffer& out, double value) {
  out.commit(put_double(out.room(kDoubleRoom), value));
}

bool fits_integer(TypeKind kind, std::int64_t value) {
  switch (kind) {
    case TypeKind::kTinyint:
      return value >= -128 && value <= 127;
    case TypeKind::kSmallint:
      return value >= -32768 && value <= 32767;
    case TypeKind::kInt:
      return value >= std::numeric_limits<std::int32_t>::min() &&
             value <= std::numeric_limits<std::int32_t>::max();
    default:
      return true;
  }
}

std::size_t integer_width(TypeKind kind) {
  switch (kind) {
    case TypeKind::kTinyint:
      return 1;
    case TypeKind::kSmallint:
      return 2;
    case TypeKind::kInt:
      return 4;
    case TypeKind::kBigint:
      return 8;
    case TypeKind::kLargeint:
      return 16;
    default:
      return 0;
  }
}

bool append_integer_text(TextBuffer& out, TypeKind kind, std::string_view text) {
  const bool negative = cut_sign(text);
  if (text.empty() || !std::all_of(text.begin(), text.end(), is_digit)) return false;
  text.remove_prefix(std::min(text.find_first_not_of('0'), text.size() - 1));
  const std::string_view largest = largest_magnitude(integer_width(kind), negative);
  if (text.size() > largest.size()) return false;
  if (text.size() == largest.size() && text > largest) return false;
  if (negative && text != "0") out.append('-');
  out.append(text);
  return true;
}

void append_big_endian(TextBuffer& out, std::string_view bytes) {
  LOADSTAR_ASSERT(!bytes.empty() && bytes.size() <= 16, "an integer has 1 to 16 bytes");
  const bool negative = static_cast<unsigned char>(bytes.front()) >= 0x80;
  Uint128 value = negative ? ~Uint128{0} : Uint128{0};
  for (const char byte : bytes) value = (value << 8U) | static_cast<unsigned char>(byte);
  Uint128 magnitude = negative ? ~value + 1 : value;
  std::array<char, 40> digits{};
  std::size_t at = digits.size();
  do {
    digits[--at] = static_cast<char>('0' + static_cast<int>(magnitude % 10));
    magnitude /= 10;
  } while (magnitude != 0);
  if (negative) out.append('-');
  out.append(std::string_view(digits.data() + at, digits.size() - at));
}

DecimalFit append_decimal(TextBuffer& out, std::string_view text, int precision, int scale) {
  constexpr long kMostDigits = 76;
  Decimal decimal;
  if (!parse_decimal(text, decimal)) return DecimalFit::kSyntax;
  const auto fraction = [&decimal] {
    return std::max(0L, static_cast<long>(decimal.digits.size()) - decimal.point);
  };
  const long most_fraction = precision > 0 ? scale : kMostDigits;
  while (fraction() > most_fraction && decimal.digits.ends_with('0')) decimal.digits.pop_back();
  if (!decimal.digits.empty()) {
    if (fraction() > most_fraction) return DecimalFit::kScale;
    const long most_whole = precision > 0 ? precision - scale : kMostDigits - fraction();
    if (decimal.point > most_whole) return DecimalFit::kRange;
  }
  append_plain(out, decimal);
  return DecimalFit::kFits;
}

}  // namespace loadstar::ingest
