#pragma once

#include "core/base/clock.hpp"
#include "core/base/task_group.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/strand.hpp>

#include <atomic>

namespace loadstar::server {

namespace asio = boost::asio;

/// Shows that an event loop still turns: a task on it notes the time once a second. /livez compares
/// (operations.md 1.2).
///
/// start() and stop() by the owner; silence() from any thread.
class Heartbeat {
 public:
  explicit Heartbeat(const asio::any_io_executor& executor);

  void start();

  /// Ends the task and waits for it. Called once after start(), on any executor.
  asio::awaitable<void> stop();

  /// How long ago the loop turned; zero before start().
  [[nodiscard]] Clock::duration silence() const;

 private:
  asio::awaitable<void> beat();
  asio::awaitable<void> end();

  asio::strand<asio::any_io_executor> strand_;
  TaskGroup tasks_;
  std::atomic<Clock::rep> last_{0};
};

}  // namespace loadstar::server
