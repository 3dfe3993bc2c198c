#include "core/base/assert.hpp"

#include <gtest/gtest.h>

namespace loadstar {
namespace {

TEST(AssertTest, WhatHoldsCostsNothingAndIsEvaluatedOnce) {
  int evaluated = 0;
  LOADSTAR_ASSERT(++evaluated == 1, "once");
  EXPECT_EQ(evaluated, 1);
}

// F255
TEST(AssertDeathTest, WhatDoesNotHoldEndsTheProcessAndSaysWhatAndWhere) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(LOADSTAR_ASSERT(1 + 1 == 3, "arithmetic"),
               "assertion failed: 1 \\+ 1 == 3 \\(arithmetic\\) at .*assert_test.cpp:[0-9]+");
}

}  // namespace
}  // namespace loadstar
