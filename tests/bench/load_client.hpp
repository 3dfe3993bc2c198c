#pragma once

#include "tests/bench/messages.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace loadstar::bench {

/// What one stream sends: its messages in a circle until `bytes` of payload went out.
struct StreamPlan {
  std::vector<Message> messages;
  std::uint64_t bytes = 0;
};

struct LoadResult {
  double seconds = 0;      ///< first message written until the last stream is OK: all is committed
  double cpu_seconds = 0;  ///< of this process, in that time
  std::uint64_t bytes = 0;
  std::uint64_t rows = 0;
  double longest_pause = 0;  ///< seconds that some stream waited between two of its writes
  std::string error;         ///< of the first stream that failed; empty: every row is committed
};

/// Loads through a daemon at `target` with one thread, one connection a stream: the writes carry
/// static slices, so the client costs little more than the bytes it moves.
[[nodiscard]] LoadResult run_load(const std::string& target, std::vector<StreamPlan> plans);

struct LatencyResult {
  std::vector<double> micros;  ///< of each message: write to the ack that has received it
  std::string error;
};

/// Closed loop: one message at a time, each followed by the wait for its `received` ack.
[[nodiscard]] LatencyResult run_latency(const std::string& target, const Message& message,
                                        std::size_t count);

/// Pipelined one-row messages; flushes every `cork` messages (1: plain writes). Seconds until the
/// last one is acknowledged as received.
[[nodiscard]] LoadResult run_appends(const std::string& target, const Message& message,
                                     std::size_t count, std::size_t cork);

}  // namespace loadstar::bench
