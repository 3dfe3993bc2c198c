#pragma once

#include "core/base/clock.hpp"

#include <algorithm>
#include <cstdint>
#include <mutex>
#include <optional>
#include <utility>

namespace loadstar {

/// Bounds how many lines one place of the program writes, so that a client in a loop cannot flood
/// the log: `burst` lines at once, then `per_second`. What is held back is counted, and told with
/// the next line that passes. Thread-safe.
class LogLimit {
 public:
  LogLimit(unsigned burst, double per_second)
      : burst_(burst), per_second_(per_second), tokens_(burst) {}

  /// nullopt: do not write. Else how many lines were held back since the last one that passed.
  [[nodiscard]] std::optional<std::uint64_t> pass() {
    const std::lock_guard lock(mutex_);
    const auto now = Clock::now();
    const double passed = std::chrono::duration<double>(now - filled_at_).count();
    tokens_ = std::min<double>(burst_, tokens_ + passed * per_second_);
    filled_at_ = now;
    if (tokens_ < 1) {
      ++suppressed_;
      return std::nullopt;
    }
    tokens_ -= 1;
    return std::exchange(suppressed_, 0);
  }

 private:
  const unsigned burst_;
  const double per_second_;
  std::mutex mutex_;  // guards the three below
  double tokens_;
  Clock::time_point filled_at_ = Clock::now();
  std::uint64_t suppressed_ = 0;
};

}  // namespace loadstar
