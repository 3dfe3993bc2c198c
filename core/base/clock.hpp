#pragma once

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/wait_traits.hpp>

#include <chrono>

namespace loadstar {

/// Monotonic time of the whole program; the only clock that code in core/ may read. Two
/// definitions, chosen by the linker: core/base/clock.cpp (steady clock) and
/// tests/support/fake_clock.cpp (moves only when the test says so).
struct Clock {
  using duration = std::chrono::steady_clock::duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<Clock>;
  static constexpr bool is_steady = true;
  static time_point now() noexcept;
};

/// Wall-clock time, for timestamps that people or StarRocks read; never for deciding how long to
/// wait. Has the same two definitions as Clock.
std::chrono::system_clock::time_point wall_now() noexcept;

/// A point in time until which something must be done. `kNever` has no end.
using Deadline = Clock::time_point;
inline constexpr Deadline kNever = Deadline::max();

}  // namespace loadstar

/// How long Asio's reactor may sleep for a timer on Clock. The fake definition answers "do not
/// sleep", so that a test's advance() is seen at once.
template <>
struct boost::asio::wait_traits<loadstar::Clock> {
  static loadstar::Clock::duration to_wait_duration(const loadstar::Clock::duration& wait);
  static loadstar::Clock::duration to_wait_duration(const loadstar::Clock::time_point& expiry);
};

namespace loadstar {

using Timer = boost::asio::basic_waitable_timer<Clock>;

}  // namespace loadstar
