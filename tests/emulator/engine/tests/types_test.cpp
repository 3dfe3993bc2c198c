// The texts of every type that CSV and JSON accept and refuse, in both strict modes
// (starrocks-load-protocol.md 11.1, 11.3, 11.4).
#include "tests/emulator/engine/tests/fixture.hpp"

namespace emulator::test {
namespace {

/// What a text becomes in a column of a type; unset: it is a bad value.
struct Case {
  const char* type;
  const char* text;
  Cell expected;
};

class Types : public EngineTest {
 protected:
  void make_table(const std::string& type, const char* null) {
    run("DROP TABLE IF EXISTS test.t");
    run("CREATE TABLE test.t (id INT NOT NULL, v " + type + " " + null +
        ") DUPLICATE KEY(id) DISTRIBUTED BY HASH(id)");
  }

  /// Loads one value and checks the rule of 11.1: good values are stored, bad ones become NULL, or
  /// filter the row if the mode is strict or the column NOT NULL.
  void check(const Case& c, const Headers& headers, const std::string& body) {
    SCOPED_TRACE(std::string(c.type) + " <- " + c.text);
    for (const char* null : {"NULL", "NOT NULL"}) {
      for (const char* strict : {"false", "true"}) {
        SCOPED_TRACE(std::string(null) + ", strict_mode " + strict);
        make_table(c.type, null);
        Headers all = headers;
        all["strict_mode"] = strict;
        all["max_filter_ratio"] = "1";
        const LoadResult result = load("t", all, body);
        ASSERT_FALSE(result.error) << result.error->message;
        const bool lenient = std::string(null) == "NULL" && std::string(strict) == "false";
        const bool loaded = c.expected || lenient;
        EXPECT_EQ(result.counters.total, 1);
        EXPECT_EQ(result.counters.loaded, loaded ? 1 : 0);
        EXPECT_EQ(result.counters.filtered, loaded ? 0 : 1);
        EXPECT_EQ(result.error_log.size(), loaded ? 0U : 1U);
        const Rows rows = query("SELECT v FROM t");
        if (loaded) {
          ASSERT_EQ(rows.size(), 1U);
          EXPECT_EQ(rows[0][0], c.expected);
        } else {
          EXPECT_TRUE(rows.empty());
        }
      }
    }
  }
};

TEST_F(Types, CsvTexts) {
  const std::vector<Case> cases = {
      {"BOOLEAN", "1", "1"},
      {"BOOLEAN", "0", "0"},
      {"BOOLEAN", "TRUE", "1"},
      {"BOOLEAN", "False", "0"},
      {"BOOLEAN", "2.5", "1"},
      {"BOOLEAN", "0.0", "0"},
      {"BOOLEAN", "yes", kNull},
      {"BOOLEAN", "", kNull},
      {"TINYINT", "127", "127"},
      {"TINYINT", "-128", "-128"},
      {"TINYINT", "128", kNull},
      {"TINYINT", "-129", kNull},
      {"TINYINT(4)", " 7 ", "7"},
      {"TINYINT", "3.7", "3"},
      {"TINYINT", "-3.7", "-3"},
      {"TINYINT", "x", kNull},
      {"SMALLINT", "32767", "32767"},
      {"SMALLINT", "32768", kNull},
      {"INT", "2147483647", "2147483647"},
      {"INT", "-2147483648", "-2147483648"},
      {"INT", "2147483648", kNull},
      {"INTEGER", "+5", "5"},
      {"INT", "", kNull},
      {"INT", "1e3", kNull},
      {"INT", "1 2", kNull},
      {"INT", "--1", kNull},
      {"BIGINT", "9223372036854775807", "9223372036854775807"},
      {"BIGINT", "9223372036854775808", kNull},
      {"BIGINT", "-9223372036854775808", "-9223372036854775808"},
      {"LARGEINT", "170141183460469231731687303715884105727",
       "170141183460469231731687303715884105727"},
      {"LARGEINT", "-170141183460469231731687303715884105728",
       "-170141183460469231731687303715884105728"},
      {"LARGEINT", "170141183460469231731687303715884105728", kNull},
      {"LARGEINT", "-170141183460469231731687303715884105729", kNull},
      {"FLOAT", "1.5", "1.5"},
      {"FLOAT", "0.1", "0.1"},
      {"FLOAT", "1e39", kNull},
      {"FLOAT", "abc", kNull},
      {"DOUBLE", "1e300", "1e+300"},
      {"DOUBLE", "-2.25", "-2.25"},
      {"DOUBLE", "3", "3"},
      {"DOUBLE", "1e400", kNull},
      {"DOUBLE", "NaN", kNull},
      {"DOUBLE", "1e-400", "0"},
      {"DECIMAL(10,2)", "1.005", "1.01"},
      {"DECIMAL(10,2)", "-1.005", "-1.01"},
      {"DECIMAL(10,2)", "1.004", "1.00"},
      {"DECIMAL(10,2)", " 12.3 ", "12.30"},
      {"DECIMAL(10,2)", "1e2", "100.00"},
      {"DECIMAL(10,2)", "125e-3", "0.13"},
      {"DECIMAL(10,2)", "99999999.99", "99999999.99"},
      {"DECIMAL(10,2)", "100000000", kNull},
      {"DECIMAL(10,2)", "99999999.994", "99999999.99"},
      {"DECIMAL(10,2)", ".5", "0.50"},
      {"DECIMAL(10,2)", ".", kNull},
      {"DECIMAL(10,2)", "1.2.3", kNull},
      {"DECIMAL(10,2)", "", kNull},
      {"DECIMAL(10,2)", "-0.001", "0.00"},
      // Digits beyond the precision are cut before rounding: 1.005 is 1.00 with three digits.
      {"DECIMAL(3,2)", "1.005", "1.00"},
      {"DECIMAL(38,0)", "99999999999999999999999999999999999999",
       "99999999999999999999999999999999999999"},
      {"DECIMAL(38,0)", "100000000000000000000000000000000000000", kNull},
      {"DECIMAL128(38,10)", "1234567890123456789012345678.0123456789",
       "1234567890123456789012345678.0123456789"},
      {"DECIMAL32(9,3)", "1.0005", "1.001"},
      {"DECIMAL64(18,2)", "0.995", "1.00"},
      {"DECIMALV2(27,9)", "1", "1.000000000"},
      {"CHAR(3)", "abc", "abc"},
      {"CHAR(3)", "abcd", kNull},
      {"VARCHAR(4)", "", ""},
      {"VARCHAR(4)", "\xC3\xA4\xC3\xA4", "\xC3\xA4\xC3\xA4"},
      {"VARCHAR(4)", "\xC3\xA4\xC3\xA4!", kNull},
      {"STRING", "anything, even NULL", "anything, even NULL"},
      {"DATE", "2020-02-29", "2020-02-29"},
      {"DATE", "2021-02-29", kNull},
      {"DATE", "20200229", "2020-02-29"},
      {"DATE", "2020/2/9", "2020-02-09"},
      {"DATE", "20-2-9", "2020-02-09"},
      {"DATE", "70-1-1", "1970-01-01"},
      {"DATE", "2020-02-29 12:00:00", "2020-02-29"},
      {"DATE", "2020-13-01", kNull},
      {"DATE", "2020", kNull},
      {"DATE", "", kNull},
      {"DATETIME", "2020-02-29 12:34:56", "2020-02-29 12:34:56"},
      {"DATETIME", "2020-02-29T12:34:56", "2020-02-29 12:34:56"},
      {"DATETIME", "2020-02-29 12:34:56.5", "2020-02-29 12:34:56.500000"},
      {"DATETIME", "2020-02-29T12:34:56.123456789", "2020-02-29 12:34:56.123456"},
      {"DATETIME", "2020-02-29T12:34:56Z", "2020-02-29 12:34:56"},
      {"DATETIME", "2020-02-29 12:34:56+08:00", "2020-02-29 12:34:56"},
      {"DATETIME", "20200229123456", "2020-02-29 12:34:56"},
      {"DATETIME", "2020-02-29", "2020-02-29 00:00:00"},
      {"DATETIME", "2024-09-19T14:00", "2024-09-19 14:00:00"},
      {"DATETIME", "2020-02-29 24:00:00", kNull},
      {"DATETIME", "now", kNull},
      {"VARBINARY", "aGVsbG8=", "hello"},
      {"VARBINARY", "not base64!", "not base64!"},
      {"VARBINARY(3)", "aGVsbG8=", kNull},
      {"BINARY", "", ""},
      {"JSON", R"({"b": true, "a": 1})", R"({"a": 1, "b": true})"},
      {"JSON", "[1,2]", "[1, 2]"},
      {"JSON", "\"x\"", "\"x\""},
      {"JSON", "{broken", kNull},
      {"JSON", "", kNull},
      {"JSON", "1 2", kNull},
      {"ARRAY<INT>", "[1,2,null]", "[1,2,null]"},
      {"ARRAY<INT>", "[]", "[]"},
      {"ARRAY<INT>", "[1, 2]", kNull},
      {"ARRAY<INT>", "[1,x]", kNull},
      {"ARRAY<INT>", "1,2", kNull},
      {"ARRAY<INT>", "[1", kNull},
      {"ARRAY<INT>", "[1]x", kNull},
      {"ARRAY<INT>", "null", kNull},
      {"ARRAY<STRING>", R"(["a","b""c","",null])", R"(["a","b\"c","",null])"},
      {"ARRAY<STRING>", "[a]", kNull},
      {"ARRAY<ARRAY<INT>>", "[[1],[2,3],null]", "[[1],[2,3],null]"},
      {"ARRAY<DATE>", R"(["2020-01-02"])", R"(["2020-01-02"])"},
      {"ARRAY<DECIMAL(5,1)>", "[1.25,2]", "[1.3,2.0]"},
      {"ARRAY<VARCHAR(2)>", R"(["abc"])", kNull},
      {"MAP<INT,STRING>", R"({1:"a",2:"b"})", R"({1:"a",2:"b"})"},
      {"MAP<STRING,INT>", R"({"k":1,"k":2})", R"({"k":2})"},
      {"MAP<INT,INT>", "{}", "{}"},
      {"MAP<INT,INT>", "{1}", kNull},
      {"MAP<INT,ARRAY<INT>>", "{1:[1,2]}", "{1:[1,2]}"},
  };
  for (const Case& c : cases)
    check(c, {{"column_separator", "\\x01"}}, std::string("1\x01") + c.text + "\n");
}

TEST_F(Types, JsonValues) {
  const std::vector<Case> cases = {
      {"BOOLEAN", "true", "1"},
      {"BOOLEAN", "false", "0"},
      {"BOOLEAN", "1", "1"},
      {"BOOLEAN", R"("true")", "1"},
      {"BOOLEAN", "[]", kNull},
      {"TINYINT", "127", "127"},
      {"TINYINT", "128", kNull},
      {"TINYINT", R"("12")", "12"},
      {"TINYINT", "true", "1"},
      {"INT", "3.9", "3"},
      {"INT", "1e3", "1000"},
      {"INT", "1e30", kNull},
      {"INT", R"("x")", kNull},
      {"INT", "{}", kNull},
      {"INT", R"("")", kNull},
      {"BIGINT", "9223372036854775807", "9223372036854775807"},
      {"BIGINT", "9223372036854775808", kNull},
      {"LARGEINT", "170141183460469231731687303715884105727",
       "170141183460469231731687303715884105727"},
      {"LARGEINT", R"("123")", "123"},
      {"FLOAT", "0.1", "0.1"},
      {"DOUBLE", "1.5e10", "15000000000"},
      {"DOUBLE", R"("2.5")", "2.5"},
      {"DOUBLE", R"("a")", kNull},
      {"DECIMAL(20,10)", "0.1234567891", "0.1234567891"},
      {"DECIMAL(38,18)", "12345678901234567890.123456789012345678",
       "12345678901234567890.123456789012345678"},
      {"DECIMAL(10,2)", R"("1.005")", "1.01"},
      {"DECIMAL(10,2)", "true", "1.00"},
      {"DECIMAL(4,2)", "100", kNull},
      {"VARCHAR(10)", R"("a\u00e4\ud83d\ude00")", "a\xC3\xA4\xF0\x9F\x98\x80"},
      {"VARCHAR(10)", "1.50", "1.50"},
      {"VARCHAR(10)", "1E5", "1E5"},
      {"VARCHAR(10)", "true", "1"},
      {"VARCHAR(10)", "false", "0"},
      {"VARCHAR(20)", R"({"b": [1, 2], "a": null})", R"({"b":[1,2],"a":null})"},
      {"VARCHAR(3)", R"("abcd")", kNull},
      {"VARCHAR(3)", R"("\\N")", "\\N"},
      {"CHAR(2)", R"("ab")", "ab"},
      {"DATE", R"("2020-02-29")", "2020-02-29"},
      {"DATE", "20200229", "2020-02-29"},
      {"DATE", R"("x")", kNull},
      {"DATE", "true", kNull},
      {"DATETIME", R"("2020-02-29T01:02:03.000004")", "2020-02-29 01:02:03.000004"},
      {"VARBINARY", R"("aGVsbG8=")", "aGVsbG8="},
      {"JSON", R"({"b":1,"a":{"c":[1,"x",null]}})", R"({"a": {"c": [1, "x", null]}, "b": 1})"},
      {"JSON", R"("text")", "\"text\""},
      {"JSON", "1.50", "1.50"},
      {"ARRAY<INT>", "[1, 2, null]", "[1,2,null]"},
      {"ARRAY<INT>", R"("[1,2]")", "[1,2]"},
      {"ARRAY<INT>", R"(["x"])", kNull},
      {"ARRAY<INT>", "5", kNull},
      {"ARRAY<STRING>", R"(["a", "b\"c"])", R"(["a","b\"c"])"},
      {"ARRAY<DATETIME>", R"(["2020-01-01 00:00:00"])", R"(["2020-01-01 00:00:00"])"},
      {"MAP<INT,STRING>", R"({"1": "a", "2": null})", R"({1:"a",2:null})"},
      {"MAP<INT,STRING>", R"({"x": "a"})", kNull},
      {"MAP<STRING,INT>", "[]", kNull},
      {"STRUCT<a INT, b STRING>", R"({"b": "x", "a": 1, "c": 2})", R"({"a":1,"b":"x"})"},
      {"STRUCT<a INT, b STRING>", R"({"a": 1})", R"({"a":1,"b":null})"},
      {"STRUCT<a ARRAY<INT>>", R"({"a": ["x"]})", kNull},
  };
  for (const Case& c : cases)
    check(c, {{"format", "json"}}, std::string(R"({"id":1,"v":)") + c.text + "}");
}

TEST_F(Types, ProperNullIsNoBadValue) {
  for (const char* type : {"INT", "VARCHAR(5)", "DATE", "JSON", "ARRAY<INT>", "DECIMAL(5,2)"}) {
    SCOPED_TRACE(type);
    for (const char* strict : {"true", "false"}) {
      make_table(type, "NULL");
      load_ok("t", {{"strict_mode", strict}}, "1\t\\N\n");
      load_ok("t", {{"strict_mode", strict}, {"format", "json"}}, R"({"id":2,"v":null}{"id":3})");
      EXPECT_EQ(query("SELECT v FROM t"), (Rows{{kNull}, {kNull}, {kNull}}));
      make_table(type, "NOT NULL");
      const LoadResult csv = load("t", {{"strict_mode", strict}}, "1\t\\N\n");
      ASSERT_TRUE(csv.error);
      EXPECT_EQ(csv.error->message, "too many filtered rows");
      EXPECT_EQ(
          csv.error_log,
          (std::vector<std::string>{"Error: NULL value in non-nullable column 'v'. Row: 1\t\\N"}));
      const LoadResult json =
          load("t", {{"strict_mode", strict}, {"format", "json"}}, R"({"id":3})");
      EXPECT_EQ(json.error_log,
                (std::vector<std::string>{
                    R"(Error: NULL value in non-nullable column 'v'. Row: {"id":3})"}));
    }
  }
}

TEST_F(Types, StructIsNoCsvType) {
  make_table("ARRAY<STRUCT<a INT>>", "NULL");
  const LoadResult result = load("t", {}, "1\t[]\n");
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->message.rfind("Unsupported CSV type ", 0), 0U) << result.error->message;
  EXPECT_EQ(result.counters.total, 0);
}

TEST_F(Types, ReasonsOfTheErrorLog) {
  make_table("TINYINT", "NULL");
  EXPECT_EQ(load("t", {{"strict_mode", "true"}}, "1\t300\n").error_log[0],
            "Error: The field (name = v, pos = 1) is out of range. Type: TINYINT, Value length: 3, "
            "Value: 300. Row: 1\t300");
  EXPECT_EQ(
      load("t", {{"strict_mode", "true"}, {"format", "json"}}, R"({"id": 1, "v": 300})")
          .error_log[0],
      R"(Error: Value '300' is out of range. The type of 'v' is TINYINT. Row: {"id":1,"v":300})");
  make_table("VARCHAR(2)", "NULL");
  EXPECT_EQ(load("t", {{"strict_mode", "true"}, {"columns", "id,x,v=concat(x,x)"}}, "1\tab\n")
                .error_log[0],
            "Error: String 'abab'(length=4) is too long. The max length of 'v' is 2. Row: 1\tab");
}

}  // namespace
}  // namespace emulator::test
