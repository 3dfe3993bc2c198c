#include "core/ingest/calendar.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>

namespace loadstar::ingest {
namespace {

std::string date(std::int64_t days) {
  TextBuffer out(1);
  static DayText last;  // the tests go forth and back
  append_date(out, days, last);
  return std::string(out.view());
}

std::string datetime(std::int64_t micros) {
  TextBuffer out(1);
  static DayText last;
  append_datetime(out, micros, last);
  return std::string(out.view());
}

std::string date_text(std::string_view text) {
  TextBuffer out(1);
  return append_date_text(out, text) ? std::string(out.view()) : "refused";
}

std::string datetime_text(std::string_view text) {
  TextBuffer out(1);
  return append_datetime_text(out, text) ? std::string(out.view()) : "refused";
}

TEST(CalendarTest, EveryMonthOfTheRangeBeginsAndEndsWhereItShould) {
  int year = 0;
  int month = 1;
  int day = 1;
  for (std::int64_t days = -719'528; days <= 2'932'896; ++days) {
    const bool edge = day == 1 || day >= 28;
    if (edge) {
      ASSERT_EQ(date(days), fmt::format("{:04}-{:02}-{:02}", year, month, day)) << days;
    }
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    const int lengths[] = {31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (++day > lengths[month - 1]) {
      day = 1;
      if (++month > 12) {
        month = 1;
        ++year;
      }
    }
  }
  EXPECT_EQ(year, 10'000);
  EXPECT_TRUE(is_date(-719'528) && is_date(2'932'896));
  EXPECT_FALSE(is_date(-719'529) || is_date(2'932'897));
}

TEST(CalendarTest, TimesAroundTheirEdges) {
  EXPECT_EQ(datetime(0), "1970-01-01 00:00:00");
  EXPECT_EQ(datetime(-1), "1969-12-31 23:59:59.999999");
  EXPECT_EQ(datetime(1), "1970-01-01 00:00:00.000001");
  EXPECT_EQ(datetime(1'582'934'400'000'000), "2020-02-29 00:00:00");
  EXPECT_EQ(datetime(2'932'897 * kDayMicros - 1), "9999-12-31 23:59:59.999999");
  EXPECT_EQ(datetime(-719'528 * kDayMicros), "0000-01-01 00:00:00");
  EXPECT_TRUE(is_datetime(2'932'897 * kDayMicros - 1) && is_datetime(-719'528 * kDayMicros));
  EXPECT_FALSE(is_datetime(2'932'897 * kDayMicros) || is_datetime(-719'528 * kDayMicros - 1));
}

TEST(CalendarTest, TextMustBeARealDay) {
  EXPECT_EQ(date_text("2024-02-29"), "2024-02-29");
  EXPECT_EQ(date_text("0000-02-29"), "0000-02-29");
  for (const char* text : {"", "2023-02-29", "1900-02-29", "2024-13-01", "2024-00-01", "2024-01-00",
                           "2024-04-31", "24-01-01", "20240101", "2024/01/01", "2024-1-1",
                           "2024-01-01 ", "2024-01-01 00:00:00", "-001-01-01", "2024-01-0x"}) {
    EXPECT_EQ(date_text(text), "refused") << text;
  }
}

TEST(CalendarTest, TextMustBeARealTimeWithoutZone) {
  EXPECT_EQ(datetime_text("2020-06-23 01:30:30"), "2020-06-23 01:30:30");
  EXPECT_EQ(datetime_text("2020-06-23T01:30:30.5"), "2020-06-23 01:30:30.5");
  EXPECT_EQ(datetime_text("2020-06-23 01:30:30.123456"), "2020-06-23 01:30:30.123456");
  EXPECT_EQ(datetime_text("2020-06-23 01:30:30.123456000"), "2020-06-23 01:30:30.123456");
  EXPECT_EQ(datetime_text("2020-06-23"), "2020-06-23 00:00:00");
  for (const char* text :
       {"", "2020-06-23 ", "2020-06-23 24:00:00", "2020-06-23 00:60:00", "2020-06-23 00:00:60",
        "2020-06-23 01:30", "2020-06-23 01:30:30.", "2020-06-23 01:30:30.1234567",
        "2020-06-23 01:30:30Z", "2020-06-23 01:30:30+08:00", "2020-06-23_01:30:30",
        "2020-06-31 01:30:30"}) {
    EXPECT_EQ(datetime_text(text), "refused") << text;
  }
}

}  // namespace
}  // namespace loadstar::ingest
