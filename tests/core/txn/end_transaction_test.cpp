#include "core/txn/end_transaction.hpp"

#include "core/base/task_group.hpp"
#include "tests/core/txn/exactly_once_fixture.hpp"

#include <gtest/gtest.h>

namespace loadstar::txn {
namespace {

using namespace std::chrono_literals;
using simulation::TransactionState;

class EndTransactionTest : public ExactlyOnceFixture {
 protected:
  /// Requests of each kind get this mood.
  void moods(Mood rollback, Mood cancel) {
    transport_.mood = [this, rollback, cancel](const http::Endpoint&,
                                               const http::Request& request) {
      if (is_rollback(request)) return rollback;
      if (!is_cancel(request)) return Mood::kPass;
      ++cancels_;
      return cancel;
    };
  }
  Result<void> end(std::string label) {
    const starrocks::TableName table{"test", "t"};
    return test::run(io_, end_transaction(client_, table, std::move(label), 3s));
  }
  std::optional<TransactionState> state() { return starrocks_.model().state("l"); }

  unsigned cancels_ = 0;
};

TEST_F(EndTransactionTest, ARollbackThatIsDoneNeedsNoCancel) {
  moods(Mood::kPass, Mood::kPass);
  starrocks_.model().begin("l", "t", 600s);
  EXPECT_TRUE(end("l").has_value());
  EXPECT_EQ(state(), TransactionState::kAborted);
  EXPECT_EQ(cancels_, 0U);
}

// F192, F196: each has its whole time.
TEST_F(EndTransactionTest, ASilentBackendDoesNotCostTheCancel) {
  moods(Mood::kHang, Mood::kPass);
  starrocks_.model().begin("l", "t", 600s);
  EXPECT_TRUE(end("l").has_value());
  EXPECT_EQ(state(), TransactionState::kAborted);
  EXPECT_EQ(cancels_, 1U);
}

TEST_F(EndTransactionTest, WhenBothFailTheErrorHoldsBothAndItIsNotLongerThanTwice) {
  moods(Mood::kHang, Mood::kHang);
  starrocks_.model().begin("l", "t", 600s);
  const auto before = Clock::now();
  const auto ended = end("l");
  ASSERT_FALSE(ended.has_value());
  EXPECT_NE(ended.error().detail.find("rollback: "), std::string::npos) << ended.error().detail;
  EXPECT_NE(ended.error().detail.find("cancel: "), std::string::npos) << ended.error().detail;
  EXPECT_LE(Clock::now() - before, 7s);
  EXPECT_EQ(state(), TransactionState::kPrepare);
}

TEST_F(EndTransactionTest, AfterACancellationNothingNewIsSent) {
  moods(Mood::kHang, Mood::kPass);
  starrocks_.model().begin("l", "t", 600s);
  TaskGroup tasks(io_.get_executor());
  auto run = [](starrocks::Client& client) -> asio::awaitable<void> {
    co_await asio::this_coro::throw_if_cancelled(false);
    const starrocks::TableName table{"test", "t"};
    const std::string label = "l";
    const auto ended = co_await end_transaction(client, table, label, 30s);
    EXPECT_FALSE(ended.has_value());
  };
  tasks.spawn(run(client_));
  test::pass_time(io_, 1s);
  tasks.cancel();
  test::pass_time(io_, 1s);
  EXPECT_EQ(tasks.size(), 0U);
  EXPECT_EQ(cancels_, 0U);
}

}  // namespace
}  // namespace loadstar::txn
