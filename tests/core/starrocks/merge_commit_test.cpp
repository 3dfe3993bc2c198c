#include "core/starrocks/merge_commit.hpp"

#include <gtest/gtest.h>

#include <string>

namespace loadstar::starrocks {
namespace {

constexpr const char* kServerLabel = "merge_commit_0198f0c2-7b1e-7c1c-9d7e-2f6b1b3a9a10";

Reply reply(std::string status, std::string message) {
  Reply reply;
  reply.status = std::move(status);
  reply.message = std::move(message);
  reply.transaction_id = 2001;
  reply.label = kServerLabel;
  reply.request_id = "lbl-1";
  reply.load_bytes = 12;
  return reply;
}

Expectation sent() {
  Expectation expected;
  expected.label = "lbl-1";
  expected.body_bytes = 12;
  expected.merge_commit = true;
  return expected;
}

TEST(MergeCommitTest, SuccessIsVisibleAndUncounted) {
  const LoadOutcome outcome = judge_merge_commit(reply("Success", "OK"), sent());
  EXPECT_EQ(outcome.verdict, LoadVerdict::kDone);
  EXPECT_TRUE(outcome.visible);
  EXPECT_FALSE(outcome.counted);
  EXPECT_EQ(outcome.transaction_id, 2001);
  EXPECT_EQ(outcome.transaction_label, kServerLabel);
}

TEST(MergeCommitTest, AnAbortedTransactionIsCertainAndSaysWhy) {
  const auto aborted = [](const std::string& reason) {
    return judge_merge_commit(reply("Fail", "Load is aborted, reason: " + reason), sent());
  };
  const LoadOutcome rows = aborted("too many filtered rows");
  EXPECT_EQ(rows.verdict, LoadVerdict::kFailed);
  EXPECT_EQ(rows.error.code, Errc::kRowsRejected);
  EXPECT_EQ(rows.error.certainty, Certainty::kNotApplied);
  EXPECT_EQ(aborted("too many versions").error.code, Errc::kCongested);
  EXPECT_EQ(aborted("something else").error.code, Errc::kRejected);
  EXPECT_EQ(aborted("something else").error.certainty, Certainty::kNotApplied);
}

// 9: the text of a timeout is committed, the others may be.
TEST(MergeCommitTest, EveryOtherFailureIsAskedForByTheServersLabel) {
  for (const char* message :
       {"Load has not been published before timeout", "Can't find the transaction, reason: x",
        "Failed to get load final status, current status: PREPARE, error: timeout",
        "x Load is aborted, reason: too many filtered rows"}) {
    const LoadOutcome outcome = judge_merge_commit(reply("Fail", message), sent());
    EXPECT_EQ(outcome.verdict, LoadVerdict::kFailed) << message;
    EXPECT_EQ(outcome.error.certainty, Certainty::kUnknown) << message;
    EXPECT_EQ(outcome.transaction_label, kServerLabel) << message;
  }
  const LoadOutcome late = judge_merge_commit(reply("Publish Timeout", ""), sent());
  EXPECT_EQ(late.error.certainty, Certainty::kUnknown);
}

TEST(MergeCommitTest, AFailureBeforeAssignmentIsNotApplied) {
  Reply early = reply("Fail", "merge_commit_interval_ms must be set positive");
  early.transaction_id = -1;
  early.label = "";
  const LoadOutcome outcome = judge_merge_commit(early, sent());
  EXPECT_EQ(outcome.error.certainty, Certainty::kNotApplied);
  EXPECT_EQ(outcome.transaction_label, "");
}

TEST(MergeCommitTest, RepliesToOthersAreNotBelieved) {
  Reply other = reply("Success", "OK");
  other.request_id = "lbl-2";
  EXPECT_EQ(judge_merge_commit(other, sent()).error.certainty, Certainty::kUnknown);
  Expectation fewer = sent();
  fewer.body_bytes = 11;
  EXPECT_EQ(judge_merge_commit(reply("Success", "OK"), fewer).verdict, LoadVerdict::kFailed);
  Expectation frontend = sent();
  frontend.from_frontend = true;
  EXPECT_EQ(judge_merge_commit(reply("Success", "OK"), frontend).verdict, LoadVerdict::kFailed);
  Reply nameless = reply("Success", "OK");
  nameless.transaction_id.reset();
  EXPECT_EQ(judge_merge_commit(nameless, sent()).verdict, LoadVerdict::kFailed);
}

TEST(MergeCommitTest, OnlyWhatCanBeALabelIsAskedFor) {
  Reply odd = reply("Fail", "Can't find the transaction, reason: x");
  odd.label = "a/../b";
  EXPECT_EQ(judge_merge_commit(odd, sent()).transaction_label, "");
}

}  // namespace
}  // namespace loadstar::starrocks
