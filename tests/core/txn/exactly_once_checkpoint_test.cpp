#include "tests/core/txn/exactly_once_fixture.hpp"

#include <gtest/gtest.h>

namespace loadstar::txn {
namespace {

using namespace std::chrono_literals;

class ExactlyOnceCheckpointTest : public ExactlyOnceFixture {};

// F125: the deadline of a call stops the waiting, not the work; the next call joins it.
TEST_F(ExactlyOnceCheckpointTest, ADeadlineDoesNotStopTheWork) {
  const auto stream = opened_epoch(1);
  const Deadline soon = Clock::now() + 1s;
  const auto early = test::run(io_, writers_->checkpoint({"w", 1, 1, 2}, soon));
  ASSERT_FALSE(early.ok()) << "batches 1 and 2 are still on their way";
  EXPECT_EQ(early.refusal().reason, Reason::kStarrocksUnavailable);
  EXPECT_TRUE(early.refusal().retry_after.has_value());
  EXPECT_TRUE(append(*stream, batch_of(1, 1, "a\n")).ok());
  EXPECT_TRUE(append(*stream, batch_of(2, 1, "b\n")).ok());
  const auto prepared = checkpoint(1, 1, 2);
  ASSERT_TRUE(prepared.ok());
  ASSERT_TRUE(commit(prepared.value().resume_token).ok());
  EXPECT_EQ(visible("a") + visible("b"), 2U);
}

// ingest-api.md 3.2: before it refuses, the daemon asks StarRocks, since another process may have
// committed.
TEST_F(ExactlyOnceCheckpointTest, WhatAnotherProcessCommittedMakesRoom) {
  const auto stream = opened_epoch(1);
  std::string token;
  for (std::uint64_t id = 1; id <= 8; ++id) {
    EXPECT_TRUE(append(*stream, batch_of(id, id, "row" + std::to_string(id) + "\n")).ok());
    const auto prepared = checkpoint(1, id, id);
    ASSERT_TRUE(prepared.ok()) << id;
    token = prepared.value().resume_token;
  }
  EXPECT_EQ(checkpoint(1, 9, 8).refusal().reason, Reason::kTooManyPendingCheckpoints);
  WriterRegistry other(io_.get_executor(), options_, client_, metrics_, Logger(), 2);
  ASSERT_TRUE(commit(token, &other).ok());
  EXPECT_TRUE(append(*stream, batch_of(9, 9, "row9\n")).ok());
  EXPECT_TRUE(checkpoint(1, 9, 9).ok());
  test::run(io_, other.stop());
}

TEST_F(ExactlyOnceCheckpointTest, AnotherEpochIsFencedOrNotOpen) {
  const auto stream = opened_epoch(5);
  EXPECT_EQ(checkpoint(4, 1, 0).refusal().reason, Reason::kWriterFenced);
  EXPECT_EQ(checkpoint(6, 1, 0).refusal().reason, Reason::kWriterNotOpen);
  const auto none = checkpoint(0, 1, 0);
  EXPECT_EQ(none.refusal().reason, Reason::kBadRequest) << "a forgotten field is no old epoch";
  ASSERT_EQ(none.refusal().violations.size(), 1U);
  EXPECT_EQ(none.refusal().violations[0].field, "epoch");
  EXPECT_TRUE(checkpoint(5, 1, 0).ok());
}

// F201, F204: StarRocks is away while a token waits to be committed: nothing is guessed, and the
// same client tries again with the same epoch.
TEST_F(ExactlyOnceCheckpointTest, RecoveryWaitsForStarrocksAndGoesOn) {
  auto stream = opened_epoch(1);
  EXPECT_TRUE(append(*stream, batch_of(1, 1, "a\n")).ok());
  const auto prepared = checkpoint(1, 1, 1);
  ASSERT_TRUE(prepared.ok());
  transport_.mood = [](const http::Endpoint&, const http::Request&) { return Mood::kRefuse; };
  const auto away = open_epoch(2, prepared.value().resume_token);
  ASSERT_FALSE(away.ok());
  EXPECT_EQ(away.refusal().reason, Reason::kStarrocksUnavailable);
  transport_.mood = nullptr;
  test::pass_time(io_, 15s);  // the circuit breaker of the frontend
  const auto again = open_epoch(2, prepared.value().resume_token, true);
  ASSERT_TRUE(again.ok()) << again.refusal().message;
  EXPECT_EQ(visible("a"), 1U);
}

// F241: the daemon ends while it recovers. Nobody fenced the client, which opens on the next
// daemon.
TEST_F(ExactlyOnceCheckpointTest, ADaemonThatEndsWhileItRecoversIsDraining) {
  const auto stream = opened_epoch(1);
  EXPECT_TRUE(append(*stream, batch_of(1, 1, "a\n")).ok());
  const auto prepared = checkpoint(1, 1, 1);
  ASSERT_TRUE(prepared.ok());
  restart(options_);
  TaskGroup tasks(io_.get_executor());
  auto drain = [](WriterRegistry& writers) -> asio::awaitable<void> {
    const Deadline deadline = Clock::now() + 5s;
    const auto ignored = co_await writers.drain(deadline);
    static_cast<void>(ignored);
  };
  bool ends = false;
  transport_.mood = [&](const http::Endpoint&, const http::Request& request) {
    if (!ends && request.target.find("/transaction/commit") != std::string::npos) {
      ends = true;  // SIGTERM while the commit of the token is under way
      tasks.spawn(drain(*writers_));
    }
    return Mood::kPass;
  };
  const auto answer = open_epoch(2, prepared.value().resume_token);
  transport_.mood = nullptr;
  ASSERT_TRUE(ends);
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.refusal().reason, Reason::kDraining) << answer.refusal().message;
  test::pass_time(io_, 60s);
}

// ingest-api.md 3.1: another lane of a table seals the part; the next one is committed after it.
TEST_F(ExactlyOnceCheckpointTest, AnotherLaneMakesAnotherPartInOrder) {
  const auto stream = opened_epoch(1);
  test::WireWriter inner;
  inner.varint(1, 2);
  inner.varint(2, 1);
  inner.text(3, "t");
  inner.varint(5, 1);
  inner.varint(6, 2);
  test::WireWriter property;
  property.text(1, "strict_mode");
  property.text(2, "false");
  inner.text(8, property.bytes());
  inner.text(15, "b\n");
  test::WireWriter outer;
  outer.text(2, inner.bytes());
  SliceList other_lane;
  other_lane.append(Slice::from_string(outer.bytes()));
  EXPECT_TRUE(append(*stream, batch_of(1, 1, "a\n")).ok());
  EXPECT_TRUE(append(*stream, std::move(other_lane)).ok());
  EXPECT_TRUE(append(*stream, batch_of(3, 1, "c\n")).ok());
  const auto prepared = checkpoint(1, 1, 3);
  ASSERT_TRUE(prepared.ok()) << prepared.refusal().message;
  EXPECT_EQ(prepared.value().loads.size(), 3U);
  ASSERT_TRUE(commit(prepared.value().resume_token).ok());
  EXPECT_EQ(visible("a") + visible("b") + visible("c"), 3U);
}

}  // namespace
}  // namespace loadstar::txn
