#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace loadstar::ingest {

/// "00" to "99", one after the other: a division for two digits instead of one for each.
inline constexpr std::array<char, 200> kDigitPairs = [] {
  std::array<char, 200> pairs{};
  for (std::size_t i = 0; i < 100; ++i) {
    pairs[2 * i] = static_cast<char>('0' + i / 10);
    pairs[2 * i + 1] = static_cast<char>('0' + i % 10);
  }
  return pairs;
}();

/// Writes two digits; `value` is below 100. Returns the end.
inline char* put_pair(char* to, std::uint64_t value) {
  std::memcpy(to, &kDigitPairs[value * 2], 2);
  return to + 2;
}

/// Writes a number without leading zeros, at most 20 digits. Returns the end.
inline char* put_unsigned(char* to, std::uint64_t value) {
  std::array<char, 20> digits;  // NOLINT(cppcoreguidelines-pro-type-member-init)
  std::size_t first = digits.size();
  while (value >= 100) {
    first -= 2;
    put_pair(&digits[first], value % 100);
    value /= 100;
  }
  if (value >= 10) {
    first -= 2;
    put_pair(&digits[first], value);
  } else {
    digits[--first] = static_cast<char>('0' + value);
  }
  const std::size_t count = digits.size() - first;
  std::memcpy(to, &digits[first], count);
  return to + count;
}

}  // namespace loadstar::ingest
