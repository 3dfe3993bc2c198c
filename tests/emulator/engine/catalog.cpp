#include "tests/emulator/engine/catalog.hpp"

#include "tests/emulator/engine/ddl.hpp"
#include "tests/emulator/engine/publish.hpp"

namespace emulator {

Catalog::Catalog(Database& database) : database_(database) {
  database_.execute("CREATE TABLE IF NOT EXISTS _databases (name TEXT PRIMARY KEY)");
  database_.execute(
      "CREATE TABLE IF NOT EXISTS _tables (database TEXT, name TEXT, declaration TEXT, next_id "
      "INTEGER DEFAULT 1, "
      "PRIMARY KEY (database, name))");
  Statement names = database_.prepare("SELECT name FROM _databases");
  while (names.step()) databases_[names.column_text(0)];
  Statement tables = database_.prepare("SELECT database, declaration FROM _tables");
  while (tables.step()) {
    TokenStream tokens(tables.column_text(1));
    TableSchema table = parse_create_table(tokens);
    table.database = tables.column_text(0);
    const std::string name = table.name;
    databases_[table.database][name] = std::move(table);
  }
}

const TableSchema* Catalog::find(const std::string& database, const std::string& table) const {
  const auto tables = databases_.find(database);
  if (tables == databases_.end()) return nullptr;
  const auto found = tables->second.find(table);
  return found == tables->second.end() ? nullptr : &found->second;
}

void Catalog::create_database(const std::string& name) {
  Statement insert = database_.prepare("INSERT INTO _databases VALUES (?)");
  insert.bind_text(1, name);
  insert.run();
  databases_[name];
}

void Catalog::drop_database(const std::string& name) {
  Transaction transaction(database_);
  for (const auto& [table, schema] : databases_[name]) {
    database_.execute("DROP TABLE " + quoted_table(name, table));
  }
  for (const char* sql :
       {"DELETE FROM _tables WHERE database = ?", "DELETE FROM _databases WHERE name = ?"}) {
    Statement remove = database_.prepare(sql);
    remove.bind_text(1, name);
    remove.run();
  }
  transaction.commit();
  databases_.erase(name);
}

void Catalog::create_table(TableSchema table, const std::string& declaration) {
  Transaction transaction(database_);
  database_.execute(create_table_sql(table));
  Statement insert =
      database_.prepare("INSERT INTO _tables (database, name, declaration) VALUES (?, ?, ?)");
  insert.bind_text(1, table.database);
  insert.bind_text(2, table.name);
  insert.bind_text(3, declaration);
  insert.run();
  transaction.commit();
  const std::string name = table.name;
  databases_[table.database][name] = std::move(table);
}

void Catalog::drop_table(const std::string& database, const std::string& table) {
  Transaction transaction(database_);
  database_.execute("DROP TABLE " + quoted_table(database, table));
  Statement remove = database_.prepare("DELETE FROM _tables WHERE database = ? AND name = ?");
  remove.bind_text(1, database);
  remove.bind_text(2, table);
  remove.run();
  transaction.commit();
  databases_[database].erase(table);
}

void Catalog::truncate_table(const TableSchema& table) {
  database_.execute("DELETE FROM " + quoted_table(table.database, table.name));
}

std::int64_t Catalog::reserve_ids(const TableSchema& table, std::int64_t count) {
  Statement update = database_.prepare(
      "UPDATE _tables SET next_id = next_id + ?1 WHERE database = ?2 AND name = ?3 RETURNING "
      "next_id - ?1");
  update.bind_int(1, count);
  update.bind_text(2, table.database);
  update.bind_text(3, table.name);
  const std::int64_t first = update.step() ? update.column_int(0) : 1;
  while (update.step()) {
  }
  return first;
}

}  // namespace emulator
