#include "server/read_ahead.hpp"

#include <gtest/gtest.h>

namespace loadstar::server::test {
namespace {

TEST(ReadAheadTest, AStreamHasItsLimitAndAllTogetherHaveOne) {
  ReadAhead read_ahead;
  EXPECT_TRUE(read_ahead.allows(0));
  EXPECT_TRUE(read_ahead.allows(ReadAhead::kMost - 1));
  EXPECT_FALSE(read_ahead.allows(ReadAhead::kMost));
  read_ahead.add(ReadAhead::kAll);
  EXPECT_TRUE(read_ahead.allows(ReadAhead::kEach - 1)) << "no stream is starved";
  EXPECT_FALSE(read_ahead.allows(ReadAhead::kEach));
  read_ahead.remove(1);
  EXPECT_TRUE(read_ahead.allows(ReadAhead::kEach));
  EXPECT_EQ(read_ahead.held(), ReadAhead::kAll - 1);
}

}  // namespace
}  // namespace loadstar::server::test
