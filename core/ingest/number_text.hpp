#pragma once

#include "core/base/table_schema.hpp"
#include "core/ingest/text_buffer.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace loadstar::ingest {

/// Appends decimal digits.
void append_integer(TextBuffer& out, std::int64_t value);

/// Room for the text of any double.
inline constexpr std::size_t kDoubleRoom = 32;

/// As append_double(), into kDoubleRoom bytes at `to`. Returns the end.
[[nodiscard]] char* put_double(char* to, double value);

/// Appends the shortest text that reads back as exactly `value`, in a form that is also a JSON
/// number. `value` is finite. The sign of zero is kept ("-0.0").
void append_double(TextBuffer& out, double value);

/// True if `value` is within the range of the integer column type `kind` (TINYINT to BIGINT).
[[nodiscard]] bool fits_integer(TypeKind kind, std::int64_t value);

/// Bytes of an integer column type: 1 to 16; 0 if `kind` is none.
[[nodiscard]] std::size_t integer_width(TypeKind kind);

/// Appends integer text (sign, digits) in canonical form, if it is one and within the range of the
/// integer column type `kind` (TINYINT to LARGEINT). False otherwise; nothing is appended then.
[[nodiscard]] bool append_integer_text(TextBuffer& out, TypeKind kind, std::string_view text);

/// Appends a big-endian two's complement integer of 1 to 16 bytes (data.proto, Value).
void append_big_endian(TextBuffer& out, std::string_view bytes);

/// Why a decimal text does not fit DECIMAL(precision, scale).
enum class DecimalFit : std::uint8_t {
  kFits,
  kSyntax,  ///< no decimal number
  kScale,   ///< more fraction digits than the column has: StarRocks would round
  kRange,   ///< more integer digits than the column has
};

/// Appends decimal text in plain notation, exactly as many digits as it has but without excess
/// zeros and without exponent; nothing if it does not fit. `precision` 0 = not known: then only the
/// syntax and 76 digits (DECIMAL256) bound it. Source: starrocks-load-protocol.md 11.3.
[[nodiscard]] DecimalFit append_decimal(TextBuffer& out, std::string_view text, int precision,
                                        int scale);

}  // namespace loadstar::ingest
