#include "config/show.hpp"

#include "config/schema.hpp"
#include "tests/config/support.hpp"

#include <gtest/gtest.h>

#include <sstream>
#include <string>

namespace loadstar::config {
namespace {

using testing::made_up;
using testing::usable;

/// The text without its remarks.
std::string without_remarks(const std::string& text) {
  std::istringstream lines(text);
  std::string result;
  for (std::string line; std::getline(lines, line);) {
    line.resize(line.rfind("  # ") == std::string::npos ? line.size() : line.rfind("  # "));
    while (line.ends_with(' ')) line.pop_back();
    result += line + "\n";
  }
  return result;
}

const std::string kFile = usable(R"yaml(
instance: {id: "${env:ID}"}
listen: {grpc: ["[::1]:1", unix:/run/a.sock]}
defaults: {flush: {interval: 20s}, properties: {column_separator: "\t", where: "a = '${env:ID}' # \\ \""}}
tables:
  b.c: {parallelism: 3, pinned: {timezone: +08:00}}
  a.b: {flush: {max_ack_wait: 1s}, properties: {columns: "x, y = f(x)", partitions: "p1, p2"}}
limits: {memory: 200MiB}
)yaml");

TEST(ShowTest, WhatIsShownIsReadBackTheSame) {
  const auto surroundings = made_up({{"ID", "pod-1"}});
  const Loaded first = load_text(kFile, "f", surroundings);
  ASSERT_TRUE(first.options) << render_problems(first.problems);
  const std::string shown = show(*first.options, first.origins);
  const Loaded second = load_text(shown, "shown", surroundings);
  ASSERT_TRUE(second.options) << render_problems(second.problems) << shown;
  EXPECT_EQ(without_remarks(show(*second.options, second.origins)), without_remarks(shown));
  EXPECT_EQ(second.options->core.tables.at("a.b").properties,
            first.options->core.tables.at("a.b").properties);
  EXPECT_EQ(second.options->core.tables.at("b.c").pinned,
            first.options->core.tables.at("b.c").pinned);
}

TEST(ShowTest, EveryKeyIsShownOnce) {
  const Loaded loaded = load_text(kFile, "f", made_up({{"ID", "pod-1"}}));
  ASSERT_TRUE(loaded.options);
  const Loaded shown = load_text(show(*loaded.options, loaded.origins), "shown", made_up());
  for (const auto& option : daemon_options())
    EXPECT_TRUE(shown.origins.is_set(option.about.key)) << option.about.key;
  for (const auto& option : table_options()) {
    for (const char* above : {"defaults.", "tables.a.b.", "tables.b.c."}) {
      EXPECT_TRUE(shown.origins.is_set(above + option.about.key)) << above << option.about.key;
    }
  }
}

TEST(ShowTest, RemarksTellWhereAValueCameFrom) {
  const Loaded loaded = load_text(kFile, "f", made_up({{"ID", "pod-1"}}));
  ASSERT_TRUE(loaded.options);
  const std::string shown = show(*loaded.options, loaded.origins);
  const auto remark = [&shown](const std::string& line_begin, std::size_t from) {
    const std::size_t at = shown.find("\n" + line_begin, from);
    EXPECT_NE(at, std::string::npos) << line_begin;
    const std::size_t hash = shown.find("# ", at);
    return shown.substr(hash + 2, shown.find('\n', hash) - hash - 2);
  };
  EXPECT_EQ(remark("  id: pod-1", 0), "line 5, from outside the file");
  EXPECT_EQ(remark("  max_message: 32MiB", 0), "default");
  EXPECT_EQ(remark("  password: <redacted>", 0), "line 2");
  EXPECT_EQ(remark("  threads: auto", 0),
            "default, here " + std::to_string(loaded.options->threads));
  const std::size_t table = shown.find("\n  b.c:");
  EXPECT_EQ(remark("    parallelism: 3", table), "line 9");
  EXPECT_EQ(remark("      interval: 20s", table), "defaults, line 7");
  EXPECT_EQ(remark("      max_ack_wait: 0s", table), "off because interval is set");
  EXPECT_EQ(remark("      max_rows: 500000", table), "default");
}

}  // namespace
}  // namespace loadstar::config
