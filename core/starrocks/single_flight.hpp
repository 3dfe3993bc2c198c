#pragma once

#include "core/base/clock.hpp"

#include <boost/asio/awaitable.hpp>

#include <memory>
#include <mutex>
#include <vector>

namespace loadstar::starrocks {

/// One does the work, the others wait for it to be done.
///
/// Thread-safe: waiters are woken on their own executors, which must be strands or run on one
/// thread.
class SingleFlight {
 public:
  /// True: the caller does the work and calls end(). False: somebody else is at it, see wait().
  [[nodiscard]] bool begin();

  /// The work is done (or was given up); wakes those who wait.
  void end();

  /// Waits until end() or the deadline; returns at once if nobody is at work, or if cancelled.
  boost::asio::awaitable<void> wait(Deadline deadline);

 private:
  std::mutex mutex_;  // guards the two below
  bool working_ = false;
  std::vector<std::shared_ptr<Timer>> waiting_;
};

}  // namespace loadstar::starrocks
