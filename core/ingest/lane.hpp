#pragma once

#include "core/base/slice.hpp"
#include "core/options.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace loadstar::ingest {

/// How payloads of one lane are joined into one body.
enum class PayloadKind : std::uint8_t {
  kCsv,        ///< as they are; each ends with the row delimiter
  kNdjson,     ///< as they are; each ends with '\n'
  kJsonArray,  ///< elements without the outer brackets: joined by ',' between '[' and ']'
};

/// What the daemon knows of the StarRocks that it loads into.
struct ServerFacts {
  bool has_transactions = true;              ///< 2.4 and later
  bool transaction_merge_condition = false;  ///< 3.1.5 and later, and the version is known
  bool json_compression = false;             ///< 3.2.7 and later, and the version is known
  bool merge_commit = false;                 ///< 3.4.0 and later, and the version is known
};

/// Everything that loads of one lane have in common. Batches with equal `key` may share a load.
struct LaneSpec {
  std::string key;
  std::string database;
  std::string table;
  PayloadKind kind = PayloadKind::kCsv;
  /// Stream Load headers under StarRocks' names: format, columns, strict_mode, separators, ...
  std::vector<std::pair<std::string, std::string>> headers;
  Protocol protocol =
      Protocol::kTransaction;   ///< resolved: kStreamLoad or kTransaction, never kAuto
  double max_filter_ratio = 0;  ///< above 0: StarRocks may drop rows of a load that succeeds
  bool has_where = false;       ///< unselected rows are expected then
  bool merge_commit = false;    ///< StarRocks merges loads: no counts, no label of ours (9)
};

/// Rows of one batch, ready to be sent.
struct EncodedBatch {
  std::shared_ptr<const LaneSpec> lane;
  SliceList payload;            ///< without array brackets for kJsonArray
  std::uint64_t rows = 0;       ///< rows in the payload: row_count less skipped UPDATE_BEFORE rows
  std::uint64_t row_count = 0;  ///< as the client declared
};

/// The body of one load: payloads joined as `kind` says. Copies no payload byte.
[[nodiscard]] SliceList join_payloads(PayloadKind kind,
                                      const std::vector<const SliceList*>& payloads);

}  // namespace loadstar::ingest
