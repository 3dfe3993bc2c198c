#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace emulator {

/// A parsed JSON value that remembers how its scalars were written: StarRocks uses the literal
/// token of a number, not its binary value (starrocks-load-protocol.md 11.4).
struct Json {
  enum class Kind { kNull, kBool, kNumber, kString, kObject, kArray };
  Kind kind = Kind::kNull;
  std::string key;          ///< of a member of an object
  std::string text;         ///< string: decoded; number, true, false, null: the token
  std::vector<Json> items;  ///< members or elements, in the order of the text
};

/// Thrown by the reader; what() says what is wrong and at which byte.
class JsonError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Reads JSON values one after the other from a buffer. Strict (RFC 8259), depth at most 512.
/// The buffer must be valid UTF-8 already and outlive the reader.
class JsonReader {
 public:
  explicit JsonReader(std::string_view text) : text_(text) {}

  /// Skips white space; true if nothing else is left.
  bool at_end();
  /// The byte at the reading position, after white space.
  char peek();
  /// Reads one value into `value`, whose memory is reused. Throws JsonError.
  void read(Json& value);
  /// Reads a punctuation character after white space, or leaves the position as it is.
  bool accept(char c);
  [[nodiscard]] std::size_t position() const { return position_; }

 private:
  [[noreturn]] void fail(const char* what) const;
  void read_value(Json& value, int depth);
  void read_string(std::string& out);
  void read_escape(std::string& out);
  unsigned read_hex4();
  void read_number(std::string& out);
  void read_word(std::string_view word, std::string& out);

  std::string_view text_;
  std::size_t position_ = 0;
};

/// Parses a text that holds exactly one value. Throws JsonError.
[[nodiscard]] Json parse_json(std::string_view text);

/// `text` as a JSON string with quotes.
[[nodiscard]] std::string json_quoted(std::string_view text);

/// Without blanks, members in their order: what an object becomes in a VARCHAR column.
[[nodiscard]] std::string json_minified(const Json& value);

/// As a JSON column prints it: members sorted by name, ", " and ": " between them, integers beyond
/// 64 bits as the doubles that they become. Throws JsonError for numbers beyond double.
[[nodiscard]] std::string json_canonical(const Json& value);

/// The first member with this key, or nullptr.
[[nodiscard]] const Json* json_member(const Json& object, std::string_view key);

}  // namespace emulator
