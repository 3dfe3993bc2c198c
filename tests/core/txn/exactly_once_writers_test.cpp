#include "core/txn/exactly_once_writers.hpp"

#include "core/starrocks/label.hpp"
#include "tests/core/txn/exactly_once_fixture.hpp"

#include <gtest/gtest.h>

namespace loadstar::txn {
namespace {

using namespace std::chrono_literals;

class ExactlyOnceWritersTest : public ExactlyOnceFixture {
 protected:
  /// Part 0 of checkpoint 1.
  static std::string first_label(std::uint64_t epoch) {
    const starrocks::PartLabel part{"ls", "w", starrocks::database_hash("test"), epoch, 1, 0};
    return *starrocks::build(part);
  }
};

TEST_F(ExactlyOnceWritersTest, RowsBecomeVisibleOnlyByCommit) {
  const auto stream = opened_epoch(1);
  EXPECT_FALSE(stream->opened().attached);
  EXPECT_EQ(stream->opened().next_sequence, 1U);
  EXPECT_EQ(stream->opened().next_checkpoint_id, 1U);
  EXPECT_TRUE(append(*stream, batch_of(1, 1, "a\nb\n")).ok());
  EXPECT_TRUE(append(*stream, batch_of(2, 1, "c\n", "u")).ok());
  const auto prepared = checkpoint(1, 1, 2);
  ASSERT_TRUE(prepared.ok()) << prepared.refusal().message;
  EXPECT_TRUE(starrocks_.rows("t").empty());
  EXPECT_EQ(metrics_.transactions_open_prepared.Value(), 2);
  EXPECT_EQ(metrics_.transactions_open_begun.Value(), 0);
  EXPECT_TRUE(metrics_.prepared.get());
  EXPECT_FALSE(metrics_.table("test", "t").held.get()) << "all of it is prepared";
  ASSERT_EQ(prepared.value().loads.size(), 2U);
  EXPECT_EQ(prepared.value().loads[0].total_rows, 2U);
  EXPECT_TRUE(prepared.value().expire_time.has_value());
  const auto token = decode_resume_token(prepared.value().resume_token);
  ASSERT_TRUE(token.ok());
  EXPECT_EQ(token.value().last_sequence, 2U);
  EXPECT_EQ(token.value().parts.size(), 2U);

  const auto committed = commit(prepared.value().resume_token);
  ASSERT_TRUE(committed.ok()) << committed.refusal().message;
  EXPECT_EQ(committed.value().committed_sequence, 2U);
  EXPECT_EQ(visible("a") + visible("b") + visible("c", "u"), 3U);
  EXPECT_EQ(metrics_.transactions_open_prepared.Value(), 0);
  EXPECT_FALSE(metrics_.prepared.get());
  stream->half_close();
  EXPECT_FALSE(until_ended(*stream).refusal);
  EXPECT_EQ(last_ack_.committed_sequence, 2U);
}

// A token goes to any daemon, also to one that holds a writer of that name in another database,
// whose checkpoints have the same numbers.
TEST_F(ExactlyOnceWritersTest, ACommitOfAnotherDatabaseIsNotOneOfTheWriterHeld) {
  const auto stream = opened_epoch(1);
  EXPECT_TRUE(append(*stream, batch_of(1, 1, "a\n")).ok());
  const auto first = checkpoint(1, 1, 1);
  ASSERT_TRUE(first.ok());
  ResumeToken foreign{"ls", "w", "other", 1, 1, 1, {{"t", 1, 1, 0}}};
  const std::string label = label_of(foreign, foreign.parts[0]);
  starrocks_.model().begin(label, "t", 600s);
  starrocks_.model().load(label, "foreign\n");
  starrocks_.model().prepare(label, 86'400s);
  ASSERT_TRUE(commit(encode(foreign)).ok());
  EXPECT_TRUE(append(*stream, batch_of(2, 2, "b\n")).ok());
  const auto second = checkpoint(1, 2, 2);
  ASSERT_TRUE(second.ok()) << second.refusal().message;
  ASSERT_TRUE(commit(second.value().resume_token).ok());
  EXPECT_EQ(visible("a") + visible("b") + visible("foreign"), 3U);
  const Deadline deadline = Clock::now() + 1min;
  const auto aborted = test::run(io_, writers_->abort({"w", "other", 2, ""}, deadline));
  ASSERT_FALSE(aborted.ok()) << "the writer of the other database is not ended by it";
  EXPECT_EQ(aborted.refusal().reason, Reason::kBadRequest);
}

// proto Checkpoint: "The same number again is a retry and gets the same answer."
TEST_F(ExactlyOnceWritersTest, ARetryGetsTheSameAnswerAfterALaterTokenIsCommitted) {
  const auto stream = opened_epoch(1);
  EXPECT_TRUE(append(*stream, batch_of(1, 1, "a\n")).ok());
  const auto first = checkpoint(1, 1, 1);
  EXPECT_TRUE(append(*stream, batch_of(2, 2, "b\n")).ok());
  const auto second = checkpoint(1, 2, 2);
  ASSERT_TRUE(first.ok() && second.ok());
  ASSERT_TRUE(commit(second.value().resume_token).ok());
  const auto again = checkpoint(1, 1, 1);
  ASSERT_TRUE(again.ok()) << again.refusal().message;
  EXPECT_EQ(again.value().resume_token, first.value().resume_token);
  EXPECT_EQ(checkpoint(1, 1, 2).refusal().reason, Reason::kCheckpointConflict);
  ASSERT_TRUE(commit(again.value().resume_token).ok());
  EXPECT_EQ(visible("a") + visible("b"), 2U);
}

// StarRocks counts from when it prepares, not from when we hear of it.
TEST_F(ExactlyOnceWritersTest, TheTimeOfATokenBeginsWhenPrepareIsAskedFor) {
  const auto stream = opened_epoch(1);
  EXPECT_TRUE(append(*stream, batch_of(1, 1, "a\n")).ok());
  transport_.mood = [](const http::Endpoint&, const http::Request& request) {
    return is(request, simulation::Operation::kPrepare) ? Mood::kLate : Mood::kPass;
  };
  const auto asked = wall_now();
  const auto prepared = checkpoint(1, 1, 1);
  ASSERT_TRUE(prepared.ok()) << prepared.refusal().message;
  EXPECT_GE(wall_now() - asked, MoodyTransport::kLateBy);
  EXPECT_LT(*prepared.value().expire_time, asked + options_.times.prepared_timeout + 1s);
}

// F126, F148, F157: the same call again is answered the same, and nothing is done twice.
TEST_F(ExactlyOnceWritersTest, CheckpointAndCommitAreIdempotent) {
  const auto stream = opened_epoch(1);
  EXPECT_TRUE(append(*stream, batch_of(1, 1, "a\n")).ok());
  const auto first = checkpoint(1, 1, 1);
  const auto again = checkpoint(1, 1, 1);
  ASSERT_TRUE(first.ok() && again.ok());
  EXPECT_EQ(first.value().resume_token, again.value().resume_token);
  EXPECT_EQ(checkpoint(1, 1, 2).refusal().reason, Reason::kCheckpointConflict);
  EXPECT_EQ(checkpoint(1, 3, 2).refusal().reason, Reason::kCheckpointConflict);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(commit(first.value().resume_token).ok());
  EXPECT_EQ(visible("a"), 1U);
}

TEST_F(ExactlyOnceWritersTest, TokensAreCumulativeAndTheNextCheckpointIsPipelined) {
  const auto stream = opened_epoch(1);
  EXPECT_TRUE(append(*stream, batch_of(1, 1, "a\n")).ok());
  EXPECT_TRUE(append(*stream, batch_of(2, 2, "b\n")).ok());
  EXPECT_TRUE(append(*stream, batch_of(3, 3, "c\n")).ok());
  ASSERT_TRUE(checkpoint(1, 1, 1).ok()) << "declined: its token is not used";
  const auto second = checkpoint(1, 2, 2);
  ASSERT_TRUE(second.ok());
  ASSERT_TRUE(commit(second.value().resume_token).ok());
  EXPECT_EQ(visible("a"), 1U);
  EXPECT_EQ(visible("b"), 1U);
  EXPECT_EQ(visible("c"), 0U);
}

// F058: nothing in it: no transaction, the token moves on.
TEST_F(ExactlyOnceWritersTest, AnEmptyCheckpointBeginsNothing) {
  const auto stream = opened_epoch(1);
  const auto before = starrocks_.exchanges();
  const auto empty = checkpoint(1, 1, 0);
  ASSERT_TRUE(empty.ok());
  EXPECT_EQ(starrocks_.exchanges(), before);
  EXPECT_TRUE(empty.value().loads.empty());
  EXPECT_TRUE(commit(empty.value().resume_token).ok());
  EXPECT_TRUE(commit("").ok()) << "an empty token commits nothing";
}

TEST_F(ExactlyOnceWritersTest, ALowerEpochIsFencedAndAHigherOneTakesOver) {
  const auto old = opened_epoch(3);
  EXPECT_TRUE(append(*old, batch_of(1, 1, "lost\n")).ok());
  test::pass_time(io_, 2s);
  EXPECT_EQ(open_epoch(2).refusal().reason, Reason::kWriterFenced);
  const auto next = opened_epoch(4);
  EXPECT_EQ(until_ended(*old).refusal->reason, Reason::kWriterFenced);
  EXPECT_EQ(checkpoint(3, 1, 1).refusal().reason, Reason::kWriterFenced);
  EXPECT_TRUE(append(*next, batch_of(1, 1, "kept\n")).ok());
  const auto prepared = checkpoint(4, 1, 1);
  ASSERT_TRUE(prepared.ok());
  ASSERT_TRUE(commit(prepared.value().resume_token).ok());
  EXPECT_EQ(visible("lost"), 0U);
  EXPECT_EQ(visible("kept"), 1U);
}

TEST_F(ExactlyOnceWritersTest, ABrokenStreamReattachesWithinItsGrace) {
  auto stream = opened_epoch(1);
  EXPECT_TRUE(append(*stream, batch_of(1, 1, "a\n")).ok());
  stream->disconnect();
  test::pass_time(io_, 10s);
  stream = opened_epoch(1, "", true);
  EXPECT_TRUE(stream->opened().attached);
  EXPECT_EQ(stream->opened().next_sequence, 2U);
  EXPECT_TRUE(append(*stream, batch_of(1, 1, "a\n")).ok()) << "sent again: dropped";
  const auto prepared = checkpoint(1, 1, 1);
  ASSERT_TRUE(prepared.ok());
  ASSERT_TRUE(commit(prepared.value().resume_token).ok());
  EXPECT_EQ(visible("a"), 1U);
}

TEST_F(ExactlyOnceWritersTest, AfterTheGraceTheEpochIsUsedAndOpenTransactionsAreRolledBack) {
  auto stream = opened_epoch(1);
  EXPECT_TRUE(append(*stream, batch_of(1, 1, "a\n")).ok());
  test::pass_time(io_, 2s);
  stream->disconnect();
  stream.reset();
  test::pass_time(io_, 90s);
  EXPECT_EQ(open_epoch(1, "", true).refusal().reason, Reason::kEpochUsed);
  EXPECT_EQ(open_epoch(1).refusal().reason, Reason::kEpochUsed);
  EXPECT_EQ(checkpoint(1, 1, 1).refusal().reason, Reason::kWriterNotOpen);
  EXPECT_TRUE(open_epoch(2).ok());
  EXPECT_EQ(visible("a"), 0U);
}

// architecture.md 7: reattach to a writer that is not held, and the fence does not rise.
TEST_F(ExactlyOnceWritersTest, ReattachToAWriterThatIsNotHeldIsRefusedFirst) {
  EXPECT_EQ(open_epoch(5, "", true).refusal().reason, Reason::kEpochUsed);
  EXPECT_TRUE(open_epoch(4).ok()) << "the fence did not rise";
}

// F150, F151, F204: what no durable token names is rolled back, what one names is committed.
TEST_F(ExactlyOnceWritersTest, OpenCommitsItsTokenAndRollsBackTheRest) {
  auto stream = opened_epoch(1);
  EXPECT_TRUE(append(*stream, batch_of(1, 1, "decided\n")).ok());
  const auto durable = checkpoint(1, 1, 1);
  ASSERT_TRUE(durable.ok());
  EXPECT_TRUE(append(*stream, batch_of(2, 2, "undecided\n")).ok());
  ASSERT_TRUE(checkpoint(1, 2, 2).ok());
  EXPECT_TRUE(append(*stream, batch_of(3, 3, "open\n")).ok());
  test::pass_time(io_, 2s);

  const auto next = opened_epoch(2, durable.value().resume_token);
  EXPECT_EQ(visible("decided"), 1U) << "Open commits before it answers";
  EXPECT_EQ(next->opened().next_sequence, 2U);
  EXPECT_EQ(next->opened().next_checkpoint_id, 2U);
  EXPECT_TRUE(append(*next, batch_of(2, 2, "undecided\n")).ok());
  const auto again = checkpoint(2, 2, 2);
  ASSERT_TRUE(again.ok());
  ASSERT_TRUE(commit(again.value().resume_token).ok());
  EXPECT_EQ(visible("undecided"), 1U);
  EXPECT_EQ(visible("open"), 0U);
}

// F206: the client went back behind a commit.
TEST_F(ExactlyOnceWritersTest, AnOldTokenIsStale) {
  const auto stream = opened_epoch(1);
  EXPECT_TRUE(append(*stream, batch_of(1, 1, "a\n")).ok());
  const auto prepared = checkpoint(1, 1, 1);
  ASSERT_TRUE(commit(prepared.value().resume_token).ok());
  const auto stale = open_epoch(2);
  ASSERT_FALSE(stale.ok());
  EXPECT_EQ(stale.refusal().reason, Reason::kStaleResumeToken);
  EXPECT_FALSE(stale.refusal().metadata.at("label").empty());
}

// F153: a token of another writer, database or prefix.
TEST_F(ExactlyOnceWritersTest, AForeignTokenIsRefused) {
  ResumeToken token;
  token.prefix = "ls";
  token.writer = "other";
  token.database = "test";
  token.epoch = 1;
  EXPECT_EQ(open_epoch(2, encode(token)).refusal().reason, Reason::kBadResumeToken);
  token.writer = "w";
  token.database = "elsewhere";
  EXPECT_EQ(open_epoch(2, encode(token)).refusal().reason, Reason::kBadResumeToken);
  token.database = "test";
  token.prefix = "xy";
  EXPECT_EQ(open_epoch(2, encode(token)).refusal().reason, Reason::kBadResumeToken);
  EXPECT_EQ(commit(encode(token)).refusal().reason, Reason::kBadResumeToken);
  EXPECT_EQ(commit("nonsense").refusal().reason, Reason::kBadResumeToken);
}

// D1: any daemon commits a token, without a writer.
TEST_F(ExactlyOnceWritersTest, AnotherDaemonCommitsTheToken) {
  const auto stream = opened_epoch(1);
  EXPECT_TRUE(append(*stream, batch_of(1, 1, "a\n")).ok());
  const auto prepared = checkpoint(1, 1, 1);
  WriterRegistry other(io_.get_executor(), options_, client_, metrics_, Logger(), 2);
  EXPECT_TRUE(commit(prepared.value().resume_token, &other).ok());
  EXPECT_EQ(visible("a"), 1U);
  EXPECT_TRUE(commit(prepared.value().resume_token).ok());
  EXPECT_EQ(visible("a"), 1U);
  test::run(io_, other.stop());
}

// F005, F241: half-close and the end of the daemon roll back what is open and never what is
// prepared.
TEST_F(ExactlyOnceWritersTest, TheEndRollsBackWhatIsOpenAndKeepsWhatIsPrepared) {
  const auto stream = opened_epoch(1);
  EXPECT_TRUE(append(*stream, batch_of(1, 1, "prepared\n")).ok());
  const auto prepared = checkpoint(1, 1, 1);
  EXPECT_TRUE(append(*stream, batch_of(2, 2, "open\n")).ok());
  test::pass_time(io_, 2s);
  stream->half_close();
  EXPECT_FALSE(until_ended(*stream).refusal);
  test::pass_time(io_, 5s);
  EXPECT_TRUE(commit(prepared.value().resume_token).ok());
  EXPECT_EQ(visible("prepared"), 1U);
  EXPECT_EQ(visible("open"), 0U);
}

TEST_F(ExactlyOnceWritersTest, AbortRollsBackWhatTheTokenDoesNotName) {
  const auto stream = opened_epoch(1);
  EXPECT_TRUE(append(*stream, batch_of(1, 1, "kept\n")).ok());
  const auto kept = checkpoint(1, 1, 1);
  EXPECT_TRUE(append(*stream, batch_of(2, 2, "aborted\n")).ok());
  const auto aborted = checkpoint(1, 2, 2);
  ASSERT_TRUE(aborted.ok());
  const auto outcome = abort(1, kept.value().resume_token);
  ASSERT_TRUE(outcome.ok()) << outcome.refusal().message;
  EXPECT_EQ(outcome.value().aborted_transactions, 1U);
  EXPECT_EQ(commit(aborted.value().resume_token).refusal().reason, Reason::kCheckpointLost);
  EXPECT_TRUE(commit(kept.value().resume_token).ok());
  EXPECT_EQ(visible("kept"), 1U);
  EXPECT_EQ(visible("aborted"), 0U);
  EXPECT_EQ(open_epoch(1).refusal().reason, Reason::kEpochUsed);
  EXPECT_EQ(abort(0).refusal().reason, Reason::kWriterNotOpen);
}

// F108: StarRocks refuses rows: told from Checkpoint, and the writer ends.
TEST_F(ExactlyOnceWritersTest, RefusedRowsEndTheWriter) {
  const auto stream = opened_epoch(1);
  EXPECT_TRUE(append(*stream, batch_of(1, 1, "a\n")).ok());
  EXPECT_TRUE(append(*stream, batch_of(2, 1, "BAD\n")).ok());
  const auto refused = checkpoint(1, 1, 2);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.refusal().reason, Reason::kRowsRejected);
  EXPECT_EQ(refused.refusal().metadata.at("firstSequence"), "1");
  EXPECT_EQ(refused.refusal().metadata.at("lastSequence"), "2");
  double rejected = 0;
  for (const auto* counter : metrics_.table("test", "t").rejected_rows)
    rejected += counter->Value();
  EXPECT_EQ(rejected, 2) << "all rows of the part were kept out";
  EXPECT_EQ(until_ended(*stream).refusal->reason, Reason::kRowsRejected);
  EXPECT_TRUE(open_epoch(2).ok());
  EXPECT_EQ(visible("a"), 0U);
}

TEST_F(ExactlyOnceWritersTest, BatchesAreNumberedAndInOrder) {
  auto stream = opened_epoch(1);
  const auto gap = append(*stream, batch_of(2, 1, "a\n"));
  EXPECT_EQ(gap.refusal().reason, Reason::kSequenceGap);
  EXPECT_EQ(gap.refusal().metadata.at("expectedSequence"), "1");
  stream = opened_epoch(1, "", true);
  EXPECT_EQ(append(*stream, batch_of(0, 1, "a\n")).refusal().reason, Reason::kBadRequest);
  stream = opened_epoch(1, "", true);
  EXPECT_EQ(append(*stream, batch_of(1, 0, "a\n")).refusal().reason, Reason::kBadRequest);
  stream = opened_epoch(1, "", true);
  EXPECT_EQ(append(*stream, batch_of(1, 9, "a\n")).refusal().reason,
            Reason::kTooManyPendingCheckpoints);
  EXPECT_TRUE(opened_epoch(1, "", true)->opened().attached) << "the writer stays";
}

TEST_F(ExactlyOnceWritersTest, TheOtherDeliveryUnderTheSameNameIsRefused) {
  const auto stream = opened_epoch(1);
  EXPECT_EQ(open("w").refusal().reason, Reason::kUnsupportedCombination);
  const auto other = opened("v");
  OpenRequest request;
  request.writer_id = "v";
  request.database = "test";
  request.delivery = Delivery::kExactlyOnce;
  request.epoch = 1;
  EXPECT_EQ(test::run(io_, writers_->open(std::move(request))).refusal().reason,
            Reason::kUnsupportedCombination);
}

// The session grace is for clients that stay away, not for one whose Open takes long.
TEST_F(ExactlyOnceWritersTest, AnOpenThatIsAtWorkHoldsTheSessionGrace) {
  CoreOptions brief = options_;
  brief.limits.session_grace = 1s;
  restart(brief);
  auto stream = opened_epoch(1);
  EXPECT_TRUE(append(*stream, batch_of(1, 1, "a\n")).ok());
  const auto prepared = checkpoint(1, 1, 1);
  ASSERT_TRUE(prepared.ok());
  stream->disconnect();
  // The token of the Open is committed first, and StarRocks takes its time.
  transport_.mood = [began = Clock::now()](const http::Endpoint&, const http::Request&) {
    return Clock::now() < began + 6s ? Mood::kRefuse : Mood::kPass;
  };
  const auto again = open_epoch(1, prepared.value().resume_token, true);
  ASSERT_TRUE(again.ok()) << again.refusal().message;
  EXPECT_EQ(again.value()->opened().next_sequence, 2U);
  EXPECT_EQ(visible("a"), 1U);
}

// R1: a token of the epoch itself proves that it was served before, even if it left no transaction.
TEST_F(ExactlyOnceWritersTest, ATokenOfItsOwnEpochOpensNoNewWriter) {
  const auto stream = opened_epoch(1);
  const auto empty = checkpoint(1, 1, 0);
  ASSERT_TRUE(empty.ok());
  restart(options_);
  EXPECT_EQ(open_epoch(1, empty.value().resume_token).refusal().reason, Reason::kEpochUsed);
  EXPECT_TRUE(open_epoch(2, empty.value().resume_token).ok());
}

// Two daemons serve one epoch: the one that learns of it by a Commit ends its writer, and lives.
TEST_F(ExactlyOnceWritersTest, ATokenThatTheWriterDidNotIssueEndsIt) {
  auto stream = opened_epoch(1);
  const auto foreign = checkpoint(1, 1, 0);
  ASSERT_TRUE(foreign.ok());
  restart(options_);
  stream = opened_epoch(1);
  ASSERT_TRUE(commit(foreign.value().resume_token).ok());
  EXPECT_EQ(checkpoint(1, 2, 0).refusal().reason, Reason::kWriterNotOpen);
  EXPECT_EQ(open_epoch(1, "", true).refusal().reason, Reason::kEpochUsed);
  EXPECT_TRUE(open_epoch(2, foreign.value().resume_token).ok());
}

// Abort without a token: what is committed is left, everything else goes.
TEST_F(ExactlyOnceWritersTest, AbortWithoutATokenLeavesWhatIsCommitted) {
  const auto stream = opened_epoch(1);
  EXPECT_TRUE(append(*stream, batch_of(1, 1, "committed\n")).ok());
  const auto first = checkpoint(1, 1, 1);
  ASSERT_TRUE(first.ok());
  ASSERT_TRUE(commit(first.value().resume_token).ok());
  EXPECT_TRUE(append(*stream, batch_of(2, 2, "prepared\n")).ok());
  const auto second = checkpoint(1, 2, 2);
  ASSERT_TRUE(second.ok());
  restart(options_);
  const auto outcome = abort(1);
  ASSERT_TRUE(outcome.ok()) << outcome.refusal().message;
  EXPECT_EQ(outcome.value().aborted_transactions, 1U);
  EXPECT_EQ(commit(second.value().resume_token).refusal().reason, Reason::kCheckpointLost);
  EXPECT_EQ(visible("committed"), 1U);
  EXPECT_EQ(visible("prepared"), 0U);
}

// V8: OK means that nothing of it can be committed any more; and it counts what was rolled back.
TEST_F(ExactlyOnceWritersTest, AbortIsRefusedUntilAllIsSeenEnded) {
  const auto stream = opened_epoch(1);
  EXPECT_TRUE(append(*stream, batch_of(1, 1, "prepared\n")).ok());
  const auto prepared = checkpoint(1, 1, 1);
  ASSERT_TRUE(prepared.ok());
  EXPECT_TRUE(append(*stream, batch_of(2, 2, "open\n")).ok());
  test::pass_time(io_, 2s);
  transport_.mood = [](const http::Endpoint&, const http::Request& request) {
    return is_rollback(request) || is_cancel(request) ? Mood::kHang : Mood::kPass;
  };
  const Deadline soon = Clock::now() + 20s;
  const auto early = test::run(io_, writers_->abort({"w", "test", 1, ""}, soon));
  EXPECT_EQ(early.refusal().reason, Reason::kStarrocksUnavailable);
  EXPECT_LT(Clock::now(), soon + 1s) << "in time for its caller";
  transport_.mood = [](const http::Endpoint&, const http::Request&) { return Mood::kRefuse; };
  EXPECT_EQ(abort(1).refusal().reason, Reason::kStarrocksUnavailable);
  transport_.mood = nullptr;
  test::pass_time(io_, 10min);
  const auto done = abort(1);
  ASSERT_TRUE(done.ok()) << done.refusal().message;
  EXPECT_EQ(done.value().aborted_transactions, 0U) << "the background was there before";
  EXPECT_EQ(commit(prepared.value().resume_token).refusal().reason, Reason::kCheckpointLost);
  EXPECT_EQ(visible("prepared"), 0U);
}

TEST_F(ExactlyOnceWritersTest, AbortCountsWhatTheWriterHadOpen) {
  const auto stream = opened_epoch(1);
  EXPECT_TRUE(append(*stream, batch_of(1, 1, "open\n")).ok());
  test::pass_time(io_, 2s);
  const auto done = abort(1);
  ASSERT_TRUE(done.ok()) << done.refusal().message;
  EXPECT_EQ(done.value().aborted_transactions, 1U);
  EXPECT_EQ(abort(1).value().aborted_transactions, 0U);
}

// F192, F196: a backend that does not answer the rollback leaves the frontend's cancel its time.
// Only in PREPARE: what is PREPARED the frontend does not cancel.
TEST_F(ExactlyOnceWritersTest, ARollbackWithoutAnAnswerIsFollowedByACancel) {
  starrocks_.model().begin(first_label(1), "t", 600s);
  unsigned rollbacks = 0;
  transport_.mood = [&rollbacks](const http::Endpoint&, const http::Request& request) {
    if (!is_rollback(request)) return Mood::kPass;
    ++rollbacks;
    return Mood::kHang;
  };
  EXPECT_TRUE(open_epoch(2).ok());
  EXPECT_EQ(rollbacks, 1U);
  EXPECT_EQ(starrocks_.model().state(first_label(1)), simulation::TransactionState::kAborted);
}

// F192: if nobody answers, the rollback goes on in the background until the end is seen.
TEST_F(ExactlyOnceWritersTest, ARollbackThatNobodyAnswersIsTriedAgainInTheBackground) {
  const auto stream = opened_epoch(1);
  EXPECT_TRUE(append(*stream, batch_of(1, 1, "a\n")).ok());
  ASSERT_TRUE(checkpoint(1, 1, 1).ok());
  bool silent = true;
  transport_.mood = [&silent](const http::Endpoint&, const http::Request& request) {
    return silent && (is_rollback(request) || is_cancel(request)) ? Mood::kHang : Mood::kPass;
  };
  EXPECT_TRUE(open_epoch(2).ok());
  EXPECT_EQ(starrocks_.model().state(first_label(1)), simulation::TransactionState::kPrepared);
  silent = false;
  test::pass_time(io_, 60s);
  EXPECT_EQ(starrocks_.model().state(first_label(1)), simulation::TransactionState::kAborted);
}

}  // namespace
}  // namespace loadstar::txn
