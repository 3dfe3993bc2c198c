#include "tests/emulator/engine/sqlite_engine.hpp"

#include "tests/emulator/engine/temporal.hpp"

namespace emulator {

std::unique_ptr<Engine> Engine::open(const std::string& path) {
  return std::make_unique<SqliteEngine>(path);
}

SqliteEngine::SqliteEngine(const std::string& path)
    : database_(path),
      catalog_(database_),
      staging_(database_, catalog_),
      statements_(database_, catalog_, staging_),
      queries_(database_, catalog_) {
  database_.execute(
      "CREATE TABLE IF NOT EXISTS _values (key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID");
}

std::optional<EngineError> SqliteEngine::execute(std::string_view sql) {
  try {
    statements_.run(sql);
    return std::nullopt;
  } catch (const SqlError& error) {
    return EngineError{error.what(), "ANALYSIS_ERROR"};
  } catch (const SqliteError& error) {
    return EngineError{error.what(), "INTERNAL_ERROR"};
  }
}

bool SqliteEngine::has_database(const std::string& database) const {
  return catalog_.databases().count(database) != 0;
}

std::vector<std::string> SqliteEngine::databases() const {
  std::vector<std::string> names;
  for (const auto& [name, tables] : catalog_.databases()) names.push_back(name);
  return names;
}

std::vector<std::string> SqliteEngine::tables(const std::string& database) const {
  std::vector<std::string> names;
  const auto found = catalog_.databases().find(database);
  if (found == catalog_.databases().end()) return names;
  for (const auto& [name, table] : found->second) names.push_back(name);
  return names;
}

std::optional<TableInfo> SqliteEngine::table(const std::string& database,
                                             const std::string& table) const {
  const TableSchema* schema = catalog_.find(database, table);
  if (schema == nullptr) return std::nullopt;
  return describe(*schema);
}

std::unique_ptr<LoadPlan> SqliteEngine::plan(const std::string& database, const std::string& table,
                                             const Headers& headers, bool transaction,
                                             EngineError& error) {
  const TableSchema* schema = catalog_.find(database, table);
  if (schema == nullptr) {
    error = {"unknown table \"" + database + "." + table + "\"", "ANALYSIS_ERROR"};
    return nullptr;
  }
  try {
    LoadOptions options = read_load_options(headers, transaction);
    FunctionContext context;
    context.zone = options.zone;
    context.now = unix_seconds_now();
    return std::make_unique<TableLoad>(*schema, std::move(options), std::move(context));
  } catch (const LoadRefused& refused) {
    error = refused.error;
    return nullptr;
  }
}

void SqliteEngine::stage(std::int64_t transaction_id, LoadPlan& plan) {
  staging_.stage(transaction_id, dynamic_cast<const TableLoad&>(plan));
}

void SqliteEngine::publish(std::int64_t transaction_id) { staging_.publish(transaction_id); }

void SqliteEngine::discard(std::int64_t transaction_id) { staging_.discard(transaction_id); }

std::optional<QueryResult> SqliteEngine::query(std::string_view sql, const std::string& database,
                                               EngineError& error) {
  try {
    return queries_.run(sql, database);
  } catch (const SqlError& refused) {
    error = {refused.what(), "ANALYSIS_ERROR"};
  } catch (const SqliteError& refused) {
    error = {std::string("Getting analyzing error. Detail message: ") + refused.what() + ".",
             "ANALYSIS_ERROR"};
  }
  return std::nullopt;
}

void SqliteEngine::put(const std::string& key, const std::string& value) {
  Statement insert = database_.prepare("INSERT OR REPLACE INTO _values VALUES (?, ?)");
  insert.bind_text(1, key);
  insert.bind_text(2, value);
  insert.run();
}

void SqliteEngine::erase(const std::string& key) {
  Statement remove = database_.prepare("DELETE FROM _values WHERE key = ?");
  remove.bind_text(1, key);
  remove.run();
}

std::map<std::string, std::string> SqliteEngine::scan(const std::string& prefix) const {
  std::map<std::string, std::string> found;
  Statement select =
      database_.prepare("SELECT key, value FROM _values WHERE key >= ? ORDER BY key");
  select.bind_text(1, prefix);
  while (select.step()) {
    std::string key = select.column_text(0);
    if (key.compare(0, prefix.size(), prefix) != 0) break;
    found.emplace(std::move(key), select.column_text(1));
  }
  return found;
}

}  // namespace emulator
