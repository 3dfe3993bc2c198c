#pragma once

#include "core/base/clock.hpp"
#include "core/base/random.hpp"
#include "core/http/message.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace loadstar::simulation {

enum class TransactionState : std::uint8_t { kPrepare, kPrepared, kCommitted, kVisible, kAborted };

/// What differs between releases of StarRocks and between runs.
struct StarrocksBehaviour {
  /// Eviction forgets committed labels too. Exactly-once delivery assumes that it does not, for
  /// labels that a client may still ask for (ingest-api.md 4.6 A3).
  bool forgets_committed = true;
  /// `begin` of a label in PREPARE is answered as if new (ingest-api.md 6).
  bool begin_is_idempotent = false;
  /// Longest time a prepared transaction is kept, whatever `prepared_timeout` asks for.
  std::chrono::seconds longest_prepared{7 * 86'400};
};

/// Labels, transactions and rows of one StarRocks cluster as a state machine without network
/// (starrocks-load-protocol.md 5 to 8; ingest-api.md 4.1 F1 to F10): requests in, the real replies
/// out. Stricter than the real one. Rows are the lines of CSV bodies; a row that contains "BAD" is
/// refused.
class TransactionModel {
 public:
  struct Transaction {
    std::int64_t id = 0;
    std::string table;
    std::string body;  ///< also after the commit, for checks
    TransactionState state = TransactionState::kPrepare;
    bool context = true;  ///< a backend still knows it
    std::string reason;
    Clock::time_point begun_at;
    Clock::time_point expires_at;
    Clock::time_point visible_at;
  };
  /// Told of each transaction when it commits; `one_phase`: it was not prepared (F6).
  using OnCommit =
      std::function<void(const std::string& label, const Transaction& transaction, bool one_phase)>;

  TransactionModel(StarrocksBehaviour behaviour, Random& random)
      : behaviour_(behaviour), random_(random) {}
  void on_commit(OnCommit told) { on_commit_ = std::move(told); }

  http::Response begin(const std::string& label, const std::string& table,
                       std::chrono::seconds timeout);
  http::Response load(const std::string& label, std::string body);
  http::Response prepare(const std::string& label, std::chrono::seconds prepared_timeout);
  /// `slowly`: committed now, visible later.
  http::Response commit(const std::string& label, bool slowly);
  http::Response rollback(const std::string& label);
  http::Response cancel(const std::string& label);
  http::Response stream_load(const std::string& label, const std::string& table, std::string body,
                             bool slowly);
  http::Response query(const std::string& label);

  // What befalls the cluster.
  void leader_change();    ///< PREPARE is lost, PREPARED stays
  void backend_restart();  ///< the backends forget their contexts
  void time_out(const std::string& label);
  void evict();
  /// The load of `label` fails for good; makes the label if it is not there.
  std::int64_t fail_load(const std::string& label, std::string reason);
  /// Ends what has passed its time; done before each request.
  void expire();

  /// nullopt: UNKNOWN.
  [[nodiscard]] std::optional<TransactionState> state(const std::string& label) const;
  [[nodiscard]] const std::map<std::string, Transaction>& transactions() const {
    return transactions_;
  }
  /// How often each row is committed in `table`.
  [[nodiscard]] const std::map<std::string, unsigned>& rows(const std::string& table) const;
  /// Committed labels that were forgotten: only then may a retry of at-least-once double rows.
  [[nodiscard]] std::uint64_t evictions() const { return forgotten_.size(); }
  [[nodiscard]] bool has_forgotten(const std::string& label) const {
    return forgotten_.contains(label);
  }
  /// Transactions that were committed.
  [[nodiscard]] std::uint64_t commits() const { return commits_; }

 private:
  [[nodiscard]] Transaction* find(const std::string& label);
  void publish(const std::string& label, Transaction& transaction, bool slowly, bool one_phase);
  static http::Response refuse_empty(Transaction& transaction);
  static void abort(Transaction& transaction, std::string reason);

  StarrocksBehaviour behaviour_;
  Random& random_;
  OnCommit on_commit_;
  std::map<std::string, Transaction> transactions_;  // by label, the newest
  std::map<std::string, std::map<std::string, unsigned>> tables_;
  Clock::time_point due_ = kNever;  // nothing passes its time before
  std::int64_t next_id_ = 1000;
  std::set<std::string> forgotten_;  // committed labels
  std::uint64_t commits_ = 0;
};

// Replies as StarRocks writes them.
[[nodiscard]] http::Response json(std::string body);
[[nodiscard]] http::Response failure(std::string_view status, std::string_view message);
[[nodiscard]] http::Response frontend_failure(std::string_view message);
/// Rows of a CSV body.
[[nodiscard]] std::vector<std::string> lines(const std::string& body);

}  // namespace loadstar::simulation
