#include "core/txn/load_attempt.hpp"

#include <gtest/gtest.h>

namespace loadstar::txn {
namespace {

using starrocks::CommitReply;
using starrocks::LabelState;
using starrocks::LabelStatus;
using starrocks::LoadCounts;
using starrocks::LoadOutcome;
using starrocks::LoadVerdict;
using PlainStep = StreamLoadAttempt::Step;
using Step = TransactionAttempt::Step;

constexpr Expectation kThreeRows{3, false, false};

LoadOutcome done(LoadCounts counts) {
  LoadOutcome outcome;
  outcome.verdict = LoadVerdict::kDone;
  outcome.visible = true;
  outcome.counts = counts;
  return outcome;
}

LoadOutcome failed(Errc code, Certainty certainty) {
  LoadOutcome outcome;
  outcome.error = {code, certainty, "why"};
  return outcome;
}

LoadOutcome verdict(LoadVerdict value) {
  LoadOutcome outcome;
  outcome.verdict = value;
  return outcome;
}

Result<LabelStatus> state(LabelState value) { return LabelStatus{value, ""}; }
Error lost() { return {Errc::kConnectionLost, Certainty::kUnknown, "lost"}; }

const LoadCounts kAllLoaded{3, 3, 0, 0, 30};

// F186, F218, F219
TEST(StreamLoadAttemptTest, SuccessAndPublishTimeoutAreCommitted) {
  StreamLoadAttempt attempt(kThreeRows);
  EXPECT_EQ(attempt.on_reply(done(kAllLoaded)), PlainStep::kFinished);
  EXPECT_TRUE(attempt.result().committed);
  EXPECT_FALSE(attempt.result().count_mismatch);
}

TEST(StreamLoadAttemptTest, AnotherCountIsCommittedAndTold) {
  StreamLoadAttempt attempt(kThreeRows);
  EXPECT_EQ(attempt.on_reply(done({2, 2, 0, 0, 30})), PlainStep::kFinished);
  EXPECT_TRUE(attempt.result().committed);
  EXPECT_TRUE(attempt.result().count_mismatch);
}

// F222: the reply was lost, the repetition finds the label finished.
TEST(StreamLoadAttemptTest, AFinishedLabelIsOurEarlierRequest) {
  StreamLoadAttempt attempt(kThreeRows);
  EXPECT_EQ(attempt.on_reply(verdict(LoadVerdict::kLabelFinished)), PlainStep::kFinished);
  EXPECT_TRUE(attempt.result().committed);
  EXPECT_FALSE(attempt.result().counts);
}

TEST(StreamLoadAttemptTest, AProvedFailureAsksNothing) {
  StreamLoadAttempt attempt(kThreeRows);
  EXPECT_EQ(attempt.on_reply(failed(Errc::kConnectFailed, Certainty::kNotApplied)),
            PlainStep::kFinished);
  EXPECT_FALSE(attempt.result().committed);
}

// F223, F224, F225, F226, F227
TEST(StreamLoadAttemptTest, AnUnknownOutcomeIsAskedForUntilItIsProved) {
  struct Case {
    std::vector<LabelState> answers;
    bool committed;
    bool possible_duplicate;
  };
  const std::vector<Case> cases{
      {{LabelState::kVisible}, true, false},
      {{LabelState::kCommitted}, true, false},
      {{LabelState::kPrepare, LabelState::kPrepare, LabelState::kVisible}, true, false},
      {{LabelState::kAborted}, false, false},
      {{LabelState::kUnknown, LabelState::kUnknown}, false, true},
      {{LabelState::kUnknown, LabelState::kPrepare, LabelState::kVisible}, true, false},
      {{LabelState::kPrepared, LabelState::kAborted}, false, false},
  };
  for (const Case& test : cases) {
    StreamLoadAttempt attempt(kThreeRows);
    auto step = attempt.on_reply(failed(Errc::kConnectionLost, Certainty::kUnknown));
    EXPECT_EQ(step, PlainStep::kAskState);
    for (const auto answer : test.answers) {
      EXPECT_EQ(step, PlainStep::kAskState);
      step = attempt.on_state(state(answer));
    }
    EXPECT_EQ(step, PlainStep::kFinished);
    EXPECT_EQ(attempt.result().committed, test.committed);
    EXPECT_EQ(attempt.result().possible_duplicate, test.possible_duplicate);
    if (!test.committed) {
      EXPECT_EQ(attempt.result().error.certainty, Certainty::kNotApplied);
    }
  }
}

constexpr Expectation kMerged{3, false, false, true};

TEST(StreamLoadAttemptTest, AMergeCommitCountsNothing) {
  StreamLoadAttempt attempt(kMerged);
  LoadOutcome outcome = done({});
  outcome.counted = false;
  EXPECT_EQ(attempt.on_reply(outcome), PlainStep::kFinished);
  EXPECT_TRUE(attempt.result().committed);
  EXPECT_FALSE(attempt.result().count_mismatch);
  EXPECT_FALSE(attempt.result().counts);
}

TEST(StreamLoadAttemptTest, AMergeCommitIsAskedForByTheLabelThatItsReplyNames) {
  StreamLoadAttempt attempt(kMerged);
  LoadOutcome outcome = failed(Errc::kRejected, Certainty::kUnknown);
  outcome.transaction_label = "merge_commit_1";
  EXPECT_EQ(attempt.on_reply(outcome), PlainStep::kAskState);
  EXPECT_EQ(attempt.label_to_ask("own"), "merge_commit_1");
  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(attempt.on_state(state(LabelState::kPrepare)), PlainStep::kAskState)
        << "rows of others are in it, so it is not cancelled";
  }
  EXPECT_EQ(attempt.on_state(state(LabelState::kCommitted)), PlainStep::kFinished);
  EXPECT_TRUE(attempt.result().committed);
  EXPECT_FALSE(attempt.result().possible_duplicate);
}

TEST(StreamLoadAttemptTest, AMergeCommitWithoutAReplyMayBeADuplicate) {
  StreamLoadAttempt attempt(kMerged);
  EXPECT_EQ(attempt.on_reply(failed(Errc::kConnectionLost, Certainty::kUnknown)),
            PlainStep::kFinished);
  EXPECT_FALSE(attempt.result().committed);
  EXPECT_TRUE(attempt.result().possible_duplicate);
  EXPECT_EQ(attempt.result().error.certainty, Certainty::kNotApplied);
  StreamLoadAttempt proved(kMerged);
  EXPECT_EQ(proved.on_reply(failed(Errc::kConnectFailed, Certainty::kNotApplied)),
            PlainStep::kFinished);
  EXPECT_FALSE(proved.result().possible_duplicate);
  EXPECT_EQ(StreamLoadAttempt(kThreeRows).label_to_ask("own"), "own");
}

// F258: a query that fails is not an answer, least of all UNKNOWN.
TEST(StreamLoadAttemptTest, AFailedQueryProvesNothing) {
  StreamLoadAttempt attempt(kThreeRows);
  EXPECT_EQ(attempt.on_reply(verdict(LoadVerdict::kLabelRunning)), PlainStep::kAskState);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(attempt.on_state(lost()), PlainStep::kAskState);
  EXPECT_EQ(attempt.on_state(state(LabelState::kUnknown)), PlainStep::kAskState);
  EXPECT_EQ(attempt.on_state(lost()), PlainStep::kAskState);
}

TEST(StreamLoadAttemptTest, ATransactionThatStaysInPrepareIsCancelledAndThenAskedFor) {
  StreamLoadAttempt attempt(kThreeRows);
  auto step = attempt.on_reply(failed(Errc::kDeadlineExceeded, Certainty::kUnknown));
  int asked = 0;
  while (step == PlainStep::kAskState) {
    step = attempt.on_state(state(LabelState::kPrepare));
    ASSERT_LT(++asked, 100);
  }
  EXPECT_EQ(step, PlainStep::kCancel);
  EXPECT_EQ(attempt.on_cancel(), PlainStep::kAskState);
  EXPECT_EQ(attempt.on_state(state(LabelState::kAborted)), PlainStep::kFinished);
}

/// Drives an attempt with two bodies up to prepare.
TransactionAttempt loaded() {
  TransactionAttempt attempt(kThreeRows, 2);
  EXPECT_EQ(TransactionAttempt::start(), Step::kBegin);
  EXPECT_EQ(attempt.on_begin(std::int64_t{7}), Step::kLoad);
  EXPECT_EQ(attempt.next_load(), 0U);
  EXPECT_EQ(attempt.on_load(std::uint64_t{10}), Step::kLoad);
  EXPECT_EQ(attempt.next_load(), 1U);
  EXPECT_EQ(attempt.on_load(std::uint64_t{20}), Step::kPrepare);
  return attempt;
}

TEST(TransactionAttemptTest, BeginLoadsPrepareCommit) {
  auto attempt = loaded();
  EXPECT_EQ(attempt.on_prepare(done(kAllLoaded)), Step::kCommit);
  EXPECT_EQ(attempt.on_commit(CommitReply{true}), Step::kFinished);
  EXPECT_TRUE(attempt.result().committed);
  EXPECT_EQ(attempt.result().counts->loaded_rows, 3U);
}

// R1: no answer means the label may be begun; it is rolled back and never used again. A refusal
// means that it is somebody else's, or nobody's.
TEST(TransactionAttemptTest, AnUnansweredBeginIsRolledBackARefusedOneIsNot) {
  TransactionAttempt unanswered(kThreeRows, 1);
  EXPECT_EQ(unanswered.on_begin(lost()), Step::kRollback);
  EXPECT_EQ(unanswered.on_rollback(), Step::kFinished);
  EXPECT_FALSE(unanswered.result().committed);
  TransactionAttempt refused(kThreeRows, 1);
  EXPECT_EQ(refused.on_begin(Error{Errc::kRejected, Certainty::kNotApplied, "exists"}),
            Step::kFinished);
}

// D3, R2: whatever a load answers but OK, even "nothing was sent", poisons its transaction.
TEST(TransactionAttemptTest, AnyFailedLoadPoisonsTheTransaction) {
  for (const auto certainty : {Certainty::kNotApplied, Certainty::kUnknown}) {
    TransactionAttempt attempt(kThreeRows, 2);
    EXPECT_EQ(attempt.on_begin(std::int64_t{7}), Step::kLoad);
    EXPECT_EQ(attempt.on_load(Error{Errc::kConnectionLost, certainty, "torn"}), Step::kRollback);
    EXPECT_EQ(attempt.on_rollback(), Step::kFinished);
    EXPECT_FALSE(attempt.result().committed);
    EXPECT_EQ(attempt.result().error.certainty, Certainty::kNotApplied);
  }
}

// R3: prepared with another count, or with an unproved one, is not committed.
// F106, F107
TEST(TransactionAttemptTest, OnlyExactlyTheRowsThatWereSentAreCommitted) {
  for (const LoadCounts counts :
       {LoadCounts{2, 2, 0, 0, 30}, LoadCounts{4, 4, 0, 0, 30}, LoadCounts{3, 2, 1, 0, 30},
        LoadCounts{3, 2, 0, 1, 30}, LoadCounts{0, 0, 0, 0, 0}}) {
    auto attempt = loaded();
    EXPECT_EQ(attempt.on_prepare(done(counts)), Step::kRollback);
    EXPECT_TRUE(attempt.result().count_mismatch);
  }
  auto lost_reply = loaded();
  EXPECT_EQ(lost_reply.on_prepare(failed(Errc::kConnectionLost, Certainty::kUnknown)),
            Step::kRollback);
  EXPECT_FALSE(lost_reply.result().count_mismatch);
}

TEST(TransactionAttemptTest, FilteredAndUnselectedRowsPassWhereTheyWereAskedFor) {
  TransactionAttempt attempt(Expectation{3, true, true}, 1);
  static_cast<void>(attempt.on_begin(std::int64_t{7}));
  static_cast<void>(attempt.on_load(std::uint64_t{30}));
  EXPECT_EQ(attempt.on_prepare(done({3, 1, 1, 1, 30})), Step::kCommit);
}

TEST(TransactionAttemptTest, AnUnansweredCommitIsResolvedByTheState) {
  struct Case {
    std::vector<LabelState> answers;
    Step last;
    bool committed;
    bool possible_duplicate;
  };
  const std::vector<Case> cases{
      {{LabelState::kVisible}, Step::kFinished, true, false},
      {{LabelState::kCommitted}, Step::kFinished, true, false},
      {{LabelState::kPrepared}, Step::kCommit, false, false},
      {{LabelState::kAborted}, Step::kFinished, false, false},
      {{LabelState::kUnknown}, Step::kAskState, false, false},
      {{LabelState::kUnknown, LabelState::kUnknown}, Step::kFinished, false, true},
      {{LabelState::kPrepare}, Step::kAskState, false, false},
  };
  for (const Case& test : cases) {
    auto attempt = loaded();
    static_cast<void>(attempt.on_prepare(done(kAllLoaded)));
    auto step = attempt.on_commit(lost());
    EXPECT_EQ(step, Step::kAskState);
    for (const auto answer : test.answers) step = attempt.on_state(state(answer));
    EXPECT_EQ(step, test.last);
    EXPECT_EQ(attempt.result().committed, test.committed);
    EXPECT_EQ(attempt.result().possible_duplicate, test.possible_duplicate);
  }
}

// F119
TEST(TransactionAttemptDeathTest, AnEmptyTransactionIsOurMistake) {
  EXPECT_DEATH(TransactionAttempt(kThreeRows, 0), "begins nothing");
}

}  // namespace
}  // namespace loadstar::txn
