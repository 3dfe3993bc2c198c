#include "tests/emulator/engine/query.hpp"

#include "tests/emulator/engine/convert.hpp"
#include "tests/emulator/engine/ddl.hpp"
#include "tests/emulator/engine/information_schema.hpp"
#include "tests/emulator/engine/query_functions.hpp"
#include "tests/emulator/engine/text.hpp"
#include "tests/emulator/engine/translate.hpp"

namespace emulator {

namespace {

/// The StarRocks column that a column of the result comes from; nullptr if it is an expression.
const Column* origin(const Catalog& catalog, sqlite3_stmt* statement, int index) {
  const char* table = sqlite3_column_table_name(statement, index);
  const char* name = sqlite3_column_origin_name(statement, index);
  if (table == nullptr || name == nullptr) return nullptr;
  const std::string full = table;
  for (const auto& [database, tables] : catalog.databases()) {
    if (full.rfind(database + ".", 0) != 0) continue;
    const auto found = tables.find(full.substr(database.size() + 1));
    if (found == tables.end()) continue;
    const auto place = find_column(found->second, name);
    return place ? &found->second.columns[*place] : nullptr;
  }
  return nullptr;
}

std::string type_of_value(int code) {
  switch (code) {
    case SQLITE_INTEGER:
      return "bigint(20)";
    case SQLITE_FLOAT:
      return "double";
    case SQLITE_BLOB:
      return "varbinary";
    default:
      return "varchar";
  }
}

std::optional<std::string> text_of_value(sqlite3_stmt* statement, int index, const Column* column) {
  switch (sqlite3_column_type(statement, index)) {
    case SQLITE_NULL:
      return std::nullopt;
    case SQLITE_FLOAT: {
      const double number = sqlite3_column_double(statement, index);
      if (column != nullptr && column->type.kind == Kind::kFloat)
        return float_text(static_cast<float>(number));
      return double_text(number);
    }
    default: {
      const auto* data = static_cast<const char*>(sqlite3_column_blob(statement, index));
      const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, index));
      return data == nullptr ? std::string{} : std::string(data, size);
    }
  }
}

}  // namespace

QueryRunner::QueryRunner(Database& database, const Catalog& catalog)
    : database_(database), catalog_(catalog) {
  register_query_functions(database_);
  create_information_schema(database_);
}

QueryResult QueryRunner::run(std::string_view sql, const std::string& current_database) {
  TokenStream tokens(sql);
  if (tokens.is_word("SELECT") || tokens.is_word("WITH") || tokens.is_symbol("(")) {
    return select(sql, current_database);
  }
  if (tokens.accept_word("SHOW")) {
    tokens.accept_word("FULL");
    if (tokens.accept_word("DATABASES") || tokens.accept_word("SCHEMAS")) return show_databases();
    if (tokens.accept_word("TABLES")) {
      const bool named = tokens.accept_word("FROM") || tokens.accept_word("IN");
      return show_tables(named ? tokens.expect_name() : current_database);
    }
    throw SqlError(
        "Getting analyzing error. Detail message: the emulator does not support the statement "
        "SHOW " +
        tokens.peek().text + ".");
  }
  if (tokens.accept_word("DESC") || tokens.accept_word("DESCRIBE")) {
    const TableName name = parse_table_name(tokens);
    return describe_table(name.database.empty() ? current_database : name.database, name.table);
  }
  throw SqlError(
      "Getting analyzing error. Detail message: the emulator does not support the statement " +
      tokens.peek().text + ".");
}

QueryResult QueryRunner::select(std::string_view sql, const std::string& current_database) {
  const Translation translation = translate_query(sql, current_database, catalog_);
  if (translation.information_schema) fill_information_schema(database_, catalog_);
  Statement statement = database_.prepare(translation.sql);
  sqlite3_stmt* const handle = statement.handle();
  if (sqlite3_stmt_readonly(handle) == 0)
    throw SqlError("Getting analyzing error. Detail message: only SELECT is allowed.");
  QueryResult result;
  const int columns = sqlite3_column_count(handle);
  std::vector<const Column*> origins;
  for (int i = 0; i < columns; ++i) {
    origins.push_back(origin(catalog_, handle, i));
    const auto place = static_cast<std::size_t>(i);
    const bool own = translation.names.size() == static_cast<std::size_t>(columns) &&
                     !translation.names[place].empty();
    result.names.push_back(own ? translation.names[place] : sqlite3_column_name(handle, i));
    result.types.push_back(origins.back() == nullptr ? "" : sql_type_text(origins.back()->type));
  }
  while (statement.step()) {
    auto& row = result.rows.emplace_back();
    for (int i = 0; i < columns; ++i) {
      const auto place = static_cast<std::size_t>(i);
      // The type of an expression is that of its first value that is not NULL.
      const int code = sqlite3_column_type(handle, i);
      if (result.types[place].empty() && code != SQLITE_NULL)
        result.types[place] = type_of_value(code);
      row.push_back(text_of_value(handle, i, origins[place]));
    }
  }
  for (std::string& type : result.types) {
    if (type.empty()) type = "varchar";
  }
  return result;
}

QueryResult QueryRunner::show_databases() const {
  QueryResult result{{"Database"}, {"varchar"}, {}};
  for (const auto& [name, tables] : catalog_.databases()) result.rows.push_back({name});
  result.rows.push_back({"information_schema"});
  return result;
}

QueryResult QueryRunner::show_tables(const std::string& database) const {
  const auto found = catalog_.databases().find(database);
  if (found == catalog_.databases().end()) {
    throw SqlError("Getting analyzing error. Detail message: Unknown database '" + database + "'.");
  }
  QueryResult result{{"Tables_in_" + database}, {"varchar"}, {}};
  for (const auto& [name, table] : found->second) result.rows.push_back({name});
  return result;
}

QueryResult QueryRunner::describe_table(const std::string& database,
                                        const std::string& table) const {
  const TableSchema* schema = catalog_.find(database, table);
  if (schema == nullptr) {
    throw SqlError("Getting analyzing error. Detail message: Unknown table '" + database + "." +
                   table + "'.");
  }
  QueryResult result{{"Field", "Type", "Null", "Key", "Default", "Extra"},
                     std::vector<std::string>(6, "varchar"),
                     {}};
  for (const ColumnInfo& column : describe(*schema).columns) {
    const auto place = find_column(*schema, column.name);
    const std::string extra = column.auto_increment ? "AUTO_INCREMENT"
                              : column.key          ? ""
                                                    : column.aggregation.value_or("");
    result.rows.push_back({column.name, sql_type_text(schema->columns[*place].type),
                           column.nullable ? "YES" : "NO", column.key ? "true" : "false",
                           column.default_value, extra});
  }
  return result;
}

}  // namespace emulator
