#include "tests/emulator/engine/schema.hpp"

#include "tests/emulator/engine/text.hpp"

namespace emulator {

std::string model_name(KeysModel model) {
  switch (model) {
    case KeysModel::kDuplicate:
      return "DUP_KEYS";
    case KeysModel::kUnique:
      return "UNIQUE_KEYS";
    case KeysModel::kAggregate:
      return "AGG_KEYS";
    case KeysModel::kPrimary:
      return "PRIMARY_KEYS";
  }
  return {};
}

std::string aggregation_name(Aggregation aggregation) {
  switch (aggregation) {
    case Aggregation::kNone:
      return {};
    case Aggregation::kSum:
      return "SUM";
    case Aggregation::kMin:
      return "MIN";
    case Aggregation::kMax:
      return "MAX";
    case Aggregation::kReplace:
      return "REPLACE";
    case Aggregation::kReplaceIfNotNull:
      return "REPLACE_IF_NOT_NULL";
    case Aggregation::kBitmapUnion:
      return "BITMAP_UNION";
    case Aggregation::kHllUnion:
      return "HLL_UNION";
    case Aggregation::kPercentileUnion:
      return "PERCENTILE_UNION";
  }
  return {};
}

std::optional<std::size_t> find_column(const TableSchema& table, const std::string& name) {
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    if (equal_ignore_case(table.columns[i].name, name)) return i;
  }
  return std::nullopt;
}

bool can_be_omitted(const Column& column) {
  return column.nullable || column.default_text || column.default_now || column.auto_increment ||
         !column.generated.empty();
}

TableInfo describe(const TableSchema& table) {
  TableInfo info;
  info.database = table.database;
  info.name = table.name;
  info.keys_type = model_name(table.model);
  for (const Column& column : table.columns) {
    ColumnInfo& out = info.columns.emplace_back();
    out.name = column.name;
    out.type = type_text(column.type);
    out.primitive_type = primitive_name(column.type);
    if (column.type.kind == Kind::kDecimal) {
      out.precision = column.type.precision;
      out.scale = column.type.scale;
    }
    out.nullable = column.nullable;
    out.key = column.key;
    if (column.aggregation != Aggregation::kNone)
      out.aggregation = aggregation_name(column.aggregation);
    out.default_value = column.default_now ? "CURRENT_TIMESTAMP" : column.default_text;
    out.auto_increment = column.auto_increment;
    out.comment = column.comment;
  }
  return info;
}

}  // namespace emulator
