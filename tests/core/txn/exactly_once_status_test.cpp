#include "tests/core/txn/exactly_once_fixture.hpp"
#include "tests/support/metric_value.hpp"

#include <gtest/gtest.h>

// What an operator sees of exactly-once writers: GetStatus and the metrics
// (ingest-api.md 3.5, 4.5).

namespace loadstar::txn {
namespace {

using namespace std::chrono_literals;
using ExactlyOnceStatusTest = ExactlyOnceFixture;

TEST_F(ExactlyOnceStatusTest, WhatIsOpenWhenTheWriterEndsIsCountedAsAborted) {
  const auto stream = opened_epoch(1);
  EXPECT_TRUE(append(*stream, batch_of(1, 1, "open\n")).ok());
  test::pass_time(io_, 2s);
  stream->half_close();
  test::pass_time(io_, 5s);
  EXPECT_EQ(test::metric_value(registry_, "loadstar_transactions_begun_total"), 1);
  EXPECT_EQ(test::metric_value(registry_, "loadstar_transactions_total", "aborted"), 1);
}

TEST_F(ExactlyOnceStatusTest, StatusShowsEpochAndTransactions) {
  const auto stream = opened_epoch(4);
  EXPECT_TRUE(append(*stream, batch_of(1, 1, "a\n")).ok());
  ASSERT_TRUE(checkpoint(4, 1, 1).ok());
  EXPECT_TRUE(append(*stream, batch_of(2, 2, "b\n")).ok());
  test::pass_time(io_, 2s);
  const auto report = test::run(io_, writers_->status("w"));
  ASSERT_EQ(report.writers.size(), 1U);
  EXPECT_EQ(report.writers[0].epoch, 4U);
  ASSERT_EQ(report.writers[0].transactions.size(), 2U);
  EXPECT_EQ(report.writers[0].transactions[0].state, TransactionState::kPrepared);
  EXPECT_EQ(report.writers[0].transactions[1].state, TransactionState::kOpen);
  EXPECT_FALSE(report.writers[0].transactions[1].label.empty());
}

// ingest-api.md 4.5: the client that went away is the one that does not commit.
TEST_F(ExactlyOnceStatusTest, WhatAGoneWriterHasPreparedIsStillShownCountedAndWarnedOf) {
  const auto stream = opened_epoch(4);
  EXPECT_TRUE(append(*stream, batch_of(1, 1, "a\n")).ok());
  const auto prepared = checkpoint(4, 1, 1);
  ASSERT_TRUE(prepared.ok());
  stream->disconnect();
  test::pass_time(io_, options_.limits.session_grace + 5s);
  const auto report = test::run(io_, writers_->status("w"));
  ASSERT_EQ(report.writers.size(), 1U);
  EXPECT_FALSE(report.writers[0].connected);
  EXPECT_EQ(report.writers[0].epoch, 4U);
  ASSERT_EQ(report.writers[0].transactions.size(), 1U);
  EXPECT_EQ(report.writers[0].transactions[0].state, TransactionState::kPrepared);
  EXPECT_EQ(test::metric_value(registry_, "loadstar_transactions_open", "prepared"), 1);
  test::pass_time(io_, options_.times.prepared_timeout * 4 / 5);
  EXPECT_EQ(test::metric_value(registry_, "loadstar_errors_total", "PREPARED_EXPIRING"), 1);
  EXPECT_TRUE(commit(prepared.value().resume_token).ok());
  EXPECT_EQ(visible("a"), 1U);
  EXPECT_TRUE(test::run(io_, writers_->status("w")).writers.empty());
  EXPECT_EQ(test::metric_value(registry_, "loadstar_transactions_open", "prepared"), 0);
}

TEST_F(ExactlyOnceStatusTest, WhatASuccessorRollsBackIsNotShownAsPrepared) {
  const auto stream = opened_epoch(1);
  EXPECT_TRUE(append(*stream, batch_of(1, 1, "a\n")).ok());
  ASSERT_TRUE(checkpoint(1, 1, 1).ok());
  const auto next = opened_epoch(2);
  const auto report = test::run(io_, writers_->status("w"));
  ASSERT_EQ(report.writers.size(), 1U);
  EXPECT_TRUE(report.writers[0].transactions.empty());
  EXPECT_EQ(test::metric_value(registry_, "loadstar_transactions_open", "prepared"), 0);
}

// The writer is held and its client silent, but another daemon has committed its token.
TEST_F(ExactlyOnceStatusTest, WhatEndedElsewhereIsNotShownAsPrepared) {
  const auto stream = opened_epoch(1);
  EXPECT_TRUE(append(*stream, batch_of(1, 1, "a\n")).ok());
  const auto prepared = checkpoint(1, 1, 1);
  ASSERT_TRUE(prepared.ok());
  starrocks_.model().commit(prepared.value().loads[0].label, false);
  test::pass_time(io_, 3min);
  const auto report = test::run(io_, writers_->status("w"));
  ASSERT_EQ(report.writers.size(), 1U);
  EXPECT_TRUE(report.writers[0].connected);
  EXPECT_TRUE(report.writers[0].transactions.empty());
}

// `loadstar_transactions_total` counts transactions, not answers.
TEST_F(ExactlyOnceStatusTest, AnAnswerThatIsAskedForAgainIsNotCountedAgain) {
  const auto total = [this](const char* outcome) {
    return test::metric_value(registry_, "loadstar_transactions_total", outcome);
  };
  const auto stream = opened_epoch(1);
  EXPECT_TRUE(append(*stream, batch_of(1, 1, "a\n")).ok());
  const auto first = checkpoint(1, 1, 1);
  EXPECT_TRUE(append(*stream, batch_of(2, 2, "b\n")).ok());
  const auto second = checkpoint(1, 2, 2);
  ASSERT_TRUE(second.ok());
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(commit(first.value().resume_token).ok());
  EXPECT_EQ(total("committed"), 1);
  starrocks_.model().rollback(second.value().loads[0].label);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(commit(second.value().resume_token).refusal().reason, Reason::kCheckpointLost);
  }
  EXPECT_EQ(total("aborted"), 1);
}

// A Commit that its deadline ended took as long as that.
TEST_F(ExactlyOnceStatusTest, ACommitThatRunsIntoItsDeadlineIsObserved) {
  const auto stream = opened_epoch(1);
  EXPECT_TRUE(append(*stream, batch_of(1, 1, "a\n")).ok());
  const auto prepared = checkpoint(1, 1, 1);
  ASSERT_TRUE(prepared.ok());
  transport_.mood = [](const http::Endpoint&, const http::Request&) { return Mood::kHang; };
  EXPECT_FALSE(commit(prepared.value().resume_token).ok());
  EXPECT_EQ(test::metric_value(registry_, "loadstar_commit_duration_seconds"), 1);
  transport_.mood = nullptr;
}

}  // namespace
}  // namespace loadstar::txn
