#include "core/ingest/utf8.hpp"

#include <simdjson.h>

#include <algorithm>

namespace loadstar::ingest {
namespace {

/// Bytes of the character that starts with `lead`; 1 for what cannot lead (the validator then says
/// no).
std::size_t character_size(char lead) {
  const auto byte = static_cast<unsigned char>(lead);
  if (byte >= 0xF0) return 4;
  if (byte >= 0xE0) return 3;
  if (byte >= 0xC0) return 2;
  return 1;
}

/// Bytes at the end of `piece` that begin a character without ending it.
std::size_t open_tail(std::string_view piece) {
  for (std::size_t back = 1; back <= std::min<std::size_t>(3, piece.size()); ++back) {
    const char byte = piece[piece.size() - back];
    if ((static_cast<unsigned char>(byte) & 0xC0U) == 0x80U) continue;
    return character_size(byte) > back ? back : 0;
  }
  return 0;
}

bool is_control(char character) {
  return static_cast<unsigned char>(character) < 0x20 || character == 0x7F;
}

}  // namespace

bool is_utf8(std::string_view text) {
  // Most values are short ASCII; the vectorised check costs more than they do.
  if (text.size() <= 16) {
    unsigned char all = 0;
    for (const char character : text) all |= static_cast<unsigned char>(character);
    if (all < 0x80) return true;
  }
  return simdjson::validate_utf8(text.data(), text.size());
}

bool is_printable(std::string_view text) {
  return std::none_of(text.begin(), text.end(), is_control);
}

bool is_control_text(std::string_view text) {
  return std::all_of(text.begin(), text.end(), is_control);
}

bool Utf8Validator::feed(std::string_view piece) {
  while (valid_ && held_ > 0 && !piece.empty()) {
    hold_[held_++] = piece.front();
    piece.remove_prefix(1);
    if (held_ == character_size(hold_[0])) {
      valid_ = is_utf8(std::string_view(hold_, held_));
      held_ = 0;
    } else if ((static_cast<unsigned char>(hold_[held_ - 1]) & 0xC0U) != 0x80U) {
      valid_ = false;
    }
  }
  if (!valid_) return false;
  const std::size_t tail = open_tail(piece);
  valid_ = is_utf8(piece.substr(0, piece.size() - tail));
  for (std::size_t i = 0; i < tail; ++i) hold_[held_++] = piece[piece.size() - tail + i];
  return valid_;
}

}  // namespace loadstar::ingest
