#include "core/starrocks/single_flight.hpp"

#include "tests/support/fake_clock.hpp"
#include "tests/support/run.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

namespace loadstar::starrocks {
namespace {

class SingleFlightTest : public ::testing::Test {
 protected:
  void SetUp() override { test::reset_clock(); }

  void wait(Deadline deadline) {
    auto count = [this](std::exception_ptr) { ++woken_; };
    boost::asio::co_spawn(io_, flight_.wait(deadline), std::move(count));
    test::run_until_idle(io_);
  }

  boost::asio::io_context io_;
  SingleFlight flight_;
  int woken_ = 0;
};

TEST_F(SingleFlightTest, OneWorksAtATime) {
  EXPECT_TRUE(flight_.begin());
  EXPECT_FALSE(flight_.begin());
  flight_.end();
  EXPECT_TRUE(flight_.begin());
}

TEST_F(SingleFlightTest, TheEndWakesAllWhoWait) {
  EXPECT_TRUE(flight_.begin());
  wait(kNever);
  wait(kNever);
  EXPECT_EQ(woken_, 0);
  flight_.end();
  test::run_until_idle(io_);
  EXPECT_EQ(woken_, 2);
}

TEST_F(SingleFlightTest, NobodyWaitsForNoWorkOrPastTheDeadline) {
  wait(kNever);
  EXPECT_EQ(woken_, 1);
  EXPECT_TRUE(flight_.begin());
  wait(Clock::now() + std::chrono::seconds(1));
  EXPECT_EQ(woken_, 1);
  test::pass_time(io_, std::chrono::seconds(2));
  EXPECT_EQ(woken_, 2);
  flight_.end();
  test::run_until_idle(io_);
}

}  // namespace
}  // namespace loadstar::starrocks
