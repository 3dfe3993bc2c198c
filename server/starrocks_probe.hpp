#pragma once

#include "core/base/error.hpp"
#include "core/base/log.hpp"
#include "core/base/metrics.hpp"
#include "core/base/random.hpp"
#include "core/base/task_group.hpp"
#include "core/starrocks/version.hpp"
#include "server/daemon_state.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/strand.hpp>

#include <functional>
#include <future>

namespace loadstar::server {

namespace asio = boost::asio;

/// Asks StarRocks for its version, with back-off until it answers and once in a while afterwards:
/// loadstar_starrocks_up, loadstar_starrocks_info. Nothing waits for it, unless start-up is
/// configured to (`admin.startup.require_starrocks`).
class StarrocksProbe {
 public:
  /// One question to StarRocks: starrocks::Client::version in the daemon.
  using Ask = std::function<asio::awaitable<Result<starrocks::Version>>(Deadline deadline)>;

  /// Runs once, after the first answer and before the next question.
  using OnFirstAnswer = std::function<asio::awaitable<void>()>;

  StarrocksProbe(const asio::any_io_executor& executor, Ask ask, OnFirstAnswer on_first_answer,
                 DaemonState& state, Metrics& metrics, Logger logger, std::uint64_t random_seed);

  void start();

  /// Becomes ready at the first answer; never if stop() comes first. Called once.
  [[nodiscard]] std::future<void> first_answer() { return first_answer_.get_future(); }

  /// Ends the task and waits for it. Called once after start(), on any executor.
  asio::awaitable<void> stop();

 private:
  asio::awaitable<void> run();
  asio::awaitable<void> end();
  void note(const Result<starrocks::Version>& answer);

  asio::strand<asio::any_io_executor> strand_;
  Ask ask_;
  OnFirstAnswer on_first_answer_;
  DaemonState& state_;
  Metrics& metrics_;
  Logger logger_;
  Random random_;
  TaskGroup tasks_;
  std::promise<void> first_answer_;
  bool answered_ = false;
  bool up_ = false;
};

}  // namespace loadstar::server
