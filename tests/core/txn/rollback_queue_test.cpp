#include "core/txn/rollback_queue.hpp"

#include "tests/core/txn/exactly_once_fixture.hpp"
#include "tests/support/metric_value.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace loadstar::txn {
namespace {

using namespace std::chrono_literals;
using simulation::TransactionState;

class RollbackQueueTest : public ExactlyOnceFixture {
 protected:
  void SetUp() override {
    ExactlyOnceFixture::SetUp();
    transport_.mood = [this](const http::Endpoint&, const http::Request& request) {
      if (is_rollback(request)) rollbacks_.push_back(Clock::now());
      return is_rollback(request) || is_cancel(request) ? mood_ : Mood::kPass;
    };
  }
  void TearDown() override {
    stop();
    ExactlyOnceFixture::TearDown();
  }
  void stop() { test::run(io_, queue_.stop()); }
  /// A transaction in PREPARE.
  void begin(const std::string& label) { starrocks_.model().begin(label, "t", 86'400s); }
  double aborted() {
    return test::metric_value(registry_, "loadstar_transactions_total", "aborted");
  }

  Mood mood_ = Mood::kPass;
  std::vector<Clock::time_point> rollbacks_;
  PreparedWatch prepared_{io_.get_executor(), client_, metrics_, options_, Logger()};
  RollbackQueue queue_{io_.get_executor(), client_, metrics_, options_, prepared_, Logger()};
};

TEST_F(RollbackQueueTest, ItSaysWhatBecameOfTheLabel) {
  begin("l");
  const auto state = test::run(io_, queue_.try_now("test", "l", kNever));
  ASSERT_TRUE(state.has_value());
  EXPECT_EQ(*state, starrocks::LabelState::kAborted);
}

// ingest-api.md R8: two who want the same transaction ended take turns.
TEST_F(RollbackQueueTest, OneRequestOfALabelAtATime) {
  begin("l");
  begin("m");
  mood_ = Mood::kHang;
  TaskGroup tasks(io_.get_executor());
  auto once = [](RollbackQueue& queue, std::string label) -> asio::awaitable<void> {
    const std::string database = "test";
    const auto state = co_await queue.try_now(database, std::move(label), kNever);
    EXPECT_TRUE(state.has_value());
  };
  tasks.spawn(once(queue_, "l"));
  tasks.spawn(once(queue_, "l"));
  tasks.spawn(once(queue_, "m"));
  test::pass_time(io_, 1s);
  EXPECT_EQ(rollbacks_.size(), 2U) << "another label does not wait";
  mood_ = Mood::kPass;
  test::pass_time(io_, 60s);
  EXPECT_EQ(rollbacks_.size(), 3U);
  EXPECT_EQ(tasks.size(), 0U);
}

// F192
TEST_F(RollbackQueueTest, TheBackgroundGoesOnUntilTheEndIsSeenLessAndLessOften) {
  begin("l");
  mood_ = Mood::kRefuse;
  queue_.try_later("test", "l");
  queue_.try_later("test", "l");  // once is enough
  test::pass_time(io_, 200s);
  ASSERT_GE(rollbacks_.size(), 4U);
  EXPECT_LE(rollbacks_.size(), 7U);
  EXPECT_GT(rollbacks_[3] - rollbacks_[2], rollbacks_[1] - rollbacks_[0]);
  EXPECT_EQ(aborted(), 0.0);
  mood_ = Mood::kPass;
  test::pass_time(io_, 400s);
  EXPECT_EQ(starrocks_.model().state("l"), TransactionState::kAborted);
  EXPECT_EQ(aborted(), 1.0);
  const auto tries = rollbacks_.size();
  test::pass_time(io_, 700s);
  EXPECT_EQ(rollbacks_.size(), tries);
}

// F199: an outage leaves hundreds; none is forgotten, and no second has more than fifty.
TEST_F(RollbackQueueTest, ManyThatWereLeftAreNotTriedAllAtOnce) {
  constexpr int kLeft = 500;
  transport_.mood = [this](const http::Endpoint& endpoint, const http::Request& request) {
    const bool first = endpoint.host == simulation::SimulatedStarrocks::kFrontend;
    if (is_rollback(request) && first) rollbacks_.push_back(Clock::now());
    return Mood::kPass;
  };
  for (int i = 0; i < kLeft; ++i) begin("l" + std::to_string(i));
  for (int i = 0; i < kLeft; ++i) queue_.try_later("test", "l" + std::to_string(i));
  test::pass_time(io_, 60s);
  ASSERT_EQ(rollbacks_.size(), static_cast<std::size_t>(kLeft));
  for (std::size_t i = 50; i < rollbacks_.size(); ++i) {
    ASSERT_GE(rollbacks_[i] - rollbacks_[i - 50], 900ms) << i;
  }
  EXPECT_EQ(aborted(), kLeft);
}

TEST_F(RollbackQueueTest, WhatIsCommittedMeanwhileIsNotCountedAsAborted) {
  begin("l");
  starrocks_.model().load("l", "row\n");
  starrocks_.model().prepare("l", 86'400s);
  queue_.try_later("test", "l");
  starrocks_.model().commit("l", false);
  test::pass_time(io_, 60s);
  EXPECT_EQ(visible("row"), 1U);
  EXPECT_EQ(aborted(), 0.0);
}

TEST_F(RollbackQueueTest, AfterStopNothingIsSent) {
  begin("l");
  queue_.try_later("test", "l");
  stop();
  queue_.try_later("test", "m");
  EXPECT_FALSE(test::run(io_, queue_.try_now("test", "l", kNever)).has_value());
  test::pass_time(io_, 700s);
  EXPECT_TRUE(rollbacks_.empty());
}

}  // namespace
}  // namespace loadstar::txn
