#pragma once

#include "tests/emulator/engine/csv.hpp"
#include "tests/emulator/engine/json.hpp"
#include "tests/emulator/engine/load_mapping.hpp"
#include "tests/emulator/engine/rows.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace emulator {

/// What became of one row of the payload.
struct RowOutcome {
  enum class Kind { kLoaded, kFiltered, kUnselected };
  Kind kind = Kind::kLoaded;
  std::string reason;  ///< why it was filtered, as the error log words it (4.8)
};

/// Turns one row of the payload into the values of the table's columns: the rule of 11.1,
/// expressions, defaults, generated columns, `where` and `__op`.
class RowConverter {
 public:
  /// All three must outlive the converter.
  RowConverter(const TableSchema& table, const LoadOptions& options, const LoadMapping& mapping,
               FunctionContext context);

  /// `row` has as many fields as there are source columns.
  [[nodiscard]] RowOutcome convert(const CsvRow& row);
  /// `record` is an object; simple or matched mode as the options say.
  [[nodiscard]] RowOutcome convert(const Json& record);

  /// Of the row that was just loaded: values by table column, and what it does.
  [[nodiscard]] const Values& values() const { return values_; }
  [[nodiscard]] RowOp op() const { return op_; }

 private:
  void begin();
  /// The part that both formats share, once the source columns are read.
  RowOutcome finish();
  // Each returns false if the row is filtered, with reason_ set.
  bool assign(const MappedColumn& mapped, const Values& row);
  bool take_op(const Value& value);
  [[nodiscard]] bool check_not_null();

  const TableSchema& table_;
  const LoadOptions& options_;
  const LoadMapping& mapping_;
  FunctionContext context_;
  Values defaults_;  ///< by table column
  Type op_type_ = simple_type(Kind::kTinyInt);
  std::vector<bool> written_;

  Values sources_;  ///< texts for expressions, by source column
  Values values_;
  RowOp op_ = RowOp::kUpsert;
  std::string reason_;
};

/// Value of an omitted column: its default, or NULL.
[[nodiscard]] Value default_value(const Column& column, const FunctionContext& context);

}  // namespace emulator
