#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace emulator {

/// Thrown while SQL is read; becomes an EngineError at the border of the engine.
class SqlError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// One token of StarRocks' SQL; comments are left out.
struct Token {
  enum class Kind { kName, kQuotedName, kString, kNumber, kSymbol, kEnd };
  Kind kind = Kind::kEnd;
  std::string text;       ///< names and strings without quotes and escapes
  std::size_t begin = 0;  ///< place in the statement's text
  std::size_t end = 0;
};

/// Splits SQL into tokens, the last one kEnd. Throws SqlError for an open quote or an unknown
/// character.
[[nodiscard]] std::vector<Token> tokenize(std::string_view sql);

/// Reads tokens one by one, for recursive descent.
class TokenStream {
 public:
  explicit TokenStream(std::string_view sql);

  [[nodiscard]] const Token& peek(std::size_t ahead = 0) const;
  Token next();
  [[nodiscard]] bool at_end() const { return peek().kind == Token::Kind::kEnd; }

  /// True if the next token is this keyword (any case, not quoted).
  [[nodiscard]] bool is_word(std::string_view word, std::size_t ahead = 0) const;
  [[nodiscard]] bool is_symbol(std::string_view symbol, std::size_t ahead = 0) const;
  bool accept_word(std::string_view word);
  bool accept_symbol(std::string_view symbol);
  void expect_word(std::string_view word);
  void expect_symbol(std::string_view symbol);
  std::string expect_name();
  std::string expect_string();
  /// An unsigned number without fraction.
  int expect_number();

  /// Throws "Getting syntax error ..." about the next token.
  [[noreturn]] void fail() const;
  /// The statement's own text between two places.
  [[nodiscard]] std::string source(std::size_t begin, std::size_t end) const;

 private:
  std::string sql_;
  std::vector<Token> tokens_;
  std::size_t position_ = 0;
};

}  // namespace emulator
