#include "tests/core/ingest/support/value_text.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

namespace loadstar::ingest {
namespace {

using std::string_literals::operator""s;

TEST(ValueWriterNumbersTest, Booleans) {
  EXPECT_EQ(csv("boolean", wire::bool_value(true)), "1");
  EXPECT_EQ(csv("boolean", wire::bool_value(false)), "0");
  EXPECT_EQ(json("boolean", wire::bool_value(true)), "true");
  EXPECT_EQ(csv("boolean", wire::int_value(1)), "1");
  EXPECT_TRUE(refused("boolean", wire::int_value(2)));
  EXPECT_TRUE(refused("boolean", wire::string_value("true")));
  EXPECT_EQ(csv("tinyint", wire::bool_value(true)), "1");
}

TEST(ValueWriterNumbersTest, IntegersInTheirRange) {
  struct Case {
    const char* type;
    std::int64_t low;
    std::int64_t high;
  };
  for (const Case& c : {Case{"tinyint", -128, 127}, Case{"smallint", -32768, 32767},
                        Case{"int", -2147483648LL, 2147483647LL}}) {
    for (const std::int64_t value : {c.low, c.high, std::int64_t{0}, std::int64_t{-1}}) {
      EXPECT_EQ(csv(c.type, wire::int_value(value)), std::to_string(value));
      EXPECT_EQ(json(c.type, wire::int_value(value)), std::to_string(value));
    }
    EXPECT_TRUE(refused(c.type, wire::int_value(c.low - 1)));
    EXPECT_TRUE(refused(c.type, wire::int_value(c.high + 1)));
    EXPECT_EQ(csv(c.type, wire::string_value(std::to_string(c.high))), std::to_string(c.high));
    EXPECT_TRUE(refused(c.type, wire::string_value(std::to_string(c.high + 1))));
    EXPECT_TRUE(refused(c.type, wire::double_value(1)));
  }
  EXPECT_EQ(csv("int", wire::bytes_value("\xff\xff\xff\xfe"s)), "-2");
  EXPECT_TRUE(refused("int", wire::bytes_value(std::string(5, '\0'))));
  EXPECT_TRUE(refused("int", wire::bytes_value("")));
  EXPECT_EQ(csv("bigint", wire::int_value(INT64_MIN)), "-9223372036854775808");
  EXPECT_EQ(json("bigint", wire::int_value(INT64_MAX)), "\"9223372036854775807\"");
  EXPECT_EQ(json("bigint", wire::int_value(9'007'199'254'740'992)), "9007199254740992");
}

TEST(ValueWriterNumbersTest, LargeintsAndDecimalsAreExact) {
  const std::string largest = "170141183460469231731687303715884105727";
  EXPECT_EQ(csv("largeint", wire::string_value(largest)), largest);
  EXPECT_EQ(json("largeint", wire::string_value(largest)), "\"" + largest + "\"");
  EXPECT_EQ(json("largeint", wire::int_value(5)), "\"5\"");
  EXPECT_EQ(csv("largeint", wire::bytes_value("\x80"s + std::string(15, '\0'))),
            "-170141183460469231731687303715884105728");
  EXPECT_TRUE(refused("largeint", wire::string_value("170141183460469231731687303715884105728")));
  EXPECT_TRUE(refused("largeint", wire::string_value("1.0")));
  EXPECT_EQ(csv("decimal(10,2)", wire::string_value("12.50")), "12.50");
  EXPECT_EQ(json("decimal(10,2)", wire::string_value("12.50")), "\"12.50\"");
  EXPECT_EQ(csv("decimal(10,2)", wire::int_value(-3)), "-3");
  EXPECT_EQ(csv("decimal(10,2)", wire::double_value(0.25)), "0.25");
  EXPECT_TRUE(refused("decimal(10,2)", wire::double_value(0.125)));
  EXPECT_TRUE(refused("decimal(10,2)", wire::string_value("1.005")));
  EXPECT_TRUE(refused("decimal(4,2)", wire::string_value("100")));
  EXPECT_TRUE(refused("decimal(10,2)", wire::string_value("one")));
}

TEST(ValueWriterNumbersTest, FloatingPointNumbersAreFinite) {
  EXPECT_EQ(csv("double", wire::double_value(0.1)), "0.1");
  EXPECT_EQ(json("double", wire::double_value(-1e300)), "-1e+300");
  EXPECT_EQ(csv("float", wire::double_value(double{0.1F})), "0.10000000149011612");
  EXPECT_EQ(csv("double", wire::int_value(3)), "3");
  EXPECT_TRUE(refused("double", wire::int_value(9'007'199'254'740'993)));
  EXPECT_TRUE(refused("float", wire::double_value(1e39)));
  EXPECT_TRUE(refused("float", wire::double_value(-1e-46))) << "would be 0";
  for (const double bad : {std::nan(""), std::numeric_limits<double>::infinity(),
                           -std::numeric_limits<double>::infinity()}) {
    for (const char* type : {"double", "float", "decimal(10,2)", "json", "int", "varchar(10)"}) {
      EXPECT_TRUE(refused(type, wire::double_value(bad))) << type;
    }
  }
}

}  // namespace
}  // namespace loadstar::ingest
