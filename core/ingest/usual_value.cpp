#include "core/ingest/usual_value.hpp"

#include "core/ingest/value_writer.hpp"

#include <limits>

namespace loadstar::ingest {

UsualValues::UsualValues(const RowPlan& plan) {
  columns_.reserve(plan.columns.size());
  for (const ColumnPlan& column : plan.columns) columns_.push_back(column_of(column));
}

UsualValues::Column UsualValues::column_of(const ColumnPlan& plan) {
  Column column;
  if (plan.nullable) column.kinds |= bit(ValueKind::kNull);
  switch (plan.type.kind) {
    case TypeKind::kBoolean:
      column.kinds |= bit(ValueKind::kBool);
      break;
    case TypeKind::kTinyint:
    case TypeKind::kSmallint:
    case TypeKind::kInt:
    case TypeKind::kBigint:
    case TypeKind::kLargeint: {
      const std::size_t width = std::min<std::size_t>(integer_width(plan.type.kind), 8);
      column.most = std::numeric_limits<std::int64_t>::max() >> (64 - 8 * width);
      column.least = -column.most - 1;
      column.kinds |= bit(ValueKind::kInt);
      break;
    }
    case TypeKind::kDouble:
      column.kinds |= bit(ValueKind::kDouble);
      break;
    case TypeKind::kChar:
    case TypeKind::kVarchar:
      column.longest = longest_text(plan.type);
      column.ends_at_nul = plan.type.kind == TypeKind::kChar;
      column.kinds |= bit(ValueKind::kString);
      break;
    case TypeKind::kDate:
      column.kinds |= bit(ValueKind::kDate);
      break;
    case TypeKind::kDatetime:
      column.kinds |= bit(ValueKind::kDatetime);
      break;
    default:
      break;
  }
  return column;
}

}  // namespace loadstar::ingest
