#pragma once

#include "core/base/clock.hpp"

#include <boost/asio/awaitable.hpp>

#include <deque>
#include <memory>
#include <mutex>

namespace loadstar::txn {

/// How many loads may run at once, all tables together (key `starrocks.max_loads`). First come,
/// first served. Thread-safe; callers run on strands.
class LoadPermits {
 public:
  explicit LoadPermits(unsigned count) : free_(count) {}
  LoadPermits(const LoadPermits&) = delete;
  LoadPermits& operator=(const LoadPermits&) = delete;

  /// Waits for a permit; false if cancelled, and then none is held.
  boost::asio::awaitable<bool> acquire();

  /// Gives one back, to the first who waits.
  void release();

 private:
  struct Waiter;

  std::mutex mutex_;  // guards all below
  unsigned free_;
  std::deque<std::shared_ptr<Waiter>> waiters_;
};

}  // namespace loadstar::txn
