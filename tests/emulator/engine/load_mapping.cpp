#include "tests/emulator/engine/load_mapping.hpp"

#include "tests/emulator/engine/text.hpp"

#include <algorithm>
#include <set>

namespace emulator {

namespace {

constexpr const char* kOp = "__op";

/// Builds a LoadMapping step by step, in the order in which StarRocks complains.
class Mapper {
 public:
  Mapper(const TableSchema& table, const LoadOptions& options) : table_(table), options_(options) {}

  LoadMapping run() {
    check_partitions();
    read_columns();
    check_partial_update();
    read_expressions();
    check_sketches();
    take_defaults();
    add_generated();
    read_where();
    check_merge_condition();
    check_negative();
    std::sort(out_.written.begin(), out_.written.end());
    return std::move(out_);
  }

 private:
  /// A `name = expr` whose expression is read once all source columns are known.
  struct Pending {
    std::string name;
    std::string text;
  };

  const Column& column(std::size_t i) const { return table_.columns[i]; }
  bool primary() const { return table_.model == KeysModel::kPrimary; }

  void check_partitions() const {
    for (const std::string& name : options_.partitions) {
      const auto& all = table_.partitioning.partitions;
      const bool known = std::any_of(all.begin(), all.end(), [&](const Partition& partition) {
        return equal_ignore_case(partition.name, name);
      });
      // A table without partitions has one of its own name.
      if (!known && !(all.empty() && equal_ignore_case(name, table_.name))) {
        refuse_plan("Unknown partition '" + name + "' in table '" + table_.name + "'");
      }
    }
  }

  void read_columns() {
    if (options_.columns.empty()) {
      for (std::size_t i = 0; i < table_.columns.size(); ++i) {
        if (column(i).generated.empty() && !column(i).auto_increment) add_source(column(i).name);
      }
    } else {
      parse_columns();
    }
    const bool listed = std::any_of(out_.sources.begin(), out_.sources.end(),
                                    [](const SourceColumn& source) { return source.op; });
    const bool mapped = std::any_of(pending_.begin(), pending_.end(), [](const Pending& pending) {
      return equal_ignore_case(pending.name, kOp);
    });
    out_.implicit_json_op =
        options_.json && primary() && options_.jsonpaths.empty() && !listed && !mapped;
  }

  void parse_columns() {
    try {
      TokenStream tokens(options_.columns);
      do {
        const std::string name = tokens.expect_name();
        if (!tokens.accept_symbol("=")) {
          add_source(name);
          continue;
        }
        const std::size_t begin = tokens.peek().begin;
        std::size_t end = begin;
        for (int depth = 0; !tokens.at_end() && (depth > 0 || !tokens.is_symbol(","));) {
          if (tokens.is_symbol("(")) ++depth;
          if (tokens.is_symbol(")")) --depth;
          end = tokens.next().end;
        }
        if (end == begin) tokens.fail();
        add_pending(name, tokens.source(begin, end));
      } while (tokens.accept_symbol(","));
      if (!tokens.at_end()) tokens.fail();
    } catch (const SqlError& error) {
      refuse_plan(error.what());
    }
  }

  void add_source(const std::string& name) {
    for (const SourceColumn& other : out_.sources) {
      if (equal_ignore_case(other.name, name)) refuse_plan("Duplicate column: " + name);
    }
    SourceColumn source;
    source.name = name;
    source.target = find_column(table_, name);
    source.op = primary() && equal_ignore_case(name, kOp);
    if (source.target && !column(*source.target).generated.empty()) {
      refuse_plan("generated column: " + name + " can not be specified");
    }
    out_.sources.push_back(std::move(source));
  }

  void add_pending(const std::string& name, const std::string& text) {
    for (const Pending& other : pending_) {
      if (equal_ignore_case(other.name, name)) refuse_plan("Duplicate column mapping: " + name);
    }
    const auto target = find_column(table_, name);
    if (!target && !(primary() && equal_ignore_case(name, kOp))) {
      refuse_plan("Mapping column is not in table. column: " + name);
    }
    if (target && !column(*target).generated.empty()) {
      refuse_plan("generated column: " + name + " can not be specified");
    }
    pending_.push_back({name, text});
  }

  /// True if `columns` gives the column a value.
  bool is_given(std::size_t target) const {
    const std::string& name = column(target).name;
    return std::any_of(
               out_.sources.begin(), out_.sources.end(),
               [&](const SourceColumn& source) { return equal_ignore_case(source.name, name); }) ||
           std::any_of(pending_.begin(), pending_.end(), [&](const Pending& pending) {
             return equal_ignore_case(pending.name, name);
           });
  }

  void check_partial_update() const {
    if (!options_.partial_update) return;
    if (!primary()) refuse_plan("Only primary key table support partial update");
    const auto storage = table_.properties.find("storage_type");
    if (storage != table_.properties.end() &&
        equal_ignore_case(storage->second, "column_with_row") &&
        options_.partial_update_mode != "row") {
      refuse_plan("column with row table only support row mode partial update");
    }
    for (std::size_t i = 0; i < table_.columns.size(); ++i) {
      if (column(i).key && !column(i).auto_increment && !is_given(i)) {
        refuse_plan("key column " + column(i).name + " not in partial update columns");
      }
    }
  }

  void read_expressions() {
    for (const Pending& pending : pending_) {
      const Scope scope = [&](const std::string& name) {
        for (std::size_t i = 0; i < out_.sources.size(); ++i) {
          if (!equal_ignore_case(out_.sources[i].name, name)) continue;
          out_.sources[i].in_expression = true;
          return std::pair(static_cast<int>(i), text_type());
        }
        throw SqlError("column has no source field, column=" + name);
      };
      Expr expr = parse(pending.text, scope);
      if (const auto target = find_column(table_, pending.name)) {
        out_.mapped.push_back({*target, std::move(expr)});
      } else {
        check_op(expr);
        out_.op = std::move(expr);
      }
    }
    for (SourceColumn& source : out_.sources) {
      // A name that is also assigned is only the input of its expression.
      const bool assigned = std::any_of(
          pending_.begin(), pending_.end(),
          [&](const Pending& pending) { return equal_ignore_case(pending.name, source.name); });
      if (assigned) {
        source.target.reset();
        source.op = false;
      }
      if (source.target) out_.written.push_back(*source.target);
    }
    for (const MappedColumn& mapped : out_.mapped) out_.written.push_back(mapped.target);
  }

  Expr parse(const std::string& text, const Scope& scope) const {
    try {
      TokenStream tokens(text);
      Expr expr = parse_expression(tokens, scope);
      if (!tokens.at_end()) tokens.fail();
      return expr;
    } catch (const SqlError& error) {
      refuse_plan(error.what());
    }
  }

  /// `__op='delete'` and the like (11.7); the literal becomes its number.
  static void check_op(Expr& expr) {
    if (expr.column >= 0 || expr.function != nullptr) return;
    std::optional<std::int64_t> number;
    if (const auto* text = std::get_if<std::string>(&expr.literal)) {
      if (equal_ignore_case(*text, "upsert") || *text == "0") number = 0;
      if (equal_ignore_case(*text, "delete") || *text == "1") number = 1;
      if (!number) refuse_plan("load op type string not supported: " + *text);
    } else if (const auto* literal = std::get_if<std::int64_t>(&expr.literal)) {
      number = *literal;
    }
    if (!number || *number < 0 || *number > 1) {
      refuse_plan("const load op type column should only be upsert(0)/delete(1)");
    }
    expr.literal = *number;
    expr.type = simple_type(Kind::kTinyInt);
  }

  /// BITMAP, HLL and PERCENTILE columns come from functions only (11.6).
  void check_sketches() const {
    for (const std::size_t target : out_.written) {
      const Column& column_info = column(target);
      const auto mapped = std::find_if(out_.mapped.begin(), out_.mapped.end(),
                                       [&](const MappedColumn& m) { return m.target == target; });
      const bool expression = mapped != out_.mapped.end();
      const std::string function = expression && mapped->expr.function != nullptr
                                       ? std::string(mapped->expr.function->name)
                                       : "";
      switch (column_info.type.kind) {
        case Kind::kBitmap:
          if (!expression || mapped->expr.type.kind != Kind::kBitmap) {
            refuse_plan("bitmap column " + column_info.name +
                        " require the function return type is BITMAP");
          }
          break;
        case Kind::kHll:
          if (function != "hll_hash" && function != "hll_empty") {
            refuse_plan("HLL column must use hll_hash function, like " + column_info.name +
                        "=hll_hash(xxx) or " + column_info.name + "=hll_empty()");
          }
          break;
        case Kind::kPercentile:
          if (!expression || mapped->expr.type.kind != Kind::kPercentile) {
            refuse_plan("percentile column " + column_info.name +
                        " require the function return type is PERCENTILE");
          }
          break;
        default:
          break;
      }
    }
  }

  void take_defaults() {
    if (options_.partial_update) return;
    const std::set<std::size_t> given(out_.written.begin(), out_.written.end());
    for (std::size_t i = 0; i < table_.columns.size(); ++i) {
      if (given.count(i) != 0 || column(i).auto_increment || !column(i).generated.empty()) continue;
      if (!can_be_omitted(column(i)))
        refuse_plan("Column has no default value. column: " + column(i).name);
      out_.defaulted.push_back(i);
      out_.written.push_back(i);
    }
  }

  void add_generated() {
    for (std::size_t i = 0; i < table_.columns.size(); ++i) {
      if (column(i).generated.empty()) continue;
      bool complete = true;
      bool touched = false;
      const Scope scope = [&](const std::string& name) {
        const auto place = find_column(table_, name);
        if (!place)
          throw SqlError("Unknown column '" + name + "' of generated column " + column(i).name);
        const bool given = std::count(out_.written.begin(), out_.written.end(), *place) != 0;
        complete = complete && given;
        touched = touched || given;
        return std::pair(static_cast<int>(*place), column(*place).type);
      };
      Expr expr = parse(column(i).generated, scope);
      if (!complete && touched && options_.partial_update) {
        refuse_plan("Columns that generated column " + column(i).name +
                    " refers to must all be in the partial update");
      }
      if (!complete && options_.partial_update) continue;
      out_.generated.push_back({i, std::move(expr)});
    }
    for (const MappedColumn& generated : out_.generated) out_.written.push_back(generated.target);
  }

  void read_where() {
    if (options_.where.empty()) return;
    const Scope scope = [&](const std::string& name) {
      const auto place = find_column(table_, name);
      if (!place) {
        throw SqlError("unknown column in where statement. the column '" + name +
                       "' in where clause must be in the target table.");
      }
      return std::pair(static_cast<int>(*place), column(*place).type);
    };
    Expr expr = parse(options_.where, scope);
    if (expr.type.kind != Kind::kBoolean)
      refuse_plan("where statement is not a valid statement return bool");
    out_.where = std::move(expr);
  }

  void check_merge_condition() {
    const std::string& name = options_.merge_condition;
    if (name.empty()) return;
    if (!primary()) refuse_plan("Conditional update only support primary key table " + table_.name);
    const auto place = find_column(table_, name);
    if (!place || std::count(out_.written.begin(), out_.written.end(), *place) == 0) {
      refuse_plan("Merge condition column " + name +
                  " does not exist. If you are doing partial update with condition update, please "
                  "check condition "
                  "column is in the given update columns. Otherwise please check condition column "
                  "is in table " +
                  table_.name);
    }
    if (column(*place).key)
      refuse_plan("Merge condition column " + name + " should not be primary key!");
    const Kind kind = column(*place).type.kind;
    if (!is_number(kind) && kind != Kind::kDate && kind != Kind::kDatetime) {
      refuse_plan(
          "Merge condition column has invalid type maybe bitmap/hll/percentile/json/varchar!");
    }
    out_.merge_condition = *place;
  }

  void check_negative() const {
    if (!options_.negative) return;
    for (const Column& info : table_.columns) {
      if (!info.key && info.aggregation != Aggregation::kSum) {
        refuse_plan("Column is not SUM AggregateType. column:" + info.name);
      }
    }
  }

  const TableSchema& table_;
  const LoadOptions& options_;
  LoadMapping out_;
  std::vector<Pending> pending_;
};

}  // namespace

LoadMapping map_columns(const TableSchema& table, const LoadOptions& options) {
  return Mapper(table, options).run();
}

}  // namespace emulator
