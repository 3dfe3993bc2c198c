#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <list>

namespace emulator {
inline namespace server {

namespace asio = boost::asio;
using std::chrono::milliseconds;

/// The time by which the emulated cluster measures its timeouts (trap E6): real time plus what
/// advance() added, or only the latter if it stands still. Milliseconds since the Unix epoch.
/// Confined to the emulator's thread.
class Clock {
 public:
  /// `still`: time passes only by advance().
  Clock(asio::io_context& context, bool still);
  Clock(const Clock&) = delete;
  Clock& operator=(const Clock&) = delete;

  [[nodiscard]] milliseconds now() const;

  /// Lets `amount` of emulated time pass at once and wakes everyone who waits.
  void advance(milliseconds amount);

  /// Waits until `when`, a wake() or the end. The caller looks again at what it waits for; false
  /// means that the emulator is stopping.
  asio::awaitable<bool> wait_until(milliseconds when);

  /// Waits for real time, whatever the emulated clock does (delays of faults). False: stopping.
  asio::awaitable<bool> pause(milliseconds real);

  /// Wakes everyone who waits by wait_until().
  void wake();

  /// Ends all waits; later ones return at once.
  void stop();
  [[nodiscard]] bool stopped() const { return stopped_; }

 private:
  asio::io_context& context_;
  const bool still_;
  bool stopped_ = false;
  milliseconds epoch_;
  std::chrono::steady_clock::time_point start_;
  milliseconds advanced_{0};
  std::list<asio::steady_timer*> waiting_;
  std::list<asio::steady_timer*> pausing_;
};

}  // namespace server
}  // namespace emulator
