#pragma once

#include "core/base/reason.hpp"
#include "core/base/table_schema.hpp"
#include "core/ingest/batch.hpp"
#include "core/ingest/lane.hpp"
#include "core/options.hpp"

#include <memory>
#include <optional>
#include <string>

namespace loadstar::ingest {

/// Judges and encodes the batches of one table: merges properties (Batch over table over defaults,
/// pinned ones win), picks the lane and the protocol, checks payloads, transcodes typed rows (D7).
/// The same input gives the same lane key, whatever came before.
///
/// Pure but for a cache of lanes; confined to the strand of its owner.
class TableEncoder {
 public:
  /// `schema` is unset if StarRocks would not tell; then typed rows are written by the types of
  /// their values, and deletes are refused (D12).
  TableEncoder(std::string database, std::string table, TableOptions options,
               std::optional<TableSchema> schema, ServerFacts facts);
  TableEncoder(const TableEncoder&) = delete;
  TableEncoder& operator=(const TableEncoder&) = delete;
  ~TableEncoder();

  /// All or nothing per batch. BAD_REQUEST (field rules, arity, member-less values, values that do
  /// not fit their column, NaN, infinities) with paths, BAD_PAYLOAD (what is inside `data`: last
  /// delimiter, brackets, blank rows, count), UNSUPPORTED_COMBINATION. `exactly_once`: whether the
  /// writer is.
  [[nodiscard]] Answer<EncodedBatch> encode(const Batch& batch, bool exactly_once);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace loadstar::ingest
