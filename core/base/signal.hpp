#pragma once

#include "core/base/assert.hpp"
#include "core/base/clock.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <functional>
#include <list>
#include <utility>

namespace loadstar {

/// The condition variable of a strand: coroutines wait, notify() wakes them, each looks again at
/// what it waited for. A notify() without waiters is not remembered.
///
/// Confined to: the strand given to the constructor. Outlives its waiters.
class Signal {
 public:
  explicit Signal(boost::asio::any_io_executor strand) : strand_(std::move(strand)) {}
  Signal(const Signal&) = delete;
  Signal& operator=(const Signal&) = delete;
  ~Signal() { LOADSTAR_ASSERT(waiters_.empty(), "a Signal outlives its waiters"); }

  /// Waits for notify(), `deadline`, or cancellation; which of them it was, the caller finds out by
  /// looking.
  boost::asio::awaitable<void> wait_until(Deadline deadline) {
    return wait_until(deadline, nullptr);
  }

  /// The same, but notify() asks `concerns` first, on the strand, and lets the waiter sleep if it
  /// says no. For waits that are notified far more often than they have to end: a timer is set anew
  /// by a system call, and often by another thread. It is not called once the wait is over.
  boost::asio::awaitable<void> wait_until(Deadline deadline, std::function<bool()> concerns) {
    waiters_.emplace_back(Timer(strand_, deadline), std::move(concerns));
    const auto position = std::prev(waiters_.end());
    auto [ec] =
        co_await position->timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    static_cast<void>(ec);
    waiters_.erase(position);
  }

  boost::asio::awaitable<void> wait() { return wait_until(kNever); }

  void notify() {
    for (Waiter& waiter : waiters_) {
      if (!waiter.concerns || waiter.concerns()) waiter.timer.cancel();
    }
  }

 private:
  struct Waiter {
    Waiter(Timer sleep, std::function<bool()> question)
        : timer(std::move(sleep)), concerns(std::move(question)) {}
    Timer timer;
    std::function<bool()> concerns;
  };

  boost::asio::any_io_executor strand_;
  std::list<Waiter> waiters_;
};

}  // namespace loadstar
