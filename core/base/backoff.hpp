#pragma once

#include "core/base/clock.hpp"
#include "core/base/random.hpp"

namespace loadstar {

/// How long to wait between tries. Keys: `defaults.retry.*` (operations.md 5).
struct BackoffOptions {
  Clock::duration initial = std::chrono::seconds(1);
  Clock::duration max = std::chrono::seconds(30);
  double multiplier = 2.0;
};

/// Delay before try number `attempt` (1 = the first repetition): exponential, with full jitter over
/// its upper half, so that instances do not retry together (operations.md 1.3, "Retry").
[[nodiscard]] Clock::duration backoff_delay(const BackoffOptions& options, unsigned attempt,
                                            Random& random);

}  // namespace loadstar
