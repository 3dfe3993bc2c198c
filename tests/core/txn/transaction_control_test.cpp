#include "core/txn/transaction_control.hpp"

#include "core/base/task_group.hpp"
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

  /// As an Abort without a token.
  Answer<RolledBack> roll_back_now() {
    const ResumeToken none{"ls", "w", "test", 0, 0, 0, {}};
    const Deadline deadline = Clock::now() + 20s;
    return test::run(io_, control_.roll_back(candidates_after(none, 1, 4), none,
                                             WhatIsCommitted::kIsLeft, deadline));
  }

  void no_commit_gets_through() {
    transport_.answer = [](const http::Endpoint&, const http::Request& request) {
      std::optional<http::Response> none;
      if (is(request, simulation::Operation::kCommit)) none = reply_of("<html>bad</html>", 502);
      return none;
    };
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

// A Commit that cannot get through goes on without its caller, but not in the way of an Abort.
TEST_F(TransactionControlTest, AnAbandonedCommitGivesWayToAnotherCallOfTheWriter) {
  const ResumeToken token = prepared(1);
  no_commit_gets_through();
  ASSERT_FALSE(commit_now(token, false, 5s).ok());
  const auto asked_at = Clock::now();
  const auto rolled_back = roll_back_now();
  ASSERT_TRUE(rolled_back.ok()) << rolled_back.refusal().message;
  EXPECT_EQ(rolled_back.value().transactions, 1U);
  EXPECT_LT(Clock::now() - asked_at, 10s);
  transport_.answer = nullptr;
  test::pass_time(io_, 700s);
  EXPECT_EQ(visible("row0"), 0U) << "the job has ended";
}

// While its caller waits, whoever else asks for the writer waits too.
TEST_F(TransactionControlTest, ACommitWhoseCallerWaitsDoesNotGiveWay) {
  const ResumeToken token = prepared(1);
  no_commit_gets_through();
  std::optional<Answer<TransactionControl::Committed>> committed;
  auto committing = [&]() -> asio::awaitable<void> {
    const Deadline deadline = Clock::now() + 60s;
    committed = co_await control_.commit(token, false, false, deadline);
  };
  TaskGroup caller(io_.get_executor());
  caller.spawn(committing());
  test::pass_time(io_, 5s);
  EXPECT_FALSE(roll_back_now().ok());
  transport_.answer = nullptr;
  test::pass_time(io_, 40s);
  ASSERT_TRUE(committed && committed->ok());
  EXPECT_EQ(visible("row0"), 1U);
  test::run(io_, caller.join());
}

}  // namespace
}  // namespace loadstar::txn
