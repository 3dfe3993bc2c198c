#include "core/ingest/json_text.hpp"

#include <cstdint>
#include <cstring>

namespace loadstar::ingest {
namespace {

constexpr std::uint64_t kEach = 0x0101'0101'0101'0101U;

/// Nonzero if one of the eight bytes of `word` is zero.
constexpr std::uint64_t zero_bytes(std::uint64_t word) {
  return (word - kEach) & ~word & (kEach * 0x80U);
}

/// Nonzero if one of the eight bytes of `word` needs an escape.
constexpr std::uint64_t special_bytes(std::uint64_t word) {
  const std::uint64_t control = (word - kEach * 0x20U) & ~word & (kEach * 0x80U);
  return control | zero_bytes(word ^ (kEach * std::uint64_t{'"'})) |
         zero_bytes(word ^ (kEach * std::uint64_t{'\\'}));
}

bool is_special(char c) { return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\'; }

void append_escape(TextBuffer& out, char c) {
  constexpr std::string_view kHex = "0123456789abcdef";
  switch (c) {
    case '"':
      out.append("\\\"");
      return;
    case '\\':
      out.append("\\\\");
      return;
    case '\n':
      out.append("\\n");
      return;
    case '\r':
      out.append("\\r");
      return;
    case '\t':
      out.append("\\t");
      return;
    default:
      break;
  }
  const auto byte = static_cast<unsigned char>(c);
  out.append("\\u00");
  out.append(kHex[byte >> 4U]);
  out.append(kHex[byte & 0xFU]);
}

}  // namespace

std::size_t json_plain_prefix(std::string_view text) {
  std::size_t at = 0;
  for (; at + 8 <= text.size(); at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + at, 8);
    if (special_bytes(word) != 0) break;
  }
  while (at < text.size() && !is_special(text[at])) ++at;
  return at;
}

void append_json_string(TextBuffer& out, std::string_view text) {
  out.append('"');
  while (true) {
    const std::size_t plain = json_plain_prefix(text);
    out.append(text.substr(0, plain));
    if (plain == text.size()) break;
    append_escape(out, text[plain]);
    text.remove_prefix(plain + 1);
  }
  out.append('"');
}

}  // namespace loadstar::ingest
