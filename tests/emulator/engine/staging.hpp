#pragma once

#include "tests/emulator/engine/catalog.hpp"
#include "tests/emulator/engine/load_plan.hpp"
#include "tests/emulator/engine/publish.hpp"

#include <cstdint>

namespace emulator {

/// Rows of loads that are not visible yet: durable from stage() to publish() or discard(), so that
/// a PREPARED transaction survives a kill.
class Staging {
 public:
  Staging(Database& database, Catalog& catalog);

  void stage(std::int64_t transaction_id, const TableLoad& load);
  /// All loads of the transaction become visible at once, in the order in which they were staged.
  void publish(std::int64_t transaction_id);
  void discard(std::int64_t transaction_id);

  /// Applies rows at once: INSERT INTO. The caller has begun a transaction.
  void apply(const TableSchema& table, const StagedLoad& load,
             const std::vector<std::string>& chunks);

 private:
  void erase(std::int64_t transaction_id);

  Database& database_;
  Catalog& catalog_;
};

}  // namespace emulator
