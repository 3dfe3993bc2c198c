#pragma once

#include "tests/emulator/engine/engine.hpp"
#include "tests/emulator/server/access.hpp"
#include "tests/emulator/server/clock.hpp"
#include "tests/emulator/server/options.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace emulator {
inline namespace server {

enum class TransactionState { kPrepare, kPrepared, kCommitted, kVisible, kAborted };

/// PREPARE, PREPARED, COMMITTED, VISIBLE, ABORTED.
[[nodiscard]] std::string_view name_of(TransactionState state);

/// A load transaction as the leader keeps it: one label, one id, one database.
struct Transaction {
  std::int64_t id = 0;
  std::string database;
  std::string table;
  std::string label;
  TransactionState state = TransactionState::kPrepare;
  std::string reason;            ///< why it was aborted
  std::string coordinator_type;  ///< "BE" or "FE"
  std::size_t coordinator = 0;   ///< index of the BE
  milliseconds begun{0};
  milliseconds timeout{0};  ///< begin to PREPARED
  milliseconds prepared{0};
  milliseconds prepared_timeout{0};
  milliseconds visible_at{0};  ///< when COMMITTED becomes VISIBLE
  milliseconds finished{0};

  [[nodiscard]] bool running() const {
    return state != TransactionState::kVisible && state != TransactionState::kAborted;
  }
};

/// What a begin RPC carries.
struct BeginRequest {
  std::optional<Credentials> credentials;  ///< unset: already checked
  std::string database;
  std::string table;
  bool check_table = true;
  std::string label;
  std::optional<std::int64_t> timeout_seconds;
  std::string coordinator_type = "BE";
  std::size_t coordinator = 0;
};

/// Its answer: a transaction, or an error; with LABEL_ALREADY_EXISTS also the state of the other
/// one.
struct BeginReply {
  const Transaction* transaction = nullptr;
  std::optional<EngineError> error;
  std::optional<TransactionState> existing;
  std::int64_t existing_id = 0;

  /// RUNNING or FINISHED (4.6.1).
  [[nodiscard]] std::string existing_job_status() const;
};

/// The leader's transaction manager: labels per database, states, timeouts, eviction (4.1,
/// 5, 8.1, 8.2). What StarRocks journals (everything but PREPARE) lives in the engine's key-value
/// store. Confined to the emulator's thread.
class Transactions {
 public:
  Transactions(Engine& engine, Clock& clock, const Config& config, const Access& access);

  /// The leader-side checks of begin, in their order (4.1 step 11).
  BeginReply begin(const BeginRequest& request);

  [[nodiscard]] const Transaction* find(std::int64_t id) const;
  /// The transaction with the largest id for the label.
  [[nodiscard]] const Transaction* newest(const std::string& database,
                                          const std::string& label) const;
  /// All transactions that are remembered, by id.
  [[nodiscard]] std::vector<const Transaction*> all() const;

  /// PREPARE -> PREPARED with the rows of `plans`, durably. Empty loads are refused (E11).
  std::optional<EngineError> prepare(std::int64_t id, const std::vector<LoadPlan*>& plans,
                                     std::int64_t loaded_rows,
                                     std::optional<std::int64_t> prepared_timeout_seconds);
  /// PREPARE -> COMMITTED in one step (stream load, single-phase commit).
  std::optional<EngineError> commit_prepare(std::int64_t id, const std::vector<LoadPlan*>& plans,
                                            std::int64_t loaded_rows,
                                            std::optional<milliseconds> publish_delay);
  /// PREPARED -> COMMITTED.
  void commit_prepared(std::int64_t id, std::optional<milliseconds> publish_delay);
  /// Any running state but COMMITTED -> ABORTED. False if there is no such transaction in such a
  /// state.
  bool abort(std::int64_t id, const std::string& reason);
  /// The default timeout, taken over by a BE after the first load (5.11).
  [[nodiscard]] milliseconds default_timeout() const;

  /// Waits until the transaction leaves COMMITTED; false: `deadline` came first.
  asio::awaitable<bool> wait_visible(std::int64_t id, milliseconds deadline);

  /// Publishes what is due, and every transaction_clean_interval_second ends what has expired and
  /// evicts.
  void tick();
  /// When tick() has something to do next.
  [[nodiscard]] milliseconds next_tick() const;

  /// Forgets all PREPARE transactions, as a new leader does (5.12, E4). Their labels are free
  /// again.
  void forget_prepare();
  /// Runs one eviction now (8.2, E7).
  void evict();
  /// Aborts the PREPARE transactions of a BE whose heartbeat is lost (5.8).
  void backend_lost(std::size_t backend);

  void set_next_id(std::int64_t id);
  /// StarRocks' internal id of a database, as error texts show it.
  std::int64_t database_id(const std::string& database);
  /// PREPARE, PREPARED and COMMITTED transactions of a database.
  [[nodiscard]] std::int64_t running(const std::string& database) const;

 private:
  using LabelKey = std::pair<std::string, std::string>;

  std::optional<EngineError> check_begin(const BeginRequest& request);
  std::optional<EngineError> check_running(const BeginRequest& request);
  std::optional<EngineError> check_prepare(std::int64_t id, std::int64_t loaded_rows) const;
  void stage(std::int64_t id, const std::vector<LoadPlan*>& plans);
  void set_committed(Transaction& transaction, std::optional<milliseconds> publish_delay);
  void publish(Transaction& transaction);
  void expire();
  void forget(std::int64_t id);
  std::int64_t take_id();
  void save(const Transaction& transaction);
  void load();

  Engine& engine_;
  Clock& clock_;
  const Config& config_;
  const Access& access_;
  std::map<std::int64_t, Transaction> transactions_;
  std::map<LabelKey, std::set<std::int64_t>> labels_;
  std::set<std::pair<milliseconds, std::int64_t>> publishing_;
  std::map<std::string, std::int64_t> database_ids_;
  std::int64_t next_id_ = 1001;
  std::int64_t reserved_id_ = 0;
  milliseconds next_scan_;
};

}  // namespace server
}  // namespace emulator
