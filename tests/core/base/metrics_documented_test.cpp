#include "core/base/metrics.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace loadstar {
namespace {

std::string trimmed(const std::string& text) {
  const auto begin = text.find_first_not_of(" `");
  if (begin == std::string::npos) return "";
  return text.substr(begin, text.find_last_not_of(" `") - begin + 1);
}

/// "type: label, label" of each family in core/base/METRICS.md.
std::map<std::string, std::string> documented() {
  std::ifstream file(LOADSTAR_SOURCE_DIR "/core/base/METRICS.md");
  std::map<std::string, std::string> families;
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("| `loadstar_")) continue;
    std::istringstream cells(line.substr(1));
    std::vector<std::string> row;
    for (std::string cell; std::getline(cells, cell, '|');) row.push_back(trimmed(cell));
    std::set<std::string> labels;
    std::istringstream names(row.at(2));
    for (std::string name; std::getline(names, name, ',');) labels.insert(trimmed(name));
    families[row.at(0)] = fmt::format("{}: {}", row.at(1), fmt::join(labels, ", "));
  }
  return families;
}

std::string type_of(prometheus::MetricType type) {
  switch (type) {
    case prometheus::MetricType::Counter:
      return "counter";
    case prometheus::MetricType::Gauge:
      return "gauge";
    case prometheus::MetricType::Histogram:
      return "histogram";
    default:
      return "other";
  }
}

std::map<std::string, std::string> exported(prometheus::Registry& registry) {
  std::map<std::string, std::string> families;
  for (const auto& family : registry.Collect()) {
    std::set<std::string> labels;
    for (const auto& metric : family.metric) {
      for (const auto& label : metric.label) labels.insert(label.name);
    }
    families[family.name] = fmt::format("{}: {}", type_of(family.type), fmt::join(labels, ", "));
  }
  return families;
}

TEST(MetricsDocumentedTest, WhatIsDocumentedIsExportedAndNothingElse) {
  prometheus::Registry registry;
  Metrics metrics(registry, "main", 50);
  register_info_metrics(registry, {{"version", "1"}, {"revision", "r"}, {"compiler", "c"}}, "hash");
  metrics.table("d", "t");
  // Those that have no series before something happens.
  metrics.load_attempt("failed", "timeout");
  metrics.refused_batch("DRAINING");
  metrics.error("DRAINING");
  metrics.redirect("backend", "followed");
  metrics.starrocks_version("3.3.0");
  metrics.state("serving");
  metrics.load_phase(LoadPhase::kPut, std::chrono::seconds(1));
  metrics.certificate_expiry("grpc", wall_now());
  const auto expected = documented();
  EXPECT_GT(expected.size(), 40U);
  EXPECT_EQ(exported(registry), expected);
}

// operations.md 4.1: about 250 series and 28 for each table.
TEST(MetricsDocumentedTest, TheSeriesStayWithinTheirBudget) {
  const auto series = [](prometheus::Registry& registry) {
    std::size_t count = 0;
    for (const auto& family : registry.Collect()) {
      const bool histogram = family.type == prometheus::MetricType::Histogram;
      for (const auto& metric : family.metric) {
        count += histogram ? metric.histogram.bucket.size() + 2 : 1;
      }
    }
    return count;
  };
  prometheus::Registry registry;
  Metrics metrics(registry, "main", 50);
  for (std::size_t i = 0; i < kLoadPhases; ++i) {
    metrics.load_phase(static_cast<LoadPhase>(i), std::chrono::seconds(1));
  }
  const std::size_t without = series(registry);
  EXPECT_LE(without, 350U);
  metrics.table("d", "t");
  EXPECT_LE(series(registry) - without, 28U);
}

}  // namespace
}  // namespace loadstar
