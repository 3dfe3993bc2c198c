#include "tests/emulator/engine/lexer.hpp"

#include "tests/emulator/engine/text.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace emulator {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_name_byte(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$' ||
         c == '@' || static_cast<unsigned char>(c) >= 0x80;
}

std::size_t skip_digits(std::string_view sql, std::size_t at) {
  while (at < sql.size() && is_digit(sql[at])) ++at;
  return at;
}

/// End of white space and comments that start at `at`.
std::size_t skip_blank(std::string_view sql, std::size_t at) {
  while (at < sql.size()) {
    if (std::string_view(" \t\r\n\f\v").find(sql[at]) != std::string_view::npos) {
      ++at;
    } else if (sql[at] == '#' || sql.substr(at, 3) == "-- " || sql.substr(at, 3) == "--\n" ||
               sql.substr(at) == "--") {
      at = std::min(sql.find('\n', at), sql.size());
    } else if (sql.substr(at, 2) == "/*") {
      const std::size_t close = sql.find("*/", at + 2);
      if (close == std::string_view::npos)
        throw SqlError("Getting syntax error. Detail message: a comment has no end.");
      at = close + 2;
    } else {
      break;
    }
  }
  return at;
}

Token read_number(std::string_view sql, std::size_t at) {
  std::size_t end = skip_digits(sql, at);
  if (end < sql.size() && sql[end] == '.') end = skip_digits(sql, end + 1);
  if (end < sql.size() && (sql[end] == 'e' || sql[end] == 'E')) {
    std::size_t digits = end + 1;
    if (digits < sql.size() && (sql[digits] == '+' || sql[digits] == '-')) ++digits;
    if (digits < sql.size() && is_digit(sql[digits])) end = skip_digits(sql, digits);
  }
  return {Token::Kind::kNumber, std::string(sql.substr(at, end - at)), at, end};
}

Token read_quoted(std::string_view sql, std::size_t at) {
  const char quote = sql[at];
  Token token{quote == '`' ? Token::Kind::kQuotedName : Token::Kind::kString, {}, at, at};
  std::size_t i = at + 1;
  for (; i < sql.size(); ++i) {
    char c = sql[i];
    if (c == quote) {
      if (i + 1 >= sql.size() || sql[i + 1] != quote) break;
      ++i;
    } else if (c == '\\' && quote != '`' && i + 1 < sql.size()) {
      c = sql[++i];
      switch (c) {
        case 'n':
          c = '\n';
          break;
        case 't':
          c = '\t';
          break;
        case 'r':
          c = '\r';
          break;
        case '0':
          c = '\0';
          break;
        case 'b':
          c = '\b';
          break;
        case 'Z':
          c = '\x1a';
          break;
        case '%':
        case '_':
          token.text += '\\';
          break;
        default:
          break;
      }
    }
    token.text += c;
  }
  if (i >= sql.size()) throw SqlError("Getting syntax error. Detail message: a quote has no end.");
  token.end = i + 1;
  return token;
}

Token read_symbol(std::string_view sql, std::size_t at) {
  static constexpr std::array<std::string_view, 10> kLong = {
      "<=>", "<=", ">=", "<>", "!=", "==", "||", "&&", "->", ":="};
  for (const std::string_view symbol : kLong) {
    if (sql.substr(at, symbol.size()) == symbol) {
      return {Token::Kind::kSymbol, std::string(symbol), at, at + symbol.size()};
    }
  }
  if (std::string_view("()[]{},.;=<>+-*/%&|^~!:?").find(sql[at]) == std::string_view::npos) {
    throw SqlError("Getting syntax error. Detail message: Unexpected input '" +
                   std::string(1, sql[at]) + "'.");
  }
  return {Token::Kind::kSymbol, std::string(1, sql[at]), at, at + 1};
}

}  // namespace

std::vector<Token> tokenize(std::string_view sql) {
  std::vector<Token> tokens;
  std::size_t at = skip_blank(sql, 0);
  while (at < sql.size()) {
    const char c = sql[at];
    const bool after_point =
        !tokens.empty() && tokens.back().text == "." && tokens.back().end == at;
    if (c == '\'' || c == '"' || c == '`') {
      tokens.push_back(read_quoted(sql, at));
    } else if (!after_point &&
               (is_digit(c) || (c == '.' && at + 1 < sql.size() && is_digit(sql[at + 1]) &&
                                (tokens.empty() || tokens.back().end != at)))) {
      tokens.push_back(read_number(sql, at));
    } else if (is_name_byte(c)) {
      std::size_t end = at;
      while (end < sql.size() && is_name_byte(sql[end])) ++end;
      tokens.push_back({Token::Kind::kName, std::string(sql.substr(at, end - at)), at, end});
    } else {
      tokens.push_back(read_symbol(sql, at));
    }
    at = skip_blank(sql, tokens.back().end);
  }
  tokens.push_back({Token::Kind::kEnd, "<EOF>", sql.size(), sql.size()});
  return tokens;
}

TokenStream::TokenStream(std::string_view sql) : sql_(sql), tokens_(tokenize(sql_)) {}

const Token& TokenStream::peek(std::size_t ahead) const {
  return tokens_[std::min(position_ + ahead, tokens_.size() - 1)];
}

Token TokenStream::next() {
  Token token = peek();
  if (position_ + 1 < tokens_.size()) ++position_;
  return token;
}

bool TokenStream::is_word(std::string_view word, std::size_t ahead) const {
  return peek(ahead).kind == Token::Kind::kName && equal_ignore_case(peek(ahead).text, word);
}

bool TokenStream::is_symbol(std::string_view symbol, std::size_t ahead) const {
  return peek(ahead).kind == Token::Kind::kSymbol && peek(ahead).text == symbol;
}

bool TokenStream::accept_word(std::string_view word) {
  if (!is_word(word)) return false;
  next();
  return true;
}

bool TokenStream::accept_symbol(std::string_view symbol) {
  if (!is_symbol(symbol)) return false;
  next();
  return true;
}

void TokenStream::expect_word(std::string_view word) {
  if (!accept_word(word)) fail();
}

void TokenStream::expect_symbol(std::string_view symbol) {
  if (!accept_symbol(symbol)) fail();
}

std::string TokenStream::expect_name() {
  if (peek().kind != Token::Kind::kName && peek().kind != Token::Kind::kQuotedName) fail();
  return next().text;
}

std::string TokenStream::expect_string() {
  if (peek().kind != Token::Kind::kString) fail();
  return next().text;
}

int TokenStream::expect_number() {
  int number = 0;
  const std::string& text = peek().text;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (peek().kind != Token::Kind::kNumber || error != std::errc{} ||
      end != text.data() + text.size())
    fail();
  next();
  return number;
}

void TokenStream::fail() const {
  const Token& token = peek();
  const auto line =
      1 + std::count(sql_.begin(), sql_.begin() + static_cast<std::ptrdiff_t>(token.begin), '\n');
  const std::size_t line_start =
      token.begin == 0 ? std::string::npos : sql_.rfind('\n', token.begin - 1);
  const std::size_t column =
      line_start == std::string::npos ? token.begin : token.begin - line_start - 1;
  throw SqlError("Getting syntax error at line " + std::to_string(line) + ", column " +
                 std::to_string(column) + ". Detail message: Unexpected input '" + token.text +
                 "'.");
}

std::string TokenStream::source(std::size_t begin, std::size_t end) const {
  return sql_.substr(begin, end - begin);
}

}  // namespace emulator
