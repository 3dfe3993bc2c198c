#pragma once

#include "tests/emulator/engine/sqlite.hpp"

namespace emulator {

/// Gives the connection the functions of StarRocks that SQLite lacks or understands differently:
/// the scalar ones of functions.hpp, CAST, and the aggregates over BITMAP, HLL, DECIMAL and
/// LARGEINT.
void register_query_functions(Database& database);

}  // namespace emulator
