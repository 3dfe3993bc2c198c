#pragma once

#include "core/base/clock.hpp"
#include "core/base/log.hpp"
#include "core/base/oldest.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/labels.h>
#include <prometheus/registry.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace loadstar {

/// Why a flush was started: label `trigger` of loadstar_flushes_total.
enum class FlushTrigger : std::uint8_t {
  kBytes,
  kRows,
  kInterval,
  kAckWait,
  kClient,
  kMemory,
  kDrain,
  kOrder
};
[[nodiscard]] std::string_view to_string(FlushTrigger trigger);
inline constexpr std::size_t kFlushTriggers = 8;

/// Why rows were kept out of a table: label `reason` of loadstar_rejected_rows_total.
enum class RejectedFor : std::uint8_t { kParse, kType, kNull, kLength, kRange, kPartition, kOther };
[[nodiscard]] std::string_view to_string(RejectedFor reason);
inline constexpr std::size_t kRejectedFor = 7;

/// A step on the way of a load: label `phase` of loadstar_load_phase_duration_seconds.
enum class LoadPhase : std::uint8_t {
  kQueue,    ///< from the start of the flush until a permit is there
  kBegin,    ///< begin, by our clock
  kPut,      ///< a body on its way, up to the reply, by our clock
  kPlan,     ///< StarRocks' StreamLoadPlanTimeMs
  kRead,     ///< StarRocks' ReadDataTimeMs
  kWrite,    ///< StarRocks' WriteDataTimeMs
  kPrepare,  ///< prepare, by our clock
  kPublish   ///< commit up to its answer by our clock; CommitAndPublishTimeMs of a stream load
};
[[nodiscard]] std::string_view to_string(LoadPhase phase);
inline constexpr std::size_t kLoadPhases = 8;

/// Series of one table; children live as long as the registry, so nothing is looked up by label on
/// the data path (style-anchors.md 2.9). All are thread-safe.
struct TableMetrics {
  prometheus::Counter& load_bytes;              ///< loadstar_load_bytes_total (totalFlushBytes)
  prometheus::Counter& rows_loaded;             ///< loadstar_load_rows_total{result="loaded"}
  prometheus::Counter& rows_filtered;           ///< loadstar_load_rows_total{result="filtered"}
  prometheus::Counter& rows_unselected;         ///< loadstar_load_rows_total{result="unselected"}
  prometheus::Counter& loads_succeeded;         ///< loadstar_loads_total{outcome="succeeded"}
  prometheus::Counter& loads_failed;            ///< loadstar_loads_total{outcome="failed"}
  prometheus::Counter& wire_bytes;              ///< loadstar_load_wire_bytes_total
  prometheus::Gauge& loads_in_progress;         ///< loadstar_loads_in_progress
  prometheus::Gauge& flush_interval_effective;  ///< loadstar_flush_interval_effective_seconds
  prometheus::Gauge& last_success;              ///< loadstar_last_success_timestamp_seconds
  prometheus::Gauge& buffer_bytes;              ///< loadstar_buffer_bytes
  prometheus::Gauge& buffer_rows;               ///< loadstar_buffer_rows
  prometheus::Counter& ingest_batches;          ///< loadstar_ingest_batches_total
  prometheus::Counter& ingest_rows;             ///< loadstar_ingest_rows_total
  prometheus::Counter& ingest_bytes;            ///< loadstar_ingest_bytes_total
  prometheus::Counter& duplicate_batches;       ///< loadstar_ingest_duplicate_batches_total
  /// loadstar_rejected_rows_total, one for each RejectedFor.
  std::array<prometheus::Counter*, kRejectedFor> rejected_rows;
  /// Since when rows are held that are not final (of exactly-once writers: not prepared); what
  /// loadstar_commit_watermark_timestamp_seconds is computed from.
  Oldest& held;

  /// Counts rows that were kept out and returned to the client.
  void reject(std::uint64_t rows, RejectedFor reason) const {
    rejected_rows.at(static_cast<std::size_t>(reason))->Increment(static_cast<double>(rows));
  }
};

/// Every metric of the daemon that has no table: declared once, here. operations.md 4.2 says what
/// each means; README.md maps the Flink connector's five counters to ours.
///
/// The only place that knows metric names. Labels never name a writer, peer, label or transaction
/// (architecture.md 7). Thread-safe.
class Metrics {
 private:
  struct Families;
  std::string cluster_;
  std::size_t max_tables_;
  std::unique_ptr<Families> families_;  // before the references below, which point into it
  using TableKey = std::pair<std::string, std::string>;
  struct Table {
    TableMetrics series;
    prometheus::Gauge& watermark;
    std::unique_ptr<Oldest> held;
  };

  std::mutex mutex_;  // guards the two below
  std::map<TableKey, Table> tables_;
  std::set<TableKey> collapsed_;

 public:
  /// `cluster` is the value of the label `cluster`; at most `max_tables` tables get series of their
  /// own, the rest share table="_other" (operations.md 4.1).
  Metrics(prometheus::Registry& registry, std::string cluster, std::size_t max_tables);
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;
  ~Metrics();

  /// Brings the gauges up to date that are computed: the watermarks and the oldest prepared
  /// transaction. Before every scrape.
  void refresh();

  /// Series of `database`.`table`, created on first use. The reference stays valid.
  TableMetrics& table(const std::string& database, const std::string& table);

  prometheus::Counter& flushes(FlushTrigger trigger);
  /// loadstar_load_attempts_total: one HTTP attempt. Outcome `succeeded`, `failed` or `unknown`;
  /// reason from the closed list of operations.md 4.2.
  void load_attempt(std::string_view outcome, std::string_view reason);
  /// loadstar_ingest_refused_batches_total: the name of the Reason the client was given.
  void refused_batch(std::string_view reason);
  /// loadstar_load_phase_duration_seconds.
  void load_phase(LoadPhase phase, Clock::duration length);
  /// loadstar_log_messages_total.
  void log_message(LogLevel level);
  /// loadstar_transactions_recovered_total, of earlier epochs: action committed, aborted or left.
  void transaction_recovered(std::string_view action);
  /// loadstar_tls_certificate_expiry_timestamp_seconds: when the first certificate of the chain
  /// ends that is used for `usage` (grpc).
  void certificate_expiry(std::string_view usage, std::chrono::system_clock::time_point end);
  /// loadstar_errors_total{code}: a Reason or Errc name.
  void error(std::string_view code);
  /// loadstar_redirects_total: kind backend, leader or proxy; outcome followed, mapped, refused or
  /// unreachable.
  void redirect(std::string_view kind, std::string_view outcome);
  /// loadstar_transactions_total: outcome committed, aborted or unknown.
  void transaction(std::string_view outcome);
  /// loadstar_starrocks_info{version} 1.
  void starrocks_version(const std::string& version);
  /// loadstar_state{state}: exactly one of starting, serving, draining, drained is 1.
  void state(std::string_view state);
  /// loadstar_circuit_open: how many frontends' circuit breakers are open now.
  prometheus::Gauge& circuits_open;
  prometheus::Histogram& load_duration;  ///< flush start to final state
  prometheus::Histogram& load_size;      ///< payload per load
  prometheus::Histogram& ack_received;   ///< ack_duration{level="received"}
  prometheus::Histogram& ack_committed;  ///< ack_duration{level="committed"}
  prometheus::Histogram& checkpoint_duration;
  prometheus::Counter& transactions_begun;
  prometheus::Counter& transactions_prepared;
  prometheus::Counter& transactions_poisoned;
  prometheus::Gauge& transactions_open_begun;     ///< see OpenTransaction
  prometheus::Gauge& transactions_open_prepared;  ///< see OpenTransaction
  Oldest prepared;                                ///< since when transactions are prepared
  prometheus::Counter& fenced_opens;
  prometheus::Histogram& commit_duration;
  prometheus::Counter& possible_duplicate_batches;
  prometheus::Counter& backpressure_seconds;
  prometheus::Counter& rows_lost;  ///< {reason="bug"}: acknowledged, will not arrive; stays 0
  prometheus::Gauge& ingest_streams;
  prometheus::Gauge& memory_budget;
  prometheus::Gauge& memory_reserved;
  prometheus::Gauge& starrocks_up;
  prometheus::Gauge& collapsed_tables;
};

/// loadstar_build_info with the labels `build`, and loadstar_config_info{hash}: always 1, for as
/// long as the program runs (operations.md 4.2).
void register_info_metrics(prometheus::Registry& registry, const prometheus::Labels& build,
                           const std::string& config_hash);

}  // namespace loadstar
