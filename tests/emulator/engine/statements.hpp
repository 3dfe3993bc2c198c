#pragma once

#include "tests/emulator/engine/catalog.hpp"
#include "tests/emulator/engine/lexer.hpp"
#include "tests/emulator/engine/staging.hpp"

#include <string>
#include <string_view>

namespace emulator {

/// Runs scripts of CREATE / DROP DATABASE, CREATE / DROP / TRUNCATE TABLE, USE and INSERT INTO ...
/// VALUES. Throws SqlError for anything else, by its name.
class StatementRunner {
 public:
  StatementRunner(Database& database, Catalog& catalog, Staging& staging)
      : database_(database), catalog_(catalog), staging_(staging) {}

  void run(std::string_view script);

 private:
  void run_statement();
  void create();
  void create_database();
  void create_table();
  void drop();
  void truncate();
  void insert();
  void insert_rows(const TableSchema& table, const std::vector<std::size_t>& columns);
  [[nodiscard]] Value insert_value(const Column& column);
  bool accept_if_exists();
  bool accept_if_not_exists();
  /// Fills in the database of USE; throws if there is none.
  void complete(std::string& database) const;
  [[nodiscard]] const TableSchema& existing_table();

  Database& database_;
  Catalog& catalog_;
  Staging& staging_;
  TokenStream tokens_{""};
  std::string current_;
};

}  // namespace emulator
