#include "server/label_memory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace loadstar::server {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

starrocks::SqlResult answer(const std::string& num, const std::string& second) {
  starrocks::SqlResult result;
  result.columns = {"Key", "AliasNames", "Value", "Type", "IsMutable", "Comment"};
  result.rows = {{"label_keep_max_num", "[]", num, "int", "true", ""},
                 {"label_keep_max_second", "[]", second, "int", "true", ""}};
  return result;
}

TEST(LabelMemoryTest, TheDefaultsAreTooFewForADayButLastLongEnough) {
  const LabelMemory memory = label_memory_of(answer("1000", "259200"));
  EXPECT_EQ(memory.keep_num, 1000U);
  EXPECT_EQ(memory.keep_second, 259200s);
  EXPECT_THAT(too_small(memory, 86'400s), ElementsAre(HasSubstr("label_keep_max_num = 1000")));
  EXPECT_THAT(too_small(memory, 600s), IsEmpty());
}

TEST(LabelMemoryTest, TooShortATimeIsNamed) {
  const LabelMemory memory = label_memory_of(answer("100000", "3600"));
  EXPECT_THAT(too_small(memory, 86'400s), ElementsAre(HasSubstr("label_keep_max_second = 3600")));
}

// F124
TEST(LabelMemoryTest, ATimeoutThatStarRocksDoesNotReadIsNamed) {
  starrocks::SqlResult result = answer("100000", "259200");
  result.rows = {{"prepared_transaction_default_timeout_second", "[]", "60", "int", "true", ""}};
  const LabelMemory memory = label_memory_of(result);
  EXPECT_EQ(memory.prepared_default, 60s);
  EXPECT_THAT(too_small(memory, 60s), IsEmpty());
  EXPECT_THAT(too_small(memory, 61s),
              ElementsAre(HasSubstr("prepared_transaction_default_timeout_second = 60 s")));
}

TEST(LabelMemoryTest, WhatIsNotUnderstoodIsNotJudged) {
  EXPECT_THAT(too_small(label_memory_of(answer("-1", "many")), 86'400s), IsEmpty());
  starrocks::SqlResult other = answer("1", "1");
  other.columns[2] = "Setting";
  EXPECT_THAT(too_small(label_memory_of(other), 86'400s), IsEmpty());
  other = answer("1", "1");
  other.rows = {{std::nullopt}, {}};
  EXPECT_THAT(too_small(label_memory_of(other), 86'400s), IsEmpty());
}

}  // namespace
}  // namespace loadstar::server
