#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace emulator {

/// A wall-clock time without zone, as DATETIME holds it.
struct DateTime {
  int year = 0;
  int month = 1;
  int day = 1;
  int hour = 0;
  int minute = 0;
  int second = 0;
  int micro = 0;
};

/// Reads the text forms of DATE and DATETIME (starrocks-load-protocol.md 11.3); unset if it is
/// none.
[[nodiscard]] std::optional<DateTime> parse_datetime(std::string_view text);

[[nodiscard]] bool is_valid_date(int year, int month, int day);
[[nodiscard]] std::string date_text(const DateTime& time);  ///< "2020-01-31"
/// "2020-01-31 12:00:00", with ".ffffff" if there are microseconds.
[[nodiscard]] std::string datetime_text(const DateTime& time);

/// Seconds since 1970 by the system's clock; the one place of the engine that reads it.
[[nodiscard]] std::int64_t unix_seconds_now();

/// Seconds since 1970 of a wall-clock time taken as UTC, and back.
[[nodiscard]] std::int64_t to_seconds(const DateTime& time);
[[nodiscard]] DateTime from_seconds(std::int64_t seconds);

/// Offset from UTC in seconds at the instant `utc_seconds` of a `timezone` header value: "+08:00"
/// or a region id of the system's zone files. Unset if there is no such zone.
[[nodiscard]] std::optional<int> zone_offset(std::string_view zone, std::int64_t utc_seconds);

}  // namespace emulator
