#pragma once

#include "tests/emulator/engine/lexer.hpp"
#include "tests/emulator/engine/schema.hpp"

namespace emulator {

/// A table's name as a statement writes it; the database is empty if it is left out.
struct TableName {
  std::string database;
  std::string table;
};

[[nodiscard]] TableName parse_table_name(TokenStream& tokens);

/// Reads what follows `CREATE TABLE [IF NOT EXISTS]`: the name, the columns and every clause that
/// StarRocks has. Throws SqlError for what is wrong or unknown.
[[nodiscard]] TableSchema parse_create_table(TokenStream& tokens);

/// Reads a literal with an optional sign; NULL is monostate, anything else its text.
/// TRUE and FALSE are "1" and "0".
[[nodiscard]] std::optional<std::string> parse_literal(TokenStream& tokens);

}  // namespace emulator
