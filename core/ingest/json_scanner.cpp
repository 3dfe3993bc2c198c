#include "core/ingest/json_scanner.hpp"

#include "core/ingest/column_expression.hpp"
#include "core/ingest/json_text.hpp"

#include <fmt/format.h>

namespace loadstar::ingest {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

JsonScanner::JsonScanner(JsonShape shape) : shape_(shape) {}

bool JsonScanner::is_blank(char c) const {
  // Within an object a line end would make one row two lines.
  if (c == '\n') return shape_ != JsonShape::kObjectLines || stack_.empty();
  return c == ' ' || c == '\t' || c == '\r';
}

bool JsonScanner::feed(std::string_view piece) {
  if (!problem_.empty()) return false;
  const std::uint64_t base = position_;
  std::size_t at = 0;
  while (at < piece.size()) {
    if (state_ == State::kString && !high_surrogate_) {
      const std::size_t plain = json_plain_prefix(piece.substr(at));
      if (op_matched_ != kNoOp) match_op(piece.substr(at, plain));
      at += plain;
    }
    if (at == piece.size()) break;
    position_ = base + at;
    if (!step(piece[at])) return false;
    ++at;
  }
  position_ = base + piece.size();
  return true;
}

bool JsonScanner::finish() {
  if (!problem_.empty()) return false;
  switch (shape_) {
    case JsonShape::kValue:
      // A number ends with what follows it, or here.
      if (stack_.empty() && (state_ == State::kZero || state_ == State::kDigits ||
                             state_ == State::kFraction || state_ == State::kExponentDigits)) {
        return end_value();
      }
      break;
    case JsonShape::kObjectLines:
      if (state_ == State::kStart) return true;
      if (state_ == State::kLineEnd) return fail("the last line does not end with '\\n'");
      break;
    case JsonShape::kArrayOfObjects:
      break;
  }
  return state_ == State::kDone || fail("the text ends too early");
}

bool JsonScanner::fail(std::string_view what) {
  if (shape_ == JsonShape::kValue) {
    problem_ = std::string(what);
  } else {
    problem_ = fmt::format("row {}, near byte {}: {}", rows_ + 1, position_, what);
  }
  return false;
}

bool JsonScanner::step(char c) {
  switch (state_) {
    case State::kStart:
      return step_start(c);
    case State::kValue:
    case State::kValueOrEnd:
    case State::kKey:
    case State::kKeyOrEnd:
    case State::kColon:
      return step_value(c);
    case State::kAfterValue:
      return step_after_value(c);
    case State::kString:
      if (high_surrogate_ && c != '\\') return fail("a \\u escape is half of a surrogate pair");
      if (c == '\\') {
        state_ = State::kEscape;
        return true;
      }
      if (c == '"') {
        if (!key_) return end_value();
        if (op_matched_ == kOpColumn.size() && first_op_row_ == 0) first_op_row_ = rows_ + 1;
        state_ = State::kColon;
        return true;
      }
      return static_cast<unsigned char>(c) >= 0x20 || fail("a string has a raw control character");
    case State::kEscape:
      return step_escape(c);
    case State::kHex:
      return step_hex(c);
    case State::kLiteral:
      if (c != literal_.front()) return fail("a word is neither true, false nor null");
      literal_.remove_prefix(1);
      return !literal_.empty() || end_value();
    case State::kMinus:
    case State::kZero:
    case State::kDigits:
    case State::kPoint:
    case State::kFraction:
    case State::kExponent:
    case State::kExponentSign:
    case State::kExponentDigits:
      return step_number(c);
    case State::kLineEnd:
      if (c == '\n') state_ = State::kStart;
      return is_blank(c) || fail("a line has something after its object");
    case State::kDone:
      return is_blank(c) || fail("something follows the end of the JSON text");
  }
  return fail("impossible state");
}

bool JsonScanner::step_start(char c) {
  switch (shape_) {
    case JsonShape::kValue:
      return is_blank(c) || begin_value(c);
    case JsonShape::kObjectLines:
      if (c == '\n') return fail("a line is blank");
      return is_blank(c) || (c == '{' ? begin_value(c) : fail("a line does not begin with '{'"));
    case JsonShape::kArrayOfObjects:
      if (is_blank(c)) return true;
      if (c != '[') return fail("the text does not begin with '['");
      open_bracket_ = position_;
      return begin_value(c);
  }
  return false;
}

bool JsonScanner::step_value(char c) {
  if (is_blank(c)) return true;
  if (c == '\n') return fail("an object goes over more than one line");
  switch (state_) {
    case State::kValue:
      return begin_value(c);
    case State::kValueOrEnd:
      return c == ']' ? pop(c) : begin_value(c);
    case State::kKeyOrEnd:
      if (c == '}') return pop(c);
      [[fallthrough]];
    case State::kKey:
      if (c != '"') return fail("an object needs a key in double quotes here");
      begin_key();
      return true;
    default:
      if (c != ':') return fail("a key is not followed by ':'");
      state_ = State::kValue;
      return true;
  }
}

bool JsonScanner::step_after_value(char c) {
  if (is_blank(c)) return true;
  if (c == '\n') return fail("an object goes over more than one line");
  if (c == ',') {
    state_ = stack_.back() == '{' ? State::kKey : State::kValue;
    return true;
  }
  if (c == ']' || c == '}') return pop(c);
  return fail("a value is followed neither by ',' nor by a closing bracket");
}

bool JsonScanner::step_escape(char c) {
  if (high_surrogate_ && c != 'u') return fail("a \\u escape is half of a surrogate pair");
  if (c == 'u') {
    hex_digits_ = 0;
    hex_value_ = 0;
    state_ = State::kHex;
    return true;
  }
  op_matched_ = kNoOp;
  state_ = State::kString;
  const bool known = std::string_view("\"\\/bfnrt").find(c) != std::string_view::npos;
  return known || fail("a string has an unknown escape");
}

bool JsonScanner::step_hex(char c) {
  const int digit = hex_value(c);
  if (digit < 0) return fail("a \\u escape needs four hex digits");
  hex_value_ = hex_value_ * 16 + static_cast<unsigned>(digit);
  if (++hex_digits_ < 4) return true;
  state_ = State::kString;
  const bool high = hex_value_ >= 0xD800 && hex_value_ < 0xDC00;
  const bool low = hex_value_ >= 0xDC00 && hex_value_ < 0xE000;
  if (low != high_surrogate_) return fail("a \\u escape is half of a surrogate pair");
  high_surrogate_ = high;
  // A letter may be written as an escape.
  const char letter = static_cast<char>(hex_value_);
  match_op(hex_value_ < 0x80 ? std::string_view(&letter, 1) : std::string_view("\xFF"));
  return true;
}

bool JsonScanner::step_number(char c) {
  switch (state_) {
    case State::kMinus:
      if (!is_digit(c)) return fail("a number has no digits");
      state_ = c == '0' ? State::kZero : State::kDigits;
      return true;
    case State::kDigits:
      if (is_digit(c)) return true;
      [[fallthrough]];
    case State::kZero:
      if (c == '.') {
        state_ = State::kPoint;
        return true;
      }
      break;
    case State::kPoint:
      state_ = State::kFraction;
      return is_digit(c) || fail("a number has no digits after its point");
    case State::kFraction:
      if (is_digit(c)) return true;
      break;
    case State::kExponent:
      if (c == '+' || c == '-') {
        state_ = State::kExponentSign;
        return true;
      }
      [[fallthrough]];
    case State::kExponentSign:
      state_ = State::kExponentDigits;
      return is_digit(c) || fail("a number has no digits in its exponent");
    default:  // kExponentDigits
      if (is_digit(c)) return true;
      return end_value() && step(c);
  }
  if (c == 'e' || c == 'E') {
    state_ = State::kExponent;
    return true;
  }
  return end_value() && step(c);  // the byte behind a number belongs to what follows
}

bool JsonScanner::begin_value(char c) {
  if (shape_ == JsonShape::kArrayOfObjects && stack_.size() == 1 && c != '{') {
    return fail("an element of the array is no object");
  }
  switch (c) {
    case '{':
    case '[':
      return push(c);
    case '"':
      key_ = false;
      op_matched_ = kNoOp;
      state_ = State::kString;
      return true;
    case '-':
      state_ = State::kMinus;
      return true;
    case '0':
      state_ = State::kZero;
      return true;
    case 't':
      literal_ = "rue";
      break;
    case 'f':
      literal_ = "alse";
      break;
    case 'n':
      literal_ = "ull";
      break;
    default:
      if (!is_digit(c)) return fail("no JSON value begins with this character");
      state_ = State::kDigits;
      return true;
  }
  state_ = State::kLiteral;
  return true;
}

bool JsonScanner::push(char bracket) {
  if (stack_.size() == kMaxDepth) return fail("the nesting is too deep");
  stack_.push_back(bracket);
  state_ = bracket == '{' ? State::kKeyOrEnd : State::kValueOrEnd;
  return true;
}

bool JsonScanner::pop(char closing) {
  if (stack_.back() != (closing == '}' ? '{' : '['))
    return fail("a bracket is closed by another kind");
  stack_.pop_back();
  const std::size_t row_depth = shape_ == JsonShape::kArrayOfObjects ? 1 : 0;
  if (shape_ != JsonShape::kValue && closing == '}' && stack_.size() == row_depth) ++rows_;
  if (stack_.empty()) close_bracket_ = position_;
  return end_value();
}

void JsonScanner::begin_key() {
  const std::size_t row_depth = shape_ == JsonShape::kArrayOfObjects ? 2 : 1;
  const bool of_row = shape_ != JsonShape::kValue && stack_.size() == row_depth;
  key_ = true;
  op_matched_ = of_row ? 0 : kNoOp;
  state_ = State::kString;
}

void JsonScanner::match_op(std::string_view text) {
  if (op_matched_ == kNoOp) return;
  const bool same = kOpColumn.substr(op_matched_).starts_with(text);
  op_matched_ = same ? op_matched_ + text.size() : kNoOp;
}

bool JsonScanner::end_value() {
  if (!stack_.empty()) {
    state_ = State::kAfterValue;
  } else {
    state_ = shape_ == JsonShape::kObjectLines ? State::kLineEnd : State::kDone;
  }
  return true;
}

bool is_json(std::string_view text) {
  JsonScanner scanner(JsonShape::kValue);
  return scanner.feed(text) && scanner.finish();
}

}  // namespace loadstar::ingest
