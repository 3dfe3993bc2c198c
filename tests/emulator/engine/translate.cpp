#include "tests/emulator/engine/translate.hpp"

#include "tests/emulator/engine/lexer.hpp"
#include "tests/emulator/engine/sqlite.hpp"
#include "tests/emulator/engine/text.hpp"

#include <set>

namespace emulator {

namespace {

const std::set<std::string>& clause_words() {
  static const std::set<std::string> kWords = {"WHERE",  "GROUP",  "HAVING", "ORDER",
                                               "LIMIT",  "UNION",  "EXCEPT", "INTERSECT",
                                               "WINDOW", "SELECT", "OFFSET"};
  return kWords;
}

/// Words that can follow a table and are no alias.
bool can_be_alias(const Token& token) {
  static const std::set<std::string> kNot = {"ON",    "USING",  "JOIN",      "INNER",  "LEFT",
                                             "RIGHT", "FULL",   "CROSS",     "OUTER",  "NATURAL",
                                             "WHERE", "GROUP",  "HAVING",    "ORDER",  "LIMIT",
                                             "UNION", "EXCEPT", "INTERSECT", "WINDOW", "OFFSET"};
  if (token.kind == Token::Kind::kQuotedName) return true;
  return token.kind == Token::Kind::kName && kNot.count(to_upper(token.text)) == 0;
}

std::string sql_text(const std::string& text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') out += '\'';
    out += c;
  }
  return out + "'";
}

bool is_wide_number(const Column& column) {
  return column.type.kind == Kind::kDecimal || column.type.kind == Kind::kLargeInt;
}

/// One pass over the tokens. Names of tables stand after FROM, JOIN and the commas between them; a
/// first pass finds them, because the select list, which comes before, depends on their columns.
class Translator {
 public:
  Translator(std::string_view sql, const std::string& current, const Catalog& catalog)
      : sql_(sql), tokens_(tokenize(sql)), current_(current), catalog_(catalog) {
    while (tokens_.size() > 1 && tokens_[tokens_.size() - 2].text == ";")
      tokens_.erase(tokens_.end() - 2);
  }

  Translation run() {
    find_common_tables();
    collect_ = true;
    translate(0, tokens_.size() - 1);
    collect_ = false;
    out_.clear();
    translate(0, tokens_.size() - 1);
    return {out_, information_schema_, column_names()};
  }

 private:
  const Token& token(std::size_t i) const { return tokens_[std::min(i, tokens_.size() - 1)]; }
  bool is_word(std::size_t i, std::string_view word) const {
    return token(i).kind == Token::Kind::kName && equal_ignore_case(token(i).text, word);
  }
  bool is_symbol(std::size_t i, std::string_view symbol) const {
    return token(i).kind == Token::Kind::kSymbol && token(i).text == symbol;
  }
  bool is_name(std::size_t i) const {
    return token(i).kind == Token::Kind::kName || token(i).kind == Token::Kind::kQuotedName;
  }

  void emit(std::string_view text) {
    if (!out_.empty()) out_ += ' ';
    out_ += text;
  }

  /// Names that WITH defines are no tables.
  void find_common_tables() {
    if (!is_word(0, "WITH")) return;
    for (std::size_t i = 1; i + 2 < tokens_.size(); ++i) {
      if (is_name(i) && is_word(i + 1, "AS") && is_symbol(i + 2, "("))
        common_.insert(to_lower(token(i).text));
    }
  }

  /// Place of the bracket that closes the one at `open`.
  std::size_t closing(std::size_t open) const {
    int depth = 0;
    for (std::size_t i = open; i < tokens_.size(); ++i) {
      if (is_symbol(i, "(")) ++depth;
      if (is_symbol(i, ")") && --depth == 0) return i;
    }
    throw SqlError("Getting syntax error. Detail message: a bracket is not closed.");
  }

  void translate(std::size_t begin, std::size_t end) {
    bool in_from = false;
    bool expect_table = false;
    std::size_t i = begin;
    while (i < end) {
      if (expect_table && is_name(i)) {
        expect_table = false;
        i = take_table(i);
      } else if (is_symbol(i, "(")) {
        const std::size_t close = closing(i);
        emit("(");
        if (expect_table && !is_word(i + 1, "SELECT") && !is_word(i + 1, "WITH")) {
          translate_from(i + 1, close);
        } else {
          translate(i + 1, close);
        }
        emit(")");
        expect_table = false;
        i = close + 1;
      } else if (token(i).kind == Token::Kind::kName &&
                 clause_words().count(to_upper(token(i).text)) != 0 && !is_symbol(i + 1, "(")) {
        in_from = false;
        expect_table = false;
        emit(token(i++).text);
      } else if (is_word(i, "FROM")) {
        in_from = expect_table = true;
        emit(token(i++).text);
      } else if (is_word(i, "JOIN") || (in_from && is_symbol(i, ","))) {
        expect_table = true;
        emit(token(i++).text);
      } else {
        i = take_expression_part(i);
      }
    }
  }

  /// A bracket in FROM that holds tables, not a query.
  void translate_from(std::size_t begin, std::size_t end) {
    std::size_t i = take_table(begin);
    while (i < end) {
      const bool table = is_word(i, "JOIN") || is_symbol(i, ",");
      i = table ? (emit(token(i).text), take_table(i + 1)) : take_expression_part(i);
    }
  }

  /// [catalog.][database.]table [[AS] alias]
  std::size_t take_table(std::size_t i) {
    std::vector<std::string> parts{token(i++).text};
    while (is_symbol(i, ".") && is_name(i + 1)) {
      parts.push_back(token(i + 1).text);
      i += 2;
    }
    const std::string& table = parts.back();
    const std::string database = parts.size() > 1 ? parts[parts.size() - 2] : current_;
    const bool common = parts.size() == 1 && common_.count(to_lower(table)) != 0;
    const TableSchema* schema = nullptr;
    if (common) {
      emit(quoted_name(table));
    } else if (equal_ignore_case(database, "information_schema")) {
      information_schema_ = true;
      emit(quoted_name("information_schema." + to_lower(table)));
    } else {
      schema = catalog_.find(database, table);
      if (database.empty())
        throw SqlError("Getting analyzing error. Detail message: No database selected.");
      if (catalog_.databases().count(database) == 0) {
        throw SqlError("Getting analyzing error. Detail message: Unknown database '" + database +
                       "'.");
      }
      if (schema == nullptr) {
        throw SqlError("Getting analyzing error. Detail message: Unknown table '" + database + "." +
                       table + "'.");
      }
      emit(quoted_table(database, table));
    }
    std::string alias = table;
    if (is_word(i, "AS")) ++i;
    if (can_be_alias(token(i)) && token(i).kind != Token::Kind::kEnd) alias = token(i++).text;
    emit("AS " + quoted_name(alias));
    if (collect_ && schema != nullptr) tables_.emplace_back(to_lower(alias), schema);
    return i;
  }

  /// The column that the tokens from `i` to `end` name; nullptr if they are anything else.
  const Column* named_column(std::size_t i, std::size_t end) const {
    const bool qualified = end - i >= 3 && is_symbol(end - 2, ".");
    if (!is_name(end - 1) || (end - i != 1 && !qualified)) return nullptr;
    for (const auto& [alias, table] : tables_) {
      if (qualified && alias != to_lower(token(end - 3).text)) continue;
      if (const auto place = find_column(*table, token(end - 1).text))
        return &table->columns[*place];
    }
    return nullptr;
  }

  std::size_t take_expression_part(std::size_t i) {
    const Token& t = token(i);
    switch (t.kind) {
      case Token::Kind::kString:
        emit(sql_text(t.text));
        return i + 1;
      case Token::Kind::kNumber:
        emit(t.text);
        return i + 1;
      case Token::Kind::kSymbol:
        return take_symbol(i);
      case Token::Kind::kName:
      case Token::Kind::kQuotedName:
        break;
      case Token::Kind::kEnd:
        return i + 1;
    }
    if (t.kind == Token::Kind::kName && is_symbol(i + 1, "(")) return take_call(i);
    if (is_word(i, "DIV")) {
      emit("/");
      return i + 1;
    }
    if (is_word(i, "INTERVAL") && token(i + 1).kind == Token::Kind::kNumber && is_name(i + 2)) {
      emit(token(i + 1).text + ", " + sql_text(token(i + 2).text));
      return i + 3;
    }
    if ((is_word(i, "DATE") || is_word(i, "DATETIME")) &&
        token(i + 1).kind == Token::Kind::kString) {
      emit(sql_text(token(i + 1).text));
      return i + 2;
    }
    // database.table.column: the database is in the table's name already.
    const bool three =
        is_symbol(i + 1, ".") && is_name(i + 2) && is_symbol(i + 3, ".") && is_name(i + 4);
    if (three) i += 2;
    emit(token(i).kind == Token::Kind::kQuotedName || is_symbol(i + 1, ".")
             ? quoted_name(token(i).text)
             : token(i).text);
    return i + 1;
  }

  std::size_t take_symbol(std::size_t i) {
    const std::string& symbol = token(i).text;
    if (symbol == "/") {
      emit("* 1.0 /");  // int / int is a double
    } else if (symbol == "&&") {
      emit("AND");
    } else if (symbol == "||") {
      emit("OR");
    } else if (symbol == "<=>") {
      emit("IS");
    } else if (symbol == "!") {
      emit("NOT");
    } else if (symbol == ".") {
      out_ += ".";
      if (is_name(i + 1)) {
        out_ += quoted_name(token(i + 1).text);
        return i + 2;
      }
    } else {
      emit(symbol);
    }
    return i + 1;
  }

  std::size_t take_call(std::size_t i) {
    const std::size_t close = closing(i + 1);
    const std::string name = to_lower(token(i).text);
    if (name == "cast") return take_cast(i, close);
    const bool distinct = is_word(i + 2, "DISTINCT");
    const Column* column =
        close > i + (distinct ? 3 : 2) ? named_column(i + (distinct ? 3 : 2), close) : nullptr;
    if (name == "count" && distinct && column != nullptr) {
      const Kind kind = column->type.kind;
      if (kind == Kind::kBitmap || kind == Kind::kHll) {
        emit(kind == Kind::kBitmap ? "bitmap_union_count" : "hll_union_agg");
        emit("(");
        translate(i + 3, close);
        emit(")");
        return close + 1;
      }
    }
    // DECIMAL and LARGEINT are texts: their sums must be exact, and their sums, minima and maxima
    // go on comparing as numbers, which takes the affinity of a text and the collation.
    const bool wide = column != nullptr && is_wide_number(*column) && !is_word(close + 1, "OVER") &&
                      (name == "min" || name == "max" || (name == "sum" && !distinct));
    if (wide) emit("CAST (");
    emit(wide && name == "sum"               ? "exact_sum"
         : name == "left" || name == "right" ? "str" + name
                                             : name);
    emit("(");
    translate(i + 2, close);
    emit(")");
    if (wide) emit(std::string("AS TEXT ) COLLATE ") + kNumericCollation);
    return close + 1;
  }

  std::size_t take_cast(std::size_t i, std::size_t close) {
    std::size_t as = close;
    int depth = 0;
    for (std::size_t j = i + 2; j < close; ++j) {
      if (is_symbol(j, "(")) ++depth;
      if (is_symbol(j, ")")) --depth;
      if (depth == 0 && is_word(j, "AS")) as = j;
    }
    if (as == close) throw SqlError("Getting syntax error. Detail message: CAST without AS.");
    std::string type;
    for (std::size_t j = as + 1; j < close; ++j) type += token(j).text + " ";
    emit("starrocks_cast (");
    translate(i + 2, as);
    emit(", " + sql_text(type) + ")");
    return close + 1;
  }

  /// Names of the items of the first select list: an expression without alias is named by its text.
  std::vector<std::string> column_names() const {
    std::vector<std::string> names;
    std::size_t begin = is_word(0, "SELECT") ? 1 : tokens_.size();
    if (is_word(begin, "DISTINCT") || is_word(begin, "ALL")) ++begin;
    int depth = 0;
    for (std::size_t i = begin; i < tokens_.size(); ++i) {
      if (is_symbol(i, "(")) ++depth;
      if (is_symbol(i, ")")) --depth;
      const bool end = token(i).kind == Token::Kind::kEnd || is_word(i, "FROM");
      if (depth != 0 || !(end || is_symbol(i, ","))) continue;
      names.push_back(item_name(begin, i));
      if (end) break;
      begin = i + 1;
    }
    return names;
  }

  /// Empty if SQLite's own name of the item is right: a column, or an alias.
  std::string item_name(std::size_t begin, std::size_t end) const {
    if (begin >= end) return {};
    const Token& last = token(end - 1);
    const bool name = is_name(end - 1) && !is_word(end - 1, "END");
    const bool column = name && (end - begin == 1 || is_symbol(end - 2, "."));
    const bool alias = name && end - begin > 1 &&
                       (token(end - 2).kind != Token::Kind::kSymbol || is_symbol(end - 2, ")"));
    if (column || alias || is_symbol(end - 1, "*")) return {};
    return std::string(sql_.substr(token(begin).begin, last.end - token(begin).begin));
  }

  std::string_view sql_;
  std::vector<Token> tokens_;
  const std::string& current_;
  const Catalog& catalog_;
  std::set<std::string> common_;
  std::vector<std::pair<std::string, const TableSchema*>> tables_;
  std::string out_;
  bool collect_ = false;
  bool information_schema_ = false;
};

}  // namespace

Translation translate_query(std::string_view sql, const std::string& current_database,
                            const Catalog& catalog) {
  return Translator(sql, current_database, catalog).run();
}

}  // namespace emulator
