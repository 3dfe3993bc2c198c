// The `columns` and `where` headers: what they mean and how they are refused (4.10, 11.6, 11.7).
#include "tests/emulator/engine/tests/fixture.hpp"

namespace emulator::test {
namespace {

class Columns : public EngineTest {
 protected:
  Columns() {
    run(R"(CREATE TABLE test.dup (id INT NOT NULL, name VARCHAR(20), score INT DEFAULT "7", at DATETIME)
           DUPLICATE KEY(id) DISTRIBUTED BY HASH(id);
           CREATE TABLE test.pk (id INT NOT NULL, name VARCHAR(20), must INT NOT NULL) PRIMARY KEY(id) DISTRIBUTED BY HASH(id);
           CREATE TABLE test.agg (k INT, b BITMAP BITMAP_UNION, h HLL HLL_UNION) AGGREGATE KEY(k) DISTRIBUTED BY HASH(k);
           CREATE TABLE test.gen (id INT NOT NULL, x INT, twice INT AS x * 2) PRIMARY KEY(id) DISTRIBUTED BY HASH(id);)");
  }
};

TEST_F(Columns, Errors) {
  const std::vector<std::tuple<std::string, std::string, std::string>> cases = {
      {"dup", "id, name, ID", "Duplicate column: ID"},
      {"dup", "id, x, name = x, Name = 1", "Duplicate column mapping: Name"},
      {"dup", "id, nope = 1", "Mapping column is not in table. column: nope"},
      {"dup", "name", "Column has no default value. column: id"},
      {"pk", "id, name", "Column has no default value. column: must"},
      {"dup", "id, name = upper(x)", "column has no source field, column=x"},
      {"gen", "id, x, twice", "generated column: twice can not be specified"},
      {"gen", "id, x, twice = 1", "generated column: twice can not be specified"},
      {"agg", "k, h = hll_empty(), b",
       "bitmap column b require the function return type is BITMAP"},
      {"agg", "k, x, h = hll_empty(), b = hll_hash(x)",
       "bitmap column b require the function return type is BITMAP"},
      {"agg", "k, b = bitmap_empty(), h",
       "HLL column must use hll_hash function, like h=hll_hash(xxx) or h=hll_empty()"},
      {"agg", "k, x, b = bitmap_empty(), h = to_bitmap(x)",
       "HLL column must use hll_hash function, like h=hll_hash(xxx) or h=hll_empty()"},
      {"pk", "id, name, must, __op = 'remove'", "load op type string not supported: remove"},
      {"pk", "id, name, must, __op = 2",
       "const load op type column should only be upsert(0)/delete(1)"},
      {"dup", "id, name, __op = 'delete'", "Mapping column is not in table. column: __op"},
  };
  for (const auto& [table, columns, message] : cases)
    EXPECT_EQ(plan_error(table, {{"columns", columns}}), message) << columns;
}

TEST_F(Columns, SyntaxErrorsAndUnknownFunctionsAreNamed) {
  for (const char* columns : {"id,", "id name", "id = ", "(id)", "id, name = 'x",
                              "id, x, name = (x", "id; drop", "id, x, name = x x"}) {
    EXPECT_EQ(plan_error("dup", {{"columns", columns}}).rfind("Getting syntax error", 0), 0U)
        << columns;
  }
  EXPECT_EQ(plan_error("dup", {{"columns", "id, x, name = frobnicate(x, 1)"}}),
            "Getting analyzing error. Detail message: No matching function with signature: "
            "frobnicate(varchar(1048576), bigint).");
  EXPECT_NE(plan_error("dup", {{"columns", "id, x, name = upper(x, x)"}})
                .find("No matching function with signature: upper("),
            std::string::npos);
}

TEST_F(Columns, OmittedColumnsTakeTheirDefaults) {
  load_ok("dup", {{"columns", "id"}}, "1\n");
  EXPECT_EQ(query("SELECT id, name, score, at FROM dup"), (Rows{{"1", kNull, "7", kNull}}));
}

TEST_F(Columns, MissingJsonKeyIsNullNotTheDefault) {
  load_ok("dup", {{"format", "json"}}, R"({"id":1})");
  EXPECT_EQ(query("SELECT score FROM dup"), (Rows{{kNull}}));
}

TEST_F(Columns, OrderTemporariesAndQuotedNames) {
  load_ok("dup", {{"columns", "`my tmp`, NAME, id, score = `my tmp` * 2, at = '2020-01-01'"}},
          "21\tx\t1\n");
  EXPECT_EQ(query("SELECT * FROM dup"), (Rows{{"1", "x", "42", "2020-01-01 00:00:00"}}));
}

TEST_F(Columns, AColumnCanBeTheInputOfItsOwnExpression) {
  load_ok("dup", {{"columns", "id, name, name = upper(name)"}}, "1\tx\n");
  EXPECT_EQ(query("SELECT name FROM dup"), (Rows{{"X"}}));
}

TEST_F(Columns, StrictModeDoesNotApplyToExpressions) {
  const LoadResult result =
      load("dup", {{"columns", "id, x, score = x"}, {"strict_mode", "true"}}, "1\tabc\n");
  EXPECT_FALSE(result.error);
  EXPECT_EQ(query("SELECT score FROM dup"), (Rows{{kNull}}));
  // But it does to the plain column beside it.
  EXPECT_TRUE(
      load("dup", {{"columns", "id, x, score = x"}, {"strict_mode", "true"}}, "abc\t1\n").error);
}

TEST_F(Columns, GeneratedColumns) {
  load_ok("gen", {}, "1\t21\n");
  EXPECT_EQ(query("SELECT * FROM gen"), (Rows{{"1", "21", "42"}}));
  load_ok("gen", {{"columns", "id, x"}, {"partial_update", "true"}}, "1\t4\n");
  EXPECT_EQ(query("SELECT * FROM gen"), (Rows{{"1", "4", "8"}}));
  run("INSERT INTO test.gen VALUES (2, 5)");
  EXPECT_EQ(query("SELECT twice FROM gen WHERE id = 2"), (Rows{{"10"}}));
}

TEST_F(Columns, Where) {
  const LoadResult result =
      load("dup", {{"columns", "id, score"}, {"where", "score > 10 AND `ID` <> 3"}},
           "1\t5\n2\t20\n3\t30\n4\t\\N\n");
  EXPECT_FALSE(result.error);
  EXPECT_EQ(result.counters.total, 4);
  EXPECT_EQ(result.counters.loaded, 1);
  EXPECT_EQ(result.counters.unselected, 3);
  EXPECT_EQ(query("SELECT id FROM dup"), (Rows{{"2"}}));
}

TEST_F(Columns, WhereErrors) {
  EXPECT_EQ(plan_error("dup", {{"columns", "id, tmp"}, {"where", "tmp > 1"}}),
            "unknown column in where statement. the column 'tmp' in where clause must be in the "
            "target table.");
  EXPECT_EQ(plan_error("dup", {{"where", "score + 1"}}),
            "where statement is not a valid statement return bool");
  EXPECT_EQ(plan_error("dup", {{"where", "score >"}}).rfind("Getting syntax error", 0), 0U);
}

TEST_F(Columns, AllRowsUnselectedIsNoError) {
  const LoadResult result = load("dup", {{"columns", "id"}, {"where", "false"}}, "1\n");
  EXPECT_FALSE(result.error);
  EXPECT_EQ(result.counters.loaded, 0);
  EXPECT_EQ(result.counters.unselected, 1);
}

TEST_F(Columns, Deletes) {
  const auto fill = [&] {
    run("TRUNCATE TABLE test.pk; INSERT INTO test.pk VALUES (1, 'a', 1), (2, 'b', 2)");
  };
  const auto ids = [&] { return query("SELECT id FROM pk ORDER BY id"); };
  const Rows second{{"2"}};
  fill();
  load_ok("pk", {{"columns", "id, name, must, __op"}}, "1\tx\t1\t1\n");
  EXPECT_EQ(ids(), second);
  fill();
  load_ok("pk", {{"columns", "id, name, must, tmp, __op = tmp"}}, "1\tx\t1\t1\n2\ty\t2\t0\n");
  EXPECT_EQ(query("SELECT id, name FROM pk"), (Rows{{"2", "y"}}));
  fill();
  load_ok("pk", {{"columns", "id, name, must, __op = 'DELETE'"}}, "1\tx\t1\n");
  EXPECT_EQ(ids(), second);
  fill();
  load_ok("pk", {{"columns", "id, name, must, __op = 1"}}, "1\tx\t1\n");
  EXPECT_EQ(ids(), second);
  fill();
  load_ok("pk", {{"format", "json"}}, R"({"id":1,"name":"x","must":1,"__op":1} {"id":3,"must":3})");
  EXPECT_EQ(ids(), (Rows{{"2"}, {"3"}}));
  fill();
  load_ok("pk",
          {{"format", "json"},
           {"jsonpaths", R"(["$.id","$.must","$.op"])"},
           {"columns", "id, must, __op"}},
          R"({"id":1,"must":1,"op":1})");
  EXPECT_EQ(ids(), second);
  fill();
  // With jsonpaths a key __op that no path names means nothing.
  load_ok("pk",
          {{"format", "json"}, {"jsonpaths", R"(["$.id","$.must"])"}, {"columns", "id, must"}},
          R"({"id":1,"must":9,"__op":1})");
  EXPECT_EQ(query("SELECT must FROM pk WHERE id = 1"), (Rows{{"9"}}));
}

TEST_F(Columns, DeletedAndLoadedAgainInOneLoad) {
  load_ok("pk", {{"columns", "id, must, __op"}}, "1\t1\t0\n1\t1\t1\n1\t5\t0\n2\t2\t0\n2\t2\t1\n");
  EXPECT_EQ(query("SELECT id, must FROM pk"), (Rows{{"1", "5"}}));
}

TEST_F(Columns, BadOperations) {
  const LoadResult null =
      load("pk", {{"columns", "id, must, __op"}, {"max_filter_ratio", "1"}}, "1\t1\t\\N\n");
  EXPECT_EQ(null.error_log[0], "Error: NULL value in non-nullable column '__op'. Row: 1\t1\t\\N");
  EXPECT_EQ(load("pk", {{"columns", "id, must, __op"}, {"max_filter_ratio", "1"}}, "1\t1\t2\n")
                .counters.filtered,
            1);
}

TEST_F(Columns, BitmapAndHllFromJson) {
  load_ok("agg", {{"format", "json"}, {"columns", "k, u, b = to_bitmap(u), h = hll_hash(u)"}},
          R"({"k":1,"u":5} {"k":1,"u":"5"} {"k":1,"u":6} {"k":1} {"k":1,"u":-1})");
  EXPECT_EQ(
      query(
          "SELECT bitmap_to_string(b), COUNT(DISTINCT b), hll_union_agg(h) FROM agg GROUP BY k, b"),
      (Rows{{"5,6", "2", "3"}}));
}

}  // namespace
}  // namespace emulator::test
