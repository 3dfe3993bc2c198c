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

namespace detail {

/// The eight digits of a number below 10^8, leading zeros among them, as they lie in memory.
inline std::uint64_t eight_digits(std::uint32_t value) {
  if constexpr (std::endian::native == std::endian::little) {
    // The halves, then their halves, then the digits, all lanes of a word at once: a quotient in
    // each lane comes from a multiplication, the remainder goes into the lane beside it. The
    // shifts are exact for lanes below 10,000 and below 100.
    const std::uint64_t fours = value / 10'000 + (std::uint64_t{value % 10'000} << 32U);
    const std::uint64_t hundreds = ((fours * 10'486) >> 20U) & 0x0000'007F'0000'007F;
    const std::uint64_t twos = hundreds + ((fours - 100 * hundreds) << 16U);
    const std::uint64_t tens = ((twos * 103) >> 10U) & 0x000F'000F'000F'000F;
    return (tens + ((twos - 10 * tens) << 8U)) | 0x3030'3030'3030'3030;  // "00000000"
  }
  std::array<char, 8> text{};
  put_pair(text.data(), value / 1'000'000);
  put_pair(text.data() + 2, value / 10'000 % 100);
  put_pair(text.data() + 4, value / 100 % 100);
  put_pair(text.data() + 6, value % 100);
  return std::bit_cast<std::uint64_t>(text);
}

/// Writes a number below 10^8 without leading zeros, and rubbish up to eight bytes: without a
/// branch, since nobody foresees how many digits a number has. Returns the end of the digits.
inline char* put_up_to_eight(char* to, std::uint32_t value) {
  const std::size_t count = count_digits(value);
  std::uint64_t text = eight_digits(value);
  if constexpr (std::endian::native == std::endian::little) {
    text >>= 8 * (8 - count);
  } else {
    text <<= 8 * (8 - count);
  }
  std::memcpy(to, &text, 8);
  return to + count;
}

/// Writes a number below 10^8 with its leading zeros. Returns the end.
inline char* put_eight(char* to, std::uint32_t value) {
  const std::uint64_t text = eight_digits(value);
  std::memcpy(to, &text, 8);
  return to + 8;
}

}  // namespace detail

/// Room for put_unsigned() and put_integer(), which is more than the digits take.
inline constexpr std::size_t kIntegerRoom = 24;

/// Writes a number without leading zeros, at most 20 digits, into kIntegerRoom bytes. Returns the
/// end.
inline char* put_unsigned(char* to, std::uint64_t value) {
  constexpr std::uint64_t kEight = 100'000'000;
  if (value < kEight) return detail::put_up_to_eight(to, static_cast<std::uint32_t>(value));
  const std::uint64_t upper = value / kEight;
  if (upper < kEight) {
    to = detail::put_up_to_eight(to, static_cast<std::uint32_t>(upper));
  } else {
    to = detail::put_up_to_eight(to, static_cast<std::uint32_t>(upper / kEight));
    to = detail::put_eight(to, static_cast<std::uint32_t>(upper % kEight));
  }
  return detail::put_eight(to, static_cast<std::uint32_t>(value % kEight));
}

/// The same with a sign, at most 20 characters.
inline char* put_integer(char* to, std::int64_t value) {
  auto magnitude = static_cast<std::uint64_t>(value);
  if (value < 0) {
    *to++ = '-';
    magnitude = ~magnitude + 1;
  }
  return put_unsigned(to, magnitude);
}

}  // namespace loadstar::ingest
