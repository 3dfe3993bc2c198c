#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "tests/core/ingest/support/encoding.hpp"

namespace loadstar::ingest {
namespace {

using std::string_literals::operator""s;

/// Text of one value in a column of `type`, next to an id; or the refusal.
std::string text(RowFormat format, const std::string& type, const std::string& value) {
  Encoding encoding;
  encoding.schema = schema_of(KeyModel::kDuplicate, {"id int", "v " + type});
  encoding.options.format = format;
  const auto answer = encoding.encode(typed({"id", "v"}, {wire::row({wire::int_value(1), value})}));
  if (!answer.ok()) return shown(answer.refusal());
  std::string body = answer.value().payload.to_string();
  const std::string before = format == RowFormat::kCsv ? "1\x01" : "{\"id\":1,\"v\":";
  const std::string after = format == RowFormat::kCsv ? "\x02" : "}";
  EXPECT_TRUE(body.starts_with(before) && body.ends_with(after)) << body;
  return body.substr(before.size(), body.size() - before.size() - after.size());
}

std::string csv(const std::string& type, const std::string& value) {
  return text(RowFormat::kCsv, type, value);
}
std::string json(const std::string& type, const std::string& value) {
  return text(RowFormat::kJson, type, value);
}

/// Whether both formats refuse the value with BAD_REQUEST at its path.
bool refused(const std::string& type, const std::string& value, const std::string& below = "") {
  const std::string start = "1\nbatch[sequence=7].rows[0].values[1]" + below + ": ";
  const bool by_csv = csv(type, value).starts_with(start);
  const bool by_json = json(type, value).starts_with(start);
  EXPECT_EQ(by_csv, by_json) << csv(type, value) << json(type, value);
  return by_csv && by_json;
}

TEST(TypedRowsTest, NullOfEveryType) {
  for (const char* type : {"boolean", "int", "largeint", "double", "decimal(10,2)", "varchar(3)", "varbinary",
                           "date", "datetime", "json", "array<int>"}) {
    EXPECT_EQ(csv(type, wire::null_value()), "\\N") << type;
    if (type == "varbinary"s) continue;  // has another JSON member; see BinaryGoesAsBase64
    EXPECT_EQ(json(type, wire::null_value()), "null") << type;
    EXPECT_TRUE(refused(type + " not null"s, wire::null_value())) << type;
  }
}

TEST(TypedRowsTest, Booleans) {
  EXPECT_EQ(csv("boolean", wire::bool_value(true)), "1");
  EXPECT_EQ(csv("boolean", wire::bool_value(false)), "0");
  EXPECT_EQ(json("boolean", wire::bool_value(true)), "true");
  EXPECT_EQ(csv("boolean", wire::int_value(1)), "1");
  EXPECT_TRUE(refused("boolean", wire::int_value(2)));
  EXPECT_TRUE(refused("boolean", wire::string_value("true")));
  EXPECT_EQ(csv("tinyint", wire::bool_value(true)), "1");
}

TEST(TypedRowsTest, IntegersInTheirRange) {
  struct Case {
    const char* type;
    std::int64_t low;
    std::int64_t high;
  };
  for (const Case& c : {Case{"tinyint", -128, 127}, Case{"smallint", -32768, 32767},
                        Case{"int", -2147483648LL, 2147483647LL}}) {
    for (const std::int64_t value : {c.low, c.high, std::int64_t{0}, std::int64_t{-1}}) {
      EXPECT_EQ(csv(c.type, wire::int_value(value)), std::to_string(value));
      EXPECT_EQ(json(c.type, wire::int_value(value)), std::to_string(value));
    }
    EXPECT_TRUE(refused(c.type, wire::int_value(c.low - 1)));
    EXPECT_TRUE(refused(c.type, wire::int_value(c.high + 1)));
    EXPECT_EQ(csv(c.type, wire::string_value(std::to_string(c.high))), std::to_string(c.high));
    EXPECT_TRUE(refused(c.type, wire::string_value(std::to_string(c.high + 1))));
    EXPECT_TRUE(refused(c.type, wire::double_value(1)));
  }
  EXPECT_EQ(csv("int", wire::bytes_value("\xff\xff\xff\xfe"s)), "-2");
  EXPECT_TRUE(refused("int", wire::bytes_value(std::string(5, '\0'))));
  EXPECT_TRUE(refused("int", wire::bytes_value("")));
  EXPECT_EQ(csv("bigint", wire::int_value(INT64_MIN)), "-9223372036854775808");
  EXPECT_EQ(json("bigint", wire::int_value(INT64_MAX)), "\"9223372036854775807\"");
  EXPECT_EQ(json("bigint", wire::int_value(9'007'199'254'740'992)), "9007199254740992");
}

TEST(TypedRowsTest, LargeintsAndDecimalsAreExact) {
  const std::string largest = "170141183460469231731687303715884105727";
  EXPECT_EQ(csv("largeint", wire::string_value(largest)), largest);
  EXPECT_EQ(json("largeint", wire::string_value(largest)), "\"" + largest + "\"");
  EXPECT_EQ(json("largeint", wire::int_value(5)), "\"5\"");
  EXPECT_EQ(csv("largeint", wire::bytes_value("\x80"s + std::string(15, '\0'))),
            "-170141183460469231731687303715884105728");
  EXPECT_TRUE(refused("largeint", wire::string_value("170141183460469231731687303715884105728")));
  EXPECT_TRUE(refused("largeint", wire::string_value("1.0")));
  EXPECT_EQ(csv("decimal(10,2)", wire::string_value("12.50")), "12.50");
  EXPECT_EQ(json("decimal(10,2)", wire::string_value("12.50")), "\"12.50\"");
  EXPECT_EQ(csv("decimal(10,2)", wire::int_value(-3)), "-3");
  EXPECT_EQ(csv("decimal(10,2)", wire::double_value(0.25)), "0.25");
  EXPECT_TRUE(refused("decimal(10,2)", wire::double_value(0.125)));
  EXPECT_TRUE(refused("decimal(10,2)", wire::string_value("1.005")));
  EXPECT_TRUE(refused("decimal(4,2)", wire::string_value("100")));
  EXPECT_TRUE(refused("decimal(10,2)", wire::string_value("one")));
}

TEST(TypedRowsTest, FloatingPointNumbersAreFinite) {
  EXPECT_EQ(csv("double", wire::double_value(0.1)), "0.1");
  EXPECT_EQ(json("double", wire::double_value(-1e300)), "-1e+300");
  EXPECT_EQ(csv("float", wire::double_value(double{0.1F})), "0.10000000149011612");
  EXPECT_EQ(csv("double", wire::int_value(3)), "3");
  EXPECT_TRUE(refused("double", wire::int_value(9'007'199'254'740'993)));
  EXPECT_TRUE(refused("float", wire::double_value(1e39)));
  for (const double bad : {std::nan(""), std::numeric_limits<double>::infinity(),
                           -std::numeric_limits<double>::infinity()}) {
    for (const char* type : {"double", "float", "decimal(10,2)", "json", "int", "varchar(10)"}) {
      EXPECT_TRUE(refused(type, wire::double_value(bad))) << type;
    }
  }
}

TEST(TypedRowsTest, StringsKeepEveryByte) {
  EXPECT_EQ(csv("varchar(10)", wire::string_value("a\tb\n\"c")), "a\tb\n\"c");
  EXPECT_EQ(json("varchar(10)", wire::string_value("a\tb\n\"\\")), "\"a\\tb\\n\\\"\\\\\"");
  EXPECT_EQ(csv("varchar(10)", wire::string_value("")), "");
  EXPECT_EQ(csv("varchar(5)", wire::string_value("h\xC3\xA9llo"s.substr(0, 5))), "h\xC3\xA9ll");
  EXPECT_TRUE(refused("varchar(5)", wire::string_value("h\xC3\xA9llo"))) << "six bytes";
  EXPECT_TRUE(refused("varchar(5)", wire::string_value("\xFF")));
  EXPECT_TRUE(refused("varchar(50)", wire::string_value("0123456789012345678\xC3")));
  EXPECT_TRUE(refused("varchar(5)", wire::int_value(1)));
  EXPECT_TRUE(refused("char(2)", wire::bytes_value("a")));
}

TEST(TypedRowsTest, DatesAndTimes) {
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

TEST(TypedRowsTest, InstantsFollowTheTablesZone) {
  Encoding encoding;
  encoding.schema = schema_of(KeyModel::kDuplicate, {"v datetime"});
  const auto batch = typed({"v"}, {wire::row({wire::instant_value(0)}), wire::row({wire::datetime_value(0)})});
  encoding.options.time_zone = "Asia/Shanghai";
  EXPECT_EQ(encoding.encode(batch).value().payload.to_string(),
            "1970-01-01 08:00:00\x02" "1970-01-01 00:00:00\x02");
  encoding.options.time_zone = "Nowhere/Land";
  EXPECT_EQ(shown(encoding.encode(batch).refusal()),
            "1\nbatch[sequence=7].rows[0].values[0]: is an instant, but the table's time_zone is not known here");
}

TEST(TypedRowsTest, BinaryGoesAsBase64) {
  EXPECT_EQ(csv("varbinary(8)", wire::bytes_value("\x00\x01\xff\xfe"s)), "AAH//g==");
  EXPECT_EQ(csv("varbinary(8)", wire::bytes_value("")), "");
  EXPECT_TRUE(csv("varbinary(2)", wire::bytes_value("abc")).starts_with("1\n"));
  EXPECT_TRUE(csv("varbinary(2)", wire::string_value("ab")).starts_with("1\n"));
  Encoding encoding;
  encoding.schema = schema_of(KeyModel::kPrimary, {"id int", "b varbinary"});
  encoding.options.format = RowFormat::kJson;
  const auto answer =
      encoding.encode(typed({"id", "b"}, {wire::row({wire::int_value(1), wire::bytes_value("hi")})}));
  ASSERT_TRUE(answer.ok()) << shown(answer.refusal());
  EXPECT_EQ(header(*answer.value().lane, "columns"),
            "`id`,`__loadstar_base64_b`,__op,`b`=from_base64(`__loadstar_base64_b`)");
  EXPECT_EQ(answer.value().payload.to_string(), R"({"id":1,"__loadstar_base64_b":"aGk=","__op":0})");
  const auto empty =
      encoding.encode(typed({"id", "b"}, {wire::row({wire::int_value(1), wire::bytes_value("")})}));
  EXPECT_FALSE(empty.ok()) << "from_base64('') is NULL";
}

TEST(TypedRowsTest, JsonColumns) {
  EXPECT_EQ(csv("json", wire::string_value(" {\"b\":1,\"a\":null} ")), "{\"b\":1,\"a\":null}");
  EXPECT_EQ(json("json", wire::string_value("{\"b\":1,\"a\":null}")), "{\"b\":1,\"a\":null}");
  EXPECT_EQ(csv("json", wire::string_value("\"x\"")), "\"x\"");
  EXPECT_TRUE(json("json", wire::string_value("\"x\"")).starts_with("1\n"));
  EXPECT_TRUE(json("json", wire::string_value("null")).starts_with("1\n"));
  EXPECT_TRUE(refused("json", wire::string_value("")));
  EXPECT_TRUE(refused("json", wire::string_value("{a:1}")));
  EXPECT_TRUE(refused("json", wire::bytes_value("{}")));
  const std::string map = wire::map_value(
      {wire::string_value("k\""), wire::int_value(2)},
      {wire::list_value({wire::double_value(100), wire::null_value(), wire::bool_value(true)}),
       wire::struct_value({"d"}, {wire::date_value(0)})});
  EXPECT_EQ(json("json", map), R"({"k\"":[100.0,null,true],"2":{"d":"1970-01-01"}})");
  EXPECT_EQ(csv("json", map), R"({"k\"":[100.0,null,true],"2":{"d":"1970-01-01"}})");
  EXPECT_EQ(csv("varchar(100)", map), R"({"k\"":[100.0,null,true],"2":{"d":"1970-01-01"}})");
  EXPECT_EQ(json("varchar(100)", wire::list_value({wire::string_value("a")})), R"("[\"a\"]")");
  EXPECT_TRUE(refused("varchar(3)", map));
  EXPECT_TRUE(refused("json", wire::list_value({wire::int_value(1), ""}), ".list_value.values[1]"));
  EXPECT_TRUE(refused("json", wire::map_value({wire::string_value("a")}, {})));
  EXPECT_TRUE(refused("json", wire::map_value({wire::string_value("2"), wire::int_value(2)},
                                              {wire::null_value(), wire::null_value()})));
  EXPECT_TRUE(refused("json", wire::map_value({wire::null_value()}, {wire::null_value()}), ".map_value.keys[0]"));
}

TEST(TypedRowsTest, Arrays) {
  const std::string ints = wire::list_value({wire::int_value(1), wire::null_value(), wire::int_value(3)});
  EXPECT_EQ(csv("array<int>", ints), "[1,null,3]");
  EXPECT_EQ(json("array<int>", ints), "[1,null,3]");
  EXPECT_EQ(csv("array<int>", wire::list_value({})), "[]");
  const std::string strings = wire::list_value({wire::string_value("a\"b,]"), wire::string_value("")});
  EXPECT_EQ(csv("array<varchar(9)>", strings), "[\"a\"\"b,]\",\"\"]");
  EXPECT_EQ(json("array<varchar(9)>", strings), "[\"a\\\"b,]\",\"\"]");
  EXPECT_EQ(csv("array<array<date>>", wire::list_value({wire::list_value({wire::date_value(0)})})),
            "[[\"1970-01-01\"]]");
  EXPECT_EQ(csv("array<boolean>", wire::list_value({wire::bool_value(true)})), "[true]");
  EXPECT_EQ(json("array<decimal(4,2)>", wire::list_value({wire::string_value("1.5")})), "[\"1.5\"]");
  EXPECT_TRUE(refused("array<tinyint>", wire::list_value({wire::int_value(1), wire::int_value(128)}),
                      ".list_value.values[1]"));
  EXPECT_TRUE(refused("array<array<int>>",
                      wire::list_value({wire::list_value({wire::int_value(1), wire::string_value("x")})}),
                      ".list_value.values[0].list_value.values[1]"));
  EXPECT_TRUE(refused("array<int>", wire::int_value(1)));
  EXPECT_TRUE(refused("array<varbinary>", wire::list_value({wire::bytes_value("a")}), ".list_value.values[0]"));
}

TEST(TypedRowsTest, Maps) {
  const std::string map = wire::map_value({wire::int_value(1), wire::int_value(2)},
                                          {wire::string_value("a"), wire::null_value()});
  EXPECT_EQ(csv("map<int,varchar(5)>", map), "{1:\"a\",2:null}");
  EXPECT_EQ(json("map<int,varchar(5)>", map), "{\"1\":\"a\",\"2\":null}");
  const std::string words = wire::map_value({wire::string_value("k\"")}, {wire::double_value(0.5)});
  EXPECT_EQ(csv("map<varchar(5),double>", words), "{\"k\"\"\":0.5}");
  EXPECT_EQ(json("map<varchar(5),double>", words), "{\"k\\\"\":0.5}");
  EXPECT_TRUE(refused("map<int,int>", wire::map_value({wire::null_value()}, {wire::int_value(1)}),
                      ".map_value.keys[0]"));
  EXPECT_TRUE(refused("map<int,int>", wire::map_value({wire::int_value(1)}, {})));
  EXPECT_TRUE(refused("map<int,int>", wire::map_value({wire::int_value(1), wire::int_value(1)},
                                                      {wire::int_value(1), wire::int_value(2)})));
  EXPECT_TRUE(refused("map<tinyint,int>", wire::map_value({wire::int_value(300)}, {wire::int_value(1)}),
                      ".map_value.keys[0]"));
  EXPECT_TRUE(refused("map<int,tinyint>", wire::map_value({wire::int_value(3)}, {wire::int_value(300)}),
                      ".map_value.values[0]"));
}

TEST(TypedRowsTest, StructsGoAsJsonOnly) {
  const std::string type = "struct<a int, b varchar(5)>";
  const std::string value = wire::struct_value({"B", "a"}, {wire::string_value("x"), wire::int_value(1)});
  EXPECT_EQ(json(type, value), R"({"a":1,"b":"x"})");
  EXPECT_TRUE(csv(type, value).starts_with("1\nbatch[sequence=7].columns[1]: "));
  EXPECT_EQ(json("array<" + type + ">", wire::list_value({value})), R"([{"a":1,"b":"x"}])");
  EXPECT_TRUE(json(type, wire::struct_value({"a"}, {wire::int_value(1)})).starts_with("1\n"));
  EXPECT_TRUE(json(type, wire::struct_value({"a", "a"}, {wire::int_value(1), wire::int_value(1)})).starts_with("1\n"));
  EXPECT_TRUE(json(type, wire::struct_value({"a", "c"}, {wire::int_value(1), wire::int_value(1)})).starts_with("1\n"));
  EXPECT_TRUE(json(type, wire::struct_value({"a", "b"}, {wire::int_value(1), wire::int_value(1)}))
                  .starts_with("1\nbatch[sequence=7].rows[0].values[1].struct_value.values[1]: "));
}

TEST(TypedRowsTest, DeepNestingIsRefused) {
  std::string value = wire::int_value(1);
  for (int i = 0; i < 10'000 && value.size() < 200'000; ++i) value = wire::list_value({value});
  EXPECT_FALSE(json("json", value).starts_with("["));
  EXPECT_TRUE(json("json", value).starts_with("1\n"));
}

TEST(TypedRowsTest, MemberlessAndDamagedValuesAreRefused) {
  EXPECT_TRUE(refused("int", ""));
  EXPECT_TRUE(refused("int", wire::number(99, 1))) << "a member of a later version is never NULL";
  EXPECT_TRUE(refused("int", wire::bytes(3, "x"))) << "a known number with another wire type";
  EXPECT_TRUE(refused("int", "\x18"));
  EXPECT_TRUE(refused("varchar(9)", "\x2a\x05" "abc"));
  EXPECT_TRUE(refused("array<int>", wire::list_value({wire::int_value(1)}) + wire::list_value({})));
  EXPECT_EQ(csv("int", wire::string_value("1") + wire::int_value(2)), "2") << "the last member counts";
  EXPECT_EQ(csv("int", wire::number(99, 1) + wire::int_value(2)), "2");
}

TEST(TypedRowsTest, ArityAndDamageAreNamedByRow) {
  Encoding encoding;
  encoding.schema = schema_of(KeyModel::kDuplicate, {"a int", "b int"});
  const std::string one = wire::int_value(1);
  const auto answer = encoding.encode(
      typed({"a", "b"}, {wire::row({one, one}), wire::row({one}), wire::row({one, one, one}), "\x0a", wire::row({one, one}, 9)}));
  EXPECT_EQ(shown(answer.refusal()),
            "1\nbatch[sequence=7].rows[1].values: has 1 values, but columns has 2 names"
            "\nbatch[sequence=7].rows[2].values: has 3 values, but columns has 2 names"
            "\nbatch[sequence=7].rows[3]: is no loadstar.v1.Row: damaged"
            "\nbatch[sequence=7].rows[4].op: is 9, which this version does not know");
}

TEST(TypedRowsTest, TenViolationsAtMost) {
  Encoding encoding;
  encoding.schema = schema_of(KeyModel::kDuplicate, {"a tinyint", "b tinyint"});
  std::vector<std::string> rows(20, wire::row({wire::int_value(500), wire::int_value(1)}));
  const auto answer = encoding.encode(typed({"a", "b"}, rows));
  ASSERT_EQ(answer.refusal().violations.size(), 10U);
  EXPECT_EQ(answer.refusal().violations[9].field, "batch[sequence=7].rows[9].values[0]");
}

TEST(TypedRowsTest, WrongRowCountIsBadPayload) {
  Encoding encoding;
  auto batch = typed({"a"}, {wire::row({wire::int_value(1)})});
  batch.row_count = 2;
  EXPECT_EQ(shown(encoding.encode(batch).refusal()), "2\nbatch[sequence=7].row_count: is 2, but the batch has 1 rows");
}

TEST(TypedRowsTest, AutoFallsBackToJsonForTheWholeBatch) {
  Encoding encoding;
  encoding.schema = schema_of(KeyModel::kDuplicate, {"id int", "v varchar(9)"});
  const auto rows = [](const std::string& value) {
    return typed({"id", "v"}, {wire::row({wire::int_value(1), wire::string_value("plain")}),
                               wire::row({wire::int_value(2), wire::string_value(value)})});
  };
  const auto plain = encoding.encode(rows("x"));
  EXPECT_EQ(plain.value().lane->kind, PayloadKind::kCsv);
  EXPECT_EQ(plain.value().payload.to_string(), "1\x01plain\x02" "2\x01x\x02");
  for (const std::string& value : {"a\x01"s, "\x02"s, "\\N"s}) {
    encoding.options.format = RowFormat::kAuto;
    const auto answer = encoding.encode(rows(value));
    ASSERT_TRUE(answer.ok());
    EXPECT_EQ(answer.value().lane->kind, PayloadKind::kJsonArray);
    EXPECT_EQ(answer.value().rows, 2U);
    EXPECT_TRUE(answer.value().payload.to_string().starts_with(R"({"id":1,"v":"plain"},{"id":2,"v":")"));
    EXPECT_NE(answer.value().lane->key, plain.value().lane->key);
    encoding.options.format = RowFormat::kCsv;
    EXPECT_TRUE(shown(encoding.encode(rows(value)).refusal()).starts_with("1\nbatch[sequence=7].rows[1].values[1]: "));
  }
}

TEST(TypedRowsTest, ARowThatWouldBeBlankGoesAsJson) {
  Encoding encoding;
  encoding.schema = schema_of(KeyModel::kDuplicate, {"v varchar(9)"});
  const auto batch = typed({"v"}, {wire::row({wire::string_value("")})});
  EXPECT_EQ(encoding.encode(batch).value().payload.to_string(), R"({"v":""})");
  encoding.options.format = RowFormat::kCsv;
  EXPECT_FALSE(encoding.encode(batch).ok());
  encoding.schema->key_model = KeyModel::kPrimary;
  EXPECT_EQ(encoding.encode(batch).value().payload.to_string(), "\x01" "0\x02") << "__op keeps it from being blank";
}

TEST(TypedRowsTest, WithoutASchemaTheValuesDecide) {
  Encoding encoding;
  const auto encode = [&encoding](const std::string& value) {
    const auto answer = encoding.encode(typed({"v", "w"}, {wire::row({value, wire::int_value(1)})}));
    return answer.ok() ? answer.value().payload.to_string() : shown(answer.refusal());
  };
  EXPECT_EQ(encode(wire::int_value(5)), "5\x01" "1\x02");
  EXPECT_EQ(encode(wire::string_value("x")), "x\x01" "1\x02");
  EXPECT_EQ(encode(wire::list_value({wire::int_value(1)})), R"({"v":[1],"w":1})");
  EXPECT_TRUE(encode(wire::bytes_value("x")).starts_with("1\n"));
}

}  // namespace
}  // namespace loadstar::ingest
