#include "tests/emulator/engine/expr.hpp"

#include "tests/emulator/engine/convert.hpp"
#include "tests/emulator/engine/text.hpp"
#include "tests/emulator/engine/type_parser.hpp"

#include <algorithm>

namespace emulator {

namespace {

/// Calls and brackets inside each other: the parser takes 17 KB of stack for each of them when
/// built for AddressSanitizer, and threads have 8 MB.
constexpr int kMostDepth = 200;

[[noreturn]] void too_deep() {
  throw SqlError("Getting analyzing error. Detail message: Expression is too deep.");
}

Expr literal(Value value, Type type) {
  Expr expr;
  expr.literal = std::move(value);
  expr.type = std::move(type);
  return expr;
}

Expr null_literal() {
  Expr expr = literal({}, simple_type(Kind::kBoolean));
  expr.is_literal_null = true;
  return expr;
}

Expr text_literal(std::string text) { return literal(std::move(text), text_type()); }

/// A call with its result type; checks that the function exists and takes so many arguments.
Expr call(const std::string& name, std::vector<Expr> arguments) {
  const FunctionInfo* function = find_function(name);
  const auto count = static_cast<int>(arguments.size());
  if (function == nullptr || count < function->least || count > function->most) {
    std::string types;
    for (const Expr& argument : arguments) {
      if (!types.empty()) types += ", ";
      types += to_lower(type_text(argument.type));
    }
    throw SqlError(
        "Getting analyzing error. Detail message: No matching function with signature: " + name +
        "(" + types + ").");
  }
  Expr expr;
  expr.function = function;
  for (const Expr& argument : arguments) expr.argument_types.push_back(argument.type);
  // The type of NULL does not take part in choosing the type of a conditional.
  std::vector<Type> known;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const auto typed = std::find_if(arguments.begin() + (name == "if" ? 1 : 0), arguments.end(),
                                    [](const Expr& other) { return !other.is_literal_null; });
    const bool skip = arguments[i].is_literal_null && typed != arguments.end();
    known.push_back(skip ? typed->type : arguments[i].type);
  }
  expr.type = function->result(known);
  for (const Expr& argument : arguments) expr.depth = std::max(expr.depth, argument.depth + 1);
  if (expr.depth > kMostDepth) too_deep();
  expr.arguments = std::move(arguments);
  return expr;
}

Expr call1(const std::string& name, Expr argument) {
  std::vector<Expr> arguments;
  arguments.push_back(std::move(argument));
  return call(name, std::move(arguments));
}

Expr call2(const std::string& name, Expr left, Expr right) {
  std::vector<Expr> arguments;
  arguments.push_back(std::move(left));
  arguments.push_back(std::move(right));
  return call(name, std::move(arguments));
}

Expr number_literal(const std::string& text) {
  if (text.find_first_of("eE") != std::string::npos) {
    return literal(parse_double(text).value_or(0.0), simple_type(Kind::kDouble));
  }
  const std::size_t point = text.find('.');
  if (point == std::string::npos) {
    const auto whole = parse_integer(text, kInt128Min, kInt128Max);
    if (!whole)
      throw SqlError("Getting syntax error. Detail message: Number overflow. literal: " + text +
                     ".");
    if (*whole <= Int128{INT64_MAX})
      return literal(static_cast<std::int64_t>(*whole), simple_type(Kind::kBigInt));
    return literal(*whole, simple_type(Kind::kLargeInt));
  }
  Type type = simple_type(Kind::kDecimal);
  type.bits = 128;
  type.precision = 38;
  type.scale = static_cast<int>(text.size() - point - 1);
  const auto value =
      type.scale > 38 ? std::nullopt : parse_decimal(text, type.precision, type.scale);
  if (!value) return literal(parse_double(text).value_or(0.0), simple_type(Kind::kDouble));
  return literal(*value, type);
}

/// Recursive descent by MySQL's precedence, loosest first.
class Parser {
 public:
  Parser(TokenStream& tokens, const Scope& scope) : tokens_(tokens), scope_(scope) {}

  Expr parse_or() {
    if (++depth_ > kMostDepth) too_deep();
    Expr left = parse_disjunction();
    --depth_;
    return left;
  }

 private:
  Expr parse_disjunction() {
    Expr left = parse_and();
    while (tokens_.accept_word("OR") || tokens_.accept_symbol("||"))
      left = call2(" or", std::move(left), parse_and());
    return left;
  }

  Expr parse_and() {
    Expr left = parse_not();
    while (tokens_.accept_word("AND") || tokens_.accept_symbol("&&")) {
      left = call2(" and", std::move(left), parse_not());
    }
    return left;
  }

  Expr parse_not() {
    if (!tokens_.accept_word("NOT")) return parse_comparison();
    if (++depth_ > kMostDepth) too_deep();
    Expr expr = call1(" not", parse_not());
    --depth_;
    return expr;
  }

  Expr parse_comparison() {
    Expr left = parse_sum();
    while (true) {
      if (tokens_.accept_word("IS")) {
        const bool negated = tokens_.accept_word("NOT");
        tokens_.expect_word("NULL");
        left = call1("isnull", std::move(left));
        if (negated) left = call1(" not", std::move(left));
      } else if (const std::string symbol = comparison(); !symbol.empty()) {
        tokens_.next();
        left = call2(symbol, std::move(left), parse_sum());
      } else if (!accept_range(left)) {
        return left;
      }
    }
  }

  std::string comparison() const {
    if (tokens_.peek().kind != Token::Kind::kSymbol) return {};
    const std::string& symbol = tokens_.peek().text;
    if (symbol == "==") return "=";
    if (symbol == "<>") return "!=";
    const bool known = symbol == "=" || symbol == "!=" || symbol == "<" || symbol == "<=" ||
                       symbol == ">" || symbol == ">=" || symbol == "<=>";
    return known ? symbol : "";
  }

  /// [NOT] IN, LIKE and BETWEEN.
  bool accept_range(Expr& left) {
    const std::size_t ahead = tokens_.is_word("NOT") ? 1 : 0;
    if (!tokens_.is_word("IN", ahead) && !tokens_.is_word("LIKE", ahead) &&
        !tokens_.is_word("BETWEEN", ahead)) {
      return false;
    }
    const bool negated = tokens_.accept_word("NOT");
    if (tokens_.accept_word("IN")) {
      std::vector<Expr> list;
      list.push_back(std::move(left));
      tokens_.expect_symbol("(");
      do list.push_back(parse_or());
      while (tokens_.accept_symbol(","));
      tokens_.expect_symbol(")");
      left = call(" in", std::move(list));
    } else if (tokens_.accept_word("LIKE")) {
      left = call2(" like", std::move(left), parse_sum());
    } else {
      tokens_.expect_word("BETWEEN");
      Expr lower = parse_sum();
      tokens_.expect_word("AND");
      Expr copy = left;
      left = call2(" and", call2(">=", std::move(copy), std::move(lower)),
                   call2("<=", left, parse_sum()));
    }
    if (negated) left = call1(" not", std::move(left));
    return true;
  }

  Expr parse_sum() {
    Expr left = parse_product();
    while (tokens_.is_symbol("+") || tokens_.is_symbol("-")) {
      const std::string symbol = tokens_.next().text;
      left = call2(symbol, std::move(left), parse_product());
    }
    return left;
  }

  Expr parse_product() {
    Expr left = parse_unary();
    while (true) {
      if (tokens_.is_symbol("*") || tokens_.is_symbol("/") || tokens_.is_symbol("%")) {
        const std::string symbol = tokens_.next().text;
        left = call2(symbol, std::move(left), parse_unary());
      } else if (tokens_.accept_word("DIV")) {
        left = call2(" div", std::move(left), parse_unary());
      } else if (tokens_.accept_word("MOD")) {
        left = call2("%", std::move(left), parse_unary());
      } else {
        return left;
      }
    }
  }

  Expr parse_unary() {
    const bool sign = tokens_.is_symbol("-") || tokens_.is_symbol("+") || tokens_.is_symbol("!");
    if (!sign) return parse_primary();
    const std::string symbol = tokens_.next().text;
    if (++depth_ > kMostDepth) too_deep();
    Expr expr = parse_unary();
    --depth_;
    if (symbol == "+") return expr;
    return call1(symbol == "-" ? " negate" : " not", std::move(expr));
  }

  Expr parse_primary() {
    switch (tokens_.peek().kind) {
      case Token::Kind::kNumber:
        return number_literal(tokens_.next().text);
      case Token::Kind::kString:
        return text_literal(tokens_.next().text);
      case Token::Kind::kQuotedName:
        return column(tokens_.next().text);
      case Token::Kind::kName:
        return parse_name();
      case Token::Kind::kSymbol:
        if (tokens_.accept_symbol("(")) {
          Expr expr = parse_or();
          tokens_.expect_symbol(")");
          return expr;
        }
        break;
      case Token::Kind::kEnd:
        break;
    }
    tokens_.fail();
  }

  Expr column(const std::string& name) {
    Expr expr;
    std::tie(expr.column, expr.type) = scope_(name);
    return expr;
  }

  Expr parse_name() {
    if (tokens_.accept_word("NULL")) return null_literal();
    if (tokens_.accept_word("TRUE")) return literal(std::int64_t{1}, simple_type(Kind::kBoolean));
    if (tokens_.accept_word("FALSE")) return literal(std::int64_t{0}, simple_type(Kind::kBoolean));
    if (tokens_.accept_word("CASE")) return parse_case();
    const bool bracket = tokens_.is_symbol("(", 1);
    if (bracket && tokens_.accept_word("CAST")) return parse_cast();
    if (!bracket && (tokens_.is_word("CURRENT_TIMESTAMP") || tokens_.is_word("CURRENT_DATE"))) {
      return call(to_lower(tokens_.next().text), {});
    }
    if (!bracket && (tokens_.is_word("DATE") || tokens_.is_word("DATETIME")) &&
        tokens_.peek(1).kind == Token::Kind::kString) {
      return parse_time_literal();
    }
    const std::string name = tokens_.next().text;
    return bracket ? parse_call(to_lower(name)) : column(name);
  }

  Expr parse_time_literal() {
    const Type type = simple_type(tokens_.is_word("DATE") ? Kind::kDate : Kind::kDatetime);
    tokens_.next();
    const std::string text = tokens_.next().text;
    auto value = from_csv(text, type);
    if (!value)
      throw SqlError("Getting analyzing error. Detail message: Invalid date literal " + text + ".");
    return literal(std::move(*value), type);
  }

  Expr parse_cast() {
    tokens_.expect_symbol("(");
    Expr expr = call1(" cast", parse_or());
    tokens_.expect_word("AS");
    expr.type = parse_type(tokens_);
    tokens_.expect_symbol(")");
    return expr;
  }

  Expr parse_call(const std::string& name) {
    std::vector<Expr> arguments;
    tokens_.expect_symbol("(");
    if (!tokens_.is_symbol(")")) {
      do {
        // INTERVAL 1 DAY as the last argument of date_add is its number and its unit.
        const bool interval =
            tokens_.is_word("INTERVAL") && !tokens_.is_symbol(",", 1) && !tokens_.is_symbol(")", 1);
        if (interval) tokens_.next();
        arguments.push_back(parse_or());
        if (interval) arguments.push_back(text_literal(tokens_.expect_name()));
      } while (tokens_.accept_symbol(","));
    }
    tokens_.expect_symbol(")");
    return call(name, std::move(arguments));
  }

  /// CASE as nested IFs.
  Expr parse_case() {
    std::vector<Expr> subject;
    if (!tokens_.is_word("WHEN")) subject.push_back(parse_or());
    std::vector<std::pair<Expr, Expr>> branches;
    while (tokens_.accept_word("WHEN")) {
      Expr condition = parse_or();
      if (!subject.empty()) condition = call2("=", subject[0], std::move(condition));
      tokens_.expect_word("THEN");
      branches.emplace_back(std::move(condition), parse_or());
    }
    if (branches.empty()) tokens_.fail();
    Expr otherwise = tokens_.accept_word("ELSE") ? parse_or() : null_literal();
    tokens_.expect_word("END");
    for (auto branch = branches.rbegin(); branch != branches.rend(); ++branch) {
      std::vector<Expr> arguments;
      arguments.push_back(std::move(branch->first));
      arguments.push_back(std::move(branch->second));
      arguments.push_back(std::move(otherwise));
      otherwise = call("if", std::move(arguments));
    }
    return otherwise;
  }

  TokenStream& tokens_;
  const Scope& scope_;
  int depth_ = 0;
};

}  // namespace

Expr parse_expression(TokenStream& tokens, const Scope& scope) {
  return Parser(tokens, scope).parse_or();
}

Value evaluate(const Expr& expr, const Values& row, const FunctionContext& context) {
  if (expr.column >= 0) return row[static_cast<std::size_t>(expr.column)];
  if (expr.function == nullptr) return expr.literal;
  Values arguments;
  arguments.reserve(expr.arguments.size());
  for (const Expr& argument : expr.arguments) {
    arguments.push_back(evaluate(argument, row, context));
    if (expr.function->null_in_null_out && is_null(arguments.back())) return {};
  }
  return expr.function->call({arguments, expr.argument_types, expr.type, context});
}

}  // namespace emulator
