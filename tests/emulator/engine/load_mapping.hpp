#pragma once

#include "tests/emulator/engine/expr.hpp"
#include "tests/emulator/engine/load_options.hpp"
#include "tests/emulator/engine/schema.hpp"

#include <optional>
#include <string>
#include <vector>

namespace emulator {

/// A column of the payload: what a plain name in `columns` stands for.
struct SourceColumn {
  std::string name;                   ///< as written: a JSON key is compared with it exactly
  std::optional<std::size_t> target;  ///< the table column that takes it as it is
  bool op = false;                    ///< `__op` of a primary key table
  bool in_expression = false;
};

/// A table column that takes the value of an expression over the source columns, all VARCHAR.
struct MappedColumn {
  std::size_t target = 0;
  Expr expr;
};

/// Where the values of a row come from: the outcome of `columns`, `where`, `partial_update`,
/// `merge_condition` and `negative` (starrocks-load-protocol.md 11.6 to 11.8).
struct LoadMapping {
  std::vector<SourceColumn> sources;
  std::vector<MappedColumn> mapped;
  std::vector<MappedColumn> generated;  ///< generated columns, over the table's columns
  std::vector<std::size_t> defaulted;   ///< columns that take their default
  std::vector<std::size_t> written;     ///< columns whose values a staged row holds, in table order
  std::optional<Expr> op;               ///< `__op=expr`
  bool implicit_json_op = false;        ///< a key `__op` counts although `columns` does not list it
  std::optional<Expr> where;            ///< over the table's columns
  std::optional<std::size_t> merge_condition;
};

/// Checks the options against the table. Throws LoadRefused with the words of 4.10.
[[nodiscard]] LoadMapping map_columns(const TableSchema& table, const LoadOptions& options);

}  // namespace emulator
