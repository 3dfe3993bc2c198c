#include "core/txn/transaction_control.hpp"

#include "tests/core/txn/exactly_once_fixture.hpp"

#include <gtest/gtest.h>

namespace loadstar::txn {
namespace {

using namespace std::chrono_literals;

/// Phase two alone: transactions are made by hand.
class TransactionControlTest : public ExactlyOnceFixture {
 protected:
  void TearDown() override {
    test::run(io_, control_.stop());
    ExactlyOnceFixture::TearDown();
  }

  Answer<TransactionControl::Committed> commit_now(const ResumeToken& token, bool ask_first = true,
                                                   std::chrono::seconds time = 60s) {
    const Deadline deadline = Clock::now() + time;
    return test::run(io_, control_.commit(token, ask_first, false, deadline));
  }

  TransactionControl control_{io_.get_executor(), client_, metrics_, options_, Logger()};
};

TEST_F(TransactionControlTest, EveryPartIsCommittedOnceHoweverOftenItIsAsked) {
  const ResumeToken token = prepared(4);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(commit_now(token, i == 1).ok());
  for (int part = 0; part < 4; ++part) {
    EXPECT_EQ(visible("row" + std::to_string(part), part % 2 == 0 ? "t" : "u"), 1U);
  }
}

// F167, F177: one part is gone; the others are committed, and the loss is named.
TEST_F(TransactionControlTest, AnAbortedPartIsCheckpointLost) {
  const ResumeToken token = prepared(2);
  const std::string gone = label_of(token, token.parts[1]);
  starrocks_.model().rollback(gone);
  const auto lost = commit_now(token);
  ASSERT_FALSE(lost.ok());
  EXPECT_EQ(lost.refusal().reason, Reason::kCheckpointLost);
  EXPECT_EQ(lost.refusal().metadata.at("label"), gone);
  EXPECT_EQ(lost.refusal().metadata.at("table"), "u");
  EXPECT_EQ(visible("row0"), 1U);
}

// F166, F169: what StarRocks does not know is said so, never taken for done or for lost.
TEST_F(TransactionControlTest, AnUnknownPartIsOutcomeUnknown) {
  ResumeToken token = prepared(1);
  token.parts.push_back({"t", 1, 1, 7});
  const auto unknown = commit_now(token);
  ASSERT_FALSE(unknown.ok());
  EXPECT_EQ(unknown.refusal().reason, Reason::kOutcomeUnknown);
}

// F6: in PREPARE it would be published in part.
TEST_F(TransactionControlTest, APartThatIsNotPreparedIsNeverCommitted) {
  ResumeToken token = prepared(1);
  token.parts.push_back({"u", 1, 1, 1});
  const std::string label = label_of(token, token.parts[1]);
  starrocks_.model().begin(label, "u", 600s);
  starrocks_.model().load(label, "half\n");
  EXPECT_FALSE(commit_now(token).ok());
  EXPECT_EQ(visible("half", "u"), 0U);
}

// F158, F161: the deadline of the caller ends the waiting; the work goes on.
TEST_F(TransactionControlTest, WorkGoesOnAfterItsCallerHasGone) {
  const ResumeToken token = prepared(1);
  transport_.mood = [](const http::Endpoint&, const http::Request&) { return Mood::kHang; };
  const auto late = commit_now(token, false, 2s);
  ASSERT_FALSE(late.ok());
  EXPECT_EQ(late.refusal().reason, Reason::kStarrocksUnavailable);
  transport_.mood = nullptr;
  test::pass_time(io_, 120s);
  EXPECT_EQ(visible("row0"), 1U);
}

}  // namespace
}  // namespace loadstar::txn
