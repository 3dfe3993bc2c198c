#pragma once

#include <prometheus/metric_family.h>
#include <prometheus/registry.h>

#include <string>

namespace loadstar::test {

/// Sum of the counters and gauges of family `name` that have a label of this value (all of them if
/// it is empty); of histograms, how many observations.
inline double metric_value(const prometheus::Registry& registry, const std::string& name,
                           const std::string& label_value = "") {
  double sum = 0;
  for (const auto& family : registry.Collect()) {
    if (family.name != name) continue;
    for (const auto& metric : family.metric) {
      bool wanted = label_value.empty();
      for (const auto& label : metric.label) wanted = wanted || label.value == label_value;
      if (!wanted) continue;
      sum += metric.counter.value + metric.gauge.value +
             static_cast<double>(metric.histogram.sample_count);
    }
  }
  return sum;
}

}  // namespace loadstar::test
