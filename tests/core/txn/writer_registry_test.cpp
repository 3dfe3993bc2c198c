#include "core/txn/writer_registry.hpp"

#include "tests/core/txn/registry_fixture.hpp"
#include "tests/support/collecting_sink.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace loadstar::txn {
namespace {

using namespace std::chrono_literals;

class WriterRegistryTest : public RegistryFixture {};

TEST_F(WriterRegistryTest, HalfCloseCommitsWhatWasReceived) {
  const auto stream = opened("");
  EXPECT_EQ(stream->opened().next_sequence, 1U);
  EXPECT_TRUE(append(*stream, batch(0, "a\n")).ok());
  EXPECT_TRUE(append(*stream, batch(0, "b\n")).ok());
  EXPECT_TRUE(starrocks_.rows("t").empty()) << "nothing is due yet";
  stream->half_close();
  EXPECT_FALSE(until_ended(*stream).refusal);
  EXPECT_EQ(last_ack_.committed_sequence, 2U);
  EXPECT_EQ(starrocks_.rows("t").size(), 2U);
  EXPECT_EQ(starrocks_.visible_loads(), 1U) << "two batches, one load";
}

TEST_F(WriterRegistryTest, BatchesOfManyWritersMakeOneLoad) {
  std::vector<std::shared_ptr<WriteStream>> streams;
  for (int i = 0; i < 50; ++i) {
    streams.push_back(opened("w" + std::to_string(i)));
    EXPECT_TRUE(append(*streams.back(), batch(1, "row" + std::to_string(i) + "\n")).ok());
  }
  test::pass_time(io_, 6s);
  EXPECT_EQ(starrocks_.rows("t").size(), 50U);
  EXPECT_EQ(starrocks_.visible_loads(), 1U);
}

TEST_F(WriterRegistryTest, AGapEndsTheStreamAndLosesNothing) {
  const auto stream = opened("w");
  EXPECT_TRUE(append(*stream, batch(1, "a\n")).ok());
  const auto gap = append(*stream, batch(3, "c\n"));
  ASSERT_FALSE(gap.ok());
  EXPECT_EQ(gap.refusal().reason, Reason::kSequenceGap);
  EXPECT_EQ(gap.refusal().metadata.at("expectedSequence"), "2");
  EXPECT_EQ(until_ended(*stream).refusal->reason, Reason::kSequenceGap);
  const auto again = opened("w");
  EXPECT_TRUE(again->opened().attached);
  EXPECT_EQ(again->opened().next_sequence, 2U);
}

TEST_F(WriterRegistryTest, ARepeatedBatchIsDroppedAndAcknowledgedAgain) {
  const auto stream = opened("w");
  EXPECT_TRUE(append(*stream, batch(1, "a\n")).ok());
  EXPECT_TRUE(append(*stream, batch(1, "a\n")).ok());
  stream->half_close();
  EXPECT_FALSE(until_ended(*stream).refusal);
  EXPECT_EQ(starrocks_.rows("t").at("a"), 1U);
}

TEST_F(WriterRegistryTest, AStreamNumbersAllBatchesOrNone) {
  const auto stream = opened("w");
  EXPECT_TRUE(append(*stream, batch(1, "a\n")).ok());
  EXPECT_EQ(append(*stream, batch(0, "b\n")).refusal().reason, Reason::kBadRequest);
}

TEST_F(WriterRegistryTest, ANewerStreamTakesTheWriterOver) {
  const auto first = opened("w");
  EXPECT_TRUE(append(*first, batch(1, "a\n")).ok());
  const auto second = opened("w");
  EXPECT_EQ(second->opened().next_sequence, 2U);
  EXPECT_EQ(until_ended(*first).refusal->reason, Reason::kStreamReplaced);
  EXPECT_EQ(append(*first, batch(2, "x\n")).refusal().reason, Reason::kStreamReplaced);
  EXPECT_TRUE(append(*second, batch(2, "b\n")).ok());
}

TEST_F(WriterRegistryTest, ABrokenStreamIsHeldForItsGraceAndThenFlushed) {
  const auto stream = opened("w");
  EXPECT_TRUE(append(*stream, batch(1, "a\n")).ok());
  stream->disconnect();
  test::pass_time(io_, 59s, 1s);
  EXPECT_TRUE(opened("w")->opened().attached) << "within session_grace";
  test::pass_time(io_, 70s, 1s);
  const auto late = opened("w");
  EXPECT_FALSE(late->opened().attached);
  EXPECT_EQ(late->opened().next_sequence, 1U);
  EXPECT_EQ(starrocks_.rows("t").size(), 1U);
}

TEST_F(WriterRegistryTest, CheckpointIsAFlushBarrier) {
  const auto stream = opened("w");
  EXPECT_TRUE(append(*stream, batch(1, "a\n")).ok());
  CheckpointRequest request;
  request.writer_id = "w";
  request.last_sequence = 1;
  const auto before_age = Clock::now();
  EXPECT_TRUE(test::run(io_, writers_->checkpoint(request, Clock::now() + 60s)).ok());
  EXPECT_EQ(starrocks_.rows("t").size(), 1U);
  EXPECT_LT(Clock::now() - before_age, 2s) << "not by age";
  request.last_sequence = 2;
  const auto early = test::run(io_, writers_->checkpoint(request, Clock::now() + 1s));
  EXPECT_EQ(early.refusal().reason, Reason::kStarrocksUnavailable) << "batch 2 has not come";
  request.writer_id = "nobody";
  EXPECT_EQ(test::run(io_, writers_->checkpoint(request, Clock::now() + 1s)).refusal().reason,
            Reason::kWriterNotOpen);
}

TEST_F(WriterRegistryTest, OneBadBatchIsNamedAndNobodyElseNotices) {
  const auto good = opened("good");
  const auto bad = opened("bad");
  for (std::uint64_t i = 1; i <= 8; ++i) {
    EXPECT_TRUE(append(*good, batch(i, "g" + std::to_string(i) + "\n")).ok());
    EXPECT_TRUE(append(*bad, batch(i, (i == 5 ? "BAD" : "b" + std::to_string(i)) + "\n")).ok());
  }
  const auto ended = until_ended(*bad);
  ASSERT_TRUE(ended.refusal);
  EXPECT_EQ(ended.refusal->reason, Reason::kRowsRejected);
  EXPECT_EQ(ended.refusal->metadata.at("rejectedSequences"), "5");
  EXPECT_EQ(ended.refusal->metadata.at("receivedSequence"), "8");
  EXPECT_EQ(last_ack_.committed_sequence, 4U);
  good->half_close();
  EXPECT_FALSE(until_ended(*good).refusal);
  EXPECT_EQ(last_ack_.committed_sequence, 8U);
  EXPECT_EQ(starrocks_.rows("t").size(), 15U) << "all but the bad row";
}

TEST_F(WriterRegistryTest, DrainCommitsWhatWasReceivedAndEndsTheStreams) {
  const auto stream = opened("w");
  EXPECT_TRUE(append(*stream, batch(1, "a\n")).ok());
  const auto report = test::run(io_, writers_->drain(Clock::now() + 30s));
  EXPECT_EQ(report.committed_batches, 1U);
  EXPECT_EQ(report.uncommitted_batches, 0U);
  EXPECT_EQ(starrocks_.rows("t").size(), 1U);
  EXPECT_EQ(until_ended(*stream).refusal->reason, Reason::kDraining);
  EXPECT_TRUE(saw_draining_);
  EXPECT_EQ(last_ack_.committed_sequence, 1U);
  EXPECT_EQ(open("other").refusal().reason, Reason::kDraining);
}

// The client hears why, from the daemon, before the server cancels what is left.
TEST_F(WriterRegistryTest, ADrainThatRunsOutOfTimeEndsTheStreamsAsDraining) {
  const auto stream = opened("w");
  EXPECT_TRUE(append(*stream, batch(1, "a\n")).ok());
  transport_.mood = [](const http::Endpoint&, const http::Request&) { return Mood::kHang; };
  const auto report = test::run(io_, writers_->drain(Clock::now() + 3s));
  EXPECT_EQ(report.uncommitted_batches, 1U);
  const auto drained_at = Clock::now();
  const auto ended = until_ended(*stream);
  ASSERT_TRUE(ended.refusal);
  EXPECT_EQ(ended.refusal->reason, Reason::kDraining);
  EXPECT_EQ(last_ack_.committed_sequence, 0U);
  EXPECT_EQ(Clock::now(), drained_at);
}

// After an outage a load waits for its next try, and the breakers of the frontends for theirs, much
// longer than a drain may take.
TEST_F(WriterRegistryTest, ADrainDoesNotWaitForPausesAfterAnOutage) {
  const auto stream = opened("w");
  EXPECT_TRUE(append(*stream, batch(1, "a\n")).ok());
  transport_.mood = [](const http::Endpoint&, const http::Request&) { return Mood::kRefuse; };
  test::pass_time(io_, 30min, 1s);
  transport_.mood = nullptr;
  const auto report = test::run(io_, writers_->drain(Clock::now() + 5s));
  EXPECT_EQ(report.uncommitted_batches, 0U);
  EXPECT_EQ(starrocks_.rows("t").size(), 1U);
}

TEST_F(WriterRegistryTest, AWriterBelongsToOneDatabase) {
  const auto stream = opened("w");
  EXPECT_EQ(open("w", "elsewhere").refusal().reason, Reason::kBadRequest);
  EXPECT_EQ(open("no-dashes").refusal().reason, Reason::kBadRequest);
}

TEST_F(WriterRegistryTest, StatusTellsWhatIsHeld) {
  const auto stream = opened("w");
  EXPECT_TRUE(append(*stream, batch(1, "a\n")).ok());
  const auto report = test::run(io_, writers_->status("w"));
  ASSERT_EQ(report.writers.size(), 1U);
  EXPECT_TRUE(report.writers[0].connected);
  EXPECT_EQ(report.writers[0].ack.received_sequence, 1U);
  EXPECT_GT(report.writers[0].buffered_bytes, 0U);
  EXPECT_EQ(test::run(io_, writers_->status("x")).writers.size(), 0U);
}

// F050
TEST_F(WriterRegistryTest, ARefusedAccountIsNotTriedHotAndItsRowsWait) {
  std::vector<Clock::time_point> asked;
  transport_.refuse_account(asked);
  const auto stream = opened("w");
  auto append_one = [](WriteStream& to, SliceList message, bool& taken) -> asio::awaitable<void> {
    const auto done = co_await to.append(std::move(message));
    taken = done.ok();
  };
  bool taken = false;
  TaskGroup tasks(io_.get_executor());
  tasks.spawn(append_one(*stream, batch(1, "a\n"), taken));
  test::pass_time(io_, 5min, 1s);
  EXPECT_FALSE(taken) << "its table is not known yet";
  EXPECT_GE(asked.size(), 5U);
  for (std::size_t i = 1; i < asked.size(); ++i) EXPECT_GE(asked[i] - asked[i - 1], 30s);

  transport_.answer = nullptr;
  test::pass_time(io_, 35s);
  EXPECT_TRUE(taken);
  test::pass_time(io_, 10s);
  EXPECT_EQ(starrocks_.rows("t").at("a"), 1U);

  // The table is known now: it is the load that is refused.
  asked.clear();
  transport_.answer = [&asked](const http::Endpoint&,
                               const http::Request& request) -> std::optional<http::Response> {
    const bool load = request.target.find("/begin") != std::string::npos ||
                      request.target.find("_stream_load") != std::string::npos;
    if (!load) return std::nullopt;
    asked.push_back(Clock::now());
    return reply_of(R"({"status":"FAILED","msg":"Access denied for loader@10.0.0.1"})", 401);
  };
  EXPECT_TRUE(append(*stream, batch(2, "b\n")).ok());
  test::pass_time(io_, 5min, 1s);
  EXPECT_GE(asked.size(), 5U);
  for (std::size_t i = 1; i < asked.size(); ++i) EXPECT_GE(asked[i] - asked[i - 1], 30s);
  transport_.answer = nullptr;
  test::pass_time(io_, 35s);
  EXPECT_EQ(starrocks_.rows("t").at("b"), 1U);
}

TEST_F(WriterRegistryTest, TheLogTellsOfAGraceThatIsOverAndOfRefusedRowsWithoutTheirText) {
  const auto sink = std::make_shared<test::CollectingSink>();
  logger_ = Logger(sink, LogLevel::kInfo);
  restart(options());
  const auto stream = opened("orders");
  EXPECT_TRUE(append(*stream, batch(1, "a\n")).ok());
  stream->disconnect();
  test::pass_time(io_, 90s);
  const auto over = sink->with("session grace is over");
  ASSERT_EQ(over.size(), 1U);
  EXPECT_NE(over[0].find("writer=orders"), std::string::npos) << over[0];

  const auto bad = opened("bad");
  EXPECT_TRUE(append(*bad, batch(1, "BAD secret\n")).ok());
  bad->half_close();
  EXPECT_EQ(until_ended(*bad).refusal->reason, Reason::kRowsRejected);
  const auto refused = sink->with("load refused");
  ASSERT_EQ(refused.size(), 1U);
  EXPECT_NE(refused[0].find("rows=1"), std::string::npos) << refused[0];
  EXPECT_NE(refused[0].find("reason="), std::string::npos) << refused[0];
  EXPECT_TRUE(sink->with("secret").empty()) << "no row text in the log";
}

}  // namespace
}  // namespace loadstar::txn
