#include "core/base/log.hpp"

#include "core/base/log_limit.hpp"
#include "tests/support/fake_clock.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace loadstar {
namespace {

struct CollectingSink final : LogSink {
  void write(LogLevel level, std::string_view message, const LogFields& fields) override {
    lines.push_back(format_log_line(LogFormat::kJson, "T", level, message, fields));
  }
  std::vector<std::string> lines;
};

TEST(LogTest, FieldsOfTheHandleAndOfTheLineAreInTheJson) {
  auto sink = std::make_shared<CollectingSink>();
  const Logger logger = Logger(sink, LogLevel::kInfo).with("writer", "orders_3");
  logger.warn("load failed", {{"label", "ls-1"}});
  logger.debug("not shown");
  ASSERT_EQ(sink->lines.size(), 1U);
  const auto line = nlohmann::json::parse(sink->lines[0]);
  EXPECT_EQ(line["level"], "warn");
  EXPECT_EQ(line["writer"], "orders_3");
  EXPECT_EQ(line["label"], "ls-1");
}

// T27: a value with line ends, escape sequences, invalid UTF-8 or a megabyte stays one bounded
// line.
TEST(LogTest, HostileValuesStayOneBoundedLine) {
  const std::string hostile = "a\nb\x1b[31m\xff\"}" + std::string(1'000'000, 'x');
  for (const auto format : {LogFormat::kJson, LogFormat::kText}) {
    const auto line = format_log_line(format, "T", LogLevel::kInfo, hostile, {{"key", hostile}});
    EXPECT_EQ(line.find('\n'), std::string::npos);
    EXPECT_EQ(line.find('\x1b'), std::string::npos);
    EXPECT_LT(line.size(), 10'000U);
  }
}

TEST(LogTest, WrittenLinesAreCountedByTheirLevel) {
  auto sink = std::make_shared<CollectingSink>();
  std::vector<LogLevel> counted;
  const Logger logger = Logger(sink, LogLevel::kInfo).counting([&counted](LogLevel level) {
    counted.push_back(level);
  });
  logger.with("writer", "w").warn("one");
  logger.debug("not written");
  logger.error("two", {{"label", "l"}});
  EXPECT_EQ(counted, (std::vector{LogLevel::kWarn, LogLevel::kError}));
  EXPECT_EQ(sink->lines.size(), 2U);
}

TEST(LogTest, ALimitHoldsBackAFloodAndTellsOfIt) {
  LogLimit limit(3, 2);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(limit.pass(), 0U);
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(limit.pass());
  test::advance_clock(std::chrono::milliseconds(500));
  EXPECT_EQ(limit.pass(), 10U) << "what was held back is told once";
  EXPECT_FALSE(limit.pass());
  test::advance_clock(std::chrono::hours(1));
  EXPECT_EQ(limit.pass(), 1U);
  EXPECT_EQ(limit.pass(), 0U);
  EXPECT_EQ(limit.pass(), 0U);
  EXPECT_FALSE(limit.pass()) << "a long silence saves up no more than the burst";
}

}  // namespace
}  // namespace loadstar
