#pragma once

#include <array>
#include <bit>
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

inline constexpr std::array<std::uint64_t, 20> kPowersOfTen = [] {
  std::array<std::uint64_t, 20> powers{};
  std::uint64_t power = 1;
  for (std::uint64_t& entry : powers) {
    entry = power;
    power *= 10;
  }
  return powers;
}();

/// Decimal digits of a number, 1 to 20; 0 has one.
[[nodiscard]] constexpr std::size_t count_digits(std::uint64_t value) {
  // 1233 / 4096 is log10(2); what it is short of, the comparison makes up for.
  const std::size_t most = std::bit_width(value | 1U) * 1233 / 4096;
  return most + (value >= kPowersOfTen[most] ? 1 : 0) + (value == 0 ? 1 : 0);
}

/// Writes a number without leading zeros, at most 20 digits. Returns the end.
inline char* put_unsigned(char* to, std::uint64_t value) {
  char* const end = to + count_digits(value);
  char* at = end;
  while (value >= 100) {
    at -= 2;
    put_pair(at, value % 100);
    value /= 100;
  }
  if (value >= 10) {
    put_pair(to, value);
  } else {
    *to = static_cast<char>('0' + value);
  }
  return end;
}

}  // namespace loadstar::ingest
