// The key models and their functions, partial and conditional update (11.5, 11.8).
#include "tests/emulator/engine/tests/fixture.hpp"

namespace emulator::test {
namespace {

class Models : public EngineTest {
 protected:
  Rows all(const std::string& table) { return query("SELECT * FROM " + table + " ORDER BY 1, 2"); }
};

TEST_F(Models, DuplicateKeepsEveryRow) {
  run("CREATE TABLE test.t (k INT, v INT) DUPLICATE KEY(k) DISTRIBUTED BY HASH(k)");
  load_ok("t", {}, "1\t1\n1\t1\n");
  load_ok("t", {}, "1\t1\n");
  EXPECT_EQ(all("t"), (Rows{{"1", "1"}, {"1", "1"}, {"1", "1"}}));
}

TEST_F(Models, UniqueLastRowWinsAlsoForNullKeys) {
  run("CREATE TABLE test.t (k INT, l VARCHAR(5), v INT) UNIQUE KEY(k, l) DISTRIBUTED BY HASH(k)");
  load_ok("t", {}, "1\ta\t1\n1\ta\t2\n1\t\\N\t3\n1\t\\N\t4\n\\N\t\\N\t5\n");
  load_ok("t", {}, "1\t\\N\t6\n\\N\t\\N\t7\n");
  EXPECT_EQ(all("t"), (Rows{{kNull, kNull, "7"}, {"1", kNull, "6"}, {"1", "a", "2"}}));
}

TEST_F(Models, PrimaryKeyOfSeveralTypes) {
  run("CREATE TABLE test.t (d DATE, s VARCHAR(5), n DECIMAL(5,2), l LARGEINT, v INT) PRIMARY "
      "KEY(d, s, n, l) DISTRIBUTED BY HASH(d)");
  load_ok("t", {}, "2020-1-1\ta\t1\t5\t1\n20200101\ta\t1.00\t05\t2\n2020-01-01\tA\t1\t5\t3\n");
  EXPECT_EQ(all("t"),
            (Rows{{"2020-01-01", "A", "1.00", "5", "3"}, {"2020-01-01", "a", "1.00", "5", "2"}}));
}

TEST_F(Models, Aggregations) {
  run(R"(CREATE TABLE test.t (k INT, l VARCHAR(5), s BIGINT SUM, sd DECIMAL(10,2) SUM, sf DOUBLE SUM, sl LARGEINT SUM, mi INT MIN, ma DATE MAX,
           ms VARCHAR(10) MAX, r VARCHAR(10) REPLACE, rn VARCHAR(10) REPLACE_IF_NOT_NULL)
         AGGREGATE KEY(k, l) DISTRIBUTED BY HASH(k))");
  const std::string first = "1\ta\t1\t1.10\t0.5\t1\t5\t2020-01-01\tb\tx\tx\n";
  const std::string second =
      "1\ta\t2\t2.20\t0.25\t170141183460469231731687303715884105726\t3\t2019-01-01\tc\t\\N\t\\N\n";
  const Rows expected{{"1", "a", "3", "3.30", "0.75", "170141183460469231731687303715884105727",
                       "3", "2020-01-01", "c", kNull, "x"}};
  load_ok("t", {}, first + second);
  EXPECT_EQ(all("t"), expected);
  // The same in two loads.
  run("TRUNCATE TABLE test.t");
  load_ok("t", {}, first);
  load_ok("t", {}, second);
  EXPECT_EQ(all("t"), expected);
  // NULL is passed over, and NULL keys are keys.
  load_ok("t", {},
          "\\N\t\\N\t\\N\t\\N\t\\N\t\\N\t\\N\t\\N\t\\N\t\\N\t\\N\n\\N\t\\N\t1\t1\t1\t1\t1\t20200101"
          "\ta\tb\tc\n");
  EXPECT_EQ(all("t")[0], (std::vector<Cell>{kNull, kNull, "1", "1.00", "1", "1", "1", "2020-01-01",
                                            "a", "b", "c"}));
}

TEST_F(Models, Unions) {
  run(R"(CREATE TABLE test.t (k INT, b BITMAP BITMAP_UNION, h HLL HLL_UNION, p PERCENTILE PERCENTILE_UNION)
         AGGREGATE KEY(k) DISTRIBUTED BY HASH(k))");
  const Headers headers{
      {"columns", "k, u, b = to_bitmap(u), h = hll_hash(u), p = percentile_hash(u)"}};
  load_ok("t", headers, "1\t3\n1\t1\n1\t3\n");
  load_ok("t", headers, "1\t2\n2\t9\n");
  EXPECT_EQ(query("SELECT k, bitmap_to_string(b), bitmap_count(b), hll_cardinality(h), "
                  "percentile_approx_raw(p, 0.5) FROM t ORDER BY k"),
            (Rows{{"1", "1,2,3", "3", "3", "2.5"}, {"2", "9", "1", "1", "9"}}));
  EXPECT_EQ(query("SELECT COUNT(DISTINCT b), bitmap_union_count(b), hll_union_agg(h) FROM t"),
            (Rows{{"4", "4", "4"}}));
}

TEST_F(Models, Negative) {
  run("CREATE TABLE test.t (k INT, s BIGINT SUM, d DECIMAL(5,1) SUM) AGGREGATE KEY(k) DISTRIBUTED "
      "BY HASH(k)");
  load_ok("t", {}, "1\t10\t2.5\n");
  load_ok("t", {{"negative", "true"}}, "1\t4\t1\n");
  load_ok("t", {{"negative", "TRUE"}}, "1\t1\t0\n");  // only exactly true is true
  EXPECT_EQ(all("t"), (Rows{{"1", "7", "1.5"}}));
  run("CREATE TABLE test.m (k INT, v INT MAX) AGGREGATE KEY(k) DISTRIBUTED BY HASH(k)");
  EXPECT_EQ(plan_error("m", {{"negative", "true"}}), "Column is not SUM AggregateType. column:v");
}

class PrimaryKey : public Models {
 protected:
  PrimaryKey() {
    run(R"(CREATE TABLE test.t (id INT NOT NULL, name VARCHAR(20) DEFAULT "none", score INT DEFAULT "5", at DATETIME, d DECIMAL(5,2), big LARGEINT)
           PRIMARY KEY(id) DISTRIBUTED BY HASH(id);
           CREATE TABLE test.dup (id INT) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id);
           CREATE TABLE test.wide (id INT NOT NULL, v INT) PRIMARY KEY(id) DISTRIBUTED BY HASH(id) PROPERTIES ("storage_type" = "column_with_row"))");
  }
  Rows board() { return query("SELECT id, name, score FROM t ORDER BY id"); }
};

TEST_F(PrimaryKey, PartialUpdateInsertsMissingKeysWithDefaults) {
  run("INSERT INTO test.t VALUES (1, 'a', 10, '2020-01-01', 1, 1)");
  for (const char* mode : {"row", "column", "auto", "unknown words are ignored"}) {
    load_ok("t",
            {{"columns", "id, name"}, {"partial_update", "true"}, {"partial_update_mode", mode}},
            "1\tb\n2\tc\n");
    EXPECT_EQ(board(), (Rows{{"1", "b", "10"}, {"2", "c", "5"}}));
    run("TRUNCATE TABLE test.t; INSERT INTO test.t VALUES (1, 'a', 10, '2020-01-01', 1, 1)");
  }
  load_ok("t", {{"columns", "id, score"}, {"partial_update", "true"}, {"format", "json"}},
          R"({"id":1,"score":11,"name":"ignored"} {"id":1,"__op":1} {"id":3,"score":1})");
  EXPECT_EQ(board(), (Rows{{"3", "none", "1"}}));
}

TEST_F(PrimaryKey, PartialUpdateErrors) {
  EXPECT_EQ(plan_error("dup", {{"partial_update", "true"}, {"columns", "id"}}),
            "Only primary key table support partial update");
  EXPECT_EQ(plan_error("t", {{"partial_update", "true"}, {"columns", "name"}}),
            "key column id not in partial update columns");
  EXPECT_EQ(plan_error("wide", {{"partial_update", "true"},
                                {"partial_update_mode", "column"},
                                {"columns", "id,v"}}),
            "column with row table only support row mode partial update");
  EXPECT_EQ(plan_error("t", {{"partial_update", "yes"}}),
            "Invalid partial update flag format. Must be bool type");
  // In a transaction anything but `true` is false.
  EXPECT_EQ(plan_error("dup", {{"partial_update", "TRUE"}}, true), "(no error)");
}

TEST_F(PrimaryKey, ConditionalUpdateComparesAsNumbersAndTimes) {
  for (const auto& [column, low, high] :
       std::vector<std::tuple<std::string, std::string, std::string>>{
           {"score", "9", "10"},
           {"at", "2020-01-01 09:00:00", "2020-01-01 10:00:00"},
           {"d", "9.50", "10.00"},
           {"big", "9", "10"}}) {
    SCOPED_TRACE(column);
    run("TRUNCATE TABLE test.t");
    const Headers headers{{"columns", "id, name, " + column}, {"merge_condition", column}};
    load_ok("t", headers, "1\tstored\t" + high + "\n2\tstored\t" + low + "\n3\tstored\t\\N\n");
    load_ok("t", headers, "1\tnew\t" + low + "\n2\tnew\t" + high + "\n3\tnew\t" + low + "\n");
    EXPECT_EQ(query("SELECT name FROM t ORDER BY id"), (Rows{{"stored"}, {"new"}, {"new"}}));
    load_ok("t", headers, "1\tequal\t" + high + "\n");
    EXPECT_EQ(query("SELECT name FROM t WHERE id = 1"), (Rows{{"equal"}}));
  }
}

TEST_F(PrimaryKey, ConditionalUpdateErrors) {
  EXPECT_EQ(plan_error("dup", {{"merge_condition", "id"}}),
            "Conditional update only support primary key table dup");
  EXPECT_EQ(plan_error("t", {{"merge_condition", "nope"}}),
            "Merge condition column nope does not exist. If you are doing partial update with "
            "condition update, please check condition column is in "
            "the given update columns. Otherwise please check condition column is in table t");
  EXPECT_EQ(
      plan_error(
          "t", {{"merge_condition", "score"}, {"partial_update", "true"}, {"columns", "id, name"}})
          .rfind("Merge condition column score does not exist.", 0),
      0U);
  EXPECT_EQ(plan_error("t", {{"merge_condition", "id"}}),
            "Merge condition column id should not be primary key!");
  EXPECT_EQ(plan_error("t", {{"merge_condition", "name"}}),
            "Merge condition column has invalid type maybe bitmap/hll/percentile/json/varchar!");
}

TEST_F(PrimaryKey, DeletesAreNotConditional) {
  run("INSERT INTO test.t (id, score) VALUES (1, 10)");
  load_ok("t", {{"columns", "id, score, __op"}, {"merge_condition", "score"}}, "1\t1\t1\n");
  EXPECT_EQ(board(), Rows{});
}

TEST_F(Models, AutoIncrement) {
  run("CREATE TABLE test.t (k INT NOT NULL, n BIGINT AUTO_INCREMENT) DUPLICATE KEY(k) DISTRIBUTED "
      "BY HASH(k)");
  load_ok("t", {}, "1\n2\n");
  load_ok("t", {{"columns", "k, n"}}, "3\t\\N\n4\t100\n");
  EXPECT_EQ(query("SELECT k, n FROM t ORDER BY k"),
            (Rows{{"1", "1"}, {"2", "2"}, {"3", "3"}, {"4", "100"}}));
}

TEST_F(Models, RangePartitions) {
  run(R"(CREATE TABLE test.t (d DATE, v INT) DUPLICATE KEY(d)
         PARTITION BY RANGE(d) (PARTITION p1 VALUES LESS THAN ("2020-02-01"), PARTITION p2 VALUES [("2020-03-01"), ("2020-04-01")))
         DISTRIBUTED BY HASH(d))");
  const LoadResult result =
      load("t", {{"max_filter_ratio", "1"}},
           "2020-01-31\t1\n2020-02-01\t2\n2020-03-01\t3\n2020-04-01\t4\n\\N\t5\n");
  EXPECT_EQ(result.counters.loaded, 3);
  EXPECT_EQ(
      result.error_log[0],
      "Error: The row is out of partition ranges. Please add a new partition.. Row: 2020-02-01\t2");
  EXPECT_EQ(query("SELECT v FROM t ORDER BY v"), (Rows{{"1"}, {"3"}, {"5"}}));
  EXPECT_EQ(
      load("t", {{"partitions", "p2"}, {"max_filter_ratio", "1"}}, "2020-01-31\t6\n2020-03-05\t7\n")
          .counters.loaded,
      1);
  EXPECT_EQ(plan_error("t", {{"partitions", "p1, p9"}}), "Unknown partition 'p9' in table 't'");
}

TEST_F(Models, OtherPartitions) {
  run(R"(CREATE TABLE test.l (a VARCHAR(5), b INT) DUPLICATE KEY(a) PARTITION BY LIST(a, b) (PARTITION p VALUES IN (("x", "1"), ("y", "2"))) DISTRIBUTED BY HASH(a);
         CREATE TABLE test.m (a INT, b INT) DUPLICATE KEY(a) PARTITION BY RANGE(a, b) (PARTITION p VALUES LESS THAN ("1", "5"), PARTITION q VALUES LESS THAN ("2", MAXVALUE)) DISTRIBUTED BY HASH(a);
         CREATE TABLE test.e (a DATETIME) DUPLICATE KEY(a) PARTITION BY RANGE(a) (START ("2020-01-01") END ("2020-02-01") EVERY (INTERVAL 1 DAY)) DISTRIBUTED BY HASH(a);
         CREATE TABLE test.x (a DATETIME, b INT) DUPLICATE KEY(a) PARTITION BY date_trunc('day', a), b DISTRIBUTED BY HASH(a))");
  const Headers half{{"max_filter_ratio", "1"}};
  EXPECT_EQ(load("l", half, "x\t1\nx\t2\ny\t2\n").counters.loaded, 2);
  EXPECT_EQ(load("m", half, "1\t4\n1\t5\n2\t999\n3\t0\n").counters.loaded, 3);
  EXPECT_EQ(load("e", half, "2020-01-01\n2020-01-31 23:59:59\n2020-02-01\n").counters.loaded, 2);
  EXPECT_EQ(load("x", half, "2020-01-01\t1\n\\N\t\\N\n").counters.loaded, 2);
}

TEST_F(Models, LoadsOfOneTransactionBecomeVisibleTogether) {
  run("CREATE TABLE test.a (k INT NOT NULL, v INT) PRIMARY KEY(k) DISTRIBUTED BY HASH(k)");
  run("CREATE TABLE test.b (k INT) DUPLICATE KEY(k) DISTRIBUTED BY HASH(k)");
  EngineError error;
  for (const auto& [table, body] : std::vector<std::pair<std::string, std::string>>{
           {"a", "1\t1\n"}, {"b", "7\n"}, {"a", "1\t2\n"}}) {
    const auto plan = engine_->plan("test", table, {}, true, error);
    plan->append(body);
    ASSERT_FALSE(plan->finish().error);
    engine_->stage(5, *plan);
  }
  EXPECT_EQ(query("SELECT * FROM a"), Rows{});
  EXPECT_EQ(query("SELECT * FROM b"), Rows{});
  engine_->publish(5);
  EXPECT_EQ(query("SELECT * FROM a"), (Rows{{"1", "2"}}));
  EXPECT_EQ(query("SELECT * FROM b"), (Rows{{"7"}}));
  engine_->publish(5);  // nothing is staged any more
  EXPECT_EQ(query("SELECT * FROM b"), (Rows{{"7"}}));
}

TEST_F(Models, DiscardedRowsNeverAppear) {
  run("CREATE TABLE test.b (k INT) DUPLICATE KEY(k) DISTRIBUTED BY HASH(k)");
  EngineError error;
  const auto plan = engine_->plan("test", "b", {}, true, error);
  plan->append("1\n");
  (void)plan->finish();
  engine_->stage(5, *plan);
  engine_->discard(5);
  engine_->publish(5);
  EXPECT_EQ(query("SELECT * FROM b"), Rows{});
}

}  // namespace
}  // namespace emulator::test
