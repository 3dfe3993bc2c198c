#pragma once

#include "core/ingest/text_buffer.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace loadstar::ingest {

// Dates of the proleptic Gregorian calendar from 0000-01-01 to 9999-12-31, StarRocks' range of DATE
// and DATETIME.

/// Microseconds of a day.
inline constexpr std::int64_t kDayMicros = 86'400'000'000;

/// True if `days` since 1970-01-01 is a DATE.
[[nodiscard]] bool is_date(std::int64_t days);
/// True if `micros` since 1970-01-01T00:00:00 is a DATETIME.
[[nodiscard]] bool is_datetime(std::int64_t micros);

/// The day that was written last, as text: the rows of a batch are mostly of few days, and the
/// calendar costs more than the digits.
struct DayText {
  std::int64_t days = 0;
  std::array<char, 10> text{'1', '9', '7', '0', '-', '0', '1', '-', '0', '1'};
};

/// Room for the text of any DATE or DATETIME.
inline constexpr std::size_t kDatetimeRoom = 32;

/// As append_date() and append_datetime(), into kDatetimeRoom bytes at `to`. Return the end.
[[nodiscard]] char* put_date(char* to, std::int64_t days, DayText& last);
[[nodiscard]] char* put_datetime(char* to, std::int64_t micros, DayText& last);

/// Appends "YYYY-MM-DD" of a DATE.
void append_date(TextBuffer& out, std::int64_t days, DayText& last);
/// Appends "YYYY-MM-DD HH:MM:SS", and ".ffffff" unless it is zero, of a DATETIME.
void append_datetime(TextBuffer& out, std::int64_t micros, DayText& last);

/// Appends the date that `text` says, if it is "YYYY-MM-DD" and exists. The many other forms that
/// StarRocks takes (two-digit years, any separator) are refused: they are mistakes more often.
[[nodiscard]] bool append_date_text(TextBuffer& out, std::string_view text);
/// Appends the time that `text` says, if it is "YYYY-MM-DD", or "YYYY-MM-DD HH:MM:SS" with a blank
/// or a T and up to six digits of fraction (more if they are zeros: StarRocks cuts them). A zone
/// behind it is refused, because StarRocks ignores it (starrocks-load-protocol.md 11.3).
[[nodiscard]] bool append_datetime_text(TextBuffer& out, std::string_view text);

}  // namespace loadstar::ingest
