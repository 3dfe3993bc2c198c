#pragma once

#include <string>
#include <string_view>

namespace loadstar::ingest {

/// One "column=expression" of Batch.column_expressions or of a configured column list.
struct ColumnExpression {
  std::string target;   ///< name before '=', without back-ticks
  std::string text;     ///< what is behind '=', trimmed
  std::string problem;  ///< not empty = not usable; a sentence without its subject
};

/// Splits at the first '=' and checks that the rest is one expression: quotes and parentheses
/// closed, no comma on top, no ';' and no comment, by which it would reach into its neighbours in
/// the `columns` header. What the expression means is StarRocks' to judge. Source:
/// starrocks-load-protocol.md 11.6.
[[nodiscard]] ColumnExpression parse_column_expression(std::string_view text);

/// True if `expression` names `column`, bare or in back-ticks, in any case, outside of string
/// literals.
[[nodiscard]] bool mentions(std::string_view expression, std::string_view column);

/// `name` as it stands in the `columns` header: in back-ticks, but `__op` bare as StarRocks
/// documents it.
[[nodiscard]] std::string column_reference(std::string_view name);

/// True if `name` can stand between back-ticks: not empty, no back-tick, no control byte.
[[nodiscard]] bool is_column_name(std::string_view name);

/// Equality of column names, which compare without case (11.6). ASCII only, as in
/// TableSchema::find.
[[nodiscard]] bool same_column(std::string_view left, std::string_view right);

/// Name of the column that says upsert (0) or delete (1) (11.7).
inline constexpr std::string_view kOpColumn = "__op";

}  // namespace loadstar::ingest
