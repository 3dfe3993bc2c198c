#include "tests/emulator/server/clock.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>

namespace emulator {
inline namespace server {
namespace {

/// Keeps a timer in a list while its coroutine waits, also when that coroutine is destroyed.
class Enlisted {
 public:
  Enlisted(std::list<asio::steady_timer*>& list, asio::steady_timer& timer)
      : list_(list), place_(list.insert(list.end(), &timer)) {}
  Enlisted(const Enlisted&) = delete;
  Enlisted& operator=(const Enlisted&) = delete;
  ~Enlisted() { list_.erase(place_); }

 private:
  std::list<asio::steady_timer*>& list_;
  std::list<asio::steady_timer*>::iterator place_;
};

}  // namespace

Clock::Clock(asio::io_context& context, bool still)
    : context_(context),
      still_(still),
      epoch_(std::chrono::duration_cast<milliseconds>(
          std::chrono::system_clock::now().time_since_epoch())),
      start_(std::chrono::steady_clock::now()) {}

milliseconds Clock::now() const {
  if (still_) return epoch_ + advanced_;
  const auto passed = std::chrono::steady_clock::now() - start_;
  return epoch_ + advanced_ + std::chrono::duration_cast<milliseconds>(passed);
}

void Clock::advance(milliseconds amount) {
  advanced_ += amount;
  wake();
}

asio::awaitable<bool> Clock::wait_until(milliseconds when) {
  if (stopped_) co_return false;
  asio::steady_timer timer(context_);
  if (still_) {
    timer.expires_at(asio::steady_timer::time_point::max());
    if (when <= now()) co_return true;
  } else {
    // A far deadline would overflow the timer's clock; whoever waits looks again anyway.
    timer.expires_after(std::clamp(when - now(), milliseconds(0), milliseconds(3'600'000)));
  }
  const Enlisted enlisted(waiting_, timer);
  const auto token = asio::as_tuple(asio::use_awaitable);
  co_await timer.async_wait(token);
  co_return !stopped_;
}

asio::awaitable<bool> Clock::pause(milliseconds real) {
  if (stopped_) co_return false;
  asio::steady_timer timer(context_, real);
  const Enlisted enlisted(pausing_, timer);
  const auto token = asio::as_tuple(asio::use_awaitable);
  co_await timer.async_wait(token);
  co_return !stopped_;
}

void Clock::wake() {
  for (asio::steady_timer* timer : waiting_) timer->cancel();
}

void Clock::stop() {
  stopped_ = true;
  wake();
  for (asio::steady_timer* timer : pausing_) timer->cancel();
}

}  // namespace server
}  // namespace emulator
