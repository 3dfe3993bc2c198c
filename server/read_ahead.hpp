#pragma once

#include <atomic>
#include <cstddef>

namespace loadstar::server {

/// How far the streams of a daemon may read ahead of what their writers take. A stream that is read
/// ahead keeps its writer busy while gRPC fetches the next message (a quarter more typed rows a
/// second, tests/bench/README.md); what is read ahead is not charged to the memory budget, so all
/// streams together have a bound of their own.
///
/// From any thread. Outlives the streams.
class ReadAhead {
 public:
  /// Of every stream, so that many small messages cost one hop between threads together.
  static constexpr std::size_t kEach = 64U << 10U;
  /// Of a stream, as long as all of them together have not reached kAll.
  static constexpr std::size_t kMost = 1U << 20U;
  static constexpr std::size_t kAll = 32U << 20U;

  /// Whether a stream that has read `own` bytes ahead may read another message. The message that
  /// reaches a limit is the last one.
  [[nodiscard]] bool allows(std::size_t own) const {
    return own < kEach || (own < kMost && held_.load(std::memory_order_relaxed) < kAll);
  }

  /// Messages of `bytes` were read ahead, or are no longer.
  void add(std::size_t bytes) { held_.fetch_add(bytes, std::memory_order_relaxed); }
  void remove(std::size_t bytes) { held_.fetch_sub(bytes, std::memory_order_relaxed); }

  /// Bytes that all streams have read ahead.
  [[nodiscard]] std::size_t held() const { return held_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::size_t> held_{0};
};

}  // namespace loadstar::server
