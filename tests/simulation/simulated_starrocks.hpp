#pragma once

#include "core/base/random.hpp"
#include "core/base/task_group.hpp"
#include "core/http/transport.hpp"
#include "tests/simulation/faults.hpp"
#include "tests/simulation/transaction_model.hpp"

#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <map>
#include <string>

namespace loadstar::simulation {

/// StarRocks behind http::Transport: one frontend pair and two backends before a TransactionModel,
/// and the network between, with faults (starrocks-load-protocol.md; delivery-and-faults.md 3.3).
/// It speaks the real replies, so all of core/starrocks is under test as well. A request that has
/// arrived is processed whatever becomes of the caller. Single-threaded.
class SimulatedStarrocks final : public http::Transport {
 public:
  SimulatedStarrocks(boost::asio::io_context& io, Random& random, FaultPlan faults,
                     StarrocksBehaviour behaviour = {});

  asio::awaitable<Result<http::Response>> send(http::Endpoint endpoint, http::Request request,
                                               Deadline deadline) override;

  /// A request that its sender knows nothing more of; processed after `delay`.
  void deliver_late(http::Endpoint endpoint, http::Request request, Clock::duration delay);

  /// No more faults from now on.
  void heal() { faults_.heal(); }
  /// Waits for requests that are still being processed, delayed duplicates among them.
  asio::awaitable<void> settle() { return tasks_.join(); }
  /// Requests that are still under way.
  [[nodiscard]] std::size_t under_way() const { return tasks_.size(); }

  [[nodiscard]] TransactionModel& model() { return model_; }
  [[nodiscard]] const FaultPlan& faults() const { return faults_; }
  [[nodiscard]] const std::map<std::string, unsigned>& rows(const std::string& table) const {
    return model_.rows(table);
  }
  [[nodiscard]] const Grid& grid() const { return grid_; }
  [[nodiscard]] std::uint64_t exchanges() const { return exchanges_; }
  [[nodiscard]] std::uint64_t evictions() const { return model_.evictions(); }
  [[nodiscard]] std::uint64_t visible_loads() const { return model_.commits(); }

  /// What a request is about; kOther for what is no load.
  [[nodiscard]] static Operation operation_of(const http::Request& request);
  [[nodiscard]] static std::string label_of(const http::Request& request);

  static constexpr const char* kFrontend = "fe1";
  static constexpr const char* kFollower = "fe2";

 private:
  struct Arrived {
    Operation operation = Operation::kOther;
    http::Endpoint endpoint;
    http::Request request;
    bool at_backend = false;
    std::string label;
  };

  asio::awaitable<Result<http::Response>> exchange(Arrived arrived, Deadline deadline);
  asio::awaitable<void> process_later(Arrived arrived, Clock::duration delay);
  [[nodiscard]] static Arrived arrival(http::Endpoint endpoint, http::Request request);
  /// False: it is only sent on to a backend.
  [[nodiscard]] bool is_processed_here(const Arrived& arrived) const;
  http::Response process(const Arrived& arrived, bool publish_slowly);
  http::Response answer_other(const Arrived& arrived);
  http::Response refuse_load(const Arrived& arrived, Fault fault);
  void strike(Fault fault, const std::string& label);

  Random& random_;
  FaultPlan faults_;
  TransactionModel model_;
  TaskGroup tasks_;
  Grid grid_;
  std::uint64_t exchanges_ = 0;
};

}  // namespace loadstar::simulation
