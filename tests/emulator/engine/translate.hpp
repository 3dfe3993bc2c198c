#pragma once

#include "tests/emulator/engine/catalog.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace emulator {

/// A SELECT in SQLite's words.
struct Translation {
  std::string sql;
  bool information_schema = false;  ///< it reads information_schema, which must be filled first
  /// Of the items of the select list; empty where SQLite's own name is right. More or fewer than
  /// the columns of the result if a `*` is among them.
  std::vector<std::string> names;
};

/// Rewrites StarRocks' SELECT for SQLite: table names with and without database, texts in double
/// quotes, division, CAST, INTERVAL, and COUNT(DISTINCT) of BITMAP and HLL columns. Throws SqlError
/// for an unknown database or table.
[[nodiscard]] Translation translate_query(std::string_view sql, const std::string& current_database,
                                          const Catalog& catalog);

}  // namespace emulator
