#pragma once

#include "tests/emulator/server/faults.hpp"
#include "tests/emulator/server/options.hpp"
#include "tests/emulator/server/request_log.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace emulator {
inline namespace server {

/// A StarRocks cluster in this process: a leader FE, optionally a follower FE, some BEs, each a
/// real HTTP listener on 127.0.0.1, with rows in SQLite. One thread of its own runs all of it.
/// Every method may be called from any other thread; those that act on the cluster return when it
/// is done. Methods from `execute` on need a started emulator.
class Emulator {
 public:
  explicit Emulator(Options options = {});
  Emulator(const Emulator&) = delete;
  Emulator& operator=(const Emulator&) = delete;
  /// Stops it.
  ~Emulator();

  /// Opens the storage, runs init_sql, binds all ports. Throws std::runtime_error if any of it
  /// fails.
  void start();
  /// Ends all connections and the thread. Ports stay known; start() may be called again.
  void stop();

  [[nodiscard]] std::uint16_t fe_port() const;
  /// 0 without a follower.
  [[nodiscard]] std::uint16_t follower_port() const;
  [[nodiscard]] std::uint16_t be_port(std::size_t backend) const;
  [[nodiscard]] std::uint16_t admin_port() const;
  [[nodiscard]] std::size_t backends() const;
  /// `http://<advertised host>:<port>`.
  [[nodiscard]] std::string fe_url() const;
  [[nodiscard]] std::string follower_url() const;
  [[nodiscard]] std::string be_url(std::size_t backend) const;

  /// DDL and INSERT; throws std::runtime_error with the engine's words.
  void execute(const std::string& sql);
  /// A SELECT; throws std::runtime_error with the engine's words.
  [[nodiscard]] QueryResult query(const std::string& sql, const std::string& database = "");

  /// PREPARE, ..., or UNKNOWN: what get_load_state would say (8.1).
  [[nodiscard]] std::string label_state(const std::string& database, const std::string& label);
  /// Why it was aborted.
  [[nodiscard]] std::string label_reason(const std::string& database, const std::string& label);
  /// PREPARE, PREPARED and COMMITTED transactions of a database.
  [[nodiscard]] std::int64_t running_transactions(const std::string& database);
  void set_next_transaction_id(std::int64_t id);

  void add_fault(FaultRule rule);
  void clear_faults();
  /// A StarRocks configuration key by name; throws std::invalid_argument for an unknown one.
  void set_config(const std::string& key, const std::string& value);
  void set_users(std::vector<User> users);

  /// Kills and restarts a BE: its contexts and connections are gone. `leader_notices`: its
  /// heartbeat was lost too, so its PREPARE transactions are aborted (5.12).
  void restart_backend(std::size_t backend, bool leader_notices = false);
  /// New stream loads are refused with "Service is shutting down" (4.10).
  void set_backend_stopping(std::size_t backend, bool stopping);
  /// What the FEs believe; a BE that is not alive is not chosen.
  void set_backend_alive(std::size_t backend, bool alive);
  /// Another FE leads (if there is one): PREPARE and the memory of labels are lost (5.12).
  void change_leader();
  /// `/api/health` of all FEs answers 500 (8.6).
  void set_frontends_stopping(bool stopping);
  /// "fe1", "fe2", "be1", ...: refuses connections until it is true again.
  void set_listening(const std::string& server, bool listening);

  /// Emulated time passes at once (E6).
  void advance_clock(std::chrono::milliseconds amount);
  /// Runs the label eviction now (8.2).
  void evict();

  /// States that only a race produces (Backend::mark_failed, mark_timing_out).
  bool mark_context_failed(std::size_t backend, const std::string& label);
  bool mark_context_timing_out(std::size_t backend, const std::string& label);

  /// All requests so far, oldest first.
  [[nodiscard]] std::vector<LoggedRequest> requests();
  /// Lines of RejectedRecordPath.
  [[nodiscard]] std::vector<std::string> rejected_records(const std::string& path);

 private:
  struct Thread;

  Options options_;
  std::unique_ptr<Thread> thread_;
  std::uint16_t fe_port_ = 0;
  std::uint16_t follower_port_ = 0;
  std::vector<std::uint16_t> be_ports_;
  std::uint16_t admin_port_ = 0;
};

}  // namespace server
}  // namespace emulator
