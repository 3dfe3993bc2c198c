#pragma once

#include "tests/emulator/engine/lexer.hpp"
#include "tests/emulator/engine/schema.hpp"

namespace emulator {

/// Reads what follows PARTITION BY: RANGE and LIST with their partitions, or an expression.
[[nodiscard]] Partitioning parse_partitioning(TokenStream& tokens, const TableSchema& table);

}  // namespace emulator
