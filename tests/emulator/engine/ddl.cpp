#include "tests/emulator/engine/ddl.hpp"

#include "tests/emulator/engine/partition_parser.hpp"
#include "tests/emulator/engine/text.hpp"
#include "tests/emulator/engine/type_parser.hpp"

#include <algorithm>

namespace emulator {

namespace {

[[noreturn]] void refuse(const std::string& message) {
  throw SqlError("Getting analyzing error. Detail message: " + message);
}

bool can_be_key(const Type& type) {
  switch (type.kind) {
    case Kind::kFloat:
    case Kind::kDouble:
    case Kind::kJson:
    case Kind::kArray:
    case Kind::kMap:
    case Kind::kStruct:
    case Kind::kBitmap:
    case Kind::kHll:
    case Kind::kPercentile:
      return false;
    default:
      return true;
  }
}

Aggregation accept_aggregation(TokenStream& tokens) {
  for (int i = 1; i <= static_cast<int>(Aggregation::kPercentileUnion); ++i) {
    const auto aggregation = static_cast<Aggregation>(i);
    if (tokens.accept_word(aggregation_name(aggregation))) return aggregation;
  }
  return Aggregation::kNone;
}

void parse_default(TokenStream& tokens, Column& column) {
  if (tokens.accept_word("CURRENT_TIMESTAMP") || tokens.accept_word("NOW")) {
    column.default_now = true;
    if (tokens.accept_symbol("(")) {
      if (!tokens.is_symbol(")")) (void)tokens.expect_number();
      tokens.expect_symbol(")");
    }
    return;
  }
  const bool bracket = tokens.accept_symbol("(");
  column.default_text = parse_literal(tokens);
  if (bracket) tokens.expect_symbol(")");
}

/// The text of an expression up to the end of the column's declaration.
std::string parse_generated(TokenStream& tokens) {
  const std::size_t begin = tokens.peek().begin;
  std::size_t end = begin;
  int depth = 0;
  while (!tokens.at_end()) {
    if (depth == 0 && (tokens.is_symbol(",") || tokens.is_symbol(")") || tokens.is_word("COMMENT")))
      break;
    if (tokens.is_symbol("(")) ++depth;
    if (tokens.is_symbol(")")) --depth;
    end = tokens.next().end;
  }
  if (end == begin) tokens.fail();
  return tokens.source(begin, end);
}

Column parse_column(TokenStream& tokens) {
  Column column;
  column.name = tokens.expect_name();
  column.type = parse_type(tokens);
  while (!tokens.is_symbol(",") && !tokens.is_symbol(")")) {
    if (const Aggregation aggregation = accept_aggregation(tokens);
        aggregation != Aggregation::kNone) {
      column.aggregation = aggregation;
    } else if (tokens.accept_word("NOT")) {
      tokens.expect_word("NULL");
      column.nullable = false;
    } else if (tokens.accept_word("NULL")) {
      column.nullable = true;
    } else if (tokens.accept_word("DEFAULT")) {
      parse_default(tokens, column);
    } else if (tokens.accept_word("AUTO_INCREMENT")) {
      column.auto_increment = true;
      column.nullable = false;
    } else if (tokens.accept_word("KEY")) {
      column.key = true;
    } else if (tokens.accept_word("COMMENT")) {
      column.comment = tokens.expect_string();
    } else if (tokens.accept_word("AS")) {
      column.generated = parse_generated(tokens);
    } else {
      tokens.fail();
    }
  }
  return column;
}

void skip_index(TokenStream& tokens) {
  while (!tokens.at_end()) {
    if (tokens.is_symbol(",") || tokens.is_symbol(")")) return;
    if (tokens.accept_symbol("(")) {
      while (!tokens.accept_symbol(")")) {
        if (tokens.at_end()) tokens.fail();
        tokens.next();
      }
    } else {
      tokens.next();
    }
  }
}

std::vector<std::string> parse_names(TokenStream& tokens) {
  std::vector<std::string> names;
  tokens.expect_symbol("(");
  do names.push_back(tokens.expect_name());
  while (tokens.accept_symbol(","));
  tokens.expect_symbol(")");
  return names;
}

void parse_distribution(TokenStream& tokens, const TableSchema& table) {
  tokens.expect_word("BY");
  if (!tokens.accept_word("RANDOM")) {
    tokens.expect_word("HASH");
    for (const std::string& name : parse_names(tokens)) {
      if (!find_column(table, name)) refuse("Distribution column(" + name + ") doesn't exist.");
    }
  }
  if (tokens.accept_word("BUCKETS")) (void)tokens.expect_number();
}

/// Puts the keys into the columns and checks what StarRocks checks about them.
void apply_keys(TableSchema& table, const std::vector<std::string>& keys, bool declared) {
  std::vector<Column>& columns = table.columns;
  if (!declared) {
    // Without a key clause the first columns that can be compared cheaply are the sort key.
    const bool aggregated = std::any_of(columns.begin(), columns.end(), [](const Column& column) {
      return column.aggregation != Aggregation::kNone;
    });
    if (aggregated) table.model = KeysModel::kAggregate;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (aggregated) {
        columns[i].key = columns[i].aggregation == Aggregation::kNone;
      } else if (i < 3 && can_be_key(columns[i].type)) {
        columns[i].key = true;
        if (is_string(columns[i].type.kind)) break;
      } else {
        break;
      }
    }
  }
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (i >= columns.size() || !equal_ignore_case(columns[i].name, keys[i])) {
      refuse(
          "Key columns must be the first few columns of the schema and the order of the key "
          "columns must be "
          "consistent with the order of the schema.");
    }
    columns[i].key = true;
  }
  for (Column& column : columns) {
    if (column.key && !can_be_key(column.type)) {
      refuse("Invalid data type of key column '" + column.name + "': '" + type_text(column.type) +
             "'");
    }
    if (column.key && column.aggregation != Aggregation::kNone) {
      refuse("Key column can not set aggregation type: " + column.name);
    }
    if (column.key && table.model == KeysModel::kPrimary) column.nullable = false;
    if (column.key) continue;
    if (table.model == KeysModel::kAggregate) {
      if (column.aggregation == Aggregation::kNone && column.generated.empty()) {
        refuse("AGG_KEYS table should specify aggregate type for non-key column[" + column.name +
               "]");
      }
    } else if (column.aggregation != Aggregation::kNone) {
      refuse(model_name(table.model) + " table should not specify aggregate type for column[" +
             column.name + "]");
    } else if (table.model != KeysModel::kDuplicate) {
      column.aggregation = Aggregation::kReplace;
    }
  }
}

/// Reads DUPLICATE/UNIQUE/AGGREGATE/PRIMARY KEY(...); false if no such clause comes next.
bool accept_keys(TokenStream& tokens, TableSchema& table, std::vector<std::string>& keys) {
  if (tokens.accept_word("DUPLICATE")) {
    table.model = KeysModel::kDuplicate;
  } else if (tokens.accept_word("UNIQUE")) {
    table.model = KeysModel::kUnique;
  } else if (tokens.accept_word("AGGREGATE")) {
    table.model = KeysModel::kAggregate;
  } else if (tokens.accept_word("PRIMARY")) {
    table.model = KeysModel::kPrimary;
  } else {
    return false;
  }
  tokens.expect_word("KEY");
  keys = parse_names(tokens);
  return true;
}

void parse_columns(TokenStream& tokens, TableSchema& table) {
  tokens.expect_symbol("(");
  do {
    if (tokens.is_word("INDEX") && !tokens.is_symbol(",", 1) && tokens.is_symbol("(", 2)) {
      skip_index(tokens);
      continue;
    }
    Column column = parse_column(tokens);
    if (find_column(table, column.name)) refuse("Duplicate column name '" + column.name + "'");
    if (equal_ignore_case(column.name, "__op")) refuse("Column name '__op' is reserved");
    table.columns.push_back(std::move(column));
  } while (tokens.accept_symbol(","));
  tokens.expect_symbol(")");
}

std::map<std::string, std::string> parse_properties(TokenStream& tokens) {
  std::map<std::string, std::string> properties;
  tokens.expect_symbol("(");
  do {
    const std::string key = tokens.expect_string();
    tokens.expect_symbol("=");
    properties[key] = tokens.expect_string();
  } while (tokens.accept_symbol(","));
  tokens.expect_symbol(")");
  return properties;
}

}  // namespace

TableName parse_table_name(TokenStream& tokens) {
  TableName name;
  name.table = tokens.expect_name();
  if (tokens.accept_symbol(".")) {
    name.database = std::move(name.table);
    name.table = tokens.expect_name();
  }
  return name;
}

std::optional<std::string> parse_literal(TokenStream& tokens) {
  if (tokens.accept_word("NULL")) return std::nullopt;
  if (tokens.accept_word("TRUE")) return "1";
  if (tokens.accept_word("FALSE")) return "0";
  if (tokens.peek().kind == Token::Kind::kString) return tokens.next().text;
  const bool negative = tokens.accept_symbol("-");
  if (!negative) tokens.accept_symbol("+");
  if (tokens.peek().kind != Token::Kind::kNumber) tokens.fail();
  return (negative ? "-" : "") + tokens.next().text;
}

TableSchema parse_create_table(TokenStream& tokens) {
  TableSchema table;
  const TableName name = parse_table_name(tokens);
  table.database = name.database;
  table.name = name.table;
  parse_columns(tokens, table);
  std::vector<std::string> keys;
  bool declared = false;
  while (!tokens.at_end() && !tokens.is_symbol(";")) {
    if (tokens.accept_word("ENGINE")) {
      tokens.expect_symbol("=");
      if (const std::string engine = tokens.expect_name(); !equal_ignore_case(engine, "olap")) {
        refuse("Unsupported engine: " + engine);
      }
    } else if (accept_keys(tokens, table, keys)) {
      declared = true;
    } else if (tokens.accept_word("COMMENT")) {
      table.comment = tokens.expect_string();
    } else if (tokens.accept_word("PARTITION")) {
      tokens.expect_word("BY");
      table.partitioning = parse_partitioning(tokens, table);
    } else if (tokens.accept_word("DISTRIBUTED")) {
      parse_distribution(tokens, table);
    } else if (tokens.accept_word("ORDER")) {
      tokens.expect_word("BY");
      (void)parse_names(tokens);
    } else if (tokens.accept_word("PROPERTIES")) {
      table.properties = parse_properties(tokens);
    } else {
      tokens.fail();
    }
  }
  apply_keys(table, keys, declared);
  return table;
}

}  // namespace emulator
