#include "core/base/metrics.hpp"

#include "core/base/open_transaction.hpp"
#include "core/base/process_metrics.hpp"
#include "tests/support/fake_clock.hpp"

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

TEST(MetricsTest, ACollapsedTableIsCountedOnce) {
  prometheus::Registry registry;
  Metrics metrics(registry, "main", 1);
  metrics.table("d", "own");
  for (int i = 0; i < 10; ++i) {
    metrics.table("d", "a");
    metrics.table("d", "b");
    metrics.table("d", "own");
  }
  EXPECT_EQ(metrics.collapsed_tables.Value(), 2);
}

double value_of(prometheus::Registry& registry, const std::string& name) {
  for (const auto& family : registry.Collect()) {
    if (family.name == name) return family.metric.at(0).gauge.value;
  }
  ADD_FAILURE() << name;
  return 0;
}

TEST(MetricsTest, TheWatermarkIsWhatIsHeldLongestOrNow) {
  const std::string name = "loadstar_commit_watermark_timestamp_seconds";
  prometheus::Registry registry;
  Metrics metrics(registry, "main", 50);
  const auto now = [] {
    return std::chrono::duration<double>(wall_now().time_since_epoch()).count();
  };
  const TableMetrics& table = metrics.table("d", "t");
  test::advance_clock(std::chrono::hours(1));
  metrics.refresh();
  EXPECT_NEAR(value_of(registry, name), now(), 0.001) << "nothing is held";
  {
    Oldest::Entry first(table.held);
    Oldest::Entry second(table.held);
    first.set(Clock::now());
    second.set(Clock::now() + std::chrono::seconds(5));
    test::advance_clock(std::chrono::seconds(20));
    metrics.refresh();
    EXPECT_NEAR(value_of(registry, name), now() - 20, 0.001);
    first.set(std::nullopt);
    metrics.refresh();
    EXPECT_NEAR(value_of(registry, name), now() - 15, 0.001);
  }
  metrics.refresh();
  EXPECT_NEAR(value_of(registry, name), now(), 0.001) << "a holder that is gone holds nothing";
}

TEST(MetricsTest, AnOpenTransactionCountsUntilItIsOver) {
  prometheus::Registry registry;
  Metrics metrics(registry, "main", 50);
  {
    OpenTransaction transaction(metrics);
    EXPECT_EQ(metrics.transactions_open_begun.Value(), 0);
    transaction.begin();
    EXPECT_EQ(metrics.transactions_open_begun.Value(), 1);
    EXPECT_FALSE(metrics.prepared.get());
    transaction.prepare();
    EXPECT_EQ(metrics.transactions_open_begun.Value(), 0);
    EXPECT_EQ(metrics.transactions_open_prepared.Value(), 1);
    EXPECT_EQ(metrics.prepared.get(), Clock::now());
  }
  EXPECT_EQ(metrics.transactions_open_prepared.Value(), 0);
  EXPECT_FALSE(metrics.prepared.get());
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
