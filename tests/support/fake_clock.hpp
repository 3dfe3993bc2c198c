#pragma once

#include "core/base/clock.hpp"

namespace loadstar::test {

/// The clock of tests: starts at a fixed point and moves only by these calls. Linking
/// loadstar_test_support instead of loadstar_system_clock selects it. Not thread-safe.
void set_clock(Clock::time_point now);
void advance_clock(Clock::duration length);
/// Back to the start; call in SetUp, because the clock is one per process.
void reset_clock();

// For VirtualTime.

/// No timer is due before this, as far as the reactors have asked.
[[nodiscard]] Clock::time_point nearest_timer();
/// Whether reactors are told to sleep for timers that are not due yet. Otherwise they look at every
/// poll, which costs a system call for each timer that is set.
void let_reactor_sleep(bool sleeps);

}  // namespace loadstar::test
