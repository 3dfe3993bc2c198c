#pragma once

#include "core/base/assert.hpp"
#include "core/base/clock.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <list>
#include <utility>

namespace loadstar {

/// The condition variable of a strand: coroutines wait, notify() wakes them all, each looks again
/// at what it waited for. A notify() without waiters is not remembered.
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
    waiters_.emplace_back(strand_, deadline);
    const auto position = std::prev(waiters_.end());
    auto [ec] = co_await position->async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    static_cast<void>(ec);
    waiters_.erase(position);
  }

  boost::asio::awaitable<void> wait() { return wait_until(kNever); }

  void notify() {
    for (Timer& waiter : waiters_) waiter.cancel();
  }

 private:
  boost::asio::any_io_executor strand_;
  std::list<Timer> waiters_;
};

}  // namespace loadstar
