#pragma once

#include "core/base/metrics.hpp"
#include "core/http/pool.hpp"
#include "core/starrocks/client.hpp"
#include "tests/emulator/server/emulator.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>
#include <prometheus/registry.h>

#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace loadstar::starrocks {

/// The client over a real pool against the emulator, on 127.0.0.1 and the real clock. The database
/// `db` has the duplicate key table `t(id INT NOT NULL, name VARCHAR(10), score INT)`.
class ProtocolTest : public ::testing::Test {
 protected:
  ~ProtocolTest() override;

  /// Starts the emulator as `cluster_options` say, and a client for it; again: another one.
  void start();
  void stop_client();
  /// Another client of the same cluster, after a change of `options`.
  void make_client();

  /// Runs `task` to its end on this thread.
  template <class T>
  T run(boost::asio::awaitable<T> task) {
    std::optional<T> value;
    std::exception_ptr failure;
    bool ended = false;
    auto on_exit = [&](std::exception_ptr error, T result) {
      failure = std::move(error);
      value.emplace(std::move(result));
      ended = true;
    };
    boost::asio::co_spawn(io_, std::move(task), std::move(on_exit));
    io_.restart();
    while (!ended) io_.run_one();
    if (failure) std::rethrow_exception(failure);
    return std::move(*value);
  }

  [[nodiscard]] static Deadline in(Clock::duration length) { return Clock::now() + length; }
  /// Long enough for every operation that ends by itself.
  [[nodiscard]] static Deadline later() { return in(std::chrono::seconds(30)); }

  /// CSV with commas for `db.t`.
  [[nodiscard]] static LoadRequest csv(std::string label, std::string body = "1,a,2\n");
  /// begin, and one load of `body`; returns the transaction id.
  std::int64_t open(const std::string& label, std::string body = "1,a,2\n");
  /// open() and prepare.
  void prepare(const std::string& label, std::string body = "1,a,2\n");

  [[nodiscard]] std::string rows();  ///< of db.t, as the emulator counts them
  [[nodiscard]] std::string state(const std::string& label) {
    return cluster_->label_state("db", label);
  }
  void fault(std::string operation, emulator::FaultPhase phase, emulator::FaultAction action,
             std::string text = "", std::int64_t times = 1);

  emulator::Options cluster_options = default_cluster();
  ClientOptions options;
  http::PoolOptions pool_options;
  const TableName table{"db", "t"};
  const std::chrono::seconds timeout{600};

  boost::asio::io_context io_;
  std::optional<emulator::Emulator> cluster_;
  std::unique_ptr<http::Pool> pool_;
  prometheus::Registry registry_;
  Metrics metrics_{registry_, "main", 10};
  std::optional<Client> client_;

 private:
  static emulator::Options default_cluster();
};

}  // namespace loadstar::starrocks
