// The documented examples 1 to 3 (reference/examples.md) at the level of the engine.
#include "tests/emulator/engine/tests/fixture.hpp"

namespace emulator::test {
namespace {

class Examples : public EngineTest {
 protected:
  void make_score_board() {
    run(R"(CREATE TABLE test.score_board (
             id int(11) NOT NULL COMMENT "",
             name varchar(65533) NULL DEFAULT "" COMMENT "",
             score int(11) NOT NULL DEFAULT "0" COMMENT ""
           ) ENGINE=OLAP PRIMARY KEY(id) DISTRIBUTED BY HASH(id);)");
  }
  Rows board() { return query("SELECT id, name, score FROM score_board ORDER BY id"); }
  void start() { load_ok("score_board", {}, "1\tstarrocks\t100\n2\tflink\t100\n"); }
};

TEST_F(Examples, ScoreBoardCsv) {
  make_score_board();
  load_ok("score_board", {{"column_separator", "\\t"}},
          "1\tstarrocks-csv\t100\n2\tflink-csv\t100\n");
  EXPECT_EQ(board(), (Rows{{"1", "starrocks-csv", "100"}, {"2", "flink-csv", "100"}}));
}

TEST_F(Examples, ScoreBoardJsonObjectsAndArray) {
  make_score_board();
  load_ok(
      "score_board", {{"format", "json"}},
      R"({"id":1,"name":"starrocks-json","score":100} {"id":2,"name":"flink-json","score":100})");
  const Rows expected{{"1", "starrocks-json", "100"}, {"2", "flink-json", "100"}};
  EXPECT_EQ(board(), expected);
  run("TRUNCATE TABLE test.score_board");
  EXPECT_EQ(board(), Rows{});
  load_ok(
      "score_board", {{"format", "json"}, {"strip_outer_array", "true"}},
      R"([{"id":1,"name":"starrocks-json","score":100},{"id":2,"name":"flink-json","score":100}])");
  EXPECT_EQ(board(), expected);
}

TEST_F(Examples, ScoreBoardUpsertAndDelete) {
  make_score_board();
  start();
  load_ok("score_board", {{"columns", "id,name,score,__op"}},
          "1\tstarrocks-rowdata\t100\t0\n2\tflink-rowdata\t100\t0\n");
  EXPECT_EQ(board(), (Rows{{"1", "starrocks-rowdata", "100"}, {"2", "flink-rowdata", "100"}}));
  load_ok("score_board", {{"columns", "id,__op='delete'"}}, "2\n");
  EXPECT_EQ(board(), (Rows{{"1", "starrocks-rowdata", "100"}}));
}

TEST_F(Examples, ScoreBoardPartialUpdate) {
  make_score_board();
  start();
  load_ok("score_board", {{"columns", "id,name"}, {"partial_update", "true"}},
          "1\tstarrocks-update\n2\tflink-update\n");
  EXPECT_EQ(board(), (Rows{{"1", "starrocks-update", "100"}, {"2", "flink-update", "100"}}));
}

TEST_F(Examples, ScoreBoardConditionalUpdate) {
  make_score_board();
  start();
  load_ok("score_board", {{"merge_condition", "score"}},
          "1\tstarrocks-update\t99\n2\tflink-update\t101\n");
  EXPECT_EQ(board(), (Rows{{"1", "starrocks", "100"}, {"2", "flink-update", "101"}}));
}

TEST_F(Examples, PageUvBitmap) {
  run(R"(CREATE TABLE test.page_uv (
           page_id INT NOT NULL COMMENT 'page ID',
           visit_date datetime NOT NULL COMMENT 'access time',
           visit_users BITMAP BITMAP_UNION NOT NULL COMMENT 'user ID'
         ) ENGINE=OLAP AGGREGATE KEY(page_id, visit_date) DISTRIBUTED BY HASH(page_id);)");
  load_ok("page_uv",
          {{"column_separator", ","},
           {"columns", "page_id, visit_date, visit_user_id, visit_users=to_bitmap(visit_user_id)"}},
          "1,2020-06-23 01:30:30,13\n1,2020-06-23 01:30:30,23\n1,2020-06-23 01:30:30,33\n"
          "1,2020-06-23 02:30:30,13\n2,2020-06-23 01:30:30,23\n");
  EXPECT_EQ(query("SELECT page_id, COUNT(DISTINCT visit_users) FROM page_uv GROUP BY page_id"),
            (Rows{{"1", "3"}, {"2", "1"}}));
  EXPECT_EQ(query("SELECT bitmap_to_string(visit_users) FROM page_uv ORDER BY page_id, visit_date"),
            (Rows{{"13,23,33"}, {"13"}, {"23"}}));
}

TEST_F(Examples, HllUv) {
  run(R"(CREATE TABLE test.hll_uv (
           page_id INT NOT NULL, visit_date datetime NOT NULL, visit_users HLL HLL_UNION NOT NULL
         ) ENGINE=OLAP AGGREGATE KEY(page_id, visit_date) DISTRIBUTED BY HASH(page_id);)");
  load_ok("hll_uv",
          {{"format", "json"},
           {"columns", "page_id, visit_date, visit_user_id, visit_users=hll_hash(visit_user_id)"}},
          R"({"page_id":3,"visit_date":"2023-07-24 12:00:00","visit_user_id":78}
             {"page_id":4,"visit_date":"2023-07-24 13:20:10","visit_user_id":2}
             {"page_id":3,"visit_date":"2023-07-24 12:30:00","visit_user_id":674})");
  EXPECT_EQ(query("SELECT page_id, COUNT(DISTINCT visit_users) FROM hll_uv GROUP BY page_id"),
            (Rows{{"3", "2"}, {"4", "1"}}));
}

}  // namespace
}  // namespace emulator::test
