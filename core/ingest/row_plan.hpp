#pragma once

#include "core/base/reason.hpp"
#include "core/base/table_schema.hpp"
#include "core/ingest/batch.hpp"
#include "core/ingest/properties.hpp"
#include "core/options.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace loadstar::ingest {

/// One value of typed rows, and where it goes.
struct ColumnPlan {
  std::string name;  ///< of the column, in the table's spelling; or of an input of an expression
  ColumnType type;   ///< kUnknown for inputs and where the schema does not say
  bool nullable = true;
  bool key = false;
  std::string
      json_name;  ///< name of its member in JSON; another one where an expression decodes it
};

/// What is done with a row that takes another one away.
enum class OpRule : std::uint8_t {
  kDelete,           ///< written with `__op` 1
  kSkip,             ///< left out, counted in row_count only
  kNotPrimaryKey,    ///< refused: StarRocks would insert it
  kKeyModelUnknown,  ///< refused: what cannot be known is not guessed (D12)
};

/// How typed rows with one head (columns, expressions, properties) are judged and written.
struct RowPlan {
  std::vector<ColumnPlan> columns;       ///< one for each of Batch.columns, in its order
  std::vector<std::string> expressions;  ///< "`column`=expression", as they stand in the header
  /// Primary key tables always get the column `__op`, deletes or not, so that a batch with deletes
  /// shares the lane of those without (connector's rule, flink-connector-behaviour.md 9.4).
  bool with_op = false;
  OpRule deletes = OpRule::kKeyModelUnknown;
  OpRule old_images = OpRule::kSkip;  ///< ROW_OP_UPDATE_BEFORE
  std::string csv_obstacle_member;    ///< "columns[2]"; empty = CSV can carry these columns
  std::string csv_obstacle;           ///< why not

  /// Value of the `columns` header. JSON decodes VARBINARY by expressions, since StarRocks takes
  /// the bytes of a JSON string as they are (starrocks-load-protocol.md 11.4).
  [[nodiscard]] std::string csv_columns() const;
  [[nodiscard]] std::string json_columns() const;
};

/// The key model that counts: the schema's, else the configured one.
[[nodiscard]] KeyModel key_model(const std::optional<TableSchema>& schema,
                                 const TableOptions& options);

/// Checks the head of a batch of typed rows against the table. BAD_REQUEST with paths below `path`:
/// names that are no column and no input (StarRocks would take them as temporary columns and lose
/// the values), duplicates, generated columns, BITMAP and HLL without expression, bad expressions,
/// and columns left out that must not be.
[[nodiscard]] Answer<RowPlan> plan_rows(const Batch& batch,
                                        const std::optional<TableSchema>& schema,
                                        const TableOptions& options, const PropertySet& properties,
                                        const std::string& path);

/// Checks Batch.columns and column_expressions of an encoded batch and writes the `columns` header;
/// empty if the batch names no columns and none are configured. Unknown names are inputs or skipped
/// columns (architecture.md 7). BAD_REQUEST also for a list that leaves out what must not be
/// (starrocks-load-protocol.md 11.6, 11.8).
[[nodiscard]] Answer<std::string> encoded_columns(const Batch& batch,
                                                  const std::optional<TableSchema>& schema,
                                                  const TableOptions& options,
                                                  const PropertySet& properties,
                                                  const std::string& path);

}  // namespace loadstar::ingest
