#include "server/push/push_arguments.hpp"

#include <gmock/gmock.h>

namespace loadstar::server {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

PushArguments arguments(const std::string& file) {
  PushArguments result;
  result.table = "db.t";
  result.file = file;
  return result;
}

TEST(PushArgumentsTest, TheExtensionChoosesTheFormat) {
  struct Case {
    const char* file;
    v1::Format format;
    const char* separator;
  };
  for (const Case& one : {Case{"a.csv", v1::FORMAT_CSV, ","}, Case{"a.tsv", v1::FORMAT_CSV, "\t"},
                          Case{"-", v1::FORMAT_CSV, ","}, Case{"a.ndjson", v1::FORMAT_NDJSON, ""},
                          Case{"a.jsonl", v1::FORMAT_NDJSON, ""}}) {
    std::string problem;
    const auto plan = plan_push(arguments(one.file), problem);
    ASSERT_TRUE(plan) << problem;
    EXPECT_EQ(plan->target.database, "db");
    EXPECT_EQ(plan->target.prototype.table(), "t");
    EXPECT_EQ(plan->target.prototype.format(), one.format) << one.file;
    EXPECT_EQ(plan->separator, one.separator) << one.file;
    const auto& properties = plan->target.prototype.properties();
    EXPECT_EQ(properties.contains("column_separator"), one.format == v1::FORMAT_CSV);
    EXPECT_EQ(properties.contains("row_delimiter"), one.format == v1::FORMAT_CSV);
  }
}

TEST(PushArgumentsTest, EverythingReachesTheBatch) {
  PushArguments given = arguments("-");
  given.format = "csv";
  given.column_separator = "\\x01";
  given.row_delimiter = "|\\n";
  given.enclose = "\"";
  given.columns = "id, name,v=if(a,b,c)";
  given.properties = {"strict_mode=false", "where=a=1"};
  given.batch_bytes = 17;
  given.batch_rows = 19;
  std::string problem;
  const auto plan = plan_push(given, problem);
  ASSERT_TRUE(plan) << problem;
  const v1::Batch& batch = plan->target.prototype;
  EXPECT_THAT(batch.columns(), ElementsAre("id", "name"));
  EXPECT_THAT(batch.column_expressions(), ElementsAre("v=if(a,b,c)"));
  EXPECT_EQ(batch.properties().at("column_separator"), "\\x01");
  EXPECT_EQ(batch.properties().at("row_delimiter"), "\\x7C0A");
  EXPECT_EQ(batch.properties().at("enclose"), "\"");
  EXPECT_EQ(batch.properties().at("strict_mode"), "false");
  EXPECT_EQ(batch.properties().at("where"), "a=1");
  EXPECT_EQ(plan->chunker.target, 17U);
  EXPECT_EQ(plan->chunker.max_rows, 19U);
  EXPECT_EQ(plan->chunker.delimiter, "|\n");
  EXPECT_EQ(plan->chunker.enclose, '"');
}

TEST(PushArgumentsTest, WhatMakesNoSenseIsRefused) {
  const std::vector<std::pair<std::function<void(PushArguments&)>, std::string>> cases{
      {[](auto& given) { given.table = "t"; }, "DATABASE.TABLE"},
      {[](auto& given) { given.table = ".t"; }, "DATABASE.TABLE"},
      {[](auto& given) { given.table = "db."; }, "DATABASE.TABLE"},
      {[](auto& given) { given.writer_id = "a-b"; }, "--writer-id"},
      {[](auto& given) { given.properties = {"novalue"}; }, "NAME=VALUE"},
      {[](auto& given) { given.properties = {"=x"}; }, "NAME=VALUE"},
      {[](auto& given) { given.column_separator = "\\q"; }, "--column-separator"},
      {[](auto& given) { given.row_delimiter = "\\x0"; }, "--row-delimiter"},
      {[](auto& given) { given.enclose = "''"; }, "--enclose"},
      {[](auto& given) {
         given.row_delimiter = "\\n";
         given.properties = {"row_delimiter=\\x02"};
       },
       "--row-delimiter and --property row_delimiter say different things"},
      {[](auto& given) {
         given.column_separator = "|";
         given.properties = {"Column_Separator=;"};
       },
       "--column-separator and --property column_separator say different things"},
      {[](auto& given) {
         given.enclose = "'";
         given.properties = {"enclose=\""};
       },
       "--enclose and --property enclose say different things"},
      {[](auto& given) { given.properties = {"row_delimiter=\\x1"}; }, "row_delimiter=\\x1 has no"},
      {[](auto& given) { given.properties = {"escape=ab"}; }, "--property escape"},
      {[](auto& given) {
         given.format = "ndjson";
         given.header = true;
       },
       "for CSV"},
  };
  for (const auto& [change, text] : cases) {
    PushArguments given = arguments("a.csv");
    change(given);
    std::string problem;
    EXPECT_FALSE(plan_push(given, problem)) << text;
    EXPECT_THAT(problem, HasSubstr(text));
  }
}

TEST(PushArgumentsTest, PropertiesThatCutRowsAreUsedToCutThem) {
  PushArguments given = arguments("a.csv");
  given.properties = {"ROW_DELIMITER=\\x02", "column_separator=\\x01", "enclose='", "escape=\\"};
  given.column_separator = "\\x01";  // the same again
  std::string problem;
  const auto plan = plan_push(given, problem);
  ASSERT_TRUE(plan) << problem;
  EXPECT_EQ(plan->chunker.delimiter, "\x02");
  EXPECT_EQ(plan->separator, "\x01");
  EXPECT_EQ(plan->chunker.enclose, '\'');
  EXPECT_EQ(plan->chunker.escape, '\\');
  const auto& properties = plan->target.prototype.properties();
  EXPECT_EQ(properties.size(), 4U);
  EXPECT_EQ(properties.at("row_delimiter"), "\\x02");
  EXPECT_EQ(properties.at("column_separator"), "\\x01");
}

TEST(PushArgumentsTest, ATargetHasAHostAndAPortOrAPath) {
  for (const char* target : {"127.0.0.1:7070", "loadstar.svc:1", "[::1]:7070", "unix:/run/x.sock",
                             "unix:relative.sock"}) {
    PushArguments given = arguments("a.csv");
    given.server = target;
    std::string problem;
    EXPECT_TRUE(plan_push(given, problem)) << target << ": " << problem;
  }
  for (const char* target : {"foo:bar:baz", "foo:bar", "foo", "foo:", ":1", "foo:0", "foo:65536",
                             "::1:7070", "[::1]", "unix:", "http://foo:1", ""}) {
    PushArguments given = arguments("a.csv");
    given.server = target;
    std::string problem;
    EXPECT_FALSE(plan_push(given, problem)) << target;
    EXPECT_THAT(problem, HasSubstr("--target '" + given.server + "'"));
    EXPECT_THAT(problem, HasSubstr("write host:port, [IPv6]:port or unix:PATH"));
  }
}

TEST(PushArgumentsTest, EscapesAndHeaders) {
  EXPECT_EQ(unescape("a\\t\\n\\r\\\\\\x1fb"),
            "a\t\n\r\\\x1f"
            "b");
  EXPECT_EQ(unescape("\\x0D0A"), "\r\n") << "as StarRocks and our own messages write it";
  EXPECT_EQ(unescape("0x01"), "\x01");
  EXPECT_FALSE(unescape("\\"));
  EXPECT_FALSE(unescape("\\xg0"));
  EXPECT_THAT(split_header("id, \"full name\",x", ","), ElementsAre("id", "full name", "x"));
}

}  // namespace
}  // namespace loadstar::server
