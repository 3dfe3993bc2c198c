#include "core/txn/commit_refusal.hpp"

#include <gtest/gtest.h>

namespace loadstar::txn {
namespace {

using Step = CommitAttempt::Step;

TEST(CommitRefusal, SaysWhatIsKnownAndOfWhichTransaction) {
  CommitAttempt attempt;
  ASSERT_EQ(attempt.on_state(starrocks::LabelStatus{starrocks::LabelState::kAborted, "timeout"}),
            Step::kLost);
  const Refusal lost = commit_refusal({"d", "t"}, "l", Step::kLost, attempt);
  EXPECT_EQ(lost.reason, Reason::kCheckpointLost);
  EXPECT_EQ(lost.message,
            "transaction l of d.t was aborted by StarRocks: timeout; its rows are gone");
  EXPECT_EQ(lost.metadata.at("reason"), "timeout");
  EXPECT_EQ(lost.metadata.at("label"), "l");
  EXPECT_EQ(lost.metadata.at("table"), "t");
  for (const Step step : {Step::kForgotten, Step::kNotPrepared}) {
    EXPECT_EQ(commit_refusal({"d", "t"}, "l", step, attempt).reason, Reason::kOutcomeUnknown);
  }
  EXPECT_EQ(commit_refusal({"d", "t"}, "l", Step::kAskState, attempt).reason,
            Reason::kDatabaseNotFound);
}

}  // namespace
}  // namespace loadstar::txn
