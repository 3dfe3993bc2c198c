#include "core/base/metrics.hpp"

#include <prometheus/family.h>

#include <array>
#include <optional>

namespace loadstar {
namespace {

using prometheus::BuildCounter;
using prometheus::BuildGauge;
using prometheus::BuildHistogram;
using prometheus::Counter;
using prometheus::Family;
using prometheus::Gauge;
using prometheus::Histogram;
using prometheus::Labels;
using prometheus::Registry;

/// 5 ms to 600 s in 16 steps (operations.md 4.1).
const Histogram::BucketBoundaries& duration_buckets() {
  static const Histogram::BucketBoundaries buckets{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1,
                                                   2.5,   5,    10,    30,   60,  120,  300, 600};
  return buckets;
}

/// 64 KiB to 10 GiB in 12 steps (operations.md 4.1).
const Histogram::BucketBoundaries& size_buckets() {
  constexpr double kKiB = 1024;
  constexpr double kMiB = 1024 * kKiB;
  constexpr double kGiB = 1024 * kMiB;
  static const Histogram::BucketBoundaries buckets{64 * kKiB,  256 * kKiB, kMiB,      4 * kMiB,
                                                   16 * kMiB,  64 * kMiB,  90 * kMiB, 256 * kMiB,
                                                   512 * kMiB, 1 * kGiB,   4 * kGiB,  10 * kGiB};
  return buckets;
}

Family<Counter>& counter(Registry& registry, const char* name, const char* help) {
  return BuildCounter().Name(name).Help(help).Register(registry);
}
Family<Gauge>& gauge(Registry& registry, const char* name, const char* help) {
  return BuildGauge().Name(name).Help(help).Register(registry);
}
Family<Histogram>& histogram(Registry& registry, const char* name, const char* help) {
  return BuildHistogram().Name(name).Help(help).Register(registry);
}

/// Tables above the limit are counted up to here, so that their names cannot fill the memory.
constexpr std::size_t kMostCollapsed = 10'000;

double unix_seconds(std::chrono::system_clock::time_point time) {
  return std::chrono::duration<double>(time.time_since_epoch()).count();
}

/// `since` as Unix time; now if nothing is held, so that `time() - x` is the age at all times.
double since_or_now(const std::optional<Clock::time_point>& since) {
  const auto age = since ? Clock::now() - *since : Clock::duration::zero();
  return unix_seconds(wall_now()) - std::chrono::duration<double>(age).count();
}

}  // namespace

std::string_view to_string(FlushTrigger trigger) {
  switch (trigger) {
    case FlushTrigger::kBytes:
      return "bytes";
    case FlushTrigger::kRows:
      return "rows";
    case FlushTrigger::kInterval:
      return "interval";
    case FlushTrigger::kAckWait:
      return "ack_wait";
    case FlushTrigger::kClient:
      return "client";
    case FlushTrigger::kMemory:
      return "memory";
    case FlushTrigger::kDrain:
      return "drain";
    case FlushTrigger::kOrder:
      return "order";
  }
  return "client";
}

std::string_view to_string(RejectedFor reason) {
  constexpr std::array<std::string_view, kRejectedFor> kNames{
      "parse", "type", "null", "length", "range", "partition", "other"};
  return kNames.at(static_cast<std::size_t>(reason));
}

std::string_view to_string(LoadPhase phase) {
  constexpr std::array<std::string_view, kLoadPhases> kNames{
      "queue", "begin", "put", "plan", "read", "write", "prepare", "publish"};
  return kNames.at(static_cast<std::size_t>(phase));
}

struct Metrics::Families {
  explicit Families(Registry& registry)
      : load_bytes(counter(registry, "loadstar_load_bytes_total",
                           "Payload bytes of loads that ended committed.")),
        load_rows(counter(registry, "loadstar_load_rows_total",
                          "Rows of committed loads by StarRocks' own counts.")),
        loads(counter(registry, "loadstar_loads_total", "Loads that reached a final state.")),
        wire_bytes(counter(registry, "loadstar_load_wire_bytes_total",
                           "Body bytes of loads handed to the HTTP pool, repetitions included.")),
        loads_in_progress(
            gauge(registry, "loadstar_loads_in_progress", "Loads that are under way.")),
        flush_interval(gauge(registry, "loadstar_flush_interval_effective_seconds",
                             "Age limit of buffered rows after congestion control.")),
        last_success(gauge(registry, "loadstar_last_success_timestamp_seconds",
                           "Unix time of the last committed load.")),
        buffer_bytes(gauge(registry, "loadstar_buffer_bytes", "Bytes held that are not final.")),
        buffer_rows(gauge(registry, "loadstar_buffer_rows", "Rows held that are not final.")),
        ingest_batches(
            counter(registry, "loadstar_ingest_batches_total", "Batches accepted from clients.")),
        ingest_rows(counter(registry, "loadstar_ingest_rows_total", "Rows accepted from clients.")),
        ingest_bytes(counter(registry, "loadstar_ingest_bytes_total",
                             "Bytes of batches accepted from clients.")),
        duplicates(counter(registry, "loadstar_ingest_duplicate_batches_total",
                           "Batches that were recognised as sent again.")),
        watermark(gauge(registry, "loadstar_commit_watermark_timestamp_seconds",
                        "Everything received before this Unix time is final; now if nothing is "
                        "held.")),
        rejected_rows(counter(registry, "loadstar_rejected_rows_total",
                              "Rows kept out of the table and returned to the client.")),
        flushes(counter(registry, "loadstar_flushes_total", "Flushes, by why they started.")),
        attempts(counter(registry, "loadstar_load_attempts_total", "HTTP attempts of loads.")),
        refused(counter(registry, "loadstar_ingest_refused_batches_total",
                        "Batches refused before they were accepted.")),
        errors(counter(registry, "loadstar_errors_total", "Errors by their stable name.")),
        redirects(counter(registry, "loadstar_redirects_total", "HTTP redirects by outcome.")),
        transactions(counter(registry, "loadstar_transactions_total",
                             "StarRocks transactions that ended, by outcome.")),
        info(gauge(registry, "loadstar_starrocks_info", "Version that StarRocks reports.")),
        state(gauge(registry, "loadstar_state", "1 for the state the daemon is in.")),
        circuits(
            gauge(registry, "loadstar_circuit_open", "Frontends whose circuit breaker is open.")),
        load_duration(histogram(registry, "loadstar_load_duration_seconds",
                                "From the start of a flush to its final state.")),
        load_phase(histogram(registry, "loadstar_load_phase_duration_seconds",
                             "Steps of a load, by our clock and by StarRocks' own times.")),
        load_size(histogram(registry, "loadstar_load_size_bytes", "Payload bytes per load.")),
        ack(histogram(registry, "loadstar_ack_duration_seconds",
                      "From the arrival of a batch to its acknowledgement.")),
        checkpoint(histogram(registry, "loadstar_checkpoint_duration_seconds",
                             "Duration of Checkpoint calls.")),
        begun(counter(registry, "loadstar_transactions_begun_total", "Transactions begun.")),
        prepared(
            counter(registry, "loadstar_transactions_prepared_total", "Transactions prepared.")),
        poisoned(counter(registry, "loadstar_transactions_poisoned_total",
                         "Transactions rolled back because an outcome was not proved.")),
        open_transactions(gauge(registry, "loadstar_transactions_open",
                                "Transactions of this daemon that have not ended.")),
        prepared_oldest(gauge(registry, "loadstar_prepared_oldest_timestamp_seconds",
                              "Unix time since when the oldest prepared transaction of this daemon "
                              "waits; now if there is none.")),
        recovered(counter(registry, "loadstar_transactions_recovered_total",
                          "Transactions that another epoch or daemon had left and that were ended "
                          "here, by what became of them.")),
        log_messages(counter(registry, "loadstar_log_messages_total", "Log lines, by level.")),
        certificates(gauge(registry, "loadstar_tls_certificate_expiry_timestamp_seconds",
                           "Unix time at which the first certificate of the chain ends.")),
        fenced(counter(registry, "loadstar_fenced_opens_total",
                       "Calls refused because a higher epoch owns the writer.")),
        commit(
            histogram(registry, "loadstar_commit_duration_seconds", "Duration of Commit calls.")),
        possible_duplicates(counter(registry, "loadstar_possible_duplicate_batches_total",
                                    "Batches sent again although StarRocks had forgotten the "
                                    "outcome of the first try.")),
        backpressure(counter(registry, "loadstar_ingest_backpressure_seconds_total",
                             "Stream-seconds in which reading was held.")),
        lost(counter(registry, "loadstar_rows_lost_total",
                     "Acknowledged rows that will not arrive; must stay 0.")),
        streams(gauge(registry, "loadstar_ingest_streams", "Write streams open now.")),
        budget(gauge(registry, "loadstar_memory_budget_bytes", "Limit of reserved bytes.")),
        reserved(gauge(registry, "loadstar_memory_reserved_bytes", "Bytes charged to the budget.")),
        up(gauge(registry, "loadstar_starrocks_up", "1 if a frontend answers.")),
        collapsed(gauge(registry, "loadstar_metrics_collapsed_tables",
                        "Tables that share table=\"_other\".")) {}

  Family<Counter>& load_bytes;
  Family<Counter>& load_rows;
  Family<Counter>& loads;
  Family<Counter>& wire_bytes;
  Family<Gauge>& loads_in_progress;
  Family<Gauge>& flush_interval;
  Family<Gauge>& last_success;
  Family<Gauge>& buffer_bytes;
  Family<Gauge>& buffer_rows;
  Family<Counter>& ingest_batches;
  Family<Counter>& ingest_rows;
  Family<Counter>& ingest_bytes;
  Family<Counter>& duplicates;
  Family<Gauge>& watermark;
  Family<Counter>& rejected_rows;
  Family<Counter>& flushes;
  Family<Counter>& attempts;
  Family<Counter>& refused;
  Family<Counter>& errors;
  Family<Counter>& redirects;
  Family<Counter>& transactions;
  Family<Gauge>& info;
  Family<Gauge>& state;
  Family<Gauge>& circuits;
  Family<Histogram>& load_duration;
  Family<Histogram>& load_phase;
  Family<Histogram>& load_size;
  Family<Histogram>& ack;
  Family<Histogram>& checkpoint;
  Family<Counter>& begun;
  Family<Counter>& prepared;
  Family<Counter>& poisoned;
  Family<Gauge>& open_transactions;
  Family<Gauge>& prepared_oldest;
  Family<Counter>& recovered;
  Family<Counter>& log_messages;
  Family<Gauge>& certificates;
  Family<Counter>& fenced;
  Family<Histogram>& commit;
  Family<Counter>& possible_duplicates;
  Family<Counter>& backpressure;
  Family<Counter>& lost;
  Family<Gauge>& streams;
  Family<Gauge>& budget;
  Family<Gauge>& reserved;
  Family<Gauge>& up;
  Family<Gauge>& collapsed;
};

Metrics::Metrics(Registry& registry, std::string cluster, std::size_t max_tables)
    : cluster_(std::move(cluster)),
      max_tables_(max_tables),
      families_(std::make_unique<Families>(registry)),
      circuits_open(families_->circuits.Add({{"cluster", cluster_}})),
      load_duration(families_->load_duration.Add({{"cluster", cluster_}}, duration_buckets())),
      load_size(families_->load_size.Add({{"cluster", cluster_}}, size_buckets())),
      ack_received(families_->ack.Add({{"level", "received"}}, duration_buckets())),
      ack_committed(families_->ack.Add({{"level", "committed"}}, duration_buckets())),
      checkpoint_duration(families_->checkpoint.Add({{"cluster", cluster_}}, duration_buckets())),
      transactions_begun(families_->begun.Add({{"cluster", cluster_}})),
      transactions_prepared(families_->prepared.Add({{"cluster", cluster_}})),
      transactions_poisoned(families_->poisoned.Add({{"cluster", cluster_}})),
      transactions_open_begun(
          families_->open_transactions.Add({{"cluster", cluster_}, {"state", "begun"}})),
      transactions_open_prepared(
          families_->open_transactions.Add({{"cluster", cluster_}, {"state", "prepared"}})),
      fenced_opens(families_->fenced.Add({{"cluster", cluster_}})),
      commit_duration(families_->commit.Add({{"cluster", cluster_}}, duration_buckets())),
      possible_duplicate_batches(families_->possible_duplicates.Add({{"cluster", cluster_}})),
      backpressure_seconds(families_->backpressure.Add({})),
      rows_lost(families_->lost.Add({{"reason", "bug"}})),
      ingest_streams(families_->streams.Add({})),
      memory_budget(families_->budget.Add({})),
      memory_reserved(families_->reserved.Add({})),
      starrocks_up(families_->up.Add({{"cluster", cluster_}})),
      collapsed_tables(families_->collapsed.Add({})) {
  for (std::size_t i = 0; i < kFlushTriggers; ++i) flushes(static_cast<FlushTrigger>(i));
  const auto series = [this](auto& family, const char* name, std::string_view value) {
    family.Add({{"cluster", cluster_}, {name, std::string(value)}});
  };
  for (const char* action : {"committed", "aborted", "left"}) {
    series(families_->recovered, "action", action);
  }
  for (const char* outcome : {"committed", "aborted", "unknown"}) {
    series(families_->transactions, "outcome", outcome);
  }
  for (const LogLevel level :
       {LogLevel::kDebug, LogLevel::kInfo, LogLevel::kWarn, LogLevel::kError}) {
    families_->log_messages.Add({{"level", std::string(to_string(level))}});
  }
  refresh();
}

Metrics::~Metrics() = default;

void Metrics::refresh() {
  families_->prepared_oldest.Add({{"cluster", cluster_}}).Set(since_or_now(prepared.get()));
  const std::lock_guard lock(mutex_);
  for (const auto& [key, table] : tables_) table.watermark.Set(since_or_now(table.held->get()));
}

TableMetrics& Metrics::table(const std::string& database, const std::string& table) {
  const std::lock_guard lock(mutex_);
  auto key = TableKey(database, table);
  const auto found = tables_.find(key);
  if (found != tables_.end()) return found->second.series;
  if (tables_.size() >= max_tables_) {
    if (collapsed_.size() < kMostCollapsed) collapsed_.insert(key);
    collapsed_tables.Set(static_cast<double>(collapsed_.size()));
    key = TableKey("_other", "_other");
    const auto other = tables_.find(key);
    if (other != tables_.end()) return other->second.series;
  }
  const Labels labels{{"cluster", cluster_}, {"db", key.first}, {"table", key.second}};
  const auto with = [&labels](const char* name, std::string_view value) {
    Labels more = labels;
    more[name] = std::string(value);
    return more;
  };
  Families& f = *families_;
  std::array<Counter*, kRejectedFor> rejected{};
  for (std::size_t i = 0; i < kRejectedFor; ++i) {
    const auto reason = to_string(static_cast<RejectedFor>(i));
    rejected.at(i) = &f.rejected_rows.Add(with("reason", reason));
  }
  auto held = std::make_unique<Oldest>();
  const TableMetrics series{f.load_bytes.Add(labels),
                            f.load_rows.Add(with("result", "loaded")),
                            f.load_rows.Add(with("result", "filtered")),
                            f.load_rows.Add(with("result", "unselected")),
                            f.loads.Add(with("outcome", "succeeded")),
                            f.loads.Add(with("outcome", "failed")),
                            f.wire_bytes.Add(labels),
                            f.loads_in_progress.Add(labels),
                            f.flush_interval.Add(labels),
                            f.last_success.Add(labels),
                            f.buffer_bytes.Add(labels),
                            f.buffer_rows.Add(labels),
                            f.ingest_batches.Add(labels),
                            f.ingest_rows.Add(labels),
                            f.ingest_bytes.Add(labels),
                            f.duplicates.Add(labels),
                            rejected,
                            *held};
  Gauge& watermark = f.watermark.Add(labels);
  watermark.Set(since_or_now(std::nullopt));
  Table entry{series, watermark, std::move(held)};
  return tables_.emplace(key, std::move(entry)).first->second.series;
}

Counter& Metrics::flushes(FlushTrigger trigger) {
  return families_->flushes.Add({{"trigger", std::string(to_string(trigger))}});
}

void Metrics::load_attempt(std::string_view outcome, std::string_view reason) {
  families_->attempts
      .Add({{"cluster", cluster_},
            {"outcome", std::string(outcome)},
            {"reason", std::string(reason)}})
      .Increment();
}

void Metrics::refused_batch(std::string_view reason) {
  families_->refused.Add({{"reason", std::string(reason)}}).Increment();
}

void Metrics::load_phase(LoadPhase phase, Clock::duration length) {
  families_->load_phase
      .Add({{"cluster", cluster_}, {"phase", std::string(to_string(phase))}}, duration_buckets())
      .Observe(std::chrono::duration<double>(length).count());
}

void Metrics::log_message(LogLevel level) {
  families_->log_messages.Add({{"level", std::string(to_string(level))}}).Increment();
}

void Metrics::transaction_recovered(std::string_view action) {
  families_->recovered.Add({{"cluster", cluster_}, {"action", std::string(action)}}).Increment();
}

void Metrics::certificate_expiry(std::string_view usage,
                                 std::chrono::system_clock::time_point end) {
  families_->certificates.Add({{"usage", std::string(usage)}}).Set(unix_seconds(end));
}

void Metrics::error(std::string_view code) {
  families_->errors.Add({{"code", std::string(code)}}).Increment();
}

void Metrics::redirect(std::string_view kind, std::string_view outcome) {
  families_->redirects
      .Add({{"cluster", cluster_}, {"kind", std::string(kind)}, {"outcome", std::string(outcome)}})
      .Increment();
}

void Metrics::transaction(std::string_view outcome) {
  families_->transactions.Add({{"cluster", cluster_}, {"outcome", std::string(outcome)}})
      .Increment();
}

void Metrics::starrocks_version(const std::string& version) {
  families_->info.Add({{"cluster", cluster_}, {"version", version}}).Set(1);
}

void Metrics::state(std::string_view state) {
  for (const std::string_view name : {"starting", "serving", "draining", "drained"}) {
    families_->state.Add({{"state", std::string(name)}}).Set(name == state ? 1 : 0);
  }
}

void register_info_metrics(Registry& registry, const Labels& build,
                           const std::string& config_hash) {
  gauge(registry, "loadstar_build_info", "What the program was made from; always 1.")
      .Add(build)
      .Set(1);
  gauge(registry, "loadstar_config_info", "Hash of the effective configuration; always 1.")
      .Add({{"hash", config_hash}})
      .Set(1);
}

}  // namespace loadstar
