#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace loadstar::ingest {

/// Between the fields and rows of CSV that Loadstar writes (architecture.md D7).
inline constexpr char kColumnSeparator = '\x01';
inline constexpr char kRowDelimiter = '\x02';

/// What was seen while a text was copied; not 0 = yes.
struct SeenInText {
  std::uint64_t separator = 0;  ///< kColumnSeparator or kRowDelimiter
  std::uint64_t beyond_ascii = 0;
};

namespace detail {

/// Sixteen bytes that are compared at once, on every processor of GCC and Clang.
using Bytes16 = std::uint8_t __attribute__((vector_size(16)));
using Words2 = std::uint64_t __attribute__((vector_size(16)));

inline constexpr std::uint64_t kEach = 0x0101'0101'0101'0101;  ///< a byte in each of eight
inline constexpr std::uint64_t kHighBits = 0x80 * kEach;

/// Not 0 if one of the eight bytes is 0.
constexpr std::uint64_t zero_byte(std::uint64_t word) { return (word - kEach) & ~word & kHighBits; }

inline void copy_word(char* to, const char* from, SeenInText& seen) {
  std::uint64_t word = 0;
  std::memcpy(&word, from, sizeof(word));
  std::memcpy(to, &word, sizeof(word));
  seen.separator |= zero_byte(word ^ (static_cast<unsigned char>(kColumnSeparator) * kEach)) |
                    zero_byte(word ^ (static_cast<unsigned char>(kRowDelimiter) * kEach));
  seen.beyond_ascii |= word & kHighBits;
}

/// What many bytes were seen to be, each lane for itself.
struct Seen16 {
  Bytes16 separator{};
  Bytes16 any{};
};

inline void copy_sixteen(char* to, const char* from, Seen16& seen) {
  Bytes16 bytes;
  std::memcpy(&bytes, from, sizeof(bytes));
  std::memcpy(to, &bytes, sizeof(bytes));
  seen.separator |= reinterpret_cast<Bytes16>(bytes == static_cast<std::uint8_t>(kColumnSeparator));
  seen.separator |= reinterpret_cast<Bytes16>(bytes == static_cast<std::uint8_t>(kRowDelimiter));
  seen.any |= bytes;
}

inline std::uint64_t either_word(Bytes16 bytes) {
  Words2 words;
  std::memcpy(&words, &bytes, sizeof(words));
  return words[0] | words[1];
}

}  // namespace detail

/// Copies `text` to `to` and looks at it on the way, sixteen bytes at a time: most of the bytes of
/// most rows come through here.
inline SeenInText copy_text(char* to, std::string_view text) {
  const std::size_t size = text.size();
  const char* const from = text.data();
  SeenInText seen;
  if (size >= 16) {
    detail::Seen16 lanes;
    for (std::size_t at = 0; at + 16 < size; at += 16) {
      detail::copy_sixteen(to + at, from + at, lanes);
    }
    // The last ones may overlap those before.
    detail::copy_sixteen(to + size - 16, from + size - 16, lanes);
    seen.separator = detail::either_word(lanes.separator);
    seen.beyond_ascii = detail::either_word(lanes.any) & detail::kHighBits;
    return seen;
  }
  if (size >= 8) {
    detail::copy_word(to, from, seen);
    detail::copy_word(to + size - 8, from + size - 8, seen);
    return seen;
  }
  for (const char c : text) {
    if (c == kColumnSeparator || c == kRowDelimiter) seen.separator = 1;
    seen.beyond_ascii |= static_cast<unsigned char>(c) & 0x80U;
    *to++ = c;
  }
  return seen;
}

}  // namespace loadstar::ingest
