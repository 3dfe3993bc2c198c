#pragma once

#include "core/base/bytes.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

// Scalars of the file: text to value and back. A parser takes the whole text or refuses it; nothing
// is trimmed, clamped or guessed.

namespace loadstar::config {

/// A value, or what is wrong with its text as the end of a sentence that begins with the text: "has
/// no unit; write ...".
template <class T>
class Parsed {
 public:
  Parsed(T value) : value_(std::move(value)) {}  // NOLINT(google-explicit-constructor)

  static Parsed refused(std::string error) {  // NOLINT(performance-unnecessary-value-param): moved
    Parsed parsed;
    parsed.error_ = std::move(error);
    return parsed;
  }

  [[nodiscard]] bool ok() const { return value_.has_value(); }
  [[nodiscard]] const T& value() const { return value_.value(); }
  [[nodiscard]] const std::string& error() const { return error_; }

 private:
  Parsed() = default;

  std::optional<T> value_;
  std::string error_;
};

/// `true` or `false`, nothing else: `yes`, `on` and `1` are refused.
[[nodiscard]] Parsed<bool> parse_bool(std::string_view text);

/// Decimal digits without sign, blanks or leading zeros (`010` is neither 8 nor 10).
[[nodiscard]] Parsed<std::uint64_t> parse_integer(std::string_view text);

/// Digits with an optional fraction, `2` or `1.5`; no exponent, no infinity.
[[nodiscard]] Parsed<double> parse_decimal(std::string_view text);

/// `10%`; a whole number.
[[nodiscard]] Parsed<std::uint64_t> parse_percent(std::string_view text);

/// `250ms`, `10s`, `5m`, `1h`: a whole number and its unit.
[[nodiscard]] Parsed<std::chrono::milliseconds> parse_duration(std::string_view text);

/// `64KiB`, `90MiB`, `10GiB` (powers of two), `1KB`, `1MB`, `1GB` (powers of ten), `100B`.
[[nodiscard]] Parsed<Bytes> parse_size(std::string_view text);

/// The text itself, if it has no control byte: it may become a header value (delivery-and-faults.md
/// T01).
[[nodiscard]] Parsed<std::string> parse_text(std::string_view text);

/// The shortest text that the parser of the same name reads as `value`.
[[nodiscard]] std::string format_duration(std::chrono::milliseconds value);
[[nodiscard]] std::string format_size(Bytes value);
[[nodiscard]] std::string format_decimal(double value);

/// True if `text` has a byte below 0x20 or 0x7F.
[[nodiscard]] bool has_control_byte(std::string_view text);

}  // namespace loadstar::config
