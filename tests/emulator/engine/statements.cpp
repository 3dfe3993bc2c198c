#include "tests/emulator/engine/statements.hpp"

#include "tests/emulator/engine/convert.hpp"
#include "tests/emulator/engine/ddl.hpp"
#include "tests/emulator/engine/expr.hpp"
#include "tests/emulator/engine/temporal.hpp"

#include <algorithm>

namespace emulator {

namespace {

[[noreturn]] void refuse(const std::string& message) {
  throw SqlError("Getting analyzing error. Detail message: " + message);
}

FunctionContext context_now() {
  FunctionContext context;
  context.now = unix_seconds_now();
  return context;
}

/// Generated columns over the table's other columns.
std::vector<MappedColumn> generated_columns(const TableSchema& table) {
  std::vector<MappedColumn> generated;
  const Scope scope = [&table](const std::string& name) {
    const auto place = find_column(table, name);
    if (!place) refuse("Column '" + name + "' cannot be resolved.");
    return std::pair(static_cast<int>(*place), table.columns[*place].type);
  };
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    if (table.columns[i].generated.empty()) continue;
    TokenStream tokens(table.columns[i].generated);
    generated.push_back({i, parse_expression(tokens, scope)});
  }
  return generated;
}

}  // namespace

void StatementRunner::run(std::string_view script) {
  tokens_ = TokenStream(script);
  current_.clear();
  while (!tokens_.at_end()) {
    if (tokens_.accept_symbol(";")) continue;
    run_statement();
    if (!tokens_.at_end() && !tokens_.accept_symbol(";")) tokens_.fail();
  }
}

void StatementRunner::run_statement() {
  if (tokens_.accept_word("CREATE")) {
    create();
  } else if (tokens_.accept_word("DROP")) {
    drop();
  } else if (tokens_.accept_word("TRUNCATE")) {
    truncate();
  } else if (tokens_.accept_word("INSERT")) {
    insert();
  } else if (tokens_.accept_word("USE")) {
    current_ = tokens_.expect_name();
    if (catalog_.databases().count(current_) == 0) refuse("Unknown database '" + current_ + "'.");
  } else {
    refuse("the emulator does not support the statement " + tokens_.peek().text + ".");
  }
}

bool StatementRunner::accept_if_exists() {
  if (!tokens_.accept_word("IF")) return false;
  tokens_.expect_word("EXISTS");
  return true;
}

bool StatementRunner::accept_if_not_exists() {
  if (!tokens_.accept_word("IF")) return false;
  tokens_.expect_word("NOT");
  tokens_.expect_word("EXISTS");
  return true;
}

void StatementRunner::complete(std::string& database) const {
  if (database.empty()) database = current_;
  if (database.empty()) refuse("No database selected.");
  if (catalog_.databases().count(database) == 0) refuse("Unknown database '" + database + "'.");
}

void StatementRunner::create() {
  if (tokens_.accept_word("DATABASE") || tokens_.accept_word("SCHEMA")) return create_database();
  if (tokens_.accept_word("TABLE")) return create_table();
  refuse("the emulator does not support the statement CREATE " + tokens_.peek().text + ".");
}

void StatementRunner::create_database() {
  const bool quiet = accept_if_not_exists();
  const std::string name = tokens_.expect_name();
  if (catalog_.databases().count(name) == 0) {
    catalog_.create_database(name);
  } else if (!quiet) {
    refuse("Can't create database '" + name + "'; database exists.");
  }
}

void StatementRunner::create_table() {
  const bool quiet = accept_if_not_exists();
  const std::size_t begin = tokens_.peek().begin;
  TableSchema table = parse_create_table(tokens_);
  complete(table.database);
  if (catalog_.find(table.database, table.name) == nullptr) {
    catalog_.create_table(std::move(table), tokens_.source(begin, tokens_.peek().begin));
  } else if (!quiet) {
    refuse("Table '" + table.name + "' already exists.");
  }
}

void StatementRunner::drop() {
  const bool whole_database = tokens_.accept_word("DATABASE") || tokens_.accept_word("SCHEMA");
  if (!whole_database && !tokens_.accept_word("TABLE")) {
    refuse("the emulator does not support the statement DROP " + tokens_.peek().text + ".");
  }
  const bool quiet = accept_if_exists();
  if (whole_database) {
    const std::string name = tokens_.expect_name();
    if (catalog_.databases().count(name) != 0) {
      catalog_.drop_database(name);
    } else if (!quiet) {
      refuse("Can't drop database '" + name + "'; database doesn't exist.");
    }
  } else {
    TableName name = parse_table_name(tokens_);
    complete(name.database);
    if (catalog_.find(name.database, name.table) != nullptr) {
      catalog_.drop_table(name.database, name.table);
    } else if (!quiet) {
      refuse("Unknown table '" + name.database + "." + name.table + "'.");
    }
  }
  tokens_.accept_word("FORCE");
}

const TableSchema& StatementRunner::existing_table() {
  TableName name = parse_table_name(tokens_);
  complete(name.database);
  const TableSchema* table = catalog_.find(name.database, name.table);
  if (table == nullptr) refuse("Unknown table '" + name.database + "." + name.table + "'.");
  return *table;
}

void StatementRunner::truncate() {
  tokens_.expect_word("TABLE");
  catalog_.truncate_table(existing_table());
}

void StatementRunner::insert() {
  tokens_.expect_word("INTO");
  const TableSchema& table = existing_table();
  std::vector<std::size_t> columns;
  if (tokens_.accept_symbol("(")) {
    do {
      const std::string name = tokens_.expect_name();
      const auto place = find_column(table, name);
      if (!place) refuse("Unknown column '" + name + "' in '" + table.name + "'.");
      columns.push_back(*place);
    } while (tokens_.accept_symbol(","));
    tokens_.expect_symbol(")");
  } else {
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
      if (table.columns[i].generated.empty() && !table.columns[i].auto_increment)
        columns.push_back(i);
    }
  }
  if (!tokens_.accept_word("VALUES")) refuse("the emulator supports INSERT INTO with VALUES only.");
  insert_rows(table, columns);
}

Value StatementRunner::insert_value(const Column& column) {
  if (tokens_.accept_word("DEFAULT")) return default_value(column, context_now());
  const Scope no_columns = [](const std::string& name) -> std::pair<int, Type> {
    refuse("Column '" + name + "' cannot be resolved.");
  };
  const Expr expr = parse_expression(tokens_, no_columns);
  const Value value = evaluate(expr, {}, context_now());
  if (is_null(value)) {
    if (!column.nullable && !column.auto_increment) {
      throw SqlError(
          "Insert has filtered data in strict mode. NULL value in non-nullable column '" +
          column.name + "'");
    }
    return {};
  }
  auto converted = cast_value(value, expr.type, column.type);
  if (!converted) {
    throw SqlError("Insert has filtered data in strict mode. Value '" +
                   value_text(value, expr.type) + "' is out of range. The type of '" + column.name +
                   "' is " + type_text(column.type));
  }
  return std::move(*converted);
}

void StatementRunner::insert_rows(const TableSchema& table,
                                  const std::vector<std::size_t>& columns) {
  StagedLoad load;
  load.database = table.database;
  load.table = table.name;
  for (const std::size_t column : columns) load.columns.push_back(table.columns[column].name);
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    const bool given = std::find(columns.begin(), columns.end(), i) != columns.end();
    if (!given && !can_be_omitted(table.columns[i])) {
      refuse("'" + table.columns[i].name + "' must be explicitly mentioned in column permutation.");
    }
  }
  const std::vector<MappedColumn> generated = generated_columns(table);
  std::vector<std::size_t> written = columns;
  for (const MappedColumn& column : generated) {
    written.push_back(column.target);
    load.columns.push_back(table.columns[column.target].name);
  }
  Values defaults;
  for (const Column& column : table.columns)
    defaults.push_back(default_value(column, context_now()));
  RowBuffer rows;
  do {
    Values row = defaults;
    tokens_.expect_symbol("(");
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (i != 0) tokens_.expect_symbol(",");
      row[columns[i]] = insert_value(table.columns[columns[i]]);
    }
    tokens_.expect_symbol(")");
    for (const MappedColumn& column : generated) {
      const Value value = evaluate(column.expr, row, context_now());
      row[column.target] =
          is_null(value) ? Value{}
                         : cast_value(value, column.expr.type, table.columns[column.target].type)
                               .value_or(Value{});
    }
    if (!has_partition(table.partitioning, row, {})) {
      throw SqlError(
          "Insert has filtered data in strict mode. The row is out of partition ranges. Please add "
          "a new "
          "partition.");
    }
    rows.add(RowOp::kUpsert, row, written);
  } while (tokens_.accept_symbol(","));
  Transaction transaction(database_);
  staging_.apply(table, load, rows.chunks());
  transaction.commit();
}

}  // namespace emulator
