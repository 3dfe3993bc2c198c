#include "tests/emulator/engine/partition_parser.hpp"

#include "tests/emulator/engine/convert.hpp"
#include "tests/emulator/engine/ddl.hpp"

namespace emulator {

namespace {

[[noreturn]] void refuse(const std::string& message) {
  throw SqlError("Getting analyzing error. Detail message: " + message);
}

/// Reads one partition value and converts it to the column's type.
Value parse_value(TokenStream& tokens, const Column& column) {
  const auto text = parse_literal(tokens);
  if (!text) return {};
  auto value = from_csv(*text, column.type);
  if (!value) refuse("Invalid partition value '" + *text + "' for column " + column.name);
  return std::move(*value);
}

/// Reads clauses of one PARTITION BY.
class Parser {
 public:
  Parser(TokenStream& tokens, const TableSchema& table) : tokens_(tokens), table_(table) {}

  Partitioning parse() {
    if (tokens_.is_word("RANGE") && tokens_.is_symbol("(", 1)) {
      tokens_.next();
      out_.kind = Partitioning::Kind::kRange;
      parse_columns();
      parse_partitions();
    } else if (tokens_.is_word("LIST") && tokens_.is_symbol("(", 1)) {
      tokens_.next();
      out_.kind = Partitioning::Kind::kList;
      parse_columns();
      parse_partitions();
    } else {
      out_.kind = Partitioning::Kind::kExpression;
      skip_expression();
    }
    return std::move(out_);
  }

 private:
  const Column& column(std::size_t i) const { return table_.columns[out_.columns[i]]; }

  void parse_columns() {
    tokens_.expect_symbol("(");
    do {
      const std::string name = tokens_.expect_name();
      const auto place = find_column(table_, name);
      if (!place) refuse("Partition column[" + name + "] does not exist in column list.");
      out_.columns.push_back(*place);
    } while (tokens_.accept_symbol(","));
    tokens_.expect_symbol(")");
  }

  void parse_partitions() {
    tokens_.expect_symbol("(");
    if (tokens_.accept_symbol(")")) return;
    do {
      if (tokens_.accept_word("START")) {
        parse_every();
      } else {
        tokens_.expect_word("PARTITION");
        parse_partition();
      }
    } while (tokens_.accept_symbol(","));
    tokens_.expect_symbol(")");
  }

  /// START ("a") END ("b") EVERY (...): many partitions without a gap, so one range stands for
  /// them.
  void parse_every() {
    Partition partition;
    partition.lower = PartitionBound{parse_bracketed_value()};
    tokens_.expect_word("END");
    partition.upper = {parse_bracketed_value()};
    tokens_.expect_word("EVERY");
    tokens_.expect_symbol("(");
    while (!tokens_.accept_symbol(")")) {
      if (tokens_.at_end()) tokens_.fail();
      tokens_.next();
    }
    out_.partitions.push_back(std::move(partition));
  }

  Value parse_bracketed_value() {
    tokens_.expect_symbol("(");
    Value value = parse_value(tokens_, column(0));
    tokens_.expect_symbol(")");
    return value;
  }

  void parse_partition() {
    Partition partition;
    if (tokens_.accept_word("IF")) {
      tokens_.expect_word("NOT");
      tokens_.expect_word("EXISTS");
    }
    partition.name = tokens_.expect_name();
    tokens_.expect_word("VALUES");
    if (out_.kind == Partitioning::Kind::kList) {
      tokens_.expect_word("IN");
      parse_members(partition);
    } else if (tokens_.accept_symbol("[")) {
      partition.lower = parse_bound();
      tokens_.expect_symbol(",");
      partition.upper = parse_bound();
      tokens_.expect_symbol(")");
    } else {
      tokens_.expect_word("LESS");
      tokens_.expect_word("THAN");
      if (!out_.partitions.empty()) partition.lower = out_.partitions.back().upper;
      if (tokens_.accept_word("MAXVALUE")) {
        partition.upper = {std::nullopt};
      } else {
        partition.upper = parse_bound();
      }
    }
    out_.partitions.push_back(std::move(partition));
  }

  PartitionBound parse_bound() {
    PartitionBound bound;
    tokens_.expect_symbol("(");
    do {
      if (bound.size() == out_.columns.size()) tokens_.fail();
      if (tokens_.accept_word("MAXVALUE")) {
        bound.emplace_back(std::nullopt);
      } else {
        bound.emplace_back(parse_value(tokens_, column(bound.size())));
      }
    } while (tokens_.accept_symbol(","));
    tokens_.expect_symbol(")");
    return bound;
  }

  void parse_members(Partition& partition) {
    tokens_.expect_symbol("(");
    do {
      Values member;
      const bool tuple = tokens_.accept_symbol("(");
      do {
        if (member.size() == out_.columns.size()) tokens_.fail();
        member.push_back(parse_value(tokens_, column(member.size())));
      } while (tuple && tokens_.accept_symbol(","));
      if (tuple) tokens_.expect_symbol(")");
      partition.members.push_back(std::move(member));
    } while (tokens_.accept_symbol(","));
    tokens_.expect_symbol(")");
  }

  /// date_trunc('day', dt), (a, b) or a: StarRocks makes such partitions when rows come.
  void skip_expression() {
    do {
      if (!tokens_.is_symbol("(")) (void)tokens_.expect_name();
      if (tokens_.accept_symbol("(")) skip_bracket();
    } while (tokens_.accept_symbol(","));
  }

  void skip_bracket() {
    for (int depth = 1; depth > 0; tokens_.next()) {
      if (tokens_.at_end()) tokens_.fail();
      if (tokens_.is_symbol("(")) ++depth;
      if (tokens_.is_symbol(")")) --depth;
    }
  }

  TokenStream& tokens_;
  const TableSchema& table_;
  Partitioning out_;
};

}  // namespace

Partitioning parse_partitioning(TokenStream& tokens, const TableSchema& table) {
  return Parser(tokens, table).parse();
}

}  // namespace emulator
