#include "core/base/metrics.hpp"

#include "core/base/process_metrics.hpp"

#include <gtest/gtest.h>
#include <prometheus/text_serializer.h>

namespace loadstar {
namespace {

std::string text_of(prometheus::Registry& registry) {
  return prometheus::TextSerializer().Serialize(registry.Collect());
}

TEST(MetricsTest, CountersOfTheConnectorAreThereWithTheirTable) {
  prometheus::Registry registry;
  Metrics metrics(registry, "main", 50);
  metrics.table("test", "t").load_bytes.Increment(7);
  metrics.table("test", "t").rows_filtered.Increment(2);
  const std::string text = text_of(registry);
  EXPECT_NE(text.find(R"(loadstar_load_bytes_total{cluster="main",db="test",table="t"} 7)"),
            std::string::npos)
      << text;
  EXPECT_NE(
      text.find(
          R"(loadstar_load_rows_total{cluster="main",db="test",result="filtered",table="t"} 2)"),
      std::string::npos)
      << text;
}

// operations.md 7, 14: hostile table names do not grow the scrape.
TEST(MetricsTest, TablesAboveTheLimitShareOneSeries) {
  prometheus::Registry registry;
  Metrics metrics(registry, "main", 2);
  for (int i = 0; i < 1000; ++i) metrics.table("d", "t" + std::to_string(i)).load_bytes.Increment();
  const std::string text = text_of(registry);
  EXPECT_NE(text.find(R"(table="t1")"), std::string::npos);
  EXPECT_EQ(text.find(R"(table="t2")"), std::string::npos);
  EXPECT_NE(
      text.find(R"(loadstar_load_bytes_total{cluster="main",db="_other",table="_other"} 998)"),
      std::string::npos);
}

TEST(MetricsTest, ProcessMetricsReadThisProcess) {
  for (const auto& family : ProcessMetrics().Collect()) {
    if (family.name != "process_resident_memory_bytes") continue;
    EXPECT_GT(family.metric.at(0).gauge.value, 1e6);
    return;
  }
  FAIL() << "process_resident_memory_bytes is missing";
}

}  // namespace
}  // namespace loadstar
