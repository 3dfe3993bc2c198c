#include "tests/emulator/engine/row_converter.hpp"

#include "tests/emulator/engine/convert.hpp"
#include "tests/emulator/engine/text.hpp"

namespace emulator {

namespace {

constexpr std::string_view kNullMark = "\\N";

bool is_null_mark(std::string_view field) { return field == kNullMark; }

/// What an expression sees of a JSON value.
Value source_text(const Json* json) {
  if (json == nullptr || json->kind == Json::Kind::kNull) return {};
  return json_as_text(*json);
}

RowOutcome filtered(std::string reason) { return {RowOutcome::Kind::kFiltered, std::move(reason)}; }

}  // namespace

Value default_value(const Column& column, const FunctionContext& context) {
  if (column.default_now) {
    return cast_value(now_text(context), simple_type(Kind::kDatetime), column.type)
        .value_or(Value{});
  }
  if (column.default_text) return from_csv(*column.default_text, column.type).value_or(Value{});
  return {};
}

RowConverter::RowConverter(const TableSchema& table, const LoadOptions& options,
                           const LoadMapping& mapping, FunctionContext context)
    : table_(table), options_(options), mapping_(mapping), context_(std::move(context)) {
  for (const Column& column : table_.columns) defaults_.push_back(default_value(column, context_));
  written_.resize(table_.columns.size());
  for (const std::size_t target : mapping_.written) written_[target] = true;
}

void RowConverter::begin() {
  values_.assign(table_.columns.size(), Value{});
  for (const std::size_t column : mapping_.defaulted) values_[column] = defaults_[column];
  sources_.assign(mapping_.sources.size(), Value{});
  op_ = RowOp::kUpsert;
  reason_.clear();
}

RowOutcome RowConverter::convert(const CsvRow& row) {
  begin();
  for (std::size_t i = 0; i < row.fields.size(); ++i) {
    const SourceColumn& source = mapping_.sources[i];
    const std::string_view field = row.fields[i];
    if (is_null_mark(field)) {
      if (source.op && !take_op({})) return filtered(std::move(reason_));
      continue;
    }
    if (source.in_expression) sources_[i] = std::string(field);
    if (!source.target && !source.op) continue;
    const Type& type = source.op ? op_type_ : table_.columns[*source.target].type;
    auto value = from_csv(field, type);
    if (!value && options_.strict_mode) {
      return filtered("The field (name = " + source.name + ", pos = " + std::to_string(i) +
                      ") is out of range. Type: " + type_text(type) + ", Value length: " +
                      std::to_string(field.size()) + ", Value: " + std::string(field));
    }
    if (source.op) {
      if (!take_op(value ? std::move(*value) : Value{})) return filtered(std::move(reason_));
    } else if (value) {
      values_[*source.target] = std::move(*value);
    }
  }
  return finish();
}

RowOutcome RowConverter::convert(const Json& record) {
  begin();
  const bool matched = !options_.jsonpaths.empty();
  for (std::size_t i = 0; i < mapping_.sources.size(); ++i) {
    const SourceColumn& source = mapping_.sources[i];
    const Json* json = nullptr;
    if (!matched) {
      json = json_member(record, source.name);
    } else if (i < options_.jsonpaths.size()) {
      json = find_json(record, options_.jsonpaths[i]);
    }
    if (source.in_expression) sources_[i] = source_text(json);
    if (!source.target && !source.op) continue;
    // A missing `__op` is an upsert; a null one is bad.
    if (json == nullptr) continue;
    if (json->kind == Json::Kind::kNull) {
      if (source.op && !take_op({})) return filtered(std::move(reason_));
      continue;
    }
    const Type& type = source.op ? op_type_ : table_.columns[*source.target].type;
    auto value = from_json(*json, type);
    if (!value && options_.strict_mode) {
      return filtered("Value '" + json_as_text(*json) + "' is out of range. The type of '" +
                      source.name + "' is " + type_text(type));
    }
    if (source.op) {
      if (!take_op(value ? std::move(*value) : Value{})) return filtered(std::move(reason_));
    } else if (value) {
      values_[*source.target] = std::move(*value);
    }
  }
  if (mapping_.implicit_json_op) {
    if (const Json* op = json_member(record, "__op")) {
      const auto value = op->kind == Json::Kind::kNull
                             ? std::nullopt
                             : from_json(*op, simple_type(Kind::kTinyInt));
      if (!take_op(value.value_or(Value{}))) return filtered(std::move(reason_));
    }
  }
  return finish();
}

bool RowConverter::take_op(const Value& value) {
  const auto* number = std::get_if<std::int64_t>(&value);
  if (number == nullptr) {
    reason_ = "NULL value in non-nullable column '__op'";
    return false;
  }
  if (*number != 0 && *number != 1) {
    reason_ =
        "Value '" + std::to_string(*number) + "' is out of range. The type of '__op' is TINYINT";
    return false;
  }
  op_ = *number == 1 ? RowOp::kDelete : RowOp::kUpsert;
  return true;
}

bool RowConverter::assign(const MappedColumn& mapped, const Values& row) {
  const Column& column = table_.columns[mapped.target];
  const Value value = evaluate(mapped.expr, row, context_);
  if (is_null(value)) {
    values_[mapped.target] = {};
    return true;
  }
  auto converted = cast_value(value, mapped.expr.type, column.type);
  if (!converted && is_string(column.type.kind) && options_.strict_mode) {
    // Only a text that is too long cannot become a text; strict mode does not hide that.
    const std::string text = value_text(value, mapped.expr.type);
    reason_ = "String '" + text + "'(length=" + std::to_string(text.size()) +
              ") is too long. The max length of '" + column.name + "' is " +
              std::to_string(column.type.length);
    return false;
  }
  values_[mapped.target] = converted ? std::move(*converted) : Value{};
  return true;
}

bool RowConverter::check_not_null() {
  for (std::size_t i = 0; i < table_.columns.size(); ++i) {
    const Column& column = table_.columns[i];
    if (column.nullable || !written_[i] || column.auto_increment || !is_null(values_[i])) continue;
    // What a delete needs is its key; in CSV the other fields must be right all the same (11.7).
    if (op_ == RowOp::kDelete && !column.key && options_.json) continue;
    reason_ = "NULL value in non-nullable column '" + column.name + "'";
    return false;
  }
  return true;
}

RowOutcome RowConverter::finish() {
  if (mapping_.op) {
    const Value op = evaluate(*mapping_.op, sources_, context_);
    const auto number =
        is_null(op) ? std::nullopt : cast_value(op, mapping_.op->type, simple_type(Kind::kTinyInt));
    if (!take_op(number.value_or(Value{}))) return filtered(std::move(reason_));
  }
  for (const MappedColumn& mapped : mapping_.mapped) {
    if (!assign(mapped, sources_)) return filtered(std::move(reason_));
  }
  for (const MappedColumn& generated : mapping_.generated) {
    if (!assign(generated, values_)) return filtered(std::move(reason_));
  }
  if (mapping_.where) {
    const Value selected = evaluate(*mapping_.where, values_, context_);
    if (is_null(selected) || std::get<std::int64_t>(selected) == 0)
      return {RowOutcome::Kind::kUnselected, {}};
  }
  if (!check_not_null()) return filtered(std::move(reason_));
  if (!has_partition(table_.partitioning, values_, options_.partitions)) {
    return filtered("The row is out of partition ranges. Please add a new partition.");
  }
  return {};
}

}  // namespace emulator
