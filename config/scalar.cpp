#include "config/scalar.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

namespace loadstar::config {
namespace {

constexpr std::string_view kDurationHint = "write a whole number with ms, s, m or h, such as 10s";
constexpr std::string_view kSizeHint =
    "write a whole number with B, KiB, MiB, GiB, KB, MB or GB, such as 90MiB";

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

// From the largest to the smallest, as the formatters look for the largest that divides.
constexpr std::array<Unit, 4> kDurationUnits{
    {{"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};
constexpr std::array<Unit, 7> kSizeUnits{{{"GiB", 1ULL << 30U},
                                          {"GB", 1'000'000'000},
                                          {"MiB", 1ULL << 20U},
                                          {"MB", 1'000'000},
                                          {"KiB", 1ULL << 10U},
                                          {"KB", 1'000},
                                          {"B", 1}}};

bool is_digit(char character) { return character >= '0' && character <= '9'; }

/// Number and unit; the result fits into a signed 64-bit count.
template <std::size_t N>
Parsed<std::uint64_t> parse_with_unit(std::string_view text, const std::array<Unit, N>& units,
                                      std::string_view hint) {
  const auto refuse = [hint](std::string_view what) {
    return Parsed<std::uint64_t>::refused(fmt::format("{}; {}", what, hint));
  };
  const auto digits =
      static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is_digit) - text.begin());
  if (digits == 0) return refuse("is not a number with a unit");
  const std::string_view unit_name = text.substr(digits);
  if (unit_name.empty()) return refuse("has no unit");
  const auto unit = std::find_if(units.begin(), units.end(),
                                 [unit_name](const Unit& each) { return each.name == unit_name; });
  if (unit == units.end()) return refuse("has an unknown unit");
  const auto number = parse_integer(text.substr(0, digits));
  if (!number.ok()) return refuse(number.error());
  constexpr auto kLargest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (number.value() > kLargest / unit->factor) return refuse("is too large");
  return number.value() * unit->factor;
}

template <std::size_t N>
std::string format_with_unit(std::uint64_t value, const std::array<Unit, N>& units) {
  for (const Unit& unit : units) {
    if (value != 0 && value % unit.factor == 0) {
      return fmt::format("{}{}", value / unit.factor, unit.name);
    }
  }
  return {};
}

}  // namespace

Parsed<bool> parse_bool(std::string_view text) {
  if (text == "true") return true;
  if (text == "false") return false;
  return Parsed<bool>::refused("is not a boolean; write true or false");
}

Parsed<std::uint64_t> parse_integer(std::string_view text) {
  using Answer = Parsed<std::uint64_t>;
  if (text.empty() || !std::all_of(text.begin(), text.end(), is_digit)) {
    return Answer::refused("is not a whole number; write digits only, such as 8");
  }
  if (text.size() > 1 && text.front() == '0') {
    return Answer::refused("has leading zeros; write the number without them");
  }
  std::uint64_t value = 0;
  const auto end = text.data() + text.size();
  if (std::from_chars(text.data(), end, value).ec != std::errc()) {
    return Answer::refused("is too large");
  }
  return value;
}

Parsed<double> parse_decimal(std::string_view text) {
  using Answer = Parsed<double>;
  const std::size_t point = text.find('.');
  const std::string_view whole = text.substr(0, point);
  const std::string_view fraction =
      point == std::string_view::npos ? std::string_view("0") : text.substr(point + 1);
  const auto digits_only = [](std::string_view part) {
    return !part.empty() && std::all_of(part.begin(), part.end(), is_digit);
  };
  double value = 0;
  if (!digits_only(whole) || !digits_only(fraction) ||
      std::from_chars(text.data(), text.data() + text.size(), value).ec != std::errc()) {
    return Answer::refused("is not a decimal number; write it such as 2 or 1.5");
  }
  return value;
}

Parsed<std::uint64_t> parse_percent(std::string_view text) {
  if (!text.ends_with('%')) {
    return Parsed<std::uint64_t>::refused("has no `%`; write a whole number with it, such as 10%");
  }
  return parse_integer(text.substr(0, text.size() - 1));
}

Parsed<std::chrono::milliseconds> parse_duration(std::string_view text) {
  using Answer = Parsed<std::chrono::milliseconds>;
  const auto count = parse_with_unit(text, kDurationUnits, kDurationHint);
  if (!count.ok()) return Answer::refused(count.error());
  return std::chrono::milliseconds(count.value());
}

Parsed<Bytes> parse_size(std::string_view text) {
  const auto count = parse_with_unit(text, kSizeUnits, kSizeHint);
  if (!count.ok()) return Parsed<Bytes>::refused(count.error());
  return Bytes{count.value()};
}

Parsed<std::string> parse_text(std::string_view text) {
  if (has_control_byte(text)) {
    return Parsed<std::string>::refused("has a control byte; remove line breaks and tabs");
  }
  return std::string(text);
}

std::string format_duration(std::chrono::milliseconds value) {
  const auto count = static_cast<std::uint64_t>(value.count());
  return count == 0 ? "0s" : format_with_unit(count, kDurationUnits);
}

std::string format_size(Bytes value) {
  return value.value == 0 ? "0B" : format_with_unit(value.value, kSizeUnits);
}

std::string format_decimal(double value) { return fmt::format("{}", value); }

bool has_control_byte(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char character) {
    const auto byte = static_cast<unsigned char>(character);
    return byte < 0x20 || byte == 0x7F;
  });
}

}  // namespace loadstar::config
