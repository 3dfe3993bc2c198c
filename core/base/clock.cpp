#include "core/base/clock.hpp"

namespace loadstar {

Clock::time_point Clock::now() noexcept {
  return time_point(std::chrono::steady_clock::now().time_since_epoch());
}

std::chrono::system_clock::time_point wall_now() noexcept {
  return std::chrono::system_clock::now();
}

}  // namespace loadstar

loadstar::Clock::duration boost::asio::wait_traits<loadstar::Clock>::to_wait_duration(
    const loadstar::Clock::duration& wait) {
  return wait;
}

loadstar::Clock::duration boost::asio::wait_traits<loadstar::Clock>::to_wait_duration(
    const loadstar::Clock::time_point& expiry) {
  const auto now = loadstar::Clock::now();
  if (expiry <= now) return loadstar::Clock::duration::zero();
  return expiry - now;
}
