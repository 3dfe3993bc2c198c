#pragma once

#include <compare>
#include <cstdint>

namespace loadstar {

/// A size in bytes. A type of its own, so that a size is never mistaken for a count of rows.
struct Bytes {
  std::uint64_t value = 0;

  friend constexpr auto operator<=>(const Bytes&, const Bytes&) = default;
  friend constexpr Bytes operator+(Bytes left, Bytes right) { return {left.value + right.value}; }
  friend constexpr Bytes operator*(Bytes size, std::uint64_t factor) {
    return {size.value * factor};
  }
};

inline namespace literals {

constexpr Bytes operator""_KiB(unsigned long long count) { return {count << 10U}; }
constexpr Bytes operator""_MiB(unsigned long long count) { return {count << 20U}; }
constexpr Bytes operator""_GiB(unsigned long long count) { return {count << 30U}; }

}  // namespace literals

}  // namespace loadstar
