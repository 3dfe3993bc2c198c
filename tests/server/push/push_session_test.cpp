#include "server/push/push_session.hpp"

#include "server/convert.hpp"
#include "tests/server/server_fixture.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <limits>

namespace loadstar::server::test {
namespace {

using ::testing::HasSubstr;

/// A push against the gRPC server, whose core is driven by the test.
class PushSessionTest : public ServerTest {
 protected:
  void SetUp() override {
    ServerTest::SetUp();
    writers_.be_patient();
  }

  // Pushes `batches` chunks of a row; at least `size` bytes each.
  void begin(std::uint64_t batches, std::chrono::milliseconds retry_for = std::chrono::seconds(30),
             std::size_t size = 0) {
    PushTarget target;
    target.writer_id = "push_1";
    target.database = "db";
    target.prototype.set_table("t");
    target.prototype.set_format(v1::FORMAT_CSV);
    PushSession::Options options;
    options.retry_for = retry_for;
    session_ = std::make_unique<PushSession>(channel(this->target()), target, options);
    end_ = std::async(std::launch::async, [this, batches, size] {
      std::uint64_t given = 0;
      const auto next = [&](std::size_t max_bytes) -> PushSession::Pull {
        max_bytes_ = max_bytes;
        if (given == batches) return {std::nullopt, !endless_};
        ++given;
        std::string row = "row" + std::to_string(given);
        row.resize(std::max(row.size(), size), 'x');
        return {Chunk{row + "\n", 1, given, given, given}, false};
      };
      return session_->run(next, [](const PushLedger&) {});
    });
  }

  static v1::Batch batch(const std::string& message) {
    v1::WriteRequest request;
    EXPECT_TRUE(request.ParseFromString(message));
    return request.batch();
  }

  static Refusal refusal(Reason reason, std::map<std::string, std::string> metadata = {}) {
    Refusal result;
    result.reason = reason;
    result.message = "because";
    result.metadata = std::move(metadata);
    result.retry_after = std::chrono::milliseconds(1);
    return result;
  }

  std::atomic<std::size_t> max_bytes_{0};  // that the session asked for
  std::atomic<bool> endless_{false};       // the file may go on after its batches
  std::unique_ptr<PushSession> session_;
  std::future<PushEnd> end_;
};

TEST_F(PushSessionTest, EverythingIsSentOnceAndWaitedFor) {
  begin(3);
  const auto stream = writers_.stream(0);
  ASSERT_TRUE(stream->wait_messages(3));
  const auto messages = stream->messages();
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(batch(messages[i]).sequence(), i + 1);
    EXPECT_EQ(batch(messages[i]).row_count(), 1U);
    EXPECT_EQ(batch(messages[i]).data(), "row" + std::to_string(i + 1) + "\n");
  }
  stream->say(txn::Ack{3, 3, 0});
  const PushEnd end = end_.get();
  EXPECT_TRUE(end.complete) << end.error;
  EXPECT_TRUE(stream->half_closed());
  EXPECT_EQ(session_->ledger().totals().committed_rows, 3U);
}

TEST_F(PushSessionTest, ABrokenStreamIsOpenedAgainAndGoesOn) {
  begin(4);
  const auto first = writers_.stream(0);
  ASSERT_TRUE(first->wait_messages(4));
  first->say(txn::Ack{3, 1, 0});
  writers_.answer_opens({true, 4, std::nullopt, "ls"});
  first->say(txn::Ended{refusal(Reason::kStarrocksUnavailable)});
  const auto second = writers_.stream(1);
  ASSERT_TRUE(second->wait_messages(1));
  EXPECT_EQ(batch(second->messages()[0]).sequence(), 4U);
  second->say(txn::Ack{4, 4, 0});
  const PushEnd end = end_.get();
  EXPECT_TRUE(end.complete) << end.error;
  EXPECT_EQ(session_->ledger().totals().committed_rows, 4U);
}

TEST_F(PushSessionTest, RejectedBatchesAreReportedAndTheRestGoesOn) {
  begin(4);
  const auto first = writers_.stream(0);
  ASSERT_TRUE(first->wait_messages(4));
  first->say(txn::Ended{
      refusal(Reason::kRowsRejected, {{"rejectedSequences", "2"}, {"receivedSequence", "3"}})});
  const auto second = writers_.stream(1);
  ASSERT_TRUE(second->wait_messages(1));
  EXPECT_EQ(batch(second->messages()[0]).sequence(), 1U);
  EXPECT_EQ(batch(second->messages()[0]).data(), "row4\n");
  second->say(txn::Ack{1, 1, 0});
  const PushEnd end = end_.get();
  EXPECT_TRUE(end.complete) << end.error;
  EXPECT_EQ(session_->ledger().totals().committed_rows, 3U);
  ASSERT_EQ(session_->ledger().rejected().size(), 1U);
  EXPECT_EQ(session_->ledger().rejected()[0].first_line, 2U);
  EXPECT_THAT(session_->ledger().rejected()[0].reason, HasSubstr("ROWS_REJECTED"));
}

TEST_F(PushSessionTest, WhatRepeatingCannotCureEndsThePush) {
  begin(1);
  const auto stream = writers_.stream(0);
  stream->say(txn::Ended{refusal(Reason::kTableNotFound)});
  const PushEnd end = end_.get();
  EXPECT_FALSE(end.complete);
  EXPECT_FALSE(end.never_opened);
  EXPECT_THAT(end.error, HasSubstr("TABLE_NOT_FOUND"));
}

TEST_F(PushSessionTest, ADaemonThatRefusesForTooLongEndsThePush) {
  writers_.refuse_opens(refusal(Reason::kDraining));
  begin(1, std::chrono::milliseconds(0));
  const PushEnd end = end_.get();
  EXPECT_FALSE(end.complete);
  EXPECT_TRUE(end.never_opened);
  EXPECT_THAT(end.error, HasSubstr("DRAINING"));
}

TEST_F(PushSessionTest, BatchesAreAskedForAsLargeAsTheDaemonTakesThem) {
  begin(1);
  const auto stream = writers_.stream(0);
  ASSERT_TRUE(stream->wait_messages(1));
  stream->say(txn::Ack{1, 1, 0});
  EXPECT_TRUE(end_.get().complete);
  v1::WriteRequest request;
  ASSERT_TRUE(
      request.mutable_batch()->ParseFromString(batch(stream->messages()[0]).SerializeAsString()));
  request.mutable_batch()->set_sequence(std::numeric_limits<std::uint64_t>::max());
  request.mutable_batch()->set_row_count(std::numeric_limits<std::uint32_t>::max());
  request.mutable_batch()->set_data(std::string(max_bytes_, 'x'));
  EXPECT_LE(request.ByteSizeLong(), 4U << 20U);
  EXPECT_GT(request.ByteSizeLong(), (4U << 20U) - 64U);
}

TEST_F(PushSessionTest, TooManyRowsNameTheOptionsOfBothSides) {
  begin(3);
  const auto stream = writers_.stream(0);
  ASSERT_TRUE(stream->wait_messages(3));
  Refusal refused = refusal(Reason::kBadRequest);
  refused.violations.push_back({"batch[sequence=1].row_count", "1 is above 0"});
  stream->say(txn::Ended{refused});
  const PushEnd end = end_.get();
  EXPECT_FALSE(end.complete);
  EXPECT_THAT(end.error, HasSubstr("--batch-rows"));
  EXPECT_THAT(end.error, HasSubstr("limits.max_batch_rows"));
  EXPECT_EQ(session_->ledger().next_line(), 1U);
}

TEST_F(PushSessionTest, StoppingWaitsForWhatWasSent) {
  endless_ = true;
  begin(2);
  const auto stream = writers_.stream(0);
  ASSERT_TRUE(stream->wait_messages(2));
  session_->stop();
  ASSERT_TRUE(stream->wait_half_closed());
  stream->say(txn::Ack{2, 2, 0});
  const PushEnd end = end_.get();
  EXPECT_TRUE(end.stopped);
  EXPECT_FALSE(end.complete);
  EXPECT_EQ(session_->ledger().totals().committed_rows, 2U);
  EXPECT_EQ(session_->ledger().next_line(), 3U);
}

TEST_F(PushSessionTest, GivingUpWaitsForNothing) {
  begin(2);
  const auto stream = writers_.stream(0);
  ASSERT_TRUE(stream->wait_messages(2));
  stream->say(txn::Ack{2, 1, 0});
  session_->stop();
  session_->give_up();
  const PushEnd end = end_.get();
  EXPECT_TRUE(end.stopped);
  EXPECT_FALSE(end.complete);
  EXPECT_LE(session_->ledger().next_line(), 2U);
}

TEST_F(PushSessionTest, StoppingEndsTheWaitForADaemonThatIsAway) {
  writers_.refuse_opens(refusal(Reason::kDraining));
  begin(1);
  session_->stop();
  const PushEnd end = end_.get();
  EXPECT_TRUE(end.stopped);
  EXPECT_TRUE(end.never_opened);
}

TEST_F(PushSessionTest, TheDaemonsWindowIsKept) {
  // Sixteen batches fill max_unacked_bytes; the next one waits until the first ones are received.
  constexpr std::uint64_t kBatches = 40;
  constexpr std::uint64_t kWindow = 16;
  begin(kBatches, std::chrono::seconds(30), kMaxUnackedBytes / kWindow);
  const auto stream = writers_.stream(0);
  stream->keep_nothing();
  std::uint64_t received = 0;
  while (received < kBatches) {
    ASSERT_TRUE(stream->wait_messages(std::min(received + kWindow, kBatches)));
    const std::uint64_t now = stream->message_count();
    EXPECT_LE(now, received + kWindow);
    received = now;
    stream->say(txn::Ack{received, received, 0});
  }
  const PushEnd end = end_.get();
  EXPECT_TRUE(end.complete) << end.error;
}

}  // namespace
}  // namespace loadstar::server::test
