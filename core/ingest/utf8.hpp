#pragma once

#include <cstddef>
#include <string_view>

namespace loadstar::ingest {

/// True if `text` is valid UTF-8 (RFC 3629: no overlong forms, no surrogates, at most U+10FFFF).
[[nodiscard]] bool is_utf8(std::string_view text);

/// True if `text` has no byte below 0x20 and no 0x7F: fit for a header value or a name (T01).
[[nodiscard]] bool is_printable(std::string_view text);

/// True if all bytes of `text` are below 0x20 or 0x7F.
[[nodiscard]] bool is_control_text(std::string_view text);

/// Validates UTF-8 that comes in pieces; a character may span them.
class Utf8Validator {
 public:
  /// Takes the next piece. False once an invalid byte was seen.
  [[nodiscard]] bool feed(std::string_view piece);
  /// True if all was valid and the last character is complete.
  [[nodiscard]] bool finish() const { return valid_ && held_ == 0; }

 private:
  char hold_[4] = {};  ///< beginning of a character that goes on in the next piece
  std::size_t held_ = 0;
  bool valid_ = true;
};

}  // namespace loadstar::ingest
