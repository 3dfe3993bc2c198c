#pragma once

#include "core/base/backoff.hpp"
#include "core/base/bytes.hpp"
#include "core/base/compression.hpp"
#include "core/base/log.hpp"
#include "core/base/table_schema.hpp"
#include "core/http/options.hpp"
#include "core/starrocks/options.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

// The option structs of core/. The default of each option is its member initialiser and stands
// nowhere else; config/schema.cpp names the key, unit, range and help text of each, once (D10).

namespace loadstar {

/// Key `tables.X.delivery` [sink.semantic]: what writers of the table may use.
enum class DeliveryOption : std::uint8_t { kAny, kAtLeastOnce, kExactlyOnce };

/// Key `protocol` [sink.version]: auto, stream_load (V1), transaction (V2).
enum class Protocol : std::uint8_t { kAuto, kStreamLoad, kTransaction };

/// Key `properties.format` [sink.properties.format]: how typed rows are written (D7).
enum class RowFormat : std::uint8_t { kAuto, kCsv, kJson };

/// When a lane's buffer becomes a load. Keys: `flush.*`.
struct FlushOptions {
  /// Flush when this much payload is buffered [sink.buffer-flush.max-bytes]. 1 KiB .. 10 GiB.
  Bytes max_bytes = 90_MiB;
  /// Flush when this many rows are buffered [sink.buffer-flush.max-rows]; stream_load only. 1 ..
  /// 5,000,000.
  std::uint64_t max_rows = 500'000;
  /// Flush when the oldest buffered row is this old [sink.buffer-flush.interval-ms]. 100 ms .. 1 h.
  std::chrono::milliseconds interval{300'000};
  /// Flush earlier when a client has waited this long for its commit; 0 = off. Off for a table that
  /// sets `interval` itself (architecture.md 7, Ages).
  std::chrono::milliseconds max_ack_wait{5'000};
  /// Percentage by which both times are shortened, fixed per instance, so that a fleet does not
  /// flush in step. 0 .. 50.
  unsigned jitter_percent = 10;
};

/// Tries of one load. Keys: `retry.*`.
struct RetryOptions {
  unsigned max_attempts = 3;  ///< [sink.max-retries] repetitions after a definite failure; 0 .. 10
  std::chrono::milliseconds initial_interval{1'000};
  std::chrono::milliseconds max_interval{30'000};
  double multiplier = 2.0;
};

/// Everything about one table. Keys: `defaults.*`, overridden by `tables.DB.TABLE.*`.
struct TableOptions {
  DeliveryOption delivery = DeliveryOption::kAny;
  Protocol protocol = Protocol::kAuto;
  FlushOptions flush;
  unsigned parallelism = 1;  ///< [sink.parallelism] loads of one table at once; 1 .. 64
  RetryOptions retry;
  bool ignore_update_before = true;         ///< [sink.ignore.update-before]
  unsigned max_isolation_loads = 24;        ///< loads spent on finding bad batches; 1 .. 1000
  std::string time_zone = "UTC";            ///< wall clock that instants are written in
  KeyModel key_model = KeyModel::kUnknown;  ///< `auto` = ask StarRocks
  /// [sink.properties.compression] codec of the bodies of loads, where StarRocks takes one; costs
  /// far more CPU than the load itself (performance.md 3), so it is off.
  Compression compression = Compression::kNone;
  /// [sink.properties.*] without `format`, `columns`: StarRocks' own header names. `strict_mode` is
  /// `true` unless set (architecture.md 7).
  std::map<std::string, std::string> properties{{"strict_mode", "true"}};
  RowFormat format = RowFormat::kAuto;
  std::string
      columns;  ///< key `properties.columns`: default column list with expressions; empty = none
  std::map<std::string, std::string> pinned;  ///< properties that a batch cannot override
};

/// What clients must keep to. Keys: `limits.*`, `listen.*`; told to clients as Limits.
struct IngestLimits {
  Bytes max_message = 32_MiB;
  std::uint64_t max_batch_rows = 1'000'000;
  std::uint64_t max_streams = 1'000;
  Bytes memory = 512_MiB;  ///< resolved from `auto` (70 % of the cgroup's limit) at start
  unsigned memory_soft_percent = 80;  ///< above: new writers are refused (OVERLOADED)
  std::chrono::milliseconds session_grace{60'000};
  std::chrono::milliseconds ack_interval{1'000};
  std::chrono::milliseconds ack_min_interval{20};    ///< acks are coalesced over this time
  std::chrono::milliseconds idle_stream_timeout{0};  ///< 0 = never
  std::uint32_t max_pending_checkpoints = 8;
};

/// Times of StarRocks transactions. Keys: `starrocks.*`.
struct TransactionTimes {
  std::chrono::seconds transaction_timeout{3'600};  ///< exactly-once: begin to prepare
  std::chrono::seconds prepared_timeout{86'400};    ///< exactly-once: prepare to commit
  std::chrono::seconds at_least_once_prepared_timeout{180};
};

/// Options of the whole core, as the configuration file gave them.
struct CoreOptions {
  starrocks::ClientOptions starrocks;
  http::PoolOptions pool;
  TransactionTimes times;
  unsigned max_loads = 8;           ///< loads at once, all tables together; 1 .. 256
  std::string label_prefix = "ls";  ///< [sink.label-prefix] [A-Za-z0-9_]{1,16}
  TableOptions defaults;
  std::map<std::string, TableOptions>
      tables;                         ///< by "database.table"; complete, merged over defaults
  bool allow_unknown_tables = false;  ///< key `unknown_tables: allow_with_defaults`
  IngestLimits limits;
  std::size_t max_metric_tables = 50;

  /// Options of `database`.`table`: its own, else the defaults if unknown tables are allowed, else
  /// nullptr.
  [[nodiscard]] const TableOptions* table(const std::string& database,
                                          const std::string& table) const {
    const auto found = tables.find(database + "." + table);
    if (found != tables.end()) return &found->second;
    return allow_unknown_tables ? &defaults : nullptr;
  }
};

}  // namespace loadstar
