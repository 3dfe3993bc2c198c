#include "core/ingest/natural_json.hpp"

#include "tests/core/ingest/support/wire_builder.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace loadstar::ingest {
namespace {

/// JSON of a Value, or "member: problem".
std::string natural(const std::string& message) {
  TextBuffer out(1);
  const auto zone = TimeZone::load("+02:00");
  NaturalJson json(&*zone, out);
  WireValue value;
  EXPECT_TRUE(read_value(message, value));
  return json.write(value, 0) ? std::string(out.view()) : json.member() + ": " + json.problem();
}

TEST(NaturalJsonTest, Scalars) {
  EXPECT_EQ(natural(wire::null_value()), "null");
  EXPECT_EQ(natural(wire::bool_value(false)), "false");
  EXPECT_EQ(natural(wire::int_value(INT64_MAX)), "9223372036854775807");
  EXPECT_EQ(natural(wire::double_value(100)), "100.0");
  EXPECT_EQ(natural(wire::double_value(-0.0)), "-0.0");
  EXPECT_EQ(natural(wire::double_value(1e22)), "1e+22");
  EXPECT_EQ(natural(wire::string_value("a\"\n")), R"("a\"\n")");
  EXPECT_EQ(natural(wire::date_value(0)), R"("1970-01-01")");
  EXPECT_EQ(natural(wire::datetime_value(0)), R"("1970-01-01 00:00:00")");
  EXPECT_EQ(natural(wire::instant_value(0)), R"("1970-01-01 02:00:00")");
}

TEST(NaturalJsonTest, WhatHasNoJsonForm) {
  EXPECT_EQ(natural(wire::double_value(std::numeric_limits<double>::quiet_NaN())),
            ": is NaN or infinite, which JSON does not have");
  EXPECT_EQ(natural(wire::bytes_value("x")), ": is a bytes_value, for which JSON has no form");
  EXPECT_EQ(natural(wire::string_value("\xFF")), ": is not valid UTF-8");
  EXPECT_EQ(natural(""), ": has no member that this version knows");
  EXPECT_EQ(natural(wire::list_value({wire::int_value(1), wire::date_value(INT32_MAX)})),
            ".list_value.values[1]: is no date from 0000-01-01 to 9999-12-31");
  EXPECT_EQ(natural(wire::map_value({wire::double_value(1)}, {wire::null_value()})),
            ".map_value.keys[0]: is a double_value, which is no name of a JSON member");
  EXPECT_EQ(natural(wire::struct_value({"a", "a"}, {wire::null_value(), wire::null_value()})),
            ": has a name or key twice; one of the two would be lost");
}

TEST(NaturalJsonTest, KeysBecomeNames) {
  EXPECT_EQ(natural(wire::map_value({wire::int_value(-1), wire::bool_value(true),
                                     wire::date_value(1), wire::string_value("")},
                                    {wire::int_value(1), wire::int_value(2), wire::int_value(3),
                                     wire::list_value({})})),
            R"({"-1":1,"true":2,"1970-01-02":3,"":[]})");
}

}  // namespace
}  // namespace loadstar::ingest
