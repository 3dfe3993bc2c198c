#pragma once

#include "tests/emulator/engine/catalog.hpp"
#include "tests/emulator/engine/engine.hpp"
#include "tests/emulator/engine/sqlite.hpp"

#include <string>
#include <string_view>

namespace emulator {

/// Answers SELECT, SHOW DATABASES, SHOW TABLES, DESC. Throws SqlError or SqliteError.
class QueryRunner {
 public:
  /// Registers StarRocks' functions with the connection. Both must outlive the runner.
  QueryRunner(Database& database, const Catalog& catalog);

  [[nodiscard]] QueryResult run(std::string_view sql, const std::string& current_database);

 private:
  [[nodiscard]] QueryResult select(std::string_view sql, const std::string& current_database);
  [[nodiscard]] QueryResult show_databases() const;
  [[nodiscard]] QueryResult show_tables(const std::string& database) const;
  [[nodiscard]] QueryResult describe_table(const std::string& database,
                                           const std::string& table) const;

  Database& database_;
  const Catalog& catalog_;
};

}  // namespace emulator
