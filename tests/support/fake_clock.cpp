#include "tests/support/fake_clock.hpp"

namespace loadstar {
namespace {

constexpr Clock::time_point kStart{std::chrono::hours(1000)};
Clock::time_point current = kStart;
// When the earliest timer was due when a reactor asked last; see nearest_timer().
Clock::time_point nearest = kNever;
bool reactor_sleeps = false;

}  // namespace

Clock::time_point Clock::now() noexcept { return current; }

std::chrono::system_clock::time_point wall_now() noexcept {
  return std::chrono::system_clock::time_point(
      std::chrono::duration_cast<std::chrono::system_clock::duration>(current.time_since_epoch()));
}

namespace test {

void set_clock(Clock::time_point now) { current = now; }
void advance_clock(Clock::duration length) { current += length; }
void reset_clock() { current = kStart; }

Clock::time_point nearest_timer() { return nearest; }
void let_reactor_sleep(bool sleeps) { reactor_sleeps = sleeps; }

}  // namespace test
}  // namespace loadstar

loadstar::Clock::duration boost::asio::wait_traits<loadstar::Clock>::to_wait_duration(
    const loadstar::Clock::duration& wait) {
  using loadstar::Clock;
  const bool never = wait >= loadstar::kNever - Clock::now();
  loadstar::nearest = never ? loadstar::kNever : Clock::now() + wait;
  const bool due = wait <= Clock::duration::zero();
  return due || !loadstar::reactor_sleeps ? Clock::duration::zero() : std::chrono::hours(1);
}

loadstar::Clock::duration boost::asio::wait_traits<loadstar::Clock>::to_wait_duration(
    const loadstar::Clock::time_point& /*expiry*/) {
  return loadstar::Clock::duration::zero();
}
