#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <string_view>

namespace loadstar {

/// Source of random numbers, passed by reference; a seed replays everything drawn from it. Not for
/// secrets. Not thread-safe: one per strand.
class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}

  /// Uniform in [0, bound); `bound` above 0.
  std::uint64_t below(std::uint64_t bound) {
    return std::uniform_int_distribution<std::uint64_t>(0, bound - 1)(engine_);
  }

  /// True in `percent` of 100 cases.
  bool chance(std::uint64_t percent) { return below(100) < percent; }

  /// `length` characters of [a-z0-9], as labels may contain them.
  std::string token(std::size_t length) {
    constexpr std::string_view kAlphabet = "abcdefghijklmnopqrstuvwxyz0123456789";
    std::string text(length, '\0');
    for (char& character : text) character = kAlphabet[below(kAlphabet.size())];
    return text;
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace loadstar
