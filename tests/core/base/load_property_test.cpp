#include "core/base/load_property.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace loadstar {
namespace {

const LoadProperty& property(std::string_view name) {
  const LoadProperty* found = find_load_property(name);
  EXPECT_NE(found, nullptr) << name;
  return *found;
}

bool takes(std::string_view name, std::string_view value) {
  return !check_property_value(property(name), value).has_value();
}

TEST(LoadPropertyTest, TheAllowListNamesEachOnceWithHelpAndNothingThatIsRefused) {
  std::set<std::string_view> names;
  for (const LoadProperty& entry : load_properties()) {
    EXPECT_TRUE(names.insert(entry.name).second) << entry.name;
    EXPECT_FALSE(entry.help.empty()) << entry.name;
    EXPECT_FALSE(why_not_a_property(entry.name).has_value()) << entry.name;
    EXPECT_EQ(find_load_property(entry.name), &entry);
  }
  EXPECT_EQ(find_load_property("COLUMN_SEPARATOR"), nullptr);
}

TEST(LoadPropertyTest, WhatTheDaemonOwnsIsRefusedInAnyCaseWithTheWayOut) {
  for (const char* name :
       {"label", "Label", "Expect", "AUTHORIZATION", "timeout", "format", "columns"}) {
    EXPECT_EQ(find_load_property(name), nullptr) << name;
    EXPECT_TRUE(why_not_a_property(name).has_value()) << name;
  }
  EXPECT_NE(why_not_a_property("label")->find("label_prefix"), std::string_view::npos);
  EXPECT_FALSE(why_not_a_property("no_such_header").has_value());
}

TEST(LoadPropertyTest, PlainStreamLoadOnly) {
  for (const char* name : {"enclose", "escape", "trim_space", "log_rejected_record_num"}) {
    EXPECT_TRUE(property(name).stream_load_only) << name;
  }
  EXPECT_FALSE(property("partial_update").stream_load_only);
}

TEST(LoadPropertyTest, ValuesAreReadStrictly) {
  EXPECT_TRUE(takes("max_filter_ratio", "0.25"));
  EXPECT_TRUE(takes("max_filter_ratio", "1"));
  for (const char* bad : {"1.1", "-0.1", "", ".5", "0.", "a", "1e-1"}) {
    EXPECT_FALSE(takes("max_filter_ratio", bad)) << bad;
  }
  EXPECT_TRUE(takes("strict_mode", "true"));
  EXPECT_FALSE(takes("strict_mode", "yes"));
  EXPECT_TRUE(takes("log_rejected_record_num", "-1"));
  EXPECT_FALSE(takes("log_rejected_record_num", "-2"));
  EXPECT_FALSE(takes("load_mem_limit", "99999999999999999999"));
  EXPECT_TRUE(takes("enclose", "\""));
  EXPECT_FALSE(takes("enclose", "ab"));
  EXPECT_TRUE(takes("jsonpaths", R"(["$.a", "$.b"])"));
  EXPECT_FALSE(takes("jsonpaths", R"({"a": 1})"));
  EXPECT_TRUE(takes("json_root", "$.rows"));
  EXPECT_FALSE(takes("json_root", "rows"));
  EXPECT_FALSE(takes("where", "a = 1\r\nAuthorization: x"));
}

TEST(LoadPropertyTest, SeparatorsHaveTwoForms) {
  EXPECT_EQ(decode_separator("\\x01").bytes, std::string("\x01"));
  EXPECT_EQ(decode_separator("0x0D0A").bytes, "\r\n");
  EXPECT_EQ(decode_separator("\\t").bytes, "\t");
  EXPECT_EQ(decode_separator("||").bytes, "||");
  for (const char* bad : {"\\x0", "\\xZZ", "", "\\xFF"}) {
    EXPECT_FALSE(decode_separator(bad).ok()) << bad;
  }
  EXPECT_FALSE(decode_separator(std::string(51, '|')).ok());
}

TEST(LoadPropertyTest, EveryByteThatArrivesSurvivesTheHexadecimalForm) {
  for (char byte = 1; byte < 0x7F; ++byte) {
    const std::string bytes(1, byte);
    const auto decoded = decode_separator(encode_separator(bytes));
    EXPECT_TRUE(decoded.ok()) << static_cast<int>(byte) << decoded.error;
    EXPECT_EQ(decoded.bytes, bytes);
  }
}

TEST(LoadPropertyTest, TimeZonesBySyntax) {
  for (const char* good :
       {"UTC", "+08:00", "-11:30", "Asia/Shanghai", "America/Argentina/Ushuaia"}) {
    EXPECT_TRUE(is_time_zone(good)) << good;
  }
  for (const char* bad : {"", "+8", "+25:00", "+08:60", "Asia//Shanghai", "Asia/", "a b"}) {
    EXPECT_FALSE(is_time_zone(bad)) << bad;
  }
}

TEST(LoadPropertyTest, WhatMergeCommitWouldBreak) {
  std::map<std::string, std::string> merge{{"enable_merge_commit", "true"},
                                           {"merge_commit_interval_ms", "1000"},
                                           {"merge_commit_parallel", "2"},
                                           {"max_filter_ratio", "0.0"}};
  EXPECT_TRUE(find_property_conflicts(merge).empty());
  merge["max_filter_ratio"] = "0.1";
  ASSERT_EQ(find_property_conflicts(merge).size(), 1U);
  EXPECT_EQ(find_property_conflicts(merge)[0].name, "max_filter_ratio");
  EXPECT_TRUE(find_property_conflicts(merge)[0].breaks_promise);
  merge.erase("max_filter_ratio");
  merge["merge_commit_async"] = "true";
  ASSERT_EQ(find_property_conflicts(merge).size(), 1U);
  EXPECT_TRUE(find_property_conflicts(merge)[0].breaks_promise);
}

TEST(LoadPropertyTest, ConflictsAreFoundAmongGoodValues) {
  EXPECT_TRUE(
      find_property_conflicts({{"column_separator", "\\t"}, {"row_delimiter", "\\n"}}).empty());
  const auto conflicts = find_property_conflicts({{"column_separator", "\\n"}});
  ASSERT_FALSE(conflicts.empty());
  EXPECT_FALSE(conflicts[0].message.empty());
  EXPECT_FALSE(conflicts[0].breaks_promise);
  EXPECT_FALSE(find_property_conflicts({{"column_separator", "|\\n"}}).empty());
  EXPECT_TRUE(find_property_conflicts({{"row_delimiter", "\\t\\n"}}).empty())
      << "rows are cut first, so a delimiter may begin with a separator";
  EXPECT_TRUE(is_property_true({{"partial_update", "true"}}, "partial_update"));
  EXPECT_FALSE(is_property_true({{"partial_update", "false"}}, "partial_update"));
}

}  // namespace
}  // namespace loadstar
