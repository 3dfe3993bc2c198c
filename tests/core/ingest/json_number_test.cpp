#include "core/ingest/json_number.hpp"

#include "core/ingest/json_scanner.hpp"

#include <gtest/gtest.h>

namespace loadstar::ingest {
namespace {

TEST(JsonNumber, WhatVelocyPackHoldsIsKept) {
  for (const std::string_view json :
       {"0", "-0", "-0.0", "9223372036854775807", "-9223372036854775808", "18446744073709551615",
        "1.7976931348623157e308", "5e-324", "1E+2", R"({"a":[1,-2.5e-3,{"b":0.1}]})", "true", "[]",
        R"("1e999")", R"({"\"1e999\\":"99999999999999999999","k":[1]})"}) {
    ASSERT_TRUE(is_json(json)) << json;
    EXPECT_EQ(number_not_kept(json), "") << json;
  }
}

TEST(JsonNumber, WhatItDoesNotIsNamed) {
  const auto named = [](std::string_view json) {
    EXPECT_TRUE(is_json(json)) << json;
    return number_not_kept(json);
  };
  EXPECT_EQ(named("18446744073709551616"), "18446744073709551616");
  EXPECT_EQ(named("-9223372036854775809"), "-9223372036854775809");
  EXPECT_EQ(named("1e309"), "1e309");
  EXPECT_EQ(named("-1.5e999"), "-1.5e999");
  EXPECT_EQ(named("1e-400"), "1e-400") << "it would become 0";
  EXPECT_EQ(named(R"({"s":"\"1","a":[1, 123456789012345678901 ],"b":1e999})"),
            "123456789012345678901");
}

}  // namespace
}  // namespace loadstar::ingest
