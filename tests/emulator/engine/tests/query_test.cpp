// SELECT over SQLite with StarRocks' names and functions, information_schema, SHOW, DESC.
#include "tests/emulator/engine/tests/fixture.hpp"

namespace emulator::test {
namespace {

class Query : public EngineTest {
 protected:
  Query() {
    run(R"(CREATE TABLE test.t (k INT NOT NULL, s VARCHAR(10), d DECIMAL(10,2), f FLOAT, l LARGEINT, at DATETIME) PRIMARY KEY(k) DISTRIBUTED BY HASH(k);
           INSERT INTO test.t VALUES (1, 'a', 9.50, 0.1, 5, '2020-01-01'), (2, 'b', 10.25, 1.5, 170141183460469231731687303715884105722, '2020-01-02 03:04:05'),
             (3, NULL, NULL, NULL, NULL, NULL);
           CREATE DATABASE other;
           CREATE TABLE other.u (k INT, `odd name` INT) DUPLICATE KEY(k);
           INSERT INTO other.u VALUES (1, 10), (2, 20);)");
  }
};

TEST_F(Query, NamesOfTablesAndColumns) {
  const Rows one{{"a"}};
  EXPECT_EQ(query("SELECT s FROM t WHERE k = 1"), one);
  EXPECT_EQ(query("select `s` from `test`.`t` where `t`.`k` = 1;"), one);
  EXPECT_EQ(query("SELECT test.t.s FROM test.t WHERE test.t.k = 1"), one);
  EXPECT_EQ(query("SELECT x.s FROM default_catalog.test.t AS x WHERE x.k = 1"), one);
  EXPECT_EQ(query("SELECT x.s FROM t x WHERE x.k = 1"), one);
  EXPECT_EQ(query("SELECT t.k, u.`odd name` FROM t JOIN other.u ON t.k = u.k ORDER BY t.k"),
            (Rows{{"1", "10"}, {"2", "20"}}));
  EXPECT_EQ(query("SELECT t.k FROM t, other.u AS v WHERE t.k = v.k AND v.`odd name` = 20"),
            (Rows{{"2"}}));
  EXPECT_EQ(query("SELECT t.k FROM t LEFT JOIN other.u USING (k) WHERE u.k IS NULL"),
            (Rows{{"3"}}));
  EXPECT_EQ(query("SELECT COUNT(*) FROM (SELECT k FROM t WHERE k IN (SELECT k FROM other.u)) AS q"),
            (Rows{{"2"}}));
  EXPECT_EQ(query("WITH q AS (SELECT k FROM t) SELECT MAX(k) FROM q"), (Rows{{"3"}}));
  EXPECT_EQ(query("SELECT k FROM t UNION ALL SELECT k FROM other.u ORDER BY 1 LIMIT 2"),
            (Rows{{"1"}, {"1"}}));
}

TEST_F(Query, TextsInDoubleQuotes) {
  EXPECT_EQ(query(R"(SELECT k, "it's" FROM t WHERE s = "a")"), (Rows{{"1", "it's"}}));
  EXPECT_EQ(query(R"(SELECT 'x\ty', "say ""hi""")"), (Rows{{"x\ty", "say \"hi\""}}));
}

TEST_F(Query, Arithmetic) {
  EXPECT_EQ(query("SELECT 7 / 2, 7 DIV 2, 7 % 4, 1 && 0, 1 || 0, !1, NULL <=> NULL"),
            (Rows{{"3.5", "3", "3", "0", "1", "0", "1"}}));
}

TEST_F(Query, DecimalAndLargeintCompareAndAddAsNumbers) {
  EXPECT_EQ(query("SELECT k FROM t WHERE d > 9.6"), (Rows{{"2"}}));
  EXPECT_EQ(query("SELECT k FROM t WHERE d < '10'"), (Rows{{"1"}}));
  EXPECT_EQ(query("SELECT k FROM t ORDER BY d DESC"), (Rows{{"2"}, {"1"}, {"3"}}));
  EXPECT_EQ(query("SELECT MIN(d), MAX(d), SUM(d), SUM(l), MAX(l) FROM t"),
            (Rows{{"9.50", "10.25", "19.75", "170141183460469231731687303715884105727",
                   "170141183460469231731687303715884105722"}}));
  EXPECT_EQ(query("SELECT s, SUM(d) AS total FROM t WHERE d IS NOT NULL GROUP BY s HAVING SUM(d) > "
                  "9.6 ORDER BY total"),
            (Rows{{"b", "10.25"}}));
  EXPECT_EQ(query("SELECT s, MAX(d) AS top FROM t GROUP BY s HAVING top > 9.6"),
            (Rows{{"b", "10.25"}}));
  EXPECT_EQ(query("SELECT SUM(d) * 2, SUM(d) / 2, SUM(d) = 19.75 FROM t"),
            (Rows{{"39.5", "9.875", "1"}}));
  EXPECT_EQ(
      query("SELECT s, SUM(d) AS total FROM t WHERE d IS NOT NULL GROUP BY s ORDER BY total DESC"),
      (Rows{{"b", "10.25"}, {"a", "9.50"}}));
  EXPECT_EQ(query("SELECT SUM(d) FROM t WHERE k = 3"), (Rows{{kNull}}));
}

TEST_F(Query, FloatsAreShort) {
  EXPECT_EQ(query("SELECT f FROM t ORDER BY k"), (Rows{{"0.1"}, {"1.5"}, {kNull}}));
}

TEST_F(Query, Functions) {
  EXPECT_EQ(query("SELECT concat(s, '!'), if(k > 1, 'x', 'y'), left(s, 1), ifnull(s, 'n') FROM t "
                  "WHERE k = 1"),
            (Rows{{"a!", "y", "a", "a"}}));
  EXPECT_EQ(query("SELECT CAST('3.9' AS INT), CAST(k AS DECIMAL(5,1)), CAST(at AS DATE) FROM t "
                  "WHERE k = 2"),
            (Rows{{"3", "2.0", "2020-01-02"}}));
  EXPECT_EQ(query("SELECT date_add(at, INTERVAL 1 DAY) FROM t WHERE k = 1"),
            (Rows{{"2020-01-02 00:00:00"}}));
  EXPECT_EQ(query("SELECT k FROM t WHERE at >= DATE '2020-01-02'"), (Rows{{"2"}}));
  EXPECT_EQ(query("SELECT COUNT(DISTINCT s), COUNT(s), COUNT(*) FROM t"), (Rows{{"2", "2", "3"}}));
}

TEST_F(Query, NamesAndTypesOfTheResult) {
  EngineError error;
  const auto result =
      engine_->query("SELECT k, s AS text, d, k + 1 AS n, at FROM t LIMIT 1", "test", error);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->names, (std::vector<std::string>{"k", "text", "d", "n", "at"}));
  EXPECT_EQ(result->types, (std::vector<std::string>{"int(11)", "varchar(10)", "decimal(10, 2)",
                                                     "bigint(20)", "datetime"}));
}

TEST_F(Query, ExpressionsAreNamedByTheirText) {
  EngineError error;
  const auto result = engine_->query(
      "SELECT COUNT( DISTINCT s), t.k, k x, CASE WHEN k = 1 THEN 2 END, SUM(d) + 1 FROM t GROUP BY "
      "k",
      "test", error);
  ASSERT_TRUE(result) << error.message;
  EXPECT_EQ(result->names, (std::vector<std::string>{"COUNT( DISTINCT s)", "k", "x",
                                                     "CASE WHEN k = 1 THEN 2 END", "SUM(d) + 1"}));
}

TEST_F(Query, Refused) {
  EXPECT_EQ(query_error("SELECT * FROM nope"),
            "Getting analyzing error. Detail message: Unknown table 'test.nope'.");
  EXPECT_EQ(query_error("SELECT * FROM nodb.t"),
            "Getting analyzing error. Detail message: Unknown database 'nodb'.");
  EXPECT_NE(query_error("SELECT nope FROM t").find("no such column"), std::string::npos);
  EXPECT_NE(query_error("SELECT `nope` FROM t").find("no such column"), std::string::npos);
  EXPECT_NE(query_error("SELECT FROM t").find("syntax error"), std::string::npos);
  for (const char* sql : {"DELETE FROM t", "DROP TABLE t", "INSERT INTO t VALUES (1)",
                          "SHOW VARIABLES", "PRAGMA synchronous"}) {
    EXPECT_NE(query_error(sql).find("does not support the statement"), std::string::npos) << sql;
  }
  // The emulator's own tables cannot be reached.
  EXPECT_NE(query_error("SELECT * FROM _tables").find("Unknown table"), std::string::npos);
  EXPECT_NE(query_error("WITH x AS (SELECT 1) DELETE FROM t"), "(no error)");
  EXPECT_EQ(query("SELECT COUNT(*) FROM t"), (Rows{{"3"}}));
}

TEST_F(Query, ShowAndDesc) {
  EXPECT_EQ(query("SHOW DATABASES"), (Rows{{"other"}, {"test"}, {"information_schema"}}));
  EXPECT_EQ(query("SHOW TABLES"), (Rows{{"t"}}));
  EXPECT_EQ(query("SHOW TABLES FROM other"), (Rows{{"u"}}));
  EXPECT_EQ(query("DESC t")[0], (std::vector<Cell>{"k", "int(11)", "NO", "true", kNull, ""}));
  EXPECT_EQ(query("DESCRIBE other.u").size(), 2U);
  EXPECT_NE(query_error("DESC nope").find("Unknown table"), std::string::npos);
}

TEST_F(Query, InformationSchema) {
  EXPECT_EQ(query("SELECT COLUMN_NAME, DATA_TYPE, COLUMN_TYPE, IS_NULLABLE, COLUMN_KEY, "
                  "NUMERIC_PRECISION, NUMERIC_SCALE FROM information_schema.columns "
                  "WHERE TABLE_SCHEMA = 'test' AND TABLE_NAME = 't' AND ORDINAL_POSITION <= 3 "
                  "ORDER BY ORDINAL_POSITION"),
            (Rows{{"k", "int", "int(11)", "NO", "PRI", kNull, kNull},
                  {"s", "varchar", "varchar(10)", "YES", "", kNull, kNull},
                  {"d", "decimal", "decimal(10, 2)", "YES", "", "10", "2"}}));
  EXPECT_EQ(query("SELECT TABLE_NAME, TABLE_MODEL, PRIMARY_KEY FROM "
                  "information_schema.tables_config ORDER BY TABLE_NAME"),
            (Rows{{"t", "PRIMARY_KEYS", "`k`"}, {"u", "DUP_KEYS", ""}}));
  EXPECT_EQ(query("SELECT TABLE_SCHEMA, TABLE_ROWS FROM `information_schema`.`tables` WHERE "
                  "TABLE_NAME = 'u'"),
            (Rows{{"other", "2"}}));
  run("DROP TABLE other.u");
  EXPECT_EQ(query("SELECT COUNT(*) FROM information_schema.tables"), (Rows{{"1"}}));
}

}  // namespace
}  // namespace emulator::test
