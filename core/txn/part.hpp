#pragma once

#include "core/base/log.hpp"
#include "core/base/metrics.hpp"
#include "core/base/open_transaction.hpp"
#include "core/base/random.hpp"
#include "core/base/reason.hpp"
#include "core/base/signal.hpp"
#include "core/base/task_group.hpp"
#include "core/ingest/lane.hpp"
#include "core/options.hpp"
#include "core/starrocks/client.hpp"
#include "core/txn/part_attempt.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>

namespace loadstar::txn {

namespace asio = boost::asio;

class Part;

/// What a part asks of the writer that owns it. Called on the writer's strand.
class PartHost {
 public:
  PartHost() = default;
  PartHost(const PartHost&) = delete;
  PartHost& operator=(const PartHost&) = delete;
  virtual ~PartHost() = default;

  /// Waits until no other part of the checkpoint is between begin and its answer (so that probing
  /// may stop after two unknown parts, ingest-api.md 4.3), then gives the next number. nullopt: the
  /// numbers are used up, or the writer has ended.
  virtual asio::awaitable<std::optional<std::uint64_t>> begin_turn(std::uint64_t checkpoint) = 0;
  /// The answer to begin is there; `spent` false: the number may be given again.
  virtual void end_turn(std::uint64_t checkpoint, bool spent) = 0;
  /// Label of part `number` of `checkpoint`.
  [[nodiscard]] virtual std::string label(std::uint64_t checkpoint, std::uint64_t number) const = 0;
  /// Bytes of a batch are not held any more.
  virtual void release(std::uint64_t bytes, std::uint64_t rows, TableMetrics& table) = 0;
  /// A transaction of the part was not seen ended; somebody has to try again.
  virtual void left_open(const std::string& label) = 0;
  /// A transaction of the part is prepared; `gauge` goes on counting it.
  virtual void prepared(const Part& part, std::unique_ptr<OpenTransaction> gauge) = 0;
  /// The part is prepared or has failed.
  virtual void part_ended() = 0;
};

/// What parts share. References outlive them.
struct PartServices {
  starrocks::Client& client;
  Metrics& metrics;
  const CoreOptions& options;
  Logger logger;
};

/// Rows of one lane in one checkpoint, and the StarRocks transaction they are in (architecture.md
/// 4; ingest-api.md 2.1). Rows go into the open transaction as they come; the bytes are kept until
/// the transaction is prepared, so that a poisoned one is driven again under the next number.
///
/// Confined to the strand of its writer. stop() before it is destroyed.
class Part {
 public:
  enum class State : std::uint8_t { kFilling, kPrepared, kFailed, kStopped };

  Part(const asio::any_io_executor& strand, PartHost& host, PartServices services,
       const TableOptions& options, std::shared_ptr<const ingest::LaneSpec> lane,
       std::uint64_t checkpoint, std::uint64_t random_seed);

  /// Starts to drive it; once, after the first add().
  void start();

  /// Takes the rows of batch `sequence`. Only before seal().
  void add(std::uint64_t sequence, std::uint64_t charged_bytes, ingest::EncodedBatch batch);

  /// No more rows come; it is prepared as soon as all are loaded.
  void seal();

  /// Loads at once what waits, instead of waiting for more (memory pressure).
  void hurry();

  /// Stops keeping bytes that are loaded already (D6). A fault of this part then costs
  /// INTERVAL_LOST.
  void stop_retaining();

  /// Ends it: what is not prepared is rolled back.
  asio::awaitable<void> stop();

  [[nodiscard]] const ingest::LaneSpec& lane() const { return *lane_; }
  [[nodiscard]] std::uint64_t checkpoint() const { return checkpoint_; }
  [[nodiscard]] bool sealed() const { return sealed_; }
  [[nodiscard]] State state() const { return state_; }
  /// The number in the label; of the newest attempt.
  [[nodiscard]] std::uint64_t number() const { return number_; }
  /// The newest label; empty before the first begin.
  [[nodiscard]] const std::string& label() const { return label_; }
  [[nodiscard]] std::int64_t transaction_id() const { return transaction_id_; }
  [[nodiscard]] const starrocks::LoadCounts& counts() const { return counts_; }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  [[nodiscard]] std::chrono::system_clock::time_point begun_at() const { return begun_at_; }
  [[nodiscard]] Clock::time_point prepared_at() const { return prepared_at_; }
  /// Why it failed; with State::kFailed.
  [[nodiscard]] const Refusal& failure() const { return failure_; }
  [[nodiscard]] bool rolling_back() const { return rolling_back_; }

 private:
  struct Held {
    std::uint64_t sequence = 0;
    std::uint64_t charged = 0;
    ingest::EncodedBatch batch;
    Clock::time_point arrived;
  };

  asio::awaitable<void> drive();
  asio::awaitable<bool> attempt();
  asio::awaitable<PartAttempt::Step> load_next(PartAttempt& attempt);
  asio::awaitable<void> load_beside(starrocks::LoadRequest load, Deadline deadline);
  asio::awaitable<PartAttempt::Step> prepare(PartAttempt& attempt);
  asio::awaitable<void> roll_back();
  asio::awaitable<void> judge_failure(const PartAttempt& attempt);
  asio::awaitable<void> fail(Reason reason, std::string message, const PartAttempt& attempt);
  [[nodiscard]] bool something_to_do() const;
  [[nodiscard]] Clock::duration pause() const;
  void release_loaded();

  PartHost& host_;
  PartServices services_;
  TableOptions options_;
  std::shared_ptr<const ingest::LaneSpec> lane_;
  starrocks::TableName table_;
  TableMetrics& metrics_;
  std::unique_ptr<OpenTransaction> transaction_;  // until it is prepared
  Oldest::Entry rows_since_;                      // until they are prepared
  std::uint64_t checkpoint_;
  mutable Random random_;
  State state_ = State::kFilling;
  bool sealed_ = false;
  bool hurry_ = false;
  bool retains_ = true;   // all bytes up to now are held, or were never loaded
  bool dropped_ = false;  // loaded bytes are gone
  bool stopping_ = false;
  bool rolling_back_ = false;
  bool begun_ = false;  // StarRocks said so of `label_`
  bool open_ = false;   // `label_` may have a transaction that is not prepared
  std::deque<Held> held_;
  std::size_t loaded_ = 0;  // how many of held_ are in the open transaction
  std::uint64_t first_sequence_ = 0;
  std::uint64_t last_sequence_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t number_ = 0;
  std::string label_;
  std::int64_t transaction_id_ = -1;
  starrocks::LoadCounts counts_;
  std::chrono::system_clock::time_point begun_at_;
  bool prepare_asked_ = false;       // of this label
  Clock::time_point prepared_at_{};  // when prepare was first asked for
  Refusal failure_;
  unsigned failures_ = 0;
  unsigned counted_failures_ = 0;
  std::optional<std::uint64_t> mismatched_total_;  // of the attempt before
  Errc last_error_ = Errc::kRejected;
  Signal changed_;
  TaskGroup tasks_;
};

}  // namespace loadstar::txn
