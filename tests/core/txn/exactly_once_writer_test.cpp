#include "core/txn/exactly_once_writer.hpp"

#include "tests/core/txn/exactly_once_fixture.hpp"

#include <gtest/gtest.h>

namespace loadstar::txn {
namespace {

using namespace std::chrono_literals;

class ExactlyOnceWriterTest : public ExactlyOnceFixture {};

TEST_F(ExactlyOnceWriterTest, ANewerStreamOfTheEpochTakesOver) {
  const auto first = opened_epoch(1);
  EXPECT_TRUE(append(*first, batch_of(1, 1, "a\n")).ok());
  const auto second = opened_epoch(1, "", true);
  EXPECT_TRUE(second->opened().attached);
  EXPECT_EQ(until_ended(*first).refusal->reason, Reason::kStreamReplaced);
  EXPECT_EQ(append(*first, batch_of(2, 1, "b\n")).refusal().reason, Reason::kStreamReplaced);
  EXPECT_TRUE(append(*second, batch_of(2, 1, "b\n")).ok());
}

// F012, F026: what is malformed ends the stream, and the writer stays with all earlier batches.
TEST_F(ExactlyOnceWriterTest, ABadBatchEndsTheStreamOnly) {
  auto stream = opened_epoch(1);
  EXPECT_TRUE(append(*stream, batch_of(1, 1, "a\n")).ok());
  EXPECT_EQ(append(*stream, batch_of(2, 1, "a\nno delimiter")).refusal().reason,
            Reason::kBadPayload);
  stream = opened_epoch(1, "", true);
  EXPECT_EQ(stream->opened().next_sequence, 2U);
  ASSERT_TRUE(checkpoint(1, 1, 1).ok());
}

// F018, F019: a budget far below what is sent: everything arrives, nothing hangs.
TEST_F(ExactlyOnceWriterTest, ASmallBudgetSlowsDownAndLosesNothing) {
  restart_with_memory(300);
  const auto stream = opened_epoch(1);
  for (std::uint64_t i = 1; i <= 40; ++i) {
    const std::string row = "row" + std::to_string(i) + std::string(100, 'x') + "\n";
    EXPECT_TRUE(append(*stream, batch_of(i, 1, row, i % 2 == 0 ? "t" : "u")).ok()) << i;
  }
  const auto prepared = checkpoint(1, 1, 40);
  ASSERT_TRUE(prepared.ok()) << prepared.refusal().message;
  ASSERT_TRUE(commit(prepared.value().resume_token).ok());
  EXPECT_EQ(starrocks_.rows("t").size(), 20U);
  EXPECT_EQ(starrocks_.rows("u").size(), 20U);
}

// F241: Draining is told; Checkpoint and Commit are served; then the stream ends.
TEST_F(ExactlyOnceWriterTest, ADrainServesTheLastCheckpointAndItsCommit) {
  const auto stream = opened_epoch(1);
  EXPECT_TRUE(append(*stream, batch_of(1, 1, "a\n")).ok());
  DrainReport report;
  bool drained = false;
  auto draining = [](WriterRegistry& writers, DrainReport& out,
                     bool& done) -> asio::awaitable<void> {
    const Deadline deadline = Clock::now() + 60s;
    out = co_await writers.drain(deadline);
    done = true;
  };
  TaskGroup tasks(io_.get_executor());
  tasks.spawn(draining(*writers_, report, drained));
  test::pass_time(io_, 1s);
  EXPECT_FALSE(drained) << "rows are not prepared yet";
  const auto prepared = checkpoint(1, 1, 1);
  ASSERT_TRUE(prepared.ok()) << prepared.refusal().message;
  ASSERT_TRUE(commit(prepared.value().resume_token).ok());
  test::pass_time(io_, 1s);
  EXPECT_TRUE(drained);
  EXPECT_EQ(report.uncommitted_batches, 0U) << "an exactly-once client's rows are its own";
  EXPECT_EQ(until_ended(*stream).refusal->reason, Reason::kDraining);
  EXPECT_TRUE(saw_draining_);
  EXPECT_EQ(open_epoch(2).refusal().reason, Reason::kDraining);
}

// F005: rows after the last checkpoint are rolled back; one that was asked for is finished.
TEST_F(ExactlyOnceWriterTest, HalfCloseFinishesTheCheckpointThatWasAskedFor) {
  const auto stream = opened_epoch(1);
  EXPECT_TRUE(append(*stream, batch_of(1, 1, "a\n")).ok());
  Answer<CheckpointOutcome> outcome;
  auto asking = [](WriterRegistry& writers,
                   Answer<CheckpointOutcome>& out) -> asio::awaitable<void> {
    const Deadline deadline = Clock::now() + 60s;
    CheckpointRequest request;
    request.writer_id = "w";
    request.epoch = 1;
    request.checkpoint_id = 1;
    request.last_sequence = 1;
    out = co_await writers.checkpoint(std::move(request), deadline);
  };
  TaskGroup tasks(io_.get_executor());
  tasks.spawn(asking(*writers_, outcome));
  test::run_until_idle(io_);
  stream->half_close();
  EXPECT_FALSE(until_ended(*stream).refusal);
  ASSERT_TRUE(outcome.ok()) << outcome.refusal().message;
  EXPECT_TRUE(commit(outcome.value().resume_token).ok());
  EXPECT_EQ(visible("a"), 1U);
}

}  // namespace
}  // namespace loadstar::txn
