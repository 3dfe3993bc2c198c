#include "tests/config/support.hpp"

#include <gmock/gmock.h>

namespace loadstar::config {
namespace {

using ::testing::HasSubstr;
using testing::made_up;
using ::testing::Not;
using testing::summary;
using testing::usable;

std::string problems_of(const std::string& text, std::map<std::string, std::string> environment) {
  return summary(load_text(usable(text), "f", made_up(std::move(environment))));
}

TEST(ValidatePropertiesTest, ColumnsAreAListOfNamesAndExpressions) {
  EXPECT_EQ(problems_of("defaults: {properties: {columns: \"a,b=f(x,y)\"}}\n", {}), "");
  EXPECT_EQ(problems_of("defaults:\n  properties: {columns: \"a,b=\"}\n", {}),
            "5:25 error defaults.properties.columns: item 2, `b=`, must have the form "
            "column=expression\n");
  EXPECT_THAT(problems_of("defaults: {properties: {columns: \"a\\tb\"}}\n", {}),
              HasSubstr("has a control byte"));
}

TEST(ValidatePropertiesTest, WhatCameFromTheEnvironmentIsNotQuoted) {
  const std::string columns =
      problems_of("defaults: {properties: {columns: \"${env:C}\"}}\n", {{"C", "a,hidden text"}});
  EXPECT_THAT(columns, HasSubstr("item 2 is no column name"));
  EXPECT_THAT(columns, Not(HasSubstr("hidden")));
  const std::string ratio =
      problems_of("defaults: {properties: {max_filter_ratio: \"${env:C}\"}}\n", {{"C", "hidden"}});
  EXPECT_THAT(ratio, HasSubstr("the value is not a decimal number"));
  EXPECT_THAT(ratio, Not(HasSubstr("hidden")));
}

TEST(ValidatePropertiesTest, ATableDoesNotRepeatWhatIsWrongWithTheDefaults) {
  const std::string problems = problems_of(
      "defaults: {properties: {columns: \"a,a\", strict_mode: maybe}}\n"
      "tables: {db.t: {}, db.u: {properties: {columns: \"b,b\"}}}\n",
      {});
  EXPECT_THAT(problems, HasSubstr("defaults.properties.columns: item 2, `a`, is listed twice"));
  EXPECT_THAT(problems, HasSubstr("tables.db.u.properties.columns: item 2, `b`, is listed twice"));
  EXPECT_THAT(problems, Not(HasSubstr("db.t")));
}

}  // namespace
}  // namespace loadstar::config
