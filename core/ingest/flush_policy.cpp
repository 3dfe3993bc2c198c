#include "core/ingest/flush_policy.hpp"

#include <algorithm>

namespace loadstar::ingest {

FlushLimits make_flush_limits(const FlushOptions& options, unsigned jitter_permille) {
  FlushLimits limits;
  limits.max_bytes = options.max_bytes.value;
  limits.max_rows = options.max_rows;
  Clock::duration age = options.interval;
  if (options.max_ack_wait.count() > 0 && options.max_ack_wait < options.interval) {
    age = options.max_ack_wait;
    limits.age_trigger = FlushTrigger::kAckWait;
  }
  const auto off_permille = options.jitter_percent * jitter_permille / 100;
  limits.max_age = age - age * off_permille / 1000;
  return limits;
}

std::optional<FlushTrigger> flush_due(const FlushLimits& limits, const Buffered& buffered,
                                      bool rows_count) {
  if (buffered.bytes >= limits.max_bytes) return FlushTrigger::kBytes;
  if (rows_count && buffered.rows >= limits.max_rows) return FlushTrigger::kRows;
  if (buffered.age >= limits.max_age) return limits.age_trigger;
  return std::nullopt;
}

void CongestionControl::on_congestion() { factor_ = std::min(factor_ * 2, kMost); }

void CongestionControl::on_success() { factor_ = std::max(factor_ - factor_ / 8, kNormal); }

Clock::duration CongestionControl::stretch(Clock::duration age) const {
  return age / kNormal * static_cast<Clock::rep>(factor_);
}

}  // namespace loadstar::ingest
