#pragma once

#include "tests/emulator/engine/schema.hpp"
#include "tests/emulator/engine/sqlite.hpp"

#include <map>
#include <string>

namespace emulator {

/// Databases and tables: their declarations in memory, and the statements that made them in the
/// file.
class Catalog {
 public:
  using Tables = std::map<std::string, TableSchema>;

  /// Makes the emulator's own tables if they are missing and reads what is declared.
  explicit Catalog(Database& database);

  [[nodiscard]] const std::map<std::string, Tables>& databases() const { return databases_; }
  /// nullptr if there is no such table.
  [[nodiscard]] const TableSchema* find(const std::string& database,
                                        const std::string& table) const;

  void create_database(const std::string& name);
  void drop_database(const std::string& name);
  /// `declaration` is the text from the table's name on; it is read again when the file is opened.
  void create_table(TableSchema table, const std::string& declaration);
  void drop_table(const std::string& database, const std::string& table);
  void truncate_table(const TableSchema& table);

  /// The next `count` values of a table's AUTO_INCREMENT column; returns the first.
  std::int64_t reserve_ids(const TableSchema& table, std::int64_t count);

 private:
  Database& database_;
  std::map<std::string, Tables> databases_;
};

}  // namespace emulator
