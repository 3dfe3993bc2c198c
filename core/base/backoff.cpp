#include "core/base/backoff.hpp"

#include <algorithm>
#include <cmath>

namespace loadstar {

Clock::duration backoff_delay(const BackoffOptions& options, unsigned attempt, Random& random) {
  const unsigned exponent = std::min(attempt == 0 ? 0U : attempt - 1, 40U);
  const double factor = std::pow(options.multiplier, static_cast<double>(exponent));
  const double wanted = static_cast<double>(options.initial.count()) * factor;
  const double limited = std::min(wanted, static_cast<double>(options.max.count()));
  const double jitter = 0.5 + static_cast<double>(random.below(1000)) / 2000.0;
  return Clock::duration(static_cast<Clock::rep>(limited * jitter));
}

}  // namespace loadstar
