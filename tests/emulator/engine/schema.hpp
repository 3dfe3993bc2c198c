#pragma once

#include "tests/emulator/engine/engine.hpp"
#include "tests/emulator/engine/partition.hpp"
#include "tests/emulator/engine/type.hpp"
#include "tests/emulator/engine/value.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace emulator {

enum class KeysModel { kDuplicate, kUnique, kAggregate, kPrimary };

/// How the values of one key become one row of an aggregate table.
enum class Aggregation {
  kNone,
  kSum,
  kMin,
  kMax,
  kReplace,
  kReplaceIfNotNull,
  kBitmapUnion,
  kHllUnion,
  kPercentileUnion,
};

/// A column as CREATE TABLE declares it.
struct Column {
  std::string name;
  Type type;
  bool nullable = true;
  bool key = false;
  Aggregation aggregation = Aggregation::kNone;
  std::optional<std::string> default_text;  ///< DEFAULT "..." or DEFAULT 1
  bool default_now = false;                 ///< DEFAULT CURRENT_TIMESTAMP
  bool auto_increment = false;
  std::string generated;  ///< text of the expression after AS; empty if it is an ordinary column
  std::string comment;
};

/// A table as CREATE TABLE declares it.
struct TableSchema {
  std::string database;
  std::string name;
  KeysModel model = KeysModel::kDuplicate;
  std::vector<Column> columns;
  Partitioning partitioning;
  std::map<std::string, std::string> properties;
  std::string comment;
};

/// "PRIMARY_KEYS" and so on.
[[nodiscard]] std::string model_name(KeysModel model);
/// "SUM" and so on; empty for kNone.
[[nodiscard]] std::string aggregation_name(Aggregation aggregation);

/// Place of a column by its name, any case; unset if there is none.
[[nodiscard]] std::optional<std::size_t> find_column(const TableSchema& table,
                                                     const std::string& name);

/// True if an omitted column has a value of its own: a default, NULL or a generated number.
[[nodiscard]] bool can_be_omitted(const Column& column);

/// The schema as the metadata endpoints show it.
[[nodiscard]] TableInfo describe(const TableSchema& table);

}  // namespace emulator
