#include "core/base/backoff.hpp"

#include <gtest/gtest.h>

namespace loadstar {
namespace {

using namespace std::chrono_literals;

TEST(BackoffTest, DelayDoublesUpToTheLimitAndKeepsHalfOfItselfAsJitter) {
  Random random(1);
  const BackoffOptions options{1s, 10s, 2.0};
  for (unsigned attempt = 1; attempt < 100; ++attempt) {
    const auto full = std::min<Clock::duration>(10s, 1s * (1U << std::min(attempt - 1, 10U)));
    const auto delay = backoff_delay(options, attempt, random);
    EXPECT_GE(delay, full / 2) << attempt;
    EXPECT_LE(delay, full) << attempt;
  }
}

TEST(BackoffTest, TwoInstancesDoNotWaitEquallyLong) {
  Random one(1);
  Random two(2);
  EXPECT_NE(backoff_delay({}, 3, one), backoff_delay({}, 3, two));
}

}  // namespace
}  // namespace loadstar
