#pragma once

#include "tests/emulator/server/backend.hpp"
#include "tests/emulator/server/cluster.hpp"
#include "tests/emulator/server/coordinator_memory.hpp"
#include "tests/emulator/server/faults.hpp"
#include "tests/emulator/server/frontend.hpp"
#include "tests/emulator/server/options.hpp"
#include "tests/emulator/server/request_log.hpp"
#include "tests/emulator/server/server.hpp"
#include "tests/emulator/server/stream_load_tasks.hpp"
#include "tests/emulator/server/transactions.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace emulator {
inline namespace server {

/// The emulated cluster itself, put together: storage, leader, FEs, BEs and their listeners. Made
/// and used on the emulator's thread only; Emulator and the admin listener reach it there.
class Runtime {
 public:
  /// Throws std::runtime_error if the storage or init_sql fails.
  Runtime(asio::io_context& io, const Options& options);
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;
  ~Runtime();

  /// Binds every port. Throws boost::system::system_error.
  void open(const Options& options);
  /// Ends every listener, connection and wait; what still runs ends by itself.
  void close();

  [[nodiscard]] Engine& engine() { return *engine_; }
  [[nodiscard]] Transactions& transactions() { return transactions_; }
  [[nodiscard]] Cluster& cluster() { return cluster_; }
  [[nodiscard]] Faults& faults() { return faults_; }
  [[nodiscard]] RequestLog& log() { return log_; }
  [[nodiscard]] Access& access() { return access_; }
  [[nodiscard]] Config& config() { return config_; }
  [[nodiscard]] Clock& clock() { return clock_; }
  [[nodiscard]] Backend& backend(std::size_t index) { return *backends_.at(index); }
  [[nodiscard]] Frontend& frontend(std::size_t index) { return *frontends_.at(index); }
  [[nodiscard]] std::size_t frontends() const { return frontends_.size(); }
  [[nodiscard]] std::size_t backends() const { return backends_.size(); }
  /// "fe1", "be2", "admin"; nullptr if there is none.
  [[nodiscard]] Server* server(const std::string& name);

  void restart_backend(std::size_t backend, bool leader_notices);
  void change_leader();
  void advance(milliseconds amount);

 private:
  asio::awaitable<void> tick_loop();
  void tick();

  Config config_;
  Clock clock_;
  std::unique_ptr<Engine> engine_;
  Access access_;
  Transactions transactions_;
  Cluster cluster_;
  Faults faults_;
  RequestLog log_;
  CoordinatorMemory coordinators_;
  std::vector<std::unique_ptr<Backend>> backends_;
  StreamLoadTasks tasks_;
  std::vector<std::unique_ptr<Frontend>> frontends_;
  std::unique_ptr<Handler> admin_;
  std::vector<std::unique_ptr<Server>> servers_;
};

}  // namespace server
}  // namespace emulator
