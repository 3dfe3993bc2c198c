#pragma once

#include <cstddef>
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

/// True for bytes of a name that needs no back-ticks.
[[nodiscard]] bool is_name_byte(char c);

/// `text` without the blanks around it.
[[nodiscard]] std::string_view trim_blanks(std::string_view text);

/// True for the three quotes of SQL: single, double, back-tick.
[[nodiscard]] bool is_quote(char c);

/// Offset behind the quoted text that begins at `at`; npos if it does not end. Backslash escapes
/// hold in strings, doubled quotes in all.
[[nodiscard]] std::size_t end_of_quoted(std::string_view text, std::size_t at);

/// Name of the column that says upsert (0) or delete (1) (11.7).
inline constexpr std::string_view kOpColumn = "__op";

}  // namespace loadstar::ingest
