#include "core/ingest/flush_policy.hpp"

#include <gtest/gtest.h>

namespace loadstar::ingest {
namespace {

using namespace std::chrono_literals;

TEST(FlushPolicyTest, TheShorterAgeDecidesAndNamesTheTrigger) {
  FlushOptions options;
  options.jitter_percent = 0;
  const auto ack = make_flush_limits(options, 0);
  EXPECT_EQ(ack.max_age, 5s);
  EXPECT_EQ(ack.age_trigger, FlushTrigger::kAckWait);
  options.max_ack_wait = 0ms;
  const auto interval = make_flush_limits(options, 0);
  EXPECT_EQ(interval.max_age, 300s);
  EXPECT_EQ(interval.age_trigger, FlushTrigger::kInterval);
}

TEST(FlushPolicyTest, JitterShortensByAtMostItsPercentage) {
  const FlushOptions options;
  EXPECT_EQ(make_flush_limits(options, 0).max_age, 5s);
  EXPECT_EQ(make_flush_limits(options, 1000).max_age, 4500ms);
}

TEST(FlushPolicyTest, EachLimitMakesALoadDueAtItsValueAndNotBelow) {
  const FlushLimits limits{100, 10, 5s, FlushTrigger::kInterval};
  EXPECT_EQ(flush_due(limits, {99, 9, 4999ms}, true), std::nullopt);
  EXPECT_EQ(flush_due(limits, {100, 0, 0s}, true), FlushTrigger::kBytes);
  EXPECT_EQ(flush_due(limits, {0, 10, 0s}, true), FlushTrigger::kRows);
  EXPECT_EQ(flush_due(limits, {0, 10, 0s}, false), std::nullopt)
      << "rows count in stream_load only";
  EXPECT_EQ(flush_due(limits, {0, 0, 5s}, false), FlushTrigger::kInterval);
}

// operations.md 7, 15: the interval grows with "too many versions", then returns.
TEST(FlushPolicyTest, CongestionStretchesTheAgeAndSuccessTakesItBack) {
  CongestionControl control;
  EXPECT_EQ(control.stretch(1s), 1s);
  control.on_congestion();
  EXPECT_EQ(control.stretch(1s), 2s);
  for (int i = 0; i < 20; ++i) control.on_congestion();
  EXPECT_EQ(control.stretch(1s), 64s) << "bounded";
  for (int i = 0; i < 200; ++i) control.on_success();
  EXPECT_EQ(control.stretch(1s), 1s);
  EXPECT_FALSE(control.congested());
}

}  // namespace
}  // namespace loadstar::ingest
