#include "core/base/task_group.hpp"

#include "core/base/deadline.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/run.hpp"

#include <gtest/gtest.h>

namespace loadstar {
namespace {

using namespace std::chrono_literals;

asio::awaitable<void> wait_and_set(Clock::duration length, bool& slept, int& ended) {
  slept = co_await sleep_for(length);
  ++ended;
}

class TaskGroupTest : public ::testing::Test {
 protected:
  void SetUp() override { test::reset_clock(); }
  asio::io_context io_;
};

TEST_F(TaskGroupTest, JoinWaitsForEveryTask) {
  TaskGroup group(io_.get_executor());
  bool slept_a = false;
  bool slept_b = false;
  int ended = 0;
  group.spawn(wait_and_set(1s, slept_a, ended));
  group.spawn(wait_and_set(5s, slept_b, ended));
  auto joined = [](TaskGroup& g) -> asio::awaitable<bool> {
    co_await g.join();
    co_return true;
  };
  EXPECT_TRUE(test::run(io_, joined(group)));
  EXPECT_EQ(ended, 2);
  EXPECT_TRUE(slept_a);
  EXPECT_TRUE(slept_b);
}

TEST_F(TaskGroupTest, CancelEndsWaitingTasks) {
  TaskGroup group(io_.get_executor());
  bool slept = true;
  int ended = 0;
  group.spawn(wait_and_set(1h, slept, ended));
  test::run_until_idle(io_);
  group.cancel();
  test::run_until_idle(io_);
  EXPECT_EQ(ended, 1);
  EXPECT_FALSE(slept);
  EXPECT_EQ(group.size(), 0U);
}

TEST_F(TaskGroupTest, ATaskMayHoldTheLastReferenceToItsOwner) {
  struct Owner {
    explicit Owner(asio::any_io_executor executor) : tasks(std::move(executor)) {}
    TaskGroup tasks;
  };
  bool slept = false;
  int ended = 0;
  auto owner = std::make_shared<Owner>(io_.get_executor());
  const std::weak_ptr<Owner> weak = owner;
  owner->tasks.spawn(wait_and_set(1s, slept, ended), owner);
  owner.reset();
  EXPECT_FALSE(weak.expired());
  test::pass_time(io_, 2s);
  EXPECT_EQ(ended, 1);
  EXPECT_TRUE(weak.expired()) << "gone with its last task, which no longer counts then";
}

asio::awaitable<int> slow_value(Clock::duration length) {
  co_await sleep_for(length);
  co_return 7;
}

TEST_F(TaskGroupTest, BeforeGivesTheValueOrTheDeadline) {
  auto in_time = before(Clock::now() + 2s, slow_value(1s));
  const auto value = test::run(io_, std::move(in_time));
  EXPECT_EQ(std::get<int>(value), 7);
  auto too_late = before(Clock::now() + 1s, slow_value(10s));
  const auto expiry = test::run(io_, std::move(too_late));
  EXPECT_EQ(std::get<Expiry>(expiry), Expiry::kDeadline);
}

}  // namespace
}  // namespace loadstar
