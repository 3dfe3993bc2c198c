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

  /// A caller who waits a minute for the answer.
  asio::awaitable<void> call_commit(
      ResumeToken token, std::optional<Answer<TransactionControl::Committed>>& committed) {
    const Deadline deadline = Clock::now() + 60s;
    committed = co_await control_.commit(std::move(token), false, false, deadline);
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

// Nor is it kept out by a caller who waits, or who calls again and again; that one is told.
TEST_F(TransactionControlTest, AnAbortGoesBeforeACommitThatCannotGetThrough) {
  const ResumeToken token = prepared(1);
  no_commit_gets_through();
  std::optional<Answer<TransactionControl::Committed>> committed;
  TaskGroup caller(io_.get_executor());
  caller.spawn(call_commit(token, committed));
  test::pass_time(io_, 5s);
  const auto rolled_back = roll_back_now();
  ASSERT_TRUE(rolled_back.ok());
  EXPECT_EQ(rolled_back.value().transactions, 1U);
  test::run(io_, caller.join());
  EXPECT_EQ(committed->refusal().reason, Reason::kStarrocksUnavailable);
  transport_.answer = nullptr;
  EXPECT_EQ(commit_now(token).refusal().reason, Reason::kCheckpointLost);
  EXPECT_EQ(visible("row0"), 0U);
}

TEST_F(TransactionControlTest, ACommitWhoseCallerWaitsDoesNotGiveWayToAnotherCommit) {
  ResumeToken first = prepared(2);
  ResumeToken second = first;
  first.parts.pop_back();
  no_commit_gets_through();
  std::optional<Answer<TransactionControl::Committed>> committed;
  TaskGroup caller(io_.get_executor());
  caller.spawn(call_commit(first, committed));
  EXPECT_FALSE(commit_now(second, false, 10s).ok());
  EXPECT_FALSE(committed);
  transport_.answer = nullptr;
  test::run(io_, caller.join());
  EXPECT_TRUE(committed->ok());
}

// V8: what is not seen ended is said so, and is no Abort that is done.
TEST_F(TransactionControlTest, ARollbackThatCannotLookIsNotComplete) {
  const ResumeToken token = prepared(1);
  transport_.mood = [](const http::Endpoint&, const http::Request&) { return Mood::kRefuse; };
  const auto blind = roll_back_now();
  ASSERT_TRUE(blind.ok());
  EXPECT_FALSE(blind.value().complete);
  EXPECT_EQ(blind.value().transactions, 0U);
  ASSERT_TRUE(blind.value().last_error);
  transport_.mood = nullptr;
  test::pass_time(io_, 120s);
  const auto seen = roll_back_now();
  EXPECT_TRUE(seen.value().complete);
  EXPECT_EQ(seen.value().transactions, 1U);
  const auto again = roll_back_now();
  EXPECT_EQ(again.value().transactions, 0U);
  EXPECT_TRUE(again.value().were_aborted.contains(label_of(token, token.parts[0])));
}

// Kubernetes kills what SIGTERM does not end: a drain waits for calls, but not beyond its time.
TEST_F(TransactionControlTest, CallsEndAsDrainingWhenTheDrainIsOver) {
  const ResumeToken token = prepared(1);
  transport_.mood = [](const http::Endpoint&, const http::Request&) { return Mood::kHang; };
  std::optional<Answer<TransactionControl::Committed>> committed;
  std::optional<Answer<RolledBack>> rolled_back;
  std::optional<Answer<Done>> unused;
  const ResumeToken other{"ls", "other", "test", 0, 0, 0, {}};
  auto committing = [&]() -> asio::awaitable<void> {
    committed = co_await control_.commit(token, true, false, kNever);
  };
  auto aborting = [&]() -> asio::awaitable<void> {
    auto range = candidates_after(other, 1, 4);
    rolled_back =
        co_await control_.roll_back(std::move(range), other, WhatIsCommitted::kIsLeft, kNever);
  };
  auto opening = [&]() -> asio::awaitable<void> {
    auto range = candidates_after(other, 1, 4);
    unused = co_await control_.check_unused(std::move(range), 2, kNever);
  };
  TaskGroup callers(io_.get_executor());
  callers.spawn(committing());
  callers.spawn(aborting());
  callers.spawn(opening());
  test::pass_time(io_, 1s);
  const auto over = Clock::now() + 3s;
  test::run(io_, control_.end_calls(over));
  EXPECT_GE(Clock::now(), over) << "they had their time";
  test::run(io_, callers.join());
  EXPECT_LT(Clock::now() - over, 1s);
  EXPECT_EQ(committed->refusal().reason, Reason::kDraining);
  EXPECT_EQ(rolled_back->refusal().reason, Reason::kDraining);
  EXPECT_EQ(unused->refusal().reason, Reason::kDraining);
  EXPECT_EQ(commit_now(token).refusal().reason, Reason::kDraining) << "and those that come";
}

TEST_F(TransactionControlTest, ADrainWithoutCallsDoesNotWait) {
  const auto before = Clock::now();
  test::run(io_, control_.end_calls(before + 60s));
  EXPECT_LT(Clock::now() - before, 1s);
}

TEST_F(TransactionControlTest, ADatabaseThatIsGoneIsSaidSo) {
  const ResumeToken token = prepared(1);
  transport_.answer = [](const http::Endpoint&, const http::Request&) {
    return std::optional(
        reply_of(R"({"status":"FAILED","msg":"unknown database, database=test"})"));
  };
  const auto gone = commit_now(token);
  ASSERT_FALSE(gone.ok());
  EXPECT_EQ(gone.refusal().reason, Reason::kDatabaseNotFound) << gone.refusal().message;
}

}  // namespace
}  // namespace loadstar::txn
