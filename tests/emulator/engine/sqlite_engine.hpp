#pragma once

#include "tests/emulator/engine/catalog.hpp"
#include "tests/emulator/engine/engine.hpp"
#include "tests/emulator/engine/query.hpp"
#include "tests/emulator/engine/staging.hpp"
#include "tests/emulator/engine/statements.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace emulator {

/// The Engine over one SQLite file: puts the parts together and turns their exceptions into
/// EngineErrors.
class SqliteEngine : public Engine {
 public:
  explicit SqliteEngine(const std::string& path);

  std::optional<EngineError> execute(std::string_view sql) override;
  [[nodiscard]] bool has_database(const std::string& database) const override;
  [[nodiscard]] std::vector<std::string> databases() const override;
  [[nodiscard]] std::vector<std::string> tables(const std::string& database) const override;
  [[nodiscard]] std::optional<TableInfo> table(const std::string& database,
                                               const std::string& table) const override;
  std::unique_ptr<LoadPlan> plan(const std::string& database, const std::string& table,
                                 const Headers& headers, bool transaction,
                                 EngineError& error) override;
  void stage(std::int64_t transaction_id, LoadPlan& plan) override;
  void publish(std::int64_t transaction_id) override;
  void discard(std::int64_t transaction_id) override;
  std::optional<QueryResult> query(std::string_view sql, const std::string& database,
                                   EngineError& error) override;
  void put(const std::string& key, const std::string& value) override;
  void erase(const std::string& key) override;
  [[nodiscard]] std::map<std::string, std::string> scan(const std::string& prefix) const override;

 private:
  mutable Database database_;
  Catalog catalog_;
  Staging staging_;
  StatementRunner statements_;
  QueryRunner queries_;
};

}  // namespace emulator
