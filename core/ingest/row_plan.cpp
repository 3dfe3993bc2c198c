#include "core/ingest/row_plan.hpp"

#include "core/ingest/column_expression.hpp"
#include "core/ingest/utf8.hpp"
#include "core/ingest/violations.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace loadstar::ingest {
namespace {

/// Prefix of the JSON members that hold VARBINARY in Base64.
constexpr std::string_view kBase64Prefix = "__loadstar_base64_";

const ColumnSchema* find(const std::optional<TableSchema>& schema, std::string_view name) {
  return schema ? schema->find(name) : nullptr;
}

bool contains(const std::vector<std::string>& names, std::string_view name) {
  return std::any_of(names.begin(), names.end(),
                     [name](const std::string& other) { return same_column(other, name); });
}

/// True if CSV can carry every value of `type` or only some; false if a load with it fails as a
/// whole.
bool csv_takes(const ColumnType& type) {
  const bool container = type.kind == TypeKind::kArray || type.kind == TypeKind::kMap;
  if (type.kind == TypeKind::kStruct || type.kind == TypeKind::kUnknown) return false;
  if (container && type.children.empty()) return false;
  return std::all_of(type.children.begin(), type.children.end(), csv_takes);
}

bool needs_expression(TypeKind kind) {
  return kind == TypeKind::kBitmap || kind == TypeKind::kHll || kind == TypeKind::kPercentile;
}

/// The head of one batch while it is being judged.
class Head {
 public:
  Head(const Batch& batch, const std::optional<TableSchema>& schema, Violations& wrong)
      : batch_(batch), schema_(schema), wrong_(wrong) {}

  /// Parsed Batch.column_expressions; checks them, but not whether StarRocks understands them.
  std::vector<ColumnExpression> expressions() {
    std::vector<ColumnExpression> parsed;
    std::vector<std::string> targets;
    for (std::size_t i = 0; i < batch_.column_expressions.size(); ++i) {
      ColumnExpression one = parse_column_expression(batch_.column_expressions[i]);
      const std::string member = fmt::format("column_expressions[{}]", i);
      const bool op = same_column(one.target, kOpColumn);
      const ColumnSchema* column = find(schema_, one.target);
      if (!one.problem.empty()) {
        wrong_.add(member, one.problem);
      } else if (op && batch_.format == Format::kTypedRows) {
        wrong_.add(member, "sets __op, which is for encoded formats; typed rows have Row.op");
      } else if (!op && schema_ && column == nullptr) {
        wrong_.add(member,
                   fmt::format("sets {}, which is no column of the table", quote_name(one.target)));
      } else if (column != nullptr && column->generated) {
        wrong_.add(member,
                   fmt::format("sets {}, which StarRocks computes", quote_name(one.target)));
      } else if (contains(targets, one.target) || contains(batch_.columns, one.target)) {
        wrong_.add(member,
                   fmt::format("sets {}, which has another value already", quote_name(one.target)));
      }
      if (column != nullptr) one.target = column->name;
      targets.push_back(one.target);
      parsed.push_back(std::move(one));
    }
    return parsed;
  }

  /// What is wrong with the name of column `i` in any format; empty if nothing is.
  std::string name_problem(std::size_t i) const {
    const std::string& name = batch_.columns[i];
    if (!is_column_name(name))
      return "is no column name: it is empty, or has a back-tick or control byte";
    const bool again =
        std::any_of(batch_.columns.begin(), batch_.columns.begin() + static_cast<std::ptrdiff_t>(i),
                    [&name](const std::string& other) { return same_column(other, name); });
    if (again) return fmt::format("names {} again", quote_name(name));
    const ColumnSchema* column = find(schema_, name);
    if (column != nullptr && column->generated) {
      return fmt::format("names {}, which StarRocks computes", quote_name(name));
    }
    return {};
  }

 private:
  const Batch& batch_;
  const std::optional<TableSchema>& schema_;
  Violations& wrong_;
};

/// The function that makes a value of such a type.
std::string_view maker_of(TypeKind kind) {
  if (kind == TypeKind::kHll) return "hll_hash";
  return kind == TypeKind::kPercentile ? "percentile_hash" : "to_bitmap";
}

/// Why `column`, a column of the table, cannot be given as a value; empty if it can.
std::string value_problem(const ColumnSchema& column) {
  if (!needs_expression(column.type.kind)) return {};
  return fmt::format(
      "names {}, a {} column; give the value another name, and the column an expression "
      "such as {}={}(value)",
      quote_name(column.name), to_string(column.type), column.name, maker_of(column.type.kind));
}

/// Columns of the table that a load may not leave out, and for which `is_set` is false.
template <class IsSet>
void judge_omitted(const TableSchema& schema, bool partial_update, const IsSet& is_set,
                   Violations& wrong) {
  if (!schema.complete) return;
  for (const ColumnSchema& column : schema.columns) {
    if (column.generated || is_set(column)) continue;
    if (partial_update && column.key) {
      wrong.add("columns", fmt::format("lacks the key column {}, which partial_update needs",
                                       quote_name(column.name)));
    } else if (!column.nullable && !column.has_default && !partial_update) {
      wrong.add("columns", fmt::format("lacks {}, which is NOT NULL and has no default",
                                       quote_name(column.name)));
    }
  }
}

std::string header(const std::vector<std::string>& names, bool with_op,
                   const std::vector<std::string>& expressions) {
  std::string text;
  const auto add = [&text](std::string_view entry) {
    if (!text.empty()) text += ',';
    text += entry;
  };
  for (const std::string& name : names) add(column_reference(name));
  if (with_op) add(kOpColumn);
  for (const std::string& expression : expressions) add(expression);
  return text;
}

std::string expression_text(const ColumnExpression& expression) {
  return column_reference(expression.target) + "=" + expression.text;
}

void set_op_rules(KeyModel model, const TableOptions& options, RowPlan& plan) {
  plan.with_op = model == KeyModel::kPrimary;
  if (plan.with_op) {
    plan.deletes = OpRule::kDelete;
  } else {
    plan.deletes = model == KeyModel::kUnknown ? OpRule::kKeyModelUnknown : OpRule::kNotPrimaryKey;
  }
  plan.old_images = options.ignore_update_before ? OpRule::kSkip : plan.deletes;
}

}  // namespace

KeyModel key_model(const std::optional<TableSchema>& schema, const TableOptions& options) {
  if (schema && schema->key_model != KeyModel::kUnknown) return schema->key_model;
  return options.key_model;
}

std::string RowPlan::csv_columns() const {
  std::vector<std::string> names;
  for (const ColumnPlan& column : columns) names.push_back(column.name);
  return header(names, with_op, expressions);
}

std::string RowPlan::json_columns() const {
  std::vector<std::string> names;
  std::vector<std::string> decoded;
  for (const ColumnPlan& column : columns) {
    names.push_back(column.json_name);
    if (column.json_name == column.name) continue;
    decoded.push_back(fmt::format("{}=from_base64({})", column_reference(column.name),
                                  column_reference(column.json_name)));
  }
  decoded.insert(decoded.end(), expressions.begin(), expressions.end());
  return header(names, with_op, decoded);
}

Answer<RowPlan> plan_rows(const Batch& batch, const std::optional<TableSchema>& schema,
                          const TableOptions& options, const PropertySet& properties,
                          const std::string& path) {
  Violations wrong(path);
  Head head(batch, schema, wrong);
  RowPlan plan;
  const std::vector<ColumnExpression> expressions = head.expressions();
  const auto is_input = [&expressions](std::string_view name) {
    return std::any_of(expressions.begin(), expressions.end(),
                       [name](const ColumnExpression& one) { return mentions(one.text, name); });
  };
  for (std::size_t i = 0; i < batch.columns.size(); ++i) {
    const std::string member = fmt::format("columns[{}]", i);
    const std::string& name = batch.columns[i];
    const ColumnSchema* column = find(schema, name);
    std::string problem = head.name_problem(i);
    if (problem.empty() && same_column(name, kOpColumn)) {
      problem = "is __op, which is for encoded formats; typed rows have Row.op";
    } else if (problem.empty() && column != nullptr) {
      problem = value_problem(*column);
    } else if (problem.empty() && schema && !is_input(name)) {
      problem =
          fmt::format("names {}, which is no column of the table and no input of an expression",
                      quote_name(name));
    }
    if (!problem.empty()) wrong.add(member, std::move(problem));
    ColumnPlan one{name, {}, true, false, name};
    if (column != nullptr) {
      one = ColumnPlan{column->name, column->type, column->nullable, column->key, column->name};
      if (!csv_takes(column->type) && plan.csv_obstacle.empty()) {
        plan.csv_obstacle_member = member;
        plan.csv_obstacle =
            fmt::format("is of type {}, which CSV cannot carry", to_string(column->type));
      }
    }
    if (one.type.kind == TypeKind::kVarbinary) {
      one.json_name = std::string(kBase64Prefix) + one.name;
      while (contains(batch.columns, one.json_name) || find(schema, one.json_name) != nullptr) {
        one.json_name.insert(0, "_");
      }
    }
    plan.columns.push_back(std::move(one));
  }
  if (schema) {
    const auto is_set = [&batch, &expressions](const ColumnSchema& column) {
      return contains(batch.columns, column.name) ||
             std::any_of(expressions.begin(), expressions.end(),
                         [&column](const ColumnExpression& expression) {
                           return same_column(expression.target, column.name);
                         });
    };
    judge_omitted(*schema, properties.is_true("partial_update"), is_set, wrong);
  }
  if (!wrong.empty()) return wrong.refusal();
  for (const ColumnExpression& one : expressions) plan.expressions.push_back(expression_text(one));
  set_op_rules(key_model(schema, options), options, plan);
  return plan;
}

Answer<std::string> encoded_columns(const Batch& batch, const std::optional<TableSchema>& schema,
                                    const TableOptions& options, const PropertySet& properties,
                                    const std::string& path) {
  Violations wrong(path);
  // In the header's text, so that a configured list is judged too. What it only mentions in an
  // expression passes here, and StarRocks says it. It fills columns that need an expression with
  // an empty value, which not every source of the schema tells as their default.
  const auto judge_header = [&schema, &properties, &wrong](const std::string& text) {
    if (!schema || text.empty()) return;
    const auto is_set = [&text](const ColumnSchema& column) {
      return needs_expression(column.type.kind) || mentions(text, column.name);
    };
    judge_omitted(*schema, properties.is_true("partial_update"), is_set, wrong);
  };
  if (batch.columns.empty()) {
    if (!is_printable(options.columns)) {
      wrong.add("columns", "has control characters (set in the table's configuration)");
    } else {
      judge_header(options.columns);
    }
    if (!wrong.empty()) return wrong.refusal();
    return options.columns;
  }
  Head head(batch, schema, wrong);
  std::vector<std::string> expressions;
  for (const ColumnExpression& one : head.expressions())
    expressions.push_back(expression_text(one));
  std::vector<std::string> names;
  for (std::size_t i = 0; i < batch.columns.size(); ++i) {
    std::string problem = head.name_problem(i);
    if (!problem.empty()) wrong.add(fmt::format("columns[{}]", i), std::move(problem));
    names.push_back(same_column(batch.columns[i], kOpColumn) ? std::string(kOpColumn)
                                                             : batch.columns[i]);
  }
  std::string text = header(names, false, expressions);
  if (wrong.empty()) judge_header(text);
  if (!wrong.empty()) return wrong.refusal();
  return text;
}

}  // namespace loadstar::ingest
