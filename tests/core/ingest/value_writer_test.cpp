#include "core/ingest/value_writer.hpp"

#include "tests/core/ingest/support/value_text.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace loadstar::ingest {
namespace {

using std::string_literals::operator""s;

TEST(ValueWriterTest, NullOfEveryType) {
  for (const char* type : {"boolean", "int", "largeint", "double", "decimal(10,2)", "varchar(3)",
                           "varbinary", "date", "datetime", "json", "array<int>"}) {
    EXPECT_EQ(csv(type, wire::null_value()), "\\N") << type;
    if (type == "varbinary"s) continue;  // has another JSON member; see BinaryGoesAsBase64
    EXPECT_EQ(json(type, wire::null_value()), "null") << type;
    EXPECT_TRUE(refused(type + " not null"s, wire::null_value())) << type;
  }
}

TEST(ValueWriterTest, StringsKeepEveryByte) {
  EXPECT_EQ(csv("varchar(10)", wire::string_value("a\tb\n\"c")), "a\tb\n\"c");
  EXPECT_EQ(json("varchar(10)", wire::string_value("a\tb\n\"\\")), "\"a\\tb\\n\\\"\\\\\"");
  EXPECT_EQ(csv("varchar(10)", wire::string_value("")), "");
  EXPECT_EQ(csv("varchar(5)", wire::string_value("h\xC3\xA9llo"s.substr(0, 5))), "h\xC3\xA9ll");
  EXPECT_TRUE(refused("varchar(5)", wire::string_value("h\xC3\xA9llo"))) << "six bytes";
  EXPECT_TRUE(refused("varchar(5)", wire::string_value("\xFF")));
  EXPECT_TRUE(refused("varchar(50)", wire::string_value("0123456789012345678\xC3")));
  EXPECT_TRUE(refused("varchar(5)", wire::int_value(1)));
  EXPECT_TRUE(refused("char(5)", wire::string_value("a\0b"s))) << "StarRocks would cut it";
  EXPECT_EQ(csv("varchar(5)", wire::string_value("a\0b"s)), "a\0b"s);
  EXPECT_TRUE(refused("char(2)", wire::bytes_value("a")));
}

TEST(ValueWriterTest, DatesAndTimes) {
  EXPECT_EQ(csv("date", wire::date_value(19'000)), "2022-01-08");
  EXPECT_EQ(json("date", wire::date_value(-1)), "\"1969-12-31\"");
  EXPECT_EQ(csv("date", wire::string_value("2024-02-29")), "2024-02-29");
  EXPECT_TRUE(refused("date", wire::date_value(2'932'897)));
  EXPECT_TRUE(refused("date", wire::string_value("2023-02-29")));
  EXPECT_TRUE(refused("date", wire::datetime_value(0))) << "the time would be dropped";
  EXPECT_EQ(csv("datetime", wire::datetime_value(1'500'000)), "1970-01-01 00:00:01.500000");
  EXPECT_EQ(json("datetime", wire::datetime_value(0)), "\"1970-01-01 00:00:00\"");
  EXPECT_EQ(csv("datetime", wire::instant_value(0)), "1970-01-01 00:00:00");
  EXPECT_EQ(csv("datetime", wire::date_value(1)), "1970-01-02 00:00:00");
  EXPECT_EQ(csv("datetime", wire::string_value("2020-06-23T01:30:30")), "2020-06-23 01:30:30");
  EXPECT_TRUE(refused("datetime", wire::datetime_value(INT64_MAX)));
  EXPECT_TRUE(refused("datetime", wire::instant_value(INT64_MIN)));
  EXPECT_TRUE(refused("datetime", wire::string_value("2020-06-23T01:30:30Z")));
  EXPECT_TRUE(refused("datetime", wire::int_value(0)));
}

TEST(ValueWriterTest, InstantsFollowTheTablesZone) {
  Encoding encoding;
  encoding.schema = schema_of(KeyModel::kDuplicate, {"v datetime"});
  const auto batch =
      typed({"v"}, {wire::row({wire::instant_value(0)}), wire::row({wire::datetime_value(0)})});
  encoding.options.time_zone = "Asia/Shanghai";
  EXPECT_EQ(encoding.encode(batch).value().payload.to_string(),
            "1970-01-01 08:00:00\x02"
            "1970-01-01 00:00:00\x02");
  encoding.options.time_zone = "Nowhere/Land";
  EXPECT_EQ(shown(encoding.encode(batch).refusal()),
            "1\nbatch[sequence=7].rows[0].values[0]: is an instant, but the table's time_zone is "
            "not known here");
}

TEST(ValueWriterTest, BinaryGoesAsBase64) {
  EXPECT_EQ(csv("varbinary(8)", wire::bytes_value("\x00\x01\xff\xfe"s)), "AAH//g==");
  EXPECT_EQ(csv("varbinary(8)", wire::bytes_value("")), "");
  EXPECT_TRUE(csv("varbinary(2)", wire::bytes_value("abc")).starts_with("1\n"));
  EXPECT_TRUE(csv("varbinary(2)", wire::string_value("ab")).starts_with("1\n"));
  Encoding encoding;
  encoding.schema = schema_of(KeyModel::kPrimary, {"id int", "b varbinary"});
  encoding.options.format = RowFormat::kJson;
  const auto answer = encoding.encode(
      typed({"id", "b"}, {wire::row({wire::int_value(1), wire::bytes_value("hi")})}));
  ASSERT_TRUE(answer.ok()) << shown(answer.refusal());
  EXPECT_EQ(header(*answer.value().lane, "columns"),
            "`id`,`__loadstar_base64_b`,__op,`b`=from_base64(`__loadstar_base64_b`)");
  EXPECT_EQ(answer.value().payload.to_string(),
            R"({"id":1,"__loadstar_base64_b":"aGk=","__op":0})");
  const auto empty =
      encoding.encode(typed({"id", "b"}, {wire::row({wire::int_value(1), wire::bytes_value("")})}));
  EXPECT_FALSE(empty.ok()) << "from_base64('') is NULL";
}

TEST(ValueWriterTest, MemberlessAndDamagedValuesAreRefused) {
  EXPECT_TRUE(refused("int", ""));
  EXPECT_TRUE(refused("int", wire::number(99, 1))) << "a member of a later version is never NULL";
  EXPECT_TRUE(refused("int", wire::bytes(3, "x"))) << "a known number with another wire type";
  EXPECT_TRUE(refused("int", "\x18"));
  EXPECT_TRUE(refused("varchar(9)",
                      "\x2a\x05"
                      "abc"));
  EXPECT_TRUE(refused("array<int>", wire::list_value({wire::int_value(1)}) + wire::list_value({})));
  EXPECT_EQ(csv("int", wire::string_value("1") + wire::int_value(2)), "2")
      << "the last member counts";
  EXPECT_EQ(csv("int", wire::number(99, 1) + wire::int_value(2)), "2");
}

TEST(ValueWriterTest, WithoutASchemaTheValuesDecide) {
  Encoding encoding;
  const auto encode = [&encoding](const std::string& value) {
    const auto answer =
        encoding.encode(typed({"v", "w"}, {wire::row({value, wire::int_value(1)})}));
    return answer.ok() ? answer.value().payload.to_string() : shown(answer.refusal());
  };
  EXPECT_EQ(encode(wire::int_value(5)),
            "5\x01"
            "1\x02");
  EXPECT_EQ(encode(wire::string_value("x")),
            "x\x01"
            "1\x02");
  EXPECT_EQ(encode(wire::list_value({wire::int_value(1)})), R"({"v":[1],"w":1})");
  EXPECT_TRUE(encode(wire::bytes_value("x")).starts_with("1\n"));
}

}  // namespace
}  // namespace loadstar::ingest
