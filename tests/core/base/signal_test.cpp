#include "core/base/signal.hpp"

#include "core/base/task_group.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/run.hpp"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <functional>
#include <utility>

namespace loadstar {
namespace {

using namespace std::chrono_literals;

class SignalTest : public ::testing::Test {
 protected:
  void SetUp() override { test::reset_clock(); }

  /// Starts a wait; `woken` counts its end.
  void wait(Deadline deadline, std::function<bool()> concerns = nullptr) {
    auto task = [](SignalTest& self, Deadline end,
                   std::function<bool()> question) -> boost::asio::awaitable<void> {
      co_await self.signal_.wait_until(end, std::move(question));
      ++self.woken_;
    };
    waits_.spawn(task(*this, deadline, std::move(concerns)));
    test::run_until_idle(io_);
  }

  void notify() {
    signal_.notify();
    test::run_until_idle(io_);
  }

  boost::asio::io_context io_;
  Signal signal_{io_.get_executor()};
  TaskGroup waits_{io_.get_executor()};
  int woken_ = 0;
};

TEST_F(SignalTest, NotifyWakesAllWhoWait) {
  notify();  // not remembered
  wait(kNever);
  wait(kNever);
  EXPECT_EQ(woken_, 0);
  notify();
  EXPECT_EQ(woken_, 2);
}

TEST_F(SignalTest, AWaiterThatIsNotConcernedSleepsOn) {
  bool concerned = false;
  int asked = 0;
  wait(Clock::now() + 5s, [&] {
    ++asked;
    return concerned;
  });
  notify();
  EXPECT_EQ(asked, 1);
  EXPECT_EQ(woken_, 0);
  concerned = true;
  notify();
  EXPECT_EQ(woken_, 1);
  notify();
  EXPECT_EQ(asked, 2) << "the wait is over";
}

TEST_F(SignalTest, TheDeadlineWakesWhoeverIsNotConcerned) {
  wait(Clock::now() + 5s, [] { return false; });
  notify();
  EXPECT_EQ(woken_, 0);
  test::pass_time(io_, 5s);
  EXPECT_EQ(woken_, 1);
}

}  // namespace
}  // namespace loadstar
