#pragma once

#include "core/base/task_group.hpp"
#include "server/tls.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/strand.hpp>

#include <chrono>

namespace loadstar::server {

namespace asio = boost::asio;

/// Looks at the listeners' certificate files once in an interval, for as long as the daemon runs.
class TlsReload {
 public:
  /// `tls` outlives it.
  TlsReload(const asio::any_io_executor& executor, ServerTls& tls,
            std::chrono::milliseconds interval);

  void start();

  /// Ends the task and waits for it. Called once after start(), on any executor.
  asio::awaitable<void> stop();

 private:
  asio::awaitable<void> run();
  asio::awaitable<void> end();

  asio::strand<asio::any_io_executor> strand_;
  ServerTls& tls_;
  const std::chrono::milliseconds interval_;
  TaskGroup tasks_;
};

}  // namespace loadstar::server
