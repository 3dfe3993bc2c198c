#include "core/txn/part.hpp"

#include "tests/core/txn/exactly_once_fixture.hpp"

#include <gtest/gtest.h>

namespace loadstar::txn {
namespace {

using namespace std::chrono_literals;

/// Parts as their writer drives them; what StarRocks does not hear is the test's choice.
class PartTest : public ExactlyOnceFixture {
 protected:
  void SetUp() override {
    ExactlyOnceFixture::SetUp();
    CoreOptions quick = options_;
    quick.starrocks.request_timeout = 5s;  // what gets no answer is given up soon
    restart(quick);
  }

  /// The first `count` requests of `operation` ("begin", "load", "prepare") meet `mood`.
  void spoil(const std::string& operation, Mood mood, int count = 1) {
    auto left = std::make_shared<int>(count);
    transport_.mood = [operation, mood, left](const http::Endpoint&, const http::Request& request) {
      const bool hit = request.target.find("/transaction/" + operation) != std::string::npos;
      if (!hit || *left == 0) return Mood::kPass;
      --*left;
      return mood;
    };
  }

  /// One batch through checkpoint 1; its token.
  ResumeToken checkpointed() {
    const auto stream = opened_epoch(1);
    EXPECT_TRUE(append(*stream, batch_of(1, 1, "a\nb\n")).ok());
    const auto prepared = checkpoint(1, 1, 1);
    EXPECT_TRUE(prepared.ok()) << prepared.refusal().message;
    EXPECT_TRUE(commit(prepared.value().resume_token).ok());
    EXPECT_EQ(visible("a"), 1U);
    EXPECT_EQ(visible("b"), 1U);
    return decode_resume_token(prepared.value().resume_token).value();
  }
};

// F032, F035: nothing was sent, so the first number is still good.
TEST_F(PartTest, ARefusedBeginKeepsItsNumber) {
  spoil("begin", Mood::kRefuse, 3);
  EXPECT_EQ(checkpointed().parts[0].part, 0U);
}

// F038: the number of a begin without an answer is spent.
TEST_F(PartTest, ABeginWithoutAnAnswerSpendsItsNumber) {
  spoil("begin", Mood::kHang);
  EXPECT_EQ(checkpointed().parts[0].part, 1U);
}

// F093 (R2): the same rows go under the next label, once.
TEST_F(PartTest, ALoadWithoutAnAnswerIsDrivenAgainUnderTheNextLabel) {
  spoil("load", Mood::kHang);
  EXPECT_EQ(checkpointed().parts[0].part, 1U);
  EXPECT_EQ(metrics_.transactions_poisoned.Value(), 1);
}

// F112 (R3)
TEST_F(PartTest, APrepareWithoutAnAnswerIsDrivenAgainUnderTheNextLabel) {
  spoil("prepare", Mood::kHang);
  EXPECT_EQ(checkpointed().parts[0].part, 1U);
}

TEST_F(PartTest, RowsAreLoadedAsTheyComeAndTheBytesAreKeptUntilPrepared) {
  const auto stream = opened_epoch(1);
  EXPECT_TRUE(append(*stream, batch_of(1, 1, "a\n")).ok());
  const auto before = test::run(io_, writers_->status("w"));
  EXPECT_GT(before.buffered_bytes, 0U);
  test::pass_time(io_, 2s);
  const auto loaded = test::run(io_, writers_->status("w"));
  EXPECT_EQ(loaded.writers[0].transactions.size(), 1U);
  EXPECT_EQ(loaded.buffered_bytes, before.buffered_bytes) << "loaded, and retained";
  ASSERT_TRUE(checkpoint(1, 1, 1).ok());
  EXPECT_EQ(test::run(io_, writers_->status("w")).buffered_bytes, 0U);
}

// D6: under pressure loaded bytes are given up; a later fault then costs the interval.
TEST_F(PartTest, WithoutItsBytesAPoisonedPartIsIntervalLost) {
  restart_with_memory(200);
  const auto stream = opened_epoch(1);
  for (std::uint64_t i = 1; i <= 4; ++i) {
    EXPECT_TRUE(append(*stream, batch_of(i, 1, std::string(100, 'x') + "\n")).ok()) << i;
  }
  test::pass_time(io_, 5s);
  EXPECT_LT(test::run(io_, writers_->status("w")).buffered_bytes, 200U);
  spoil("prepare", Mood::kHang);
  const auto lost = checkpoint(1, 1, 4);
  ASSERT_FALSE(lost.ok());
  EXPECT_EQ(lost.refusal().reason, Reason::kIntervalLost);
  EXPECT_EQ(until_ended(*stream).refusal->reason, Reason::kIntervalLost);
  EXPECT_TRUE(starrocks_.rows("t").empty());
}

// Bytes asked for between two attempts are those of rows that have to be loaded again (simulation,
// seed 5143: they were dropped, and the rest was committed without them).
TEST_F(PartTest, MemoryAskedForAfterARollbackCostsNoRows) {
  restart_with_memory(1000);
  const auto stream = opened_epoch(1);
  EXPECT_TRUE(append(*stream, batch_of(1, 1, "first\n")).ok());
  test::pass_time(io_, 2s);
  ASSERT_EQ(test::run(io_, writers_->status("w")).writers[0].transactions.size(), 1U);

  bool refused = false;
  bool rolled_back = false;
  transport_.mood = [&](const http::Endpoint&, const http::Request& request) {
    const auto asks = [&request](const char* operation) {
      return request.target.find(operation) != std::string::npos;
    };
    rolled_back = rolled_back || asks("/transaction/rollback");
    if (rolled_back || !asks("/transaction/load")) return Mood::kPass;
    refused = true;
    return Mood::kHang;
  };
  EXPECT_TRUE(append(*stream, batch_of(2, 1, "second\n")).ok());
  for (int i = 0; i < 100'000 && !rolled_back; ++i) test::pass_time(io_, 10ms);
  ASSERT_TRUE(refused && rolled_back);
  for (std::uint64_t i = 3; i <= 12; ++i) {
    EXPECT_TRUE(append(*stream, batch_of(i, 1, std::string(200, 'x') + "\n")).ok()) << i;
  }
  const auto prepared = checkpoint(1, 1, 12);
  transport_.mood = nullptr;
  ASSERT_TRUE(prepared.ok()) << prepared.refusal().message;
  ASSERT_TRUE(commit(prepared.value().resume_token).ok());
  EXPECT_EQ(visible("first"), 1U);
  EXPECT_EQ(visible("second"), 1U);
  EXPECT_EQ(visible(std::string(200, 'x')), 10U);
}

}  // namespace
}  // namespace loadstar::txn
