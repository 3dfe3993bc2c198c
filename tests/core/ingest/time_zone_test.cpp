#include "core/ingest/time_zone.hpp"

#include "core/ingest/calendar.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace loadstar::ingest {
namespace {

std::string datetime(std::int64_t micros) {
  TextBuffer out(1);
  DayText last;
  append_datetime(out, micros, last);
  return std::string(out.view());
}

std::string wall(const char* zone_name, std::int64_t micros) {
  const auto zone = TimeZone::load(zone_name);
  if (!zone) return "no zone";
  const auto wall_micros = zone->wall_micros(micros);
  return wall_micros ? datetime(*wall_micros) : "out of range";
}

TEST(TimeZoneTest, InstantsBecomeWallClock) {
  constexpr std::int64_t kSummer = 1'720'000'000'000'000;  // 2024-07-03T09:46:40Z
  EXPECT_EQ(wall("UTC", kSummer), "2024-07-03 09:46:40");
  EXPECT_EQ(wall("+08:00", kSummer), "2024-07-03 17:46:40");
  EXPECT_EQ(wall("-03:30", kSummer), "2024-07-03 06:16:40");
  EXPECT_EQ(wall("Asia/Shanghai", kSummer), "2024-07-03 17:46:40");
  EXPECT_EQ(wall("Europe/Berlin", kSummer), "2024-07-03 11:46:40");
  EXPECT_EQ(wall("Europe/Berlin", kSummer + 1), "2024-07-03 11:46:40.000001");
  // Clocks went forward at 2024-03-31T01:00:00Z.
  EXPECT_EQ(wall("Europe/Berlin", 1'711'846'799'999'999), "2024-03-31 01:59:59.999999");
  EXPECT_EQ(wall("Europe/Berlin", 1'711'846'800'000'000), "2024-03-31 03:00:00");
  EXPECT_EQ(wall("UTC", -1), "1969-12-31 23:59:59.999999");
  EXPECT_EQ(wall("Asia/Shanghai", -1), "1970-01-01 07:59:59.999999");
}

TEST(TimeZoneTest, EdgesOfTheRange) {
  const std::int64_t end = 2'932'897 * kDayMicros;
  EXPECT_EQ(wall("UTC", end - 1), "9999-12-31 23:59:59.999999");
  EXPECT_EQ(wall("UTC", end), "out of range");
  EXPECT_EQ(wall("+08:00", end - 1), "out of range");
  EXPECT_EQ(wall("-08:00", end), "9999-12-31 16:00:00");
  EXPECT_EQ(wall("+08:00", -719'528 * kDayMicros - 1), "0000-01-01 07:59:59.999999");
  EXPECT_EQ(wall("UTC", INT64_MAX), "out of range");
  EXPECT_EQ(wall("UTC", INT64_MIN), "out of range");
}

TEST(TimeZoneTest, NamesThatAreNoneAreRefused) {
  for (const char* name : {"", "Mars/Olympus", "localtime", "/etc/localtime", "../localtime",
                           "+15:00", "+8:00", "+08:61", "08:00"}) {
    EXPECT_FALSE(TimeZone::load(name).has_value()) << name;
  }
}

}  // namespace
}  // namespace loadstar::ingest
