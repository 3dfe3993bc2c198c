#pragma once

#include "tests/emulator/engine/rows.hpp"
#include "tests/emulator/engine/schema.hpp"
#include "tests/emulator/engine/sqlite.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace emulator {

/// How the rows of one staged load are applied to their table.
struct StagedLoad {
  std::string database;
  std::string table;
  std::vector<std::string> columns;  ///< whose values a row holds
  std::string merge_condition;
  bool negative = false;
};

/// Applies rows to one table in their order, inside the caller's transaction: the key models of
/// StarRocks, deletes, partial and conditional update (starrocks-load-protocol.md 11.5 to 11.8).
class TableWriter {
 public:
  TableWriter() = default;
  TableWriter(const TableWriter&) = delete;
  TableWriter& operator=(const TableWriter&) = delete;
  virtual ~TableWriter() = default;

  /// `row` holds a value for every column of the table; those not in the load are defaults.
  virtual void apply(RowOp op, const Values& row) = 0;
  /// Writes what is still held back.
  virtual void finish() {}
};

/// The writer for a table's key model. `written` are the places of the load's columns.
[[nodiscard]] std::unique_ptr<TableWriter> make_writer(Database& database, const TableSchema& table,
                                                       const StagedLoad& load,
                                                       const std::vector<std::size_t>& written);

/// Statement that makes the SQLite table of a StarRocks table.
[[nodiscard]] std::string create_table_sql(const TableSchema& table);

}  // namespace emulator
