#pragma once

#include <prometheus/collectable.h>

#include <vector>

namespace loadstar {

/// The standard process_* metrics (CPU, memory, file descriptors, threads, start time) read from
/// /proc/self at each scrape; prometheus-cpp has no such collector. Thread-safe.
class ProcessMetrics final : public prometheus::Collectable {
 public:
  [[nodiscard]] std::vector<prometheus::MetricFamily> Collect() const override;
};

}  // namespace loadstar
