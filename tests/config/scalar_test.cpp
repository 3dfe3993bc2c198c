#include "config/scalar.hpp"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace loadstar::config {
namespace {

using std::chrono::milliseconds;

TEST(ScalarTest, DurationsNeedANumberAndAUnit) {
  const std::vector<std::pair<const char*, std::int64_t>> good{
      {"250ms", 250}, {"10s", 10'000}, {"5m", 300'000}, {"1h", 3'600'000}, {"0s", 0}, {"0ms", 0}};
  for (const auto& [text, count] : good) {
    const auto parsed = parse_duration(text);
    ASSERT_TRUE(parsed.ok()) << text;
    EXPECT_EQ(parsed.value(), milliseconds(count)) << text;
  }
  for (const char* text :
       {"", "10", "0", "s", "10 s", " 10s", "10s ", "-5s", "+5s", "1.5s", "1h30m", "10S", "10sec",
        "1d", "010s", "99999999999999999999s", "9223372036854775807h"}) {
    EXPECT_FALSE(parse_duration(text).ok()) << text;
  }
  EXPECT_EQ(parse_duration("10").error(),
            "has no unit; write a whole number with ms, s, m or h, such as 10s");
}

TEST(ScalarTest, SizesKnowPowersOfTwoAndOfTen) {
  const std::vector<std::pair<const char*, std::uint64_t>> good{
      {"64KiB", 65'536}, {"90MiB", 94'371'840}, {"10GiB", 10'737'418'240},
      {"1KB", 1'000},    {"2MB", 2'000'000},    {"3GB", 3'000'000'000},
      {"17B", 17}};
  for (const auto& [text, count] : good) {
    const auto parsed = parse_size(text);
    ASSERT_TRUE(parsed.ok()) << text;
    EXPECT_EQ(parsed.value().value, count) << text;
  }
  for (const char* text : {"", "1024", "0", "90MIB", "90 MiB", "90M", "1TiB", "-1MiB", "1.5GiB",
                           "MiB", "18446744073709551615GiB"}) {
    EXPECT_FALSE(parse_size(text).ok()) << text;
  }
}

TEST(ScalarTest, FormattedValuesAreReadBack) {
  for (const std::int64_t count :
       {0L, 1L, 999L, 1'000L, 59'000L, 60'000L, 90'000L, 3'600'000L, 3'600'001L}) {
    const auto text = format_duration(milliseconds(count));
    ASSERT_TRUE(parse_duration(text).ok()) << text;
    EXPECT_EQ(parse_duration(text).value(), milliseconds(count)) << text;
  }
  for (const std::uint64_t count : {0UL, 1UL, 1'000UL, 1'024UL, 1'000'000UL, 94'371'840UL,
                                    1'234'567'891UL, 1'073'741'824UL, 1'000'000'000UL}) {
    const auto text = format_size(Bytes{count});
    ASSERT_TRUE(parse_size(text).ok()) << text;
    EXPECT_EQ(parse_size(text).value().value, count) << text;
  }
  EXPECT_EQ(format_duration(milliseconds(300'000)), "5m");
  EXPECT_EQ(format_size(90_MiB), "90MiB");
}

TEST(ScalarTest, BooleansAreTrueAndFalseOnly) {
  EXPECT_TRUE(parse_bool("true").value());
  EXPECT_FALSE(parse_bool("false").value());
  for (const char* text : {"", "yes", "no", "on", "off", "1", "0", "True", "TRUE", "y", "t"}) {
    EXPECT_FALSE(parse_bool(text).ok()) << text;
  }
}

TEST(ScalarTest, IntegersHaveDigitsOnlyAndNoLeadingZero) {
  EXPECT_EQ(parse_integer("0").value(), 0U);
  EXPECT_EQ(parse_integer("18446744073709551615").value(), 18'446'744'073'709'551'615U);
  for (const char* text :
       {"", "010", "00", "0x10", "1e3", "1_000", "-1", "+1", "1.0", " 1", "18446744073709551616"}) {
    EXPECT_FALSE(parse_integer(text).ok()) << text;
  }
}

TEST(ScalarTest, DecimalsHaveNoExponentAndNoInfinity) {
  EXPECT_DOUBLE_EQ(parse_decimal("2").value(), 2.0);
  EXPECT_DOUBLE_EQ(parse_decimal("1.5").value(), 1.5);
  for (const char* text : {"", ".", "1.", ".5", "1e3", "inf", "nan", "-1", "1.5.2", "1,5"}) {
    EXPECT_FALSE(parse_decimal(text).ok()) << text;
  }
}

TEST(ScalarTest, PercentagesNeedTheirSign) {
  EXPECT_EQ(parse_percent("10%").value(), 10U);
  for (const char* text : {"", "10", "%", "1.5%", "-1%", "10 %", "010%"}) {
    EXPECT_FALSE(parse_percent(text).ok()) << text;
  }
}

TEST(ScalarTest, TextsHaveNoControlBytes) {
  EXPECT_EQ(parse_text("a b \xC3\xA4").value(), "a b \xC3\xA4");
  for (int byte = 0; byte < 256; ++byte) {
    const std::string text{'a', static_cast<char>(byte), 'b'};
    EXPECT_EQ(parse_text(text).ok(), byte >= 0x20 && byte != 0x7F) << byte;
  }
}

}  // namespace
}  // namespace loadstar::config
