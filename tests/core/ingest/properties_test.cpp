#include "core/ingest/properties.hpp"

#include "core/base/load_property.hpp"
#include "tests/core/ingest/support/encoding.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace loadstar::ingest {
namespace {

using Properties = std::map<std::string, std::string>;

std::string merged(const Properties& batch, const TableOptions& options = {}) {
  const auto answer = merge_properties(batch, options, "batch");
  if (!answer.ok()) return shown(answer.refusal());
  std::string text;
  for (const auto& [name, value] : answer.value().values) text += name + "=" + value + ";";
  return text;
}

TEST(PropertiesTest, TheBatchWinsOverTheTableAndPinnedOverBoth) {
  TableOptions options;
  options.properties = {{"where", "a"}, {"timezone", "UTC"}, {"max_filter_ratio", "0.1"}};
  options.pinned = {{"max_filter_ratio", "0"}};
  EXPECT_EQ(merged({{"where", "b"}}, options),
            "max_filter_ratio=0;strict_mode=true;timezone=UTC;where=b;");
  EXPECT_EQ(merged({{"strict_mode", "false"}}), "strict_mode=false;");
  EXPECT_EQ(merged({{"max_filter_ratio", "0"}}, options),
            "max_filter_ratio=0;strict_mode=true;timezone=UTC;where=a;");
  EXPECT_EQ(merged({{"MAX_filter_ratio", "0.5"}}, options),
            "1\nbatch.properties[max_filter_ratio]: is pinned by the table's configuration and "
            "cannot be overridden");
}

TEST(PropertiesTest, StrictModeIsOnEvenIfTheTableHasOtherProperties) {
  TableOptions options;
  options.properties = {{"where", "a"}};
  EXPECT_EQ(merged({}, options), "strict_mode=true;where=a;");
}

TEST(PropertiesTest, NamesOfTheDaemonAndUnknownOnesAreRefused) {
  for (const char* name : {"label",
                           "db",
                           "table",
                           "format",
                           "columns",
                           "timeout",
                           "prepared_timeout",
                           "Expect",
                           "Content-Length",
                           "Transfer-Encoding",
                           "Authorization",
                           "Host",
                           "strip_outer_array",
                           "transaction_type",
                           "skip_header",
                           "compression",
                           "Content-Encoding",
                           "two_phase_commit",
                           "x-made-up",
                           "",
                           "where\r\nX",
                           "channel_id"}) {
    EXPECT_TRUE(merged({{name, "1"}}).starts_with("1\nbatch.properties[")) << name;
  }
  EXPECT_EQ(merged({{"a\r\nb: c", "1"}}),
            "1\nbatch.properties[a??b: c]: is not a load property that may be set");
  EXPECT_TRUE(merged({{"Where", "1"}, {"where", "1"}}).find("is given twice") != std::string::npos);
}

/// delivery-and-faults.md T01: nothing that a client sends becomes a raw control byte of a header.
TEST(PropertiesTest, NoControlByteGetsIntoAHeader) {
  for (const LoadProperty& property : load_properties()) {
    for (int byte = 0; byte < 256; ++byte) {
      for (const std::string& value :
           {std::string("a") + static_cast<char>(byte) + "b",
            std::string("1") + static_cast<char>(byte), std::string(1, static_cast<char>(byte))}) {
        const auto answer = merge_properties({{std::string(property.name), value}}, {}, "batch");
        if (!answer.ok()) continue;
        for (const auto& [name, sent] : answer.value().values) {
          EXPECT_TRUE(std::none_of(
              sent.begin(), sent.end(),
              [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }))
              << name << " " << byte;
        }
      }
    }
  }
  EXPECT_TRUE(merged({{"column_separator", ",\r\nX-Evil: 1"}}).starts_with("1\n"));
  EXPECT_TRUE(merged({{"column_separator", std::string("\0", 1)}}).starts_with("1\n"));
}

TEST(PropertiesTest, SeparatorsHaveOneSpelling) {
  for (const char* tab : {"\t", "\\t", "\\x09", "0x09", "\\X09"}) {
    EXPECT_EQ(merged({{"column_separator", tab}}), "column_separator=\\x09;strict_mode=true;")
        << tab;
  }
  EXPECT_EQ(merged({{"row_delimiter", "\r\n"}}), "row_delimiter=\\x0D0A;strict_mode=true;");
  EXPECT_EQ(merged({{"row_delimiter", "|\\n"}}), "row_delimiter=\\x7C0A;strict_mode=true;");
  for (const char* bad : {"", "\\x", "\\x1", "\\xZZ", "\\x80", "\xC3\xA9", "0x", "\\xFF"}) {
    EXPECT_TRUE(
        merged({{"column_separator", bad}}).starts_with("1\nbatch.properties[column_separator]: "))
        << bad;
  }
  EXPECT_TRUE(merged({{"column_separator", "\\n"}}).starts_with("1\n"))
      << "equals the default row delimiter";
  EXPECT_TRUE(merged({{"column_separator", std::string(51, ',')}}).starts_with("1\n"));
}

TEST(PropertiesTest, ValuesAreJudged) {
  EXPECT_TRUE(merged({{"strict_mode", "yes"}}).starts_with("1\n"));
  EXPECT_TRUE(merged({{"max_filter_ratio", "1.5"}}).starts_with("1\n"));
  EXPECT_TRUE(merged({{"max_filter_ratio", "a"}}).starts_with("1\n"));
  EXPECT_TRUE(merged({{"timezone", "+25:00"}}).starts_with("1\n"));
  EXPECT_EQ(
      merged({{"timezone", "Mars/Olympus"}}),
      "1\nbatch.properties[timezone]: is no time zone that this daemon knows; write +08:00 or "
      "a region such as Asia/Shanghai");
  for (const char* zone : {"UTC", "+08:00", "-03:30", "Asia/Shanghai"}) {
    EXPECT_EQ(merged({{"timezone", zone}}), std::string("strict_mode=true;timezone=") + zone + ";");
  }
  EXPECT_TRUE(merged({{"partial_update_mode", "rows"}}).starts_with("1\n"));
  EXPECT_TRUE(merged({{"jsonpaths", "$.a"}}).starts_with("1\n"));
  EXPECT_TRUE(merged({{"where", "a = '\xFF'"}}).starts_with("1\n"));
  EXPECT_TRUE(merged({{"partitions", "p1"}, {"temporary_partitions", "p2"}}).starts_with("1\n"));
  EXPECT_TRUE(merged({{"enclose", "'"}, {"escape", "'"}}).starts_with("1\n"));
  EXPECT_TRUE(merged({{"enclose", ","}, {"column_separator", ","}})
                  .starts_with("1\nbatch.properties[enclose]: "));
  EXPECT_TRUE(merged({{"enable_merge_commit", "true"}}).starts_with("1\n"));
  EXPECT_EQ(merged({{"where", "name = '\xE5\xBC\xA0'"}}),
            "strict_mode=true;where=name = '\xE5\xBC\xA0';");
}

}  // namespace
}  // namespace loadstar::ingest
