#pragma once

#include "core/base/metrics.hpp"
#include "core/base/signal.hpp"
#include "core/ingest/table_encoder.hpp"
#include "core/txn/table_directory.hpp"

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace loadstar::txn {

/// Encoders of the tables that one writer writes to: finds out what a table is, waits while
/// StarRocks does not tell, judges a batch that does not fit once more by a fresh schema.
///
/// Confined to the writer's strand.
class BatchEncoder {
 public:
  /// What is known of one table, and what belongs to it.
  struct Table {
    std::shared_ptr<const TableInfo> info;
    std::unique_ptr<ingest::TableEncoder> encoder;
    std::shared_ptr<TableQueue> queue;  ///< at-least-once only
    TableMetrics* metrics = nullptr;
    Clock::time_point ask_again_at;  ///< StarRocks did not answer: not before
  };
  struct Encoded {
    ingest::EncodedBatch batch;
    Table* table = nullptr;  ///< valid as long as the BatchEncoder
  };

  /// `changed`: the writer's signal; a wait for StarRocks looks at `wanted` whenever it is
  /// notified.
  BatchEncoder(TableDirectory& tables, Metrics& metrics, Signal& changed, std::string database,
               bool exactly_once);

  /// Encodes one batch. TABLE_NOT_FOUND, ACCESS_DENIED, UNSUPPORTED_COMBINATION (also when the
  /// table's `delivery` does not fit the writer's), BAD_REQUEST, BAD_PAYLOAD. Waits for StarRocks
  /// as long as `wanted()`; after that the refusal is STREAM_REPLACED, and the caller, who knows
  /// better why, says so instead.
  asio::awaitable<Answer<Encoded>> encode(const ingest::Batch& batch, std::function<bool()> wanted);

  /// Why encode() waits; empty while it does not.
  [[nodiscard]] const std::string& stall_reason() const { return stall_reason_; }

  /// All tables by name, for flushes. `queue` is unset where nothing was ever encoded.
  [[nodiscard]] const std::map<std::string, Table>& tables() const { return by_name_; }

 private:
  asio::awaitable<Answer<Table*>> find(const std::string& table, Clock::duration max_age,
                                       const std::function<bool()>& wanted);
  /// StarRocks, or the configuration, says that there is no such table (any more).
  void forget(const std::string& table);
  [[nodiscard]] std::optional<Refusal> check_delivery(const std::string& table,
                                                      const TableOptions& options) const;

  TableDirectory& directory_;
  Metrics& metrics_;
  Signal& changed_;
  std::string database_;
  bool exactly_once_;
  std::map<std::string, Table> by_name_;
  std::string stall_reason_;
};

}  // namespace loadstar::txn
