#include "core/base/process_metrics.hpp"

#include <gtest/gtest.h>
#include <prometheus/metric_family.h>
#include <unistd.h>

#include <map>
#include <string>

namespace loadstar {
namespace {

std::map<std::string, double> collect() {
  std::map<std::string, double> values;
  for (const auto& family : ProcessMetrics().Collect()) {
    const bool counter = family.type == prometheus::MetricType::Counter;
    const auto& metric = family.metric.at(0);
    values[family.name] = counter ? metric.counter.value : metric.gauge.value;
  }
  return values;
}

TEST(ProcessMetricsTest, AProcessHasMemoryThreadsFilesAndAStart) {
  const auto values = collect();
  EXPECT_GE(values.at("process_threads"), 1);
  EXPECT_GT(values.at("process_resident_memory_bytes"), 1e5);
  EXPECT_GE(values.at("process_virtual_memory_bytes"), values.at("process_resident_memory_bytes"));
  EXPECT_GT(values.at("process_start_time_seconds"), 1e9);
  EXPECT_GE(values.at("process_cpu_seconds_total"), 0);
}

TEST(ProcessMetricsTest, AnOpenedFileIsCounted) {
  const double before = collect().at("process_open_fds");
  const int descriptor = ::dup(0);
  ASSERT_GE(descriptor, 0);
  EXPECT_EQ(collect().at("process_open_fds"), before + 1);
  ::close(descriptor);
}

}  // namespace
}  // namespace loadstar
