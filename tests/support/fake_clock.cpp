#include "tests/support/fake_clock.hpp"

#include <utility>

namespace loadstar {
namespace {

constexpr Clock::time_point kStart{std::chrono::hours(1000)};
Clock::time_point current = kStart;
// What Asio's reactor was last told to wait for, by its own account; see nearest_timer().
std::optional<Clock::duration> nearest;

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

std::optional<Clock::duration> take_nearest_timer() { return std::exchange(nearest, std::nullopt); }

}  // namespace test
}  // namespace loadstar

loadstar::Clock::duration boost::asio::wait_traits<loadstar::Clock>::to_wait_duration(
    const loadstar::Clock::duration& wait) {
  loadstar::nearest = wait;
  return loadstar::Clock::duration::zero();
}

loadstar::Clock::duration boost::asio::wait_traits<loadstar::Clock>::to_wait_duration(
    const loadstar::Clock::time_point& /*expiry*/) {
  return loadstar::Clock::duration::zero();
}
