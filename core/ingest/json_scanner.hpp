#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace loadstar::ingest {

/// What a JSON text has to be.
enum class JsonShape : std::uint8_t {
  kValue,           ///< one value of any kind, blanks around it
  kObjectLines,     ///< one object a line, each line ended by '\n'; no blank lines
  kArrayOfObjects,  ///< one array whose elements are objects
};

/// Checks JSON that comes in pieces against RFC 8259 and a shape, and counts its rows. Allocates
/// nothing but its stack, whatever the text is.
///
/// A syntax error is fatal for the whole load at StarRocks (starrocks-load-protocol.md 11.4), and a
/// load holds rows of many clients; so all of it is looked at here. UTF-8 is not: see
/// Utf8Validator. Nesting is limited to 512, half of what StarRocks' parser takes. Lone surrogates
/// in \u escapes are refused, as there.
class JsonScanner {
 public:
  static constexpr std::size_t kMaxDepth = 512;

  explicit JsonScanner(JsonShape shape);

  /// Takes the next piece. False once the text cannot be right any more; see problem().
  [[nodiscard]] bool feed(std::string_view piece);
  /// Ends the text. False if it is not complete.
  [[nodiscard]] bool finish();

  /// Complete objects so far (kObjectLines, kArrayOfObjects).
  [[nodiscard]] std::uint64_t rows() const { return rows_; }
  /// The first row, from 1, that has a key `__op` of its own; 0 if none has. Values in it are not
  /// looked at (kObjectLines, kArrayOfObjects).
  [[nodiscard]] std::uint64_t first_op_row() const { return first_op_row_; }
  /// What is wrong, for example "row 3 is not JSON: ...". Empty while nothing is.
  [[nodiscard]] const std::string& problem() const { return problem_; }
  /// kArrayOfObjects, after finish(): offsets of the outer brackets in the whole text.
  [[nodiscard]] std::uint64_t open_bracket() const { return open_bracket_; }
  [[nodiscard]] std::uint64_t close_bracket() const { return close_bracket_; }

 private:
  enum class State : std::uint8_t {
    kStart,  ///< before a document
    kValue,
    kValueOrEnd,
    kKey,
    kKeyOrEnd,
    kColon,
    kAfterValue,
    kString,
    kEscape,
    kHex,
    kLiteral,
    kMinus,
    kZero,
    kDigits,
    kPoint,
    kFraction,
    kExponent,
    kExponentSign,
    kExponentDigits,
    kLineEnd,  ///< kObjectLines: between the object and '\n'
    kDone,     ///< only blanks may follow
  };

  bool step(char c);
  bool step_start(char c);
  bool step_value(char c);
  bool step_after_value(char c);
  bool step_escape(char c);
  bool step_hex(char c);
  bool step_number(char c);
  bool begin_value(char c);
  bool push(char bracket);
  bool pop(char closing);
  bool end_value();
  void begin_key();
  void match_op(std::string_view text);
  bool fail(std::string_view what);
  [[nodiscard]] bool is_blank(char c) const;

  static constexpr std::size_t kNoOp = static_cast<std::size_t>(-1);

  JsonShape shape_;
  State state_ = State::kStart;
  std::string stack_;         ///< open brackets, outermost first
  std::string_view literal_;  ///< what is left of true, false or null
  unsigned hex_digits_ = 0;
  unsigned hex_value_ = 0;
  bool key_ = false;             ///< the string that is being read is a key
  bool high_surrogate_ = false;  ///< the low one has to follow
  /// How much of `__op` the key so far is; kNoOp: it is another one, or no key of a row.
  std::size_t op_matched_ = kNoOp;
  std::uint64_t first_op_row_ = 0;
  std::uint64_t rows_ = 0;
  std::uint64_t position_ = 0;  ///< offset of the byte that is being looked at
  std::uint64_t open_bracket_ = 0;
  std::uint64_t close_bracket_ = 0;
  std::string problem_;
};

/// True if `text` is one JSON value. The text is valid UTF-8.
[[nodiscard]] bool is_json(std::string_view text);

}  // namespace loadstar::ingest
