#include "core/base/log.hpp"

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

}  // namespace
}  // namespace loadstar
