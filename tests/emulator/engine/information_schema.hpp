#pragma once

#include "tests/emulator/engine/catalog.hpp"
#include "tests/emulator/engine/sqlite.hpp"

#include <string>

namespace emulator {

/// Makes the (temporary) tables columns, tables, tables_config and schemata of information_schema.
void create_information_schema(Database& database);

/// Fills them with what is declared now.
void fill_information_schema(Database& database, const Catalog& catalog);

/// A type as SHOW, DESC and results name it: "int(11)", "decimal(10, 2)", "varchar(20)",
/// "array<int(11)>".
[[nodiscard]] std::string sql_type_text(const Type& type);

}  // namespace emulator
