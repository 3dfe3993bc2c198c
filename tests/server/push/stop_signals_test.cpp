#include "server/push/stop_signals.hpp"

#include "server/exit_status.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <future>

namespace loadstar::server {
namespace {

using std::chrono::milliseconds;

/// Signals are for a process of its own, in which no other test has left a thread.
class StopSignalsTest : public ::testing::Test {
 protected:
  void SetUp() override { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

TEST_F(StopSignalsTest, TheFirstSignalStopsAndThenTheGraceEnds) {
  const auto child = [] {
    std::promise<void> stopped;
    std::promise<void> given_up;
    {
      const StopSignals signals(milliseconds(1), {[&stopped] { stopped.set_value(); },
                                                  [&given_up] { given_up.set_value(); }});
      ::kill(::getpid(), SIGINT);
      stopped.get_future().wait();
      given_up.get_future().wait();
    }
    ::_exit(17);
  };
  EXPECT_EXIT(child(), ::testing::ExitedWithCode(17), "");
}

TEST_F(StopSignalsTest, ASecondSignalEndsAtOnce) {
  const auto child = [] {
    std::promise<void> stopped;
    const StopSignals signals(std::chrono::hours(1), {[&stopped] { stopped.set_value(); }, [] {}});
    ::kill(::getpid(), SIGTERM);
    stopped.get_future().wait();
    ::kill(::getpid(), SIGINT);
    ::pause();
  };
  EXPECT_EXIT(child(), ::testing::ExitedWithCode(kExitUnfinished), "");
}

TEST_F(StopSignalsTest, AfterItsEndSignalsAreWhatTheyWere) {
  const auto child = [] {
    {
      const StopSignals signals(milliseconds(1), {[] {}, [] {}});
    }
    ::kill(::getpid(), SIGTERM);
    ::pause();
  };
  EXPECT_EXIT(child(), ::testing::KilledBySignal(SIGTERM), "");
}

}  // namespace
}  // namespace loadstar::server
