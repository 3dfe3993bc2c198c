#pragma once

#include "core/base/clock.hpp"
#include "core/base/metrics.hpp"
#include "core/options.hpp"

#include <cstdint>
#include <optional>

namespace loadstar::ingest {

/// When buffered rows of one table become a load (flink-connector-behaviour.md 3.2; architecture.md
/// 7, Ages). Plain values, derived from FlushOptions.
struct FlushLimits {
  std::uint64_t max_bytes = 0;
  std::uint64_t max_rows = 0;  ///< counts in stream_load only
  Clock::duration max_age{};
  FlushTrigger age_trigger = FlushTrigger::kInterval;  ///< which of the two ages is the shorter
};

/// `jitter_permille` of the configured jitter is taken off the age, 0..1000, fixed per instance.
[[nodiscard]] FlushLimits make_flush_limits(const FlushOptions& options, unsigned jitter_permille);

/// What is buffered for one load.
struct Buffered {
  std::uint64_t bytes = 0;
  std::uint64_t rows = 0;
  Clock::duration age{};
};

/// Why a load is due now, or nullopt. `rows_count`: whether max_rows applies (stream_load).
[[nodiscard]] std::optional<FlushTrigger> flush_due(const FlushLimits& limits,
                                                    const Buffered& buffered, bool rows_count);

/// Makes loads fewer and larger while StarRocks says that there are too many of them, and goes back
/// when it stops ("too many versions", running-transaction limit; starrocks-load-protocol.md 13
/// rule 14). The age limit is stretched: doubled by each refusal up to 64 times, and taken back by
/// an eighth with each load that succeeds. Pure.
class CongestionControl {
 public:
  void on_congestion();
  void on_success();
  [[nodiscard]] Clock::duration stretch(Clock::duration age) const;
  [[nodiscard]] bool congested() const { return factor_ > kNormal; }

 private:
  static constexpr std::uint64_t kNormal = 64;  // the factor, in 64ths
  static constexpr std::uint64_t kMost = kNormal * 64;
  std::uint64_t factor_ = kNormal;
};

}  // namespace loadstar::ingest
