#include "core/starrocks/frontends.hpp"

#include <gtest/gtest.h>

namespace loadstar::starrocks {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Clock::time_point kStart{std::chrono::hours(1)};
const std::vector<bool> kNoneOfThree(3, false);
const std::vector<bool> kNoneOfOne(1, false);

CircuitBreakerOptions breaker() {
  CircuitBreakerOptions options;
  options.failures = 2;
  options.open_for = milliseconds(1000);
  options.max_open_for = milliseconds(3500);
  return options;
}

TEST(FrontendsTest, GoesRoundFromItsOwnFirst) {
  Frontends frontends(3, 7, breaker());
  EXPECT_EQ(frontends.pick(kStart, kNoneOfThree), 1U);
  EXPECT_EQ(frontends.pick(kStart, kNoneOfThree), 2U);
  EXPECT_EQ(frontends.pick(kStart, kNoneOfThree), 0U);
  EXPECT_EQ(frontends.pick(kStart, kNoneOfThree), 1U);
}

TEST(FrontendsTest, LeavesOutWhatWasTried) {
  Frontends frontends(3, 0, breaker());
  EXPECT_EQ(frontends.pick(kStart, {true, false, true}), 1U);
  EXPECT_EQ(frontends.pick(kStart, {true, true, true}), std::nullopt);
}

TEST(FrontendsTest, FailuresInARowOpenTheBreakerAndASuccessCountsThemAnew) {
  Frontends frontends(3, 0, breaker());
  EXPECT_FALSE(frontends.on_failure(0, kStart));
  EXPECT_FALSE(frontends.on_success(0));
  EXPECT_FALSE(frontends.on_failure(0, kStart));
  EXPECT_EQ(frontends.open_count(), 0U);
  EXPECT_TRUE(frontends.on_failure(0, kStart));
  EXPECT_EQ(frontends.open_count(), 1U);
  EXPECT_EQ(frontends.pick(kStart, kNoneOfThree), 1U);
  EXPECT_EQ(frontends.pick(kStart, kNoneOfThree), 2U);
  EXPECT_EQ(frontends.pick(kStart, kNoneOfThree), 1U);
}

TEST(FrontendsTest, OneProbeAPeriodAndASuccessCloses) {
  Frontends frontends(1, 0, breaker());
  frontends.on_failure(0, kStart);
  frontends.on_failure(0, kStart);
  EXPECT_EQ(frontends.next_probe(), kStart + seconds(1));
  EXPECT_EQ(frontends.pick(kStart + milliseconds(999), kNoneOfOne), std::nullopt);
  EXPECT_EQ(frontends.pick(kStart + seconds(1), kNoneOfOne), 0U);
  EXPECT_EQ(frontends.pick(kStart + milliseconds(1500), kNoneOfOne), std::nullopt)
      << "the probe is out";
  EXPECT_EQ(frontends.pick(kStart + seconds(2), kNoneOfOne), 0U) << "that probe never reported";
  EXPECT_TRUE(frontends.on_success(0));
  EXPECT_EQ(frontends.open_count(), 0U);
  EXPECT_EQ(frontends.next_probe(), std::nullopt);
  EXPECT_EQ(frontends.pick(kStart + seconds(2), kNoneOfOne), 0U);
}

TEST(FrontendsTest, FailedProbesDoubleThePeriodUpToTheLongestWhileAnotherWorks) {
  const std::vector<bool> other_tried{false, true};
  Frontends frontends(2, 0, breaker());
  frontends.on_failure(0, kStart);
  frontends.on_failure(0, kStart);
  Clock::time_point now = kStart;
  for (const milliseconds period : {milliseconds(2000), milliseconds(3500), milliseconds(3500)}) {
    now = *frontends.next_probe();
    EXPECT_EQ(frontends.pick(now - milliseconds(1), other_tried), std::nullopt);
    EXPECT_EQ(frontends.pick(now, other_tried), 0U);
    EXPECT_TRUE(frontends.on_failure(0, now));
    EXPECT_EQ(frontends.next_probe(), now + period);
  }
}

/// Opens the breakers of all frontends at kStart.
void open_all(Frontends& frontends, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    frontends.on_failure(i, kStart);
    frontends.on_failure(i, kStart);
  }
}

TEST(FrontendsTest, WhenAllAreOpenEachIsTriedAgainAfterTheFirstPeriodHoweverLongItsOwnIs) {
  Frontends frontends(1, 0, breaker());
  open_all(frontends, 1);
  for (int i = 1; i <= 20; ++i) {
    const Clock::time_point now = kStart + seconds(i);
    EXPECT_EQ(frontends.next_probe(), now);
    EXPECT_EQ(frontends.pick(now - milliseconds(1), kNoneOfOne), std::nullopt);
    EXPECT_EQ(frontends.pick(now, kNoneOfOne), 0U);
    EXPECT_TRUE(frontends.on_failure(0, now));
  }
}

TEST(FrontendsTest, TriesThatCameEarlyDoNotLengthenThePeriod) {
  const std::vector<bool> none(2, false);
  Frontends frontends(2, 0, breaker());
  open_all(frontends, 2);
  for (int i = 1; i <= 20; ++i) {
    for (int call = 0; call < 2; ++call) {
      const auto index = frontends.pick(kStart + seconds(i), none);
      ASSERT_TRUE(index.has_value());
      frontends.on_failure(*index, kStart + seconds(i));
    }
  }
  EXPECT_TRUE(frontends.on_success(1));
  EXPECT_EQ(frontends.next_probe(), kStart + seconds(22)) << "2 s since its last try, not 3.5 s";
}

TEST(FrontendsTest, WhenAllAreOpenTheOneThatIsDueFirstIsTried) {
  Frontends frontends(3, 0, breaker());
  for (const std::size_t index : {1U, 2U, 0U}) {
    const Clock::time_point at = kStart + milliseconds(index == 0 ? 200 : 100 * (index - 1));
    frontends.on_failure(index, at);
    frontends.on_failure(index, at);
  }
  const Clock::time_point now = kStart + seconds(2);
  for (const std::size_t index : {1U, 2U, 0U}) {
    EXPECT_EQ(frontends.pick(now, kNoneOfThree), index);
    frontends.on_failure(index, now);
  }
  EXPECT_EQ(frontends.pick(now, kNoneOfThree), std::nullopt);
}

TEST(FrontendsTest, WhenAllAreOpenOneTriesAndTheOthersKnowHowLongToWait) {
  Frontends frontends(3, 0, breaker());
  open_all(frontends, 3);
  const Clock::time_point now = kStart + seconds(1);
  EXPECT_EQ(frontends.outcome_expected_by(now), std::nullopt) << "nobody tries";
  EXPECT_EQ(frontends.pick(now, kNoneOfThree), 0U);
  EXPECT_EQ(frontends.pick(now, kNoneOfThree), std::nullopt) << "though two more are due";
  EXPECT_EQ(frontends.outcome_expected_by(now), now + seconds(1));
  EXPECT_EQ(frontends.outcome_expected_by(now + seconds(1)), std::nullopt) << "it hangs";
  EXPECT_EQ(frontends.pick(now + seconds(1), kNoneOfThree), 1U);
  frontends.on_given_up(1);
  frontends.on_failure(0, now + seconds(1));
  EXPECT_EQ(frontends.outcome_expected_by(now + seconds(1)), std::nullopt);
  EXPECT_EQ(frontends.pick(now + seconds(1), kNoneOfThree), 2U);
  EXPECT_TRUE(frontends.on_success(2));
  EXPECT_EQ(frontends.outcome_expected_by(now + seconds(1)), std::nullopt);
  EXPECT_EQ(frontends.pick(now + seconds(1), kNoneOfThree), 2U);
}

TEST(FrontendsTest, LateFailuresOfEarlierRequestsDoNotLengthenThePeriod) {
  Frontends frontends(1, 0, breaker());
  for (int i = 0; i < 8; ++i) frontends.on_failure(0, kStart);
  EXPECT_EQ(frontends.next_probe(), kStart + seconds(1));
}

TEST(FrontendsTest, AfterClosingThePeriodBeginsAnew) {
  Frontends frontends(1, 0, breaker());
  frontends.on_failure(0, kStart);
  frontends.on_failure(0, kStart);
  EXPECT_TRUE(frontends.pick(kStart + seconds(1), kNoneOfOne).has_value());
  frontends.on_failure(0, kStart + seconds(1));
  frontends.on_success(0);
  frontends.on_failure(0, kStart + seconds(5));
  EXPECT_TRUE(frontends.on_failure(0, kStart + seconds(5)));
  EXPECT_EQ(frontends.next_probe(), kStart + seconds(6));
}

}  // namespace
}  // namespace loadstar::starrocks
