#pragma once

#include "tests/emulator/engine/functions.hpp"
#include "tests/emulator/engine/lexer.hpp"
#include "tests/emulator/engine/value.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace emulator {

/// A parsed and typed SQL expression of `columns`, `where` or a generated column: a literal, a
/// column of the row it is evaluated on, or a call of a function (operators and CAST are calls as
/// well).
struct Expr {
  Type type;
  Value literal;    ///< if it is neither a column nor a call
  int column = -1;  ///< place in the row
  const FunctionInfo* function = nullptr;
  std::vector<Expr> arguments;
  std::vector<Type> argument_types;
  bool is_literal_null = false;
  int depth = 0;  ///< of the calls below this one
};

/// What a name in an expression means: place in the row and type. Throws SqlError if it means
/// nothing.
using Scope = std::function<std::pair<int, Type>(const std::string& name)>;

/// Reads an expression; stops at the first token that cannot continue it. Throws SqlError for
/// syntax, unknown functions and wrong numbers of arguments.
[[nodiscard]] Expr parse_expression(TokenStream& tokens, const Scope& scope);

/// Value of an expression on a row.
[[nodiscard]] Value evaluate(const Expr& expr, const Values& row, const FunctionContext& context);

}  // namespace emulator
