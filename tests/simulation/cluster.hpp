#pragma once

#include "core/base/metrics.hpp"
#include "core/base/task_group.hpp"
#include "core/http/transport.hpp"
#include "core/txn/writer_registry.hpp"
#include "tests/simulation/exactly_once_plan.hpp"
#include "tests/simulation/operation_log.hpp"
#include "tests/simulation/simulated_starrocks.hpp"

#include <prometheus/registry.h>

#include <array>
#include <functional>
#include <memory>
#include <vector>

namespace loadstar::simulation {

/// How one daemon process reaches StarRocks: writes down what it asks, and is cut when the process
/// dies.
class DaemonLink final : public http::Transport {
 public:
  /// Told of each exchange, before it leaves and after it was processed; may cut().
  using OnExchange = std::function<void(std::uint64_t number, bool after)>;

  DaemonLink(unsigned daemon, SimulatedStarrocks& starrocks, OperationLog& log, Random& random,
             OnExchange told);

  asio::awaitable<Result<http::Response>> send(http::Endpoint endpoint, http::Request request,
                                               Deadline deadline) override;

  /// SIGKILL: nothing is answered any more, and what is still sent is lost or delivered late.
  void cut() { cut_ = true; }
  [[nodiscard]] bool is_cut() const { return cut_; }

 private:
  asio::awaitable<Result<http::Response>> swallow(http::Endpoint endpoint, http::Request request);

  unsigned daemon_;
  SimulatedStarrocks& starrocks_;
  OperationLog& log_;
  Random& random_;
  OnExchange told_;
  bool cut_ = false;
};

/// One daemon process. Dead ones are kept until the run ends.
class DaemonProcess {
 public:
  DaemonProcess(boost::asio::io_context& io, unsigned number, const CoreOptions& options,
                SimulatedStarrocks& starrocks, OperationLog& log, Random& random,
                DaemonLink::OnExchange told);

  [[nodiscard]] unsigned number() const { return number_; }
  [[nodiscard]] bool dead() const { return link_.is_cut(); }
  [[nodiscard]] DaemonLink& link() { return link_; }
  [[nodiscard]] const std::shared_ptr<txn::WriterRegistry>& writers() const { return writers_; }
  [[nodiscard]] double reserved_bytes() const { return metrics_.memory_reserved.Value(); }

 private:
  unsigned number_;
  DaemonLink link_;
  prometheus::Registry registry_;
  Metrics metrics_;
  starrocks::Client client_;
  std::shared_ptr<txn::WriterRegistry> writers_;
};

/// Two daemons before one StarRocks, each replaced when it ends.
class Cluster {
 public:
  static constexpr std::size_t kDaemons = 2;

  Cluster(boost::asio::io_context& io, const ExactlyOncePlan& plan, CoreOptions options,
          SimulatedStarrocks& starrocks, OperationLog& log, Random& random);

  /// The process at place `at`.
  [[nodiscard]] std::shared_ptr<DaemonProcess> daemon(std::size_t at) const { return daemons_[at]; }
  [[nodiscard]] const CoreOptions& options() const { return options_; }
  /// No daemon is ended any more.
  void heal() { healed_ = true; }
  [[nodiscard]] unsigned kills() const { return kills_; }
  [[nodiscard]] unsigned drains() const { return drains_; }

  /// Stops every process that still runs; once, at the end.
  asio::awaitable<void> stop();
  [[nodiscard]] const std::vector<std::shared_ptr<DaemonProcess>>& all() const { return all_; }

 private:
  [[nodiscard]] std::shared_ptr<DaemonProcess> make(std::size_t at);
  void on_exchange(std::size_t at, unsigned process, bool after);
  asio::awaitable<void> end(std::shared_ptr<DaemonProcess> process, bool drain);

  boost::asio::io_context& io_;
  const ExactlyOncePlan& plan_;
  CoreOptions options_;
  SimulatedStarrocks& starrocks_;
  OperationLog& log_;
  Random& random_;
  std::array<std::shared_ptr<DaemonProcess>, kDaemons> daemons_;
  std::vector<std::shared_ptr<DaemonProcess>> all_;
  std::vector<std::shared_ptr<DaemonProcess>> running_;
  std::uint64_t exchanges_ = 0;
  unsigned kills_ = 0;
  unsigned drains_ = 0;
  bool healed_ = false;
  TaskGroup tasks_;
};

}  // namespace loadstar::simulation
