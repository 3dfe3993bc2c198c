#pragma once

#include "core/base/clock.hpp"

#include <boost/asio/io_context.hpp>

namespace loadstar::test {

/// Discrete-event time for one io_context under the fake clock: time jumps from timer to timer, so
/// a virtual hour in which nothing happens costs nothing. What happens at one instant is settled
/// before the next; the order is that of Asio's queues, so a run replays. One at a time.
class VirtualTime {
 public:
  explicit VirtualTime(boost::asio::io_context& io);
  VirtualTime(const VirtualTime&) = delete;
  VirtualTime& operator=(const VirtualTime&) = delete;
  ~VirtualTime();

  /// Runs everything that is due now.
  void settle();
  /// Jumps to the next timer, but not beyond `limit`, and settles. False if `limit` was reached.
  bool step(Clock::time_point limit);

 private:
  boost::asio::io_context& io_;
  Timer kick_;      // always the earliest: makes the reactor look at its timers
  Timer sentinel_;  // never due: the reactor always has a timer to tell of
};

}  // namespace loadstar::test
