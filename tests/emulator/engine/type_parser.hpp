#pragma once

#include "tests/emulator/engine/lexer.hpp"
#include "tests/emulator/engine/type.hpp"

namespace emulator {

/// Reads a type with its parameters, for example `int(11)`, `DECIMAL(10, 2)`,
/// `ARRAY<MAP<INT,STRING>>`. Throws SqlError for an unknown type or parameters out of range.
[[nodiscard]] Type parse_type(TokenStream& tokens);

}  // namespace emulator
