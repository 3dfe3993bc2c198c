#include "core/txn/load_permits.hpp"

#include "core/base/task_group.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/run.hpp"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <vector>

namespace loadstar::txn {
namespace {

class LoadPermitsTest : public ::testing::Test {
 protected:
  void SetUp() override { test::reset_clock(); }

  asio::awaitable<void> load(int number) {
    co_await asio::this_coro::throw_if_cancelled(false);
    const bool permitted = co_await permits_.acquire();
    (permitted ? started_ : cancelled_).push_back(number);
  }

  boost::asio::io_context io_;
  LoadPermits permits_{2};
  std::vector<int> started_;
  std::vector<int> cancelled_;
  TaskGroup tasks_{io_.get_executor()};
};

TEST_F(LoadPermitsTest, AsManyAsThereAreAndThenFirstComeFirstServed) {
  for (int i = 1; i <= 4; ++i) tasks_.spawn(load(i));
  test::run_until_idle(io_);
  EXPECT_EQ(started_, (std::vector<int>{1, 2}));
  permits_.release();
  test::run_until_idle(io_);
  EXPECT_EQ(started_, (std::vector<int>{1, 2, 3}));
  permits_.release();
  test::run_until_idle(io_);
  EXPECT_EQ(started_, (std::vector<int>{1, 2, 3, 4}));
}

TEST_F(LoadPermitsTest, ACancelledWaitHoldsNothing) {
  TaskGroup waiting(io_.get_executor());
  tasks_.spawn(load(1));
  tasks_.spawn(load(2));
  waiting.spawn(load(3));
  test::run_until_idle(io_);
  waiting.cancel();
  test::run_until_idle(io_);
  EXPECT_EQ(cancelled_, (std::vector<int>{3}));
  tasks_.spawn(load(4));
  permits_.release();
  test::run_until_idle(io_);
  EXPECT_EQ(started_, (std::vector<int>{1, 2, 4}))
      << "the permit did not go to the one that gave up";
}

}  // namespace
}  // namespace loadstar::txn
