#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/base/random.hpp"
#include "core/base/task_group.hpp"
#include "core/http/transport.hpp"
#include "tests/simulation/faults.hpp"

namespace loadstar::simulation {

/// StarRocks as a model behind http::Transport: labels, transactions and rows in one frontend pair and
/// two backends, with faults (starrocks-load-protocol.md; delivery-and-faults.md 3.3). Stricter than the
/// real one. It speaks the real replies, so all of core/starrocks is under test as well. A request that
/// has arrived is processed whatever becomes of the caller.
///
/// Rows are the lines of CSV bodies; a row that contains "BAD" is refused. Single-threaded.
class SimulatedStarrocks final : public http::Transport {
 public:
  SimulatedStarrocks(boost::asio::io_context& io, Random& random, FaultPlan faults);

  asio::awaitable<Result<http::Response>> send(http::Endpoint endpoint, http::Request request,
                                               Deadline deadline) override;

  /// No more faults from now on.
  void heal() { faults_.heal(); }
  /// Waits for requests that are still being processed, delayed duplicates among them.
  asio::awaitable<void> settle() { return tasks_.join(); }

  /// How often each row is visible in `table`.
  [[nodiscard]] const std::map<std::string, unsigned>& rows(const std::string& table) const;
  [[nodiscard]] const Grid& grid() const { return grid_; }
  [[nodiscard]] std::uint64_t exchanges() const { return exchanges_; }
  /// Finished labels that were forgotten before their time: only then may a retry double rows.
  [[nodiscard]] std::uint64_t evictions() const { return evictions_; }
  [[nodiscard]] std::uint64_t visible_loads() const { return visible_loads_; }

  static constexpr const char* kFrontend = "fe1";
  static constexpr const char* kFollower = "fe2";

 private:
  enum class State { kPrepare, kPrepared, kVisible, kAborted };
  struct Transaction {
    std::int64_t id = 0;
    std::string table;
    std::string body;
    State state = State::kPrepare;
    bool context = true;  ///< a backend still knows it
    std::string reason;
    Clock::time_point expires_at;
  };
  struct Arrived {
    Operation operation = Operation::kOther;
    http::Endpoint endpoint;
    http::Request request;
    bool at_backend = false;
  };

  asio::awaitable<void> process_later(Arrived arrived, Clock::duration delay);
  http::Response process(const Arrived& arrived);
  http::Response begin(const Arrived& arrived);
  http::Response load(const Arrived& arrived, std::string body);
  http::Response prepare(const Arrived& arrived);
  http::Response commit(const Arrived& arrived);
  http::Response rollback(const Arrived& arrived);
  http::Response stream_load(const Arrived& arrived);
  http::Response query(const Arrived& arrived);
  http::Response cancel(const Arrived& arrived);
  void strike(Fault fault, const std::string& label);
  void expire();
  void publish(Transaction& transaction);
  void abort(Transaction& transaction, std::string reason);
  [[nodiscard]] Transaction* find(const std::string& label);

  boost::asio::io_context& io_;
  Random& random_;
  FaultPlan faults_;
  TaskGroup tasks_;
  Grid grid_;
  std::map<std::string, Transaction> transactions_;  // by label, the newest
  std::map<std::string, std::map<std::string, unsigned>> tables_;
  std::int64_t next_id_ = 1000;
  std::uint64_t exchanges_ = 0;
  std::uint64_t evictions_ = 0;
  std::uint64_t visible_loads_ = 0;
};

}  // namespace loadstar::simulation
