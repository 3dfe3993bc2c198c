#pragma once

#include "config/options.hpp"
#include "core/base/metrics.hpp"
#include "core/http/pool.hpp"
#include "core/starrocks/client.hpp"
#include "server/io_threads.hpp"

#include <prometheus/registry.h>

#include <memory>
#include <string>
#include <utility>

namespace loadstar::server {

/// StarRocks as the daemon's configuration names it, for commands that ask it a few things and end.
/// Used from one thread, which waits for each answer.
class StarrocksSession {
 public:
  explicit StarrocksSession(const config::Options& options);
  StarrocksSession(const StarrocksSession&) = delete;
  StarrocksSession& operator=(const StarrocksSession&) = delete;
  ~StarrocksSession();

  /// Why there is no client: TLS cannot be set up. Empty if there is one.
  [[nodiscard]] const std::string& error() const { return error_; }
  [[nodiscard]] starrocks::Client& client() { return *client_; }
  /// When an answer is given up: `starrocks.query_timeout` from now.
  [[nodiscard]] Deadline deadline() const { return Clock::now() + query_timeout_; }
  template <class T>
  T wait(asio::awaitable<T> task) {
    return threads_.wait(std::move(task));
  }

 private:
  IoThreads threads_{1};
  prometheus::Registry registry_;
  Metrics metrics_;
  std::unique_ptr<http::Pool> pool_;
  std::unique_ptr<starrocks::Client> client_;
  std::chrono::milliseconds query_timeout_;
  std::string error_;
};

}  // namespace loadstar::server
