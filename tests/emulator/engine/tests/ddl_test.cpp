// CREATE TABLE in all its forms, and the other statements.
#include "tests/emulator/engine/tests/fixture.hpp"

namespace emulator::test {
namespace {

class Ddl : public EngineTest {
 protected:
  TableInfo info(const std::string& table) {
    const auto found = engine_->table("test", table);
    EXPECT_TRUE(found) << table;
    return found.value_or(TableInfo{});
  }
};

TEST_F(Ddl, EveryTypeAndItsNames) {
  run(R"(CREATE TABLE test.t (
           k BIGINT(20) NOT NULL, a BOOLEAN, b TINYINT(4), c SMALLINT, d INT(11), e INTEGER, f LARGEINT, g FLOAT, h DOUBLE,
           i DECIMAL, j DECIMAL(9,2), l DECIMAL(18,4), m DECIMAL(38,10), n DECIMALV2(20,5), o DECIMAL32(5,1), p DECIMAL64(5,1), q DECIMAL128(5,1),
           r CHAR, s CHAR(10), t VARCHAR(65533), u STRING, v BINARY, w VARBINARY(100), x DATE, y DATETIME, z JSON,
           aa ARRAY<INT>, ab MAP<INT, VARCHAR(10)>, ac STRUCT<f1 INT, f2 ARRAY<MAP<STRING, DOUBLE>>>
         ) DUPLICATE KEY(k) DISTRIBUTED BY HASH(k))");
  const std::vector<std::pair<std::string, std::string>> expected = {
      {"BIGINT", "BIGINT"},
      {"BOOLEAN", "BOOLEAN"},
      {"TINYINT", "TINYINT"},
      {"SMALLINT", "SMALLINT"},
      {"INT", "INT"},
      {"INT", "INT"},
      {"LARGEINT", "LARGEINT"},
      {"FLOAT", "FLOAT"},
      {"DOUBLE", "DOUBLE"},
      {"DECIMAL(10,0)", "DECIMAL64"},
      {"DECIMAL(9,2)", "DECIMAL32"},
      {"DECIMAL(18,4)", "DECIMAL64"},
      {"DECIMAL(38,10)", "DECIMAL128"},
      {"DECIMAL(20,5)", "DECIMALV2"},
      {"DECIMAL(5,1)", "DECIMAL32"},
      {"DECIMAL(5,1)", "DECIMAL64"},
      {"DECIMAL(5,1)", "DECIMAL128"},
      {"CHAR(1)", "CHAR"},
      {"CHAR(10)", "CHAR"},
      {"VARCHAR(65533)", "VARCHAR"},
      {"VARCHAR(65533)", "VARCHAR"},
      {"VARBINARY", "VARBINARY"},
      {"VARBINARY(100)", "VARBINARY"},
      {"DATE", "DATE"},
      {"DATETIME", "DATETIME"},
      {"JSON", "JSON"},
      {"ARRAY<INT>", "INVALID_TYPE"},
      {"MAP<INT,VARCHAR(10)>", "INVALID_TYPE"},
      {"STRUCT<f1 INT,f2 ARRAY<MAP<VARCHAR(65533),DOUBLE>>>", "INVALID_TYPE"}};
  const TableInfo table = info("t");
  ASSERT_EQ(table.columns.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(table.columns[i].type, expected[i].first) << table.columns[i].name;
    EXPECT_EQ(table.columns[i].primitive_type, expected[i].second) << table.columns[i].name;
  }
  EXPECT_EQ(table.columns[11].precision, 18);
  EXPECT_EQ(table.columns[11].scale, 4);
  EXPECT_FALSE(table.columns[0].precision);
}

TEST_F(Ddl, ColumnAttributes) {
  run(R"(CREATE TABLE IF NOT EXISTS test.t ( -- a comment
           `id` int NOT NULL COMMENT "the ""key""", /* another */
           n varchar(5) NULL DEFAULT "x", d int DEFAULT 3, neg int DEFAULT -3, nul int DEFAULT NULL,
           at datetime NOT NULL DEFAULT CURRENT_TIMESTAMP, seq bigint NOT NULL AUTO_INCREMENT COMMENT 'numbered', tw int AS (d * 2) COMMENT "gen",
           INDEX idx (n) USING BITMAP COMMENT 'i'
         ) ENGINE = olap PRIMARY KEY (`id`) COMMENT "table" DISTRIBUTED BY HASH(`id`) BUCKETS 3 ORDER BY (n) PROPERTIES ("replication_num" = "1", "x" = "y");)");
  const TableInfo table = info("t");
  EXPECT_EQ(table.keys_type, "PRIMARY_KEYS");
  ASSERT_EQ(table.columns.size(), 8U);
  EXPECT_EQ(table.columns[0].comment, "the \"key\"");
  EXPECT_TRUE(table.columns[0].key);
  EXPECT_FALSE(table.columns[0].nullable);
  EXPECT_EQ(table.columns[1].default_value, "x");
  EXPECT_EQ(table.columns[1].aggregation, "REPLACE");
  EXPECT_EQ(table.columns[2].default_value, "3");
  EXPECT_EQ(table.columns[3].default_value, "-3");
  EXPECT_FALSE(table.columns[4].default_value);
  EXPECT_EQ(table.columns[5].default_value, "CURRENT_TIMESTAMP");
  EXPECT_TRUE(table.columns[6].auto_increment);
  EXPECT_EQ(table.columns[7].comment, "gen");
}

TEST_F(Ddl, KeyModels) {
  run(R"(CREATE TABLE test.a (k INT, s VARCHAR(5), v INT, w FLOAT);
         CREATE TABLE test.b (k INT, v INT SUM);
         CREATE TABLE test.c (k INT, v INT) UNIQUE KEY(k) DISTRIBUTED BY RANDOM;
         CREATE TABLE test.d (k INT, v INT MAX) AGGREGATE KEY(k);)");
  EXPECT_EQ(info("a").keys_type, "DUP_KEYS");
  EXPECT_TRUE(info("a").columns[1].key);
  EXPECT_FALSE(info("a").columns[2].key) << "a VARCHAR ends the sort key";
  EXPECT_EQ(info("b").keys_type, "AGG_KEYS");
  EXPECT_EQ(info("b").columns[1].aggregation, "SUM");
  EXPECT_EQ(info("c").keys_type, "UNIQUE_KEYS");
  EXPECT_EQ(info("d").keys_type, "AGG_KEYS");
}

TEST_F(Ddl, Refused) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"CREATE TABLE test.t (k FROB)", "Unexpected input 'FROB'"},
      {"CREATE TABLE test.t (k INT, k INT)", "Duplicate column name 'k'"},
      {"CREATE TABLE test.t (k INT, v INT) PRIMARY KEY(v)",
       "Key columns must be the first few columns"},
      {"CREATE TABLE test.t (k FLOAT) DUPLICATE KEY(k)", "Invalid data type of key column 'k'"},
      {"CREATE TABLE test.t (k INT, v INT) AGGREGATE KEY(k)",
       "AGG_KEYS table should specify aggregate type for non-key column[v]"},
      {"CREATE TABLE test.t (k INT, v INT SUM) DUPLICATE KEY(k)",
       "should not specify aggregate type"},
      {"CREATE TABLE test.t (k INT SUM, v INT SUM) AGGREGATE KEY(k)",
       "Key column can not set aggregation type"},
      {"CREATE TABLE test.t (k DECIMAL(39,1))", "precision should range from 1 to 38"},
      {"CREATE TABLE test.t (k DECIMAL(5,6))", "its scale"},
      {"CREATE TABLE test.t (k CHAR(256))", "between 1 and 255"},
      {"CREATE TABLE test.t (__op INT)", "'__op' is reserved"},
      {"CREATE TABLE test.t (k INT) ENGINE=mysql", "Unsupported engine: mysql"},
      {"CREATE TABLE test.t (k INT) SORTED BY k", "Unexpected input 'SORTED'"},
      {"CREATE TABLE test.t (k INT) DISTRIBUTED BY HASH(x)",
       "Distribution column(x) doesn't exist."},
      {"CREATE TABLE test.t (k INT) PARTITION BY RANGE(x) ()",
       "Partition column[x] does not exist"},
      {"CREATE TABLE test.t (k INT) PARTITION BY RANGE(k) (PARTITION p VALUES LESS THAN (\"x\"))",
       "Invalid partition value 'x'"},
      {"CREATE TABLE nodb.t (k INT)", "Unknown database 'nodb'"},
      {"CREATE TABLE t (k INT)", "No database selected"},
      {"CREATE DATABASE test", "database exists"},
      {"DROP TABLE test.nope", "Unknown table 'test.nope'"},
      {"DROP DATABASE nope", "database doesn't exist"},
      {"CREATE VIEW test.v AS SELECT 1", "does not support the statement CREATE VIEW"},
      {"ALTER TABLE test.t ADD COLUMN x INT", "does not support the statement ALTER"},
      {"UPDATE test.t SET x = 1", "does not support the statement UPDATE"},
      {"CREATE TABLE test.t (k INT", "Unexpected input '<EOF>'"},
      {"CREATE TABLE test.t (k INT) COMMENT 'x", "a quote has no end"},
  };
  for (const auto& [sql, message] : cases)
    EXPECT_NE(refusal(sql).find(message), std::string::npos) << sql << "\n" << refusal(sql);
  EXPECT_EQ(engine_->tables("test"), std::vector<std::string>{});
}

TEST_F(Ddl, SyntaxErrorsHaveAPlace) {
  EXPECT_EQ(refusal("CREATE TABLE test.t (\n  k FROB)"),
            "Getting syntax error at line 2, column 4. Detail message: Unexpected input 'FROB'.");
}

TEST_F(Ddl, ScriptsAndDrops) {
  run("CREATE DATABASE IF NOT EXISTS test; CREATE DATABASE other; USE other; CREATE TABLE t (k "
      "INT);; DROP TABLE IF EXISTS t2;");
  EXPECT_EQ(engine_->databases(), (std::vector<std::string>{"other", "test"}));
  EXPECT_EQ(engine_->tables("other"), std::vector<std::string>{"t"});
  run("CREATE TABLE IF NOT EXISTS other.t (different INT)");
  EXPECT_EQ(engine_->table("other", "t")->columns[0].name, "k");
  run("INSERT INTO other.t VALUES (1); DROP TABLE other.t FORCE; CREATE TABLE other.t (k INT)");
  EXPECT_EQ(query("SELECT * FROM other.t"), Rows{});
  run("DROP DATABASE other");
  EXPECT_FALSE(engine_->has_database("other"));
  EXPECT_TRUE(engine_->has_database("test"));
  EXPECT_FALSE(engine_->table("other", "t"));
}

TEST_F(Ddl, InsertValues) {
  run(R"(CREATE TABLE test.t (k INT NOT NULL, s VARCHAR(3) DEFAULT "d", j JSON, n DECIMAL(5,2)) DUPLICATE KEY(k);
         INSERT INTO test.t VALUES (1, 'a', parse_json('{"x":1}'), 1.005), (-2, NULL, NULL, '3');
         INSERT INTO test.t (n, k) VALUES (1 + 1, 3);
         INSERT INTO test.t (k, s) VALUES (4, DEFAULT);)");
  EXPECT_EQ(query("SELECT * FROM t ORDER BY k"), (Rows{{"-2", kNull, kNull, "3.00"},
                                                       {"1", "a", "{\"x\": 1}", "1.01"},
                                                       {"3", "d", kNull, "2.00"},
                                                       {"4", "d", kNull, kNull}}));
  EXPECT_NE(refusal("INSERT INTO test.t VALUES ('x', 'a', NULL, 1)")
                .find("Insert has filtered data in strict mode"),
            std::string::npos);
  EXPECT_NE(refusal("INSERT INTO test.t VALUES (5, 'long', NULL, 1)").find("out of range"),
            std::string::npos);
  EXPECT_NE(refusal("INSERT INTO test.t VALUES (NULL, 'a', NULL, 1)")
                .find("NULL value in non-nullable column 'k'"),
            std::string::npos);
  EXPECT_NE(refusal("INSERT INTO test.t (s) VALUES ('a')").find("'k' must be explicitly mentioned"),
            std::string::npos);
  EXPECT_NE(refusal("INSERT INTO test.t SELECT 1").find("VALUES only"), std::string::npos);
  EXPECT_EQ(query("SELECT COUNT(*) FROM t"), (Rows{{"4"}}));
}

}  // namespace
}  // namespace emulator::test
