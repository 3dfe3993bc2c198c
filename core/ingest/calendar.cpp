#include "core/ingest/calendar.hpp"

#include "core/ingest/digits.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>

namespace loadstar::ingest {
namespace {

constexpr std::int64_t kFirstDay = -719'528;  // 0000-01-01
constexpr std::int64_t kLastDay = 2'932'896;  // 9999-12-31

struct CivilDay {
  unsigned year;
  unsigned month;
  unsigned day;
};

/// Days since 1970-01-01 to year, month and day, by eras of 400 years that begin on 1 March; the
/// method is described in H. Hinnant, "chrono-Compatible Low-Level Date Algorithms".
CivilDay civil(std::int64_t days) {
  // From 1 March of year -400, so that all numbers are positive.
  const auto shifted = static_cast<std::uint64_t>(days + 719'468 + 146'097);
  const std::uint64_t era = shifted / 146'097;
  const std::uint64_t of_era = shifted % 146'097;
  const std::uint64_t year_of_era =
      (of_era - of_era / 1'460 + of_era / 36'524 - of_era / 146'096) / 365;
  const std::uint64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::uint64_t from_march = (5 * of_year + 2) / 153;
  const std::uint64_t day = of_year - (153 * from_march + 2) / 5 + 1;
  const std::uint64_t month = from_march < 10 ? from_march + 3 : from_march - 9;
  const std::uint64_t year = era * 400 + year_of_era + (month <= 2 ? 1 : 0) - 400;
  return {static_cast<unsigned>(year), static_cast<unsigned>(month), static_cast<unsigned>(day)};
}

void set_day(DayText& text, std::int64_t days) {
  const CivilDay day = civil(days);
  char* to = put_pair(text.text.data(), day.year / 100);
  to = put_pair(to, day.year % 100);
  to = put_pair(to + 1, day.month);
  put_pair(to + 1, day.day);
  text.days = days;
}

/// Number in `text` at `at`, `count` digits long; -1 if there is none.
int number_at(std::string_view text, std::size_t at, std::size_t count) {
  if (text.size() < at + count) return -1;
  int value = 0;
  for (const char c : text.substr(at, count)) {
    if (c < '0' || c > '9') return -1;
    value = value * 10 + (c - '0');
  }
  return value;
}

bool names_a_day(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return false;
  const int year = number_at(text, 0, 4);
  const int month = number_at(text, 5, 2);
  const int day = number_at(text, 8, 2);
  if (year < 0 || month < 1 || month > 12 || day < 1) return false;
  constexpr std::array<int, 12> kLengths{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  const int length = kLengths[static_cast<std::size_t>(month - 1)] + (month == 2 && leap ? 1 : 0);
  return day <= length;
}

bool names_a_time(std::string_view text) {
  if (text.size() < 8 || text[2] != ':' || text[5] != ':') return false;
  const int hour = number_at(text, 0, 2);
  const int minute = number_at(text, 3, 2);
  const int second = number_at(text, 6, 2);
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) return false;
  if (text.size() == 8) return true;
  const std::string_view fraction = text.substr(9);
  if (text[8] != '.' || fraction.empty()) return false;
  const std::string_view beyond = fraction.substr(std::min<std::size_t>(6, fraction.size()));
  return std::all_of(fraction.begin(), fraction.end(),
                     [](char c) { return c >= '0' && c <= '9'; }) &&
         beyond.find_first_not_of('0') == std::string_view::npos;
}

}  // namespace

bool is_date(std::int64_t days) { return days >= kFirstDay && days <= kLastDay; }

bool is_datetime(std::int64_t micros) {
  return micros >= kFirstDay * kDayMicros && micros < (kLastDay + 1) * kDayMicros;
}

char* put_date(char* to, std::int64_t days, DayText& last) {
  if (days != last.days) set_day(last, days);
  std::memcpy(to, last.text.data(), last.text.size());
  return to + last.text.size();
}

void append_date(TextBuffer& out, std::int64_t days, DayText& last) {
  out.commit(put_date(out.room(16), days, last));
}

char* put_datetime(char* to, std::int64_t micros, DayText& last) {
  std::int64_t days = micros / kDayMicros;
  std::int64_t of_day = micros % kDayMicros;
  if (of_day < 0) {
    of_day += kDayMicros;
    --days;
  }
  to = put_date(to, days, last);
  const auto seconds = static_cast<unsigned>(of_day / 1'000'000);
  const auto fraction = static_cast<unsigned>(of_day % 1'000'000);
  *to++ = ' ';
  to = put_pair(to, seconds / 3'600);
  *to++ = ':';
  to = put_pair(to, seconds / 60 % 60);
  *to++ = ':';
  to = put_pair(to, seconds % 60);
  if (fraction != 0) {
    *to++ = '.';
    to = put_pair(to, fraction / 10'000);
    to = put_pair(to, fraction / 100 % 100);
    to = put_pair(to, fraction % 100);
  }
  return to;
}

void append_datetime(TextBuffer& out, std::int64_t micros, DayText& last) {
  out.commit(put_datetime(out.room(kDatetimeRoom), micros, last));
}

bool append_date_text(TextBuffer& out, std::string_view text) {
  if (!names_a_day(text)) return false;
  out.append(text);
  return true;
}

bool append_datetime_text(TextBuffer& out, std::string_view text) {
  if (!names_a_day(text.substr(0, 10))) return false;
  if (text.size() > 10) {
    if ((text[10] != ' ' && text[10] != 'T') || !names_a_time(text.substr(11))) return false;
  }
  out.append(text.substr(0, 10));
  out.append(' ');
  out.append(text.size() > 10 ? text.substr(11, 15) : std::string_view("00:00:00"));
  return true;
}

}  // namespace loadstar::ingest
