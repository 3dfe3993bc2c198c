#include "tests/emulator/engine/json.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <system_error>

namespace emulator {

namespace {

constexpr int kMaxDepth = 512;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

void append_utf8(std::string& out, unsigned code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0 | (code >> 6));
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xE0 | (code >> 12));
    out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | (code >> 18));
    out += static_cast<char>(0x80 | ((code >> 12) & 0x3F));
    out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  }
}

}  // namespace

void JsonReader::fail(const char* what) const {
  throw JsonError(std::string(what) + " at byte " + std::to_string(position_));
}

bool JsonReader::at_end() {
  while (position_ < text_.size()) {
    const char c = text_[position_];
    if (c != ' ' && c != '\n' && c != '\t' && c != '\r') return false;
    ++position_;
  }
  return true;
}

char JsonReader::peek() { return at_end() ? '\0' : text_[position_]; }

bool JsonReader::accept(char c) {
  if (at_end() || text_[position_] != c) return false;
  ++position_;
  return true;
}

void JsonReader::read(Json& value) { read_value(value, 0); }

void JsonReader::read_value(Json& value, int depth) {
  if (depth > kMaxDepth) fail("the document is nested too deeply");
  value.items.clear();
  value.text.clear();
  switch (peek()) {
    case '{':
      value.kind = Json::Kind::kObject;
      ++position_;
      if (accept('}')) return;
      do {
        Json& member = value.items.emplace_back();
        if (peek() != '"') fail("a member name is expected");
        read_string(member.key);
        if (!accept(':')) fail("':' is expected");
        read_value(member, depth + 1);
      } while (accept(','));
      if (!accept('}')) fail("',' or '}' is expected");
      return;
    case '[':
      value.kind = Json::Kind::kArray;
      ++position_;
      if (accept(']')) return;
      do {
        read_value(value.items.emplace_back(), depth + 1);
      } while (accept(','));
      if (!accept(']')) fail("',' or ']' is expected");
      return;
    case '"':
      value.kind = Json::Kind::kString;
      return read_string(value.text);
    case 't':
      value.kind = Json::Kind::kBool;
      return read_word("true", value.text);
    case 'f':
      value.kind = Json::Kind::kBool;
      return read_word("false", value.text);
    case 'n':
      value.kind = Json::Kind::kNull;
      return read_word("null", value.text);
    default:
      value.kind = Json::Kind::kNumber;
      return read_number(value.text);
  }
}

void JsonReader::read_string(std::string& out) {
  out.clear();
  ++position_;
  while (true) {
    const std::size_t start = position_;
    while (position_ < text_.size() && text_[position_] != '"' && text_[position_] != '\\' &&
           static_cast<unsigned char>(text_[position_]) >= 0x20) {
      ++position_;
    }
    out.append(text_, start, position_ - start);
    if (position_ >= text_.size()) fail("the string has no end");
    if (text_[position_] == '"') break;
    if (text_[position_] != '\\') fail("a control character stands in a string");
    ++position_;
    read_escape(out);
  }
  ++position_;
}

void JsonReader::read_escape(std::string& out) {
  if (position_ >= text_.size()) fail("the string has no end");
  const char c = text_[position_++];
  switch (c) {
    case '"':
    case '\\':
    case '/':
      out += c;
      return;
    case 'b':
      out += '\b';
      return;
    case 'f':
      out += '\f';
      return;
    case 'n':
      out += '\n';
      return;
    case 'r':
      out += '\r';
      return;
    case 't':
      out += '\t';
      return;
    case 'u':
      break;
    default:
      fail("unknown escape");
  }
  unsigned code = read_hex4();
  if (code >= 0xDC00 && code <= 0xDFFF) fail("a low surrogate stands alone");
  if (code >= 0xD800 && code <= 0xDBFF) {
    if (text_.substr(position_, 2) != "\\u") fail("a high surrogate stands alone");
    position_ += 2;
    const unsigned low = read_hex4();
    if (low < 0xDC00 || low > 0xDFFF) fail("a high surrogate stands alone");
    code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
  }
  append_utf8(out, code);
}

unsigned JsonReader::read_hex4() {
  unsigned code = 0;
  for (int i = 0; i < 4; ++i) {
    const char c = position_ < text_.size() ? text_[position_] : '\0';
    unsigned digit = 0;
    if (is_digit(c)) {
      digit = static_cast<unsigned>(c - '0');
    } else if (c >= 'a' && c <= 'f') {
      digit = static_cast<unsigned>(c - 'a') + 10;
    } else if (c >= 'A' && c <= 'F') {
      digit = static_cast<unsigned>(c - 'A') + 10;
    } else {
      fail("four hexadecimal digits are expected");
    }
    code = code * 16 + digit;
    ++position_;
  }
  return code;
}

void JsonReader::read_number(std::string& out) {
  const std::size_t start = position_;
  const auto digits = [this] {
    const std::size_t first = position_;
    while (position_ < text_.size() && is_digit(text_[position_])) ++position_;
    if (position_ == first) fail("a value is expected");
  };
  const auto next_is = [this](char c) { return position_ < text_.size() && text_[position_] == c; };
  if (next_is('-')) ++position_;
  if (next_is('0')) {
    ++position_;
  } else {
    digits();
  }
  if (next_is('.')) {
    ++position_;
    digits();
  }
  if (next_is('e') || next_is('E')) {
    ++position_;
    if (next_is('+') || next_is('-')) ++position_;
    digits();
  }
  out.assign(text_, start, position_ - start);
}

void JsonReader::read_word(std::string_view word, std::string& out) {
  if (text_.substr(position_, word.size()) != word) fail("a value is expected");
  position_ += word.size();
  out = word;
}

Json parse_json(std::string_view text) {
  JsonReader reader(text);
  Json value;
  reader.read(value);
  if (!reader.at_end()) throw JsonError("text after the end of the document");
  return value;
}

std::string json_quoted(std::string_view text) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          out += "\\u00";
          out += kHex[static_cast<unsigned char>(c) >> 4];
          out += kHex[static_cast<unsigned char>(c) & 15];
        } else {
          out += c;
        }
    }
  }
  return out + '"';
}

namespace {

template <class Number>
bool holds(const std::string& token, Number& number) {
  const char* const last = token.data() + token.size();
  const auto [end, error] = std::from_chars(token.data(), last, number);
  return error == std::errc() && end == last;
}

/// A number as VelocyPack keeps it: int64, uint64 or double. Throws JsonError.
std::string stored_number(const std::string& token) {
  std::int64_t negative = 0;
  std::uint64_t positive = 0;
  if (holds(token, negative) || holds(token, positive)) return token;
  double number = 0;
  if (!holds(token, number)) throw JsonError("the number " + token + " is out of range");
  if (token.find_first_of(".eE") != std::string::npos) return token;
  std::array<char, 32> text{};
  return {text.data(), std::to_chars(text.data(), text.data() + text.size(), number).ptr};
}

void print(const Json& value, bool canonical, std::string& out) {
  switch (value.kind) {
    case Json::Kind::kNull:
    case Json::Kind::kBool:
      out += value.text;
      return;
    case Json::Kind::kNumber:
      out += canonical ? stored_number(value.text) : value.text;
      return;
    case Json::Kind::kString:
      out += json_quoted(value.text);
      return;
    case Json::Kind::kArray:
    case Json::Kind::kObject:
      break;
  }
  const bool object = value.kind == Json::Kind::kObject;
  std::vector<const Json*> items;
  for (const Json& item : value.items) items.push_back(&item);
  if (object && canonical) {
    std::stable_sort(items.begin(), items.end(),
                     [](const Json* a, const Json* b) { return a->key < b->key; });
    const auto same = [](const Json* a, const Json* b) { return a->key == b->key; };
    items.erase(std::unique(items.begin(), items.end(), same), items.end());
  }
  out += object ? '{' : '[';
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i != 0) out += canonical ? ", " : ",";
    if (object) out += json_quoted(items[i]->key) + (canonical ? ": " : ":");
    print(*items[i], canonical, out);
  }
  out += object ? '}' : ']';
}

}  // namespace

std::string json_minified(const Json& value) {
  std::string out;
  print(value, false, out);
  return out;
}

std::string json_canonical(const Json& value) {
  std::string out;
  print(value, true, out);
  return out;
}

const Json* json_member(const Json& object, std::string_view key) {
  for (const Json& member : object.items) {
    if (member.key == key) return &member;
  }
  return nullptr;
}

}  // namespace emulator
