#include "core/txn/commit_attempt.hpp"

#include <gtest/gtest.h>

namespace loadstar::txn {
namespace {

using starrocks::CommitReply;
using starrocks::LabelState;
using starrocks::LabelStatus;
using Step = CommitAttempt::Step;

Error lost() { return {Errc::kConnectionLost, Certainty::kUnknown, "reply lost"}; }

TEST(CommitAttemptTest, TheRecoveryPathAsksFirst) {
  EXPECT_EQ(CommitAttempt::start(false), Step::kCommit);
  EXPECT_EQ(CommitAttempt::start(true), Step::kAskState);
  CommitAttempt attempt;
  EXPECT_EQ(attempt.on_state(LabelStatus{LabelState::kPrepared, ""}), Step::kCommit);
  EXPECT_EQ(attempt.on_commit(CommitReply{true}), Step::kCommitted);
  EXPECT_TRUE(attempt.visible());
}

// F157, F160, F165: committed is committed, whoever did it.
TEST(CommitAttemptTest, CommittedAndVisibleAreTheEnd) {
  CommitAttempt committed;
  EXPECT_EQ(committed.on_state(LabelStatus{LabelState::kCommitted, ""}), Step::kCommitted);
  EXPECT_FALSE(committed.visible());
  CommitAttempt visible;
  EXPECT_EQ(visible.on_commit(lost()), Step::kAskState);
  EXPECT_EQ(visible.on_state(LabelStatus{LabelState::kVisible, ""}), Step::kCommitted);
  EXPECT_TRUE(visible.visible());
}

// F159, F161, F162, F163: no answer: the state decides, and PREPARED is committed again.
TEST(CommitAttemptTest, ALostCommitIsResolvedByTheState) {
  CommitAttempt attempt;
  EXPECT_EQ(attempt.on_commit(lost()), Step::kAskState);
  EXPECT_EQ(attempt.on_state(lost()), Step::kAskLater) << "no answer says nothing";
  EXPECT_EQ(attempt.on_state(LabelStatus{LabelState::kPrepared, ""}), Step::kCommitLater);
  EXPECT_EQ(attempt.on_commit(CommitReply{false}), Step::kCommitted);
}

// F167, F168: aborted is lost, with StarRocks' reason.
TEST(CommitAttemptTest, AbortedIsLost) {
  CommitAttempt attempt;
  EXPECT_EQ(attempt.on_state(LabelStatus{LabelState::kAborted, "timeout"}), Step::kLost);
  EXPECT_EQ(attempt.reason(), "timeout");
}

// F166, F169, F264: UNKNOWN is believed only when said twice, and never means aborted.
TEST(CommitAttemptTest, UnknownTwiceIsForgotten) {
  CommitAttempt attempt;
  EXPECT_EQ(attempt.on_state(LabelStatus{LabelState::kUnknown, ""}), Step::kAskLater);
  EXPECT_EQ(attempt.on_state(LabelStatus{LabelState::kPrepared, ""}), Step::kCommit);
  EXPECT_EQ(attempt.on_commit(lost()), Step::kAskState);
  EXPECT_EQ(attempt.on_state(LabelStatus{LabelState::kUnknown, ""}), Step::kAskLater);
  EXPECT_EQ(attempt.on_state(LabelStatus{LabelState::kUnknown, ""}), Step::kForgotten);
}

// F6: a transaction that is not prepared would be published in part.
TEST(CommitAttemptTest, PrepareIsNeverCommitted) {
  CommitAttempt attempt;
  EXPECT_EQ(attempt.on_state(LabelStatus{LabelState::kPrepare, ""}), Step::kNotPrepared);
}

}  // namespace
}  // namespace loadstar::txn
