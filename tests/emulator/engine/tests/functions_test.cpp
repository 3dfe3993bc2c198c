// Expressions: operators, precedence and functions, evaluated through `columns`.
#include "tests/emulator/engine/expr.hpp"
#include "tests/emulator/engine/tests/fixture.hpp"

namespace emulator::test {
namespace {

/// Value of an expression over the VARCHAR columns a = '12', b = 'Text', n = NULL, as text.
Cell value_of(const std::string& text) {
  const Scope scope = [](const std::string& name) -> std::pair<int, Type> {
    if (name == "a") return {0, text_type()};
    if (name == "b") return {1, text_type()};
    if (name == "n") return {2, text_type()};
    throw SqlError("unknown " + name);
  };
  FunctionContext context;
  context.now = 1600000000;
  context.zone = "+02:00";
  TokenStream tokens(text);
  const Expr expr = parse_expression(tokens, scope);
  EXPECT_TRUE(tokens.at_end()) << text;
  const Value value = evaluate(expr, {std::string("12"), std::string("Text"), Value{}}, context);
  if (is_null(value)) return kNull;
  return value_text(value, expr.type);
}

TEST(Expressions, Values) {
  const std::vector<std::pair<std::string, Cell>> cases = {
      // Literals and arithmetic.
      {"1", "1"},
      {"'it''s'", "it's"},
      {"\"x\\ty\"", "x\ty"},
      {"NULL", kNull},
      {"TRUE", "1"},
      {"1.50", "1.50"},
      {"1e2", "100"},
      {"170141183460469231731687303715884105727", "170141183460469231731687303715884105727"},
      {"1 + 2 * 3", "7"},
      {"(1 + 2) * 3", "9"},
      {"-2 + 5", "3"},
      {"7 % 4", "3"},
      {"7 DIV 2", "3"},
      {"7 / 2", "3.5"},
      {"1 / 0", kNull},
      {"1 % 0", kNull},
      {"10 - 2 - 3", "5"},
      {"a + 1", "13"},
      {"a * a", "144"},
      {"1.5 + 1", "2.5"},
      {"1.5 * 1.25", "1.875"},
      {"b + 1", kNull},
      {"n + 1", kNull},
      {"9223372036854775807 + 1", kNull},
      {"- a", "-12"},
      {"- (-1.5)", "1.5"},
      // Comparison and logic with three values.
      {"1 < 2", "1"},
      {"2 <= 1", "0"},
      {"a = 12", "1"},
      {"a = '12.0'", "0"},
      {"a <> 12", "0"},
      {"'b' > 'a'", "1"},
      {"1.0 = 1", "1"},
      {"0.1 < 0.09", "0"},
      {"n = n", kNull},
      {"n <=> NULL", "1"},
      {"n <=> 1", "0"},
      {"n IS NULL", "1"},
      {"a IS NOT NULL", "1"},
      {"n AND false", "0"},
      {"n AND true", kNull},
      {"n OR true", "1"},
      {"n OR false", kNull},
      {"NOT n", kNull},
      {"NOT false", "1"},
      {"!true", "0"},
      {"true OR false AND false", "1"},
      {"NOT 1 = 2", "1"},
      {"true && false || true", "1"},
      {"a IN (1, 12)", "1"},
      {"a IN (1, 2)", "0"},
      {"a NOT IN (1, 2)", "1"},
      {"a IN (1, NULL)", kNull},
      {"n IN (1)", kNull},
      {"a BETWEEN 10 AND 20", "1"},
      {"a NOT BETWEEN 10 AND 20", "0"},
      {"b LIKE 'T%t'", "1"},
      {"b LIKE 'T_'", "0"},
      {"b NOT LIKE 't%'", "1"},
      {"'50%' LIKE '50\\%'", "1"},
      {"DATE '2020-01-02' > '2020-01-01 10:00:00'", "1"},
      // Conditionals.
      {"if(a > 10, 'big', 'small')", "big"},
      {"if(n, 1, 2)", "2"},
      {"if(true, 1, 2.5)", "1"},
      {"if(false, 1, NULL)", kNull},
      {"ifnull(n, 5)", "5"},
      {"ifnull(a, 5)", "12"},
      {"coalesce(n, NULL, 'x')", "x"},
      {"coalesce(n)", kNull},
      {"nullif(a, 12)", kNull},
      {"nullif(a, 13)", "12"},
      {"nullif(n, 1)", kNull},
      {"CASE WHEN a > 20 THEN 'x' WHEN a > 10 THEN 'y' ELSE 'z' END", "y"},
      {"CASE a WHEN 12 THEN 'twelve' END", "twelve"},
      {"CASE a WHEN 13 THEN 1 END", kNull},
      // CAST.
      {"CAST(a AS INT) + 1", "13"},
      {"CAST('3.9' AS INT)", "3"},
      {"CAST('x' AS INT)", kNull},
      {"CAST(3.999 AS DECIMAL(5,1))", "4.0"},
      {"CAST(1.9 AS BIGINT)", "1"},
      {"CAST('2020-01-02 03:04:05' AS DATE)", "2020-01-02"},
      {"CAST(20200102 AS DATETIME)", "2020-01-02 00:00:00"},
      {"CAST(300 AS TINYINT)", kNull},
      {"CAST(1 AS STRING)", "1"},
      {"CAST(1e30 AS INT)", kNull},
      {"CAST(2.5e0 AS INT)", "2"},
      {"CAST('[1,2]' AS ARRAY<INT>)", "[1,2]"},
      {"CAST('abc' AS VARCHAR(2))", kNull},
      // Numbers.
      {"abs(-5)", "5"},
      {"abs(-1.5)", "1.5"},
      {"floor(1.7)", "1"},
      {"ceil(1.2)", "2"},
      {"round(2.5)", "3"},
      {"round(2.345, 2)", "2.35"},
      {"mod(7, 3)", "1"},
      {"greatest(1, 5, 3)", "5"},
      {"least('b', 'a')", "a"},
      {"greatest(1, n)", kNull},
      // Texts.
      {"concat(a, '-', b)", "12-Text"},
      {"concat(a, n)", kNull},
      {"concat_ws(',', a, n, b)", "12,Text"},
      {"substr(b, 2)", "ext"},
      {"substring(b, -3, 2)", "ex"},
      {"substr(b, 0)", ""},
      {"left(b, 2)", "Te"},
      {"right(b, 2)", "xt"},
      {"upper(b)", "TEXT"},
      {"lower(b)", "text"},
      {"trim('  x ')", "x"},
      {"ltrim(' x ')", "x "},
      {"rtrim(' x ')", " x"},
      {"length('\xC3\xA4')", "2"},
      {"char_length('\xC3\xA4')", "1"},
      {"substr('\xC3\xA4"
       "bc', 2, 1)",
       "b"},
      {"replace('aXbX', 'X', '--')", "a--b--"},
      {"reverse('a\xC3\xA4')",
       "\xC3\xA4"
       "a"},
      {"split_part('a,b,c', ',', 2)", "b"},
      {"split_part('a', ',', 2)", kNull},
      {"to_base64('hello')", "aGVsbG8="},
      {"from_base64('aGVsbG8=')", "hello"},
      {"from_base64('!')", kNull},
      {"hex('az')", "617A"},
      {"hex(255)", "FF"},
      {"unhex('617A')", "az"},
      {"hex(to_binary('617A', 'hex'))", "617A"},
      // Times; now is 2020-09-13 12:26:40 UTC, and the zone two hours ahead.
      {"now()", "2020-09-13 14:26:40"},
      {"CURRENT_TIMESTAMP", "2020-09-13 14:26:40"},
      {"utc_timestamp()", "2020-09-13 12:26:40"},
      {"current_date()", "2020-09-13"},
      {"date('2020-01-02 03:04:05')", "2020-01-02"},
      {"str_to_date('02/01/2020', '%d/%m/%Y')", "2020-01-02 00:00:00"},
      {"str_to_date('x', '%Y')", kNull},
      {"str2date('20200102', '%Y%m%d')", "2020-01-02"},
      {"str_to_date('2020-01-02 03:04:05.25', '%Y-%m-%d %H:%i:%s.%f')",
       "2020-01-02 03:04:05.250000"},
      {"from_unixtime(1600000000)", "2020-09-13 14:26:40"},
      {"from_unixtime(0, '%Y')", "1970"},
      {"from_unixtime(-1)", kNull},
      {"unix_timestamp('2020-09-13 14:26:40')", "1600000000"},
      {"unix_timestamp()", "1600000000"},
      {"date_format('2020-01-02 03:04:05', '%Y%m%d-%H%i%s %M')", "20200102-030405 January"},
      {"year('2020-01-02')", "2020"},
      {"month('2020-01-02')", "1"},
      {"hour('2020-01-02 03:00:00')", "3"},
      {"date_add('2020-01-31', INTERVAL 1 MONTH)", "2020-02-29 00:00:00"},
      {"date_sub('2020-03-01', INTERVAL 1 DAY)", "2020-02-29 00:00:00"},
      {"date_add('2020-01-01', 1)", "2020-01-02 00:00:00"},
      {"date_trunc('month', '2020-05-17 10:11:12')", "2020-05-01 00:00:00"},
      // Sketches.
      {"to_bitmap(a)", "[12]"},
      {"to_bitmap('-1')", kNull},
      {"to_bitmap(b)", kNull},
      {"to_bitmap('18446744073709551615')", "[18446744073709551615]"},
      {"bitmap_empty()", "[]"},
      {"bitmap_count(to_bitmap(a))", "1"},
      {"bitmap_count(bitmap_hash(n))", "0"},
      {"bitmap_count(bitmap_hash(b))", "1"},
      {"bitmap_to_string(bitmap_from_string('3,1,3'))", "1,3"},
      {"bitmap_to_string(bitmap_or(to_bitmap(1), to_bitmap(2)))", "1,2"},
      {"bitmap_count(bitmap_and(to_bitmap(1), to_bitmap(2)))", "0"},
      {"bitmap_contains(to_bitmap(1), 1)", "1"},
      {"hll_cardinality(hll_hash(b))", "1"},
      {"hll_cardinality(hll_empty())", "0"},
      {"percentile_approx_raw(percentile_hash(3), 0.5)", "3"},
      // JSON.
      {"parse_json('{\"b\":1,\"a\":[1]}')", "{\"a\": [1], \"b\": 1}"},
      {"parse_json('{')", kNull},
      {"get_json_string('{\"a\":{\"b\":\"x\"}}', '$.a.b')", "x"},
      {"get_json_int('{\"a\":[5,6]}', '$.a[1]')", "6"},
      {"get_json_double('{\"a\":1.5}', '$.a')", "1.5"},
      {"json_query(parse_json('{\"a\":{\"b\":1}}'), '$.a')", "{\"b\": 1}"},
      {"get_json_int('{}', '$.a')", kNull},
      {"CAST(parse_json('7') AS INT)", "7"},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(value_of(text), expected) << text;
}

TEST(Expressions, HashesDiffer) {
  EXPECT_NE(value_of("hll_hash('a')"), value_of("hll_hash('b')"));
  EXPECT_NE(value_of("bitmap_hash('a')"), value_of("bitmap_hash('b')"));
  EXPECT_EQ(value_of("hll_hash(12)"), value_of("hll_hash(a)"));
}

TEST(Expressions, Refused) {
  for (const char* text : {"1 +", "f(", "sleep(1)", "if(1)", "CAST(a AS NOPE)", "CASE END", "x",
                           "a IN ()", "99999999999999999999999999999999999999999"}) {
    EXPECT_THROW((void)value_of(text), SqlError) << text;
  }
}

TEST(Expressions, DepthIsLimited) {
  std::string sum = "1";
  for (int i = 0; i < 20000; ++i) sum += "+1";
  for (const std::string& text : {std::string(20000, '(') + "1" + std::string(20000, ')'), sum,
                                  std::string(20000, '-') + "1", std::string(20000, '!') + "1"}) {
    EXPECT_THROW((void)value_of(text), SqlError);
  }
  std::string nots;
  for (int i = 0; i < 20000; ++i) nots += "NOT ";
  EXPECT_THROW((void)value_of(nots + "1"), SqlError);
  EXPECT_EQ(value_of(std::string(150, '(') + "1" + std::string(150, ')')), "1");
}

TEST(Expressions, TimesOutOfRangeAreNull) {
  for (const char* text :
       {"date_add('2020-01-01', 9223372036854775807)",
        "date_sub('2020-01-01', -9223372036854775807)", "date_add('2020-01-01', 400000000000)",
        "date_add('9999-12-31', 1)", "date_sub('0000-01-01', INTERVAL 1 YEAR)"}) {
    EXPECT_EQ(value_of(text), kNull) << text;
  }
}

}  // namespace
}  // namespace emulator::test
