#pragma once

#include "core/base/clock.hpp"

#include <optional>

namespace loadstar::test {

/// The clock of tests: starts at a fixed point and moves only by these calls. Linking
/// loadstar_test_support instead of loadstar_system_clock selects it. Not thread-safe.
void set_clock(Clock::time_point now);
void advance_clock(Clock::duration length);
/// Back to the start; call in SetUp, because the clock is one per process.
void reset_clock();

/// How far off the earliest timer was when a reactor looked at its timers last; nullopt if none has
/// since the last call of this function. For VirtualTime.
[[nodiscard]] std::optional<Clock::duration> take_nearest_timer();

}  // namespace loadstar::test
