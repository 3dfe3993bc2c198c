// The loads of the documented examples (../shared/reference/examples.md) must go out exactly like
// this.

#include "tests/core/ingest/support/encoding.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace loadstar::ingest {
namespace {

using Headers = std::vector<std::pair<std::string, std::string>>;

Encoding score_board() {
  Encoding encoding;
  encoding.schema = schema_of(
      KeyModel::kPrimary, {"id int(11) not null", "name varchar(65533)", "score int(11) not null"});
  encoding.schema->columns[1].has_default = true;
  encoding.schema->columns[2].has_default = true;
  return encoding;
}

void expect_load(const Encoding& encoding, const wire::BatchFields& batch, const Headers& headers,
                 const std::string& body) {
  const auto answer = encoding.encode(batch);
  ASSERT_TRUE(answer.ok()) << shown(answer.refusal());
  EXPECT_EQ(answer.value().lane->headers, headers);
  const SliceList& payload = answer.value().payload;
  EXPECT_EQ(join_payloads(answer.value().lane->kind, {&payload}).to_string(), body);
}

std::string score(int id, const char* name, int points, std::uint64_t op = 0) {
  return wire::row({wire::int_value(id), wire::string_value(name), wire::int_value(points)}, op);
}

Headers typed_headers(const std::string& columns, Headers more = {}) {
  Headers headers{{"format", "csv"},
                  {"columns", columns},
                  {"column_separator", "\\x01"},
                  {"row_delimiter", "\\x02"}};
  more.emplace_back("strict_mode", "true");
  headers.insert(headers.end(), more.begin(), more.end());
  return headers;
}

TEST(ExamplesTest, ScoreBoardByTypedRows) {
  expect_load(score_board(),
              typed({"id", "name", "score"}, {score(1, "starrocks", 100), score(2, "flink", 100)}),
              typed_headers("`id`,`name`,`score`,__op"),
              "1\x01starrocks\x01"
              "100\x01"
              "0\x02"
              "2\x01"
              "flink\x01"
              "100\x01"
              "0\x02");
}

TEST(ExamplesTest, ScoreBoardByCsv) {
  auto batch = encoded(2, "1\tstarrocks-csv\t100\n2\tflink-csv\t100\n", 2);
  batch.properties = {{"column_separator", "\\t"}};
  expect_load(score_board(), batch,
              {{"format", "csv"},
               {"column_separator", "\\x09"},
               {"row_delimiter", "\\x0A"},
               {"strict_mode", "true"}},
              "1\tstarrocks-csv\t100\n2\tflink-csv\t100\n");
}

TEST(ExamplesTest, ScoreBoardByJson) {
  const std::string one = R"({"id":1,"name":"starrocks-json","score":100})";
  const std::string two = R"({"id":2,"name":"flink-json","score":100})";
  expect_load(score_board(), encoded(3, one + "\n" + two + "\n", 2),
              {{"format", "json"}, {"ignore_json_size", "true"}, {"strict_mode", "true"}},
              one + "\n" + two + "\n");
  expect_load(score_board(), encoded(4, "[" + one + "," + two + "]", 2),
              {{"format", "json"},
               {"strip_outer_array", "true"},
               {"ignore_json_size", "true"},
               {"strict_mode", "true"}},
              "[" + one + "," + two + "]");
}

TEST(ExamplesTest, ScoreBoardDelete) {
  expect_load(score_board(), typed({"id"}, {wire::row({wire::int_value(2)}, wire::kDelete)}),
              typed_headers("`id`,__op"),
              "2\x01"
              "1\x02");
}

TEST(ExamplesTest, ScoreBoardPartialUpdate) {
  auto batch = typed({"id", "name"},
                     {wire::row({wire::int_value(1), wire::string_value("starrocks-update")}),
                      wire::row({wire::int_value(2), wire::string_value("flink-update")})});
  batch.properties = {{"partial_update", "true"}};
  expect_load(score_board(), batch, typed_headers("`id`,`name`,__op", {{"partial_update", "true"}}),
              "1\x01starrocks-update\x01"
              "0\x02"
              "2\x01"
              "flink-update\x01"
              "0\x02");
}

TEST(ExamplesTest, ScoreBoardConditionalUpdate) {
  auto batch = typed({"id", "name", "score"},
                     {score(1, "starrocks-update", 99), score(2, "flink-update", 101)});
  batch.properties = {{"merge_condition", "score"}};
  expect_load(score_board(), batch,
              typed_headers("`id`,`name`,`score`,__op", {{"merge_condition", "score"}}),
              "1\x01starrocks-update\x01"
              "99\x01"
              "0\x02"
              "2\x01"
              "flink-update\x01"
              "101\x01"
              "0\x02");
}

TEST(ExamplesTest, PageUvByBitmap) {
  Encoding encoding;
  encoding.schema = schema_of(
      KeyModel::kAggregate,
      {"page_id int not null", "visit_date datetime not null", "visit_users bitmap not null"}, 2);
  auto batch = typed({"page_id", "visit_date", "visit_user_id"},
                     {wire::row({wire::int_value(1), wire::string_value("2020-06-23 01:30:30"),
                                 wire::int_value(13)}),
                      wire::row({wire::int_value(2), wire::datetime_value(1'592'875'830'000'000),
                                 wire::int_value(23)})});
  batch.expressions = {"visit_users=to_bitmap(visit_user_id)"};
  expect_load(encoding, batch,
              typed_headers(
                  "`page_id`,`visit_date`,`visit_user_id`,`visit_users`=to_bitmap(visit_user_id)"),
              "1\x01"
              "2020-06-23 01:30:30\x01"
              "13\x02"
              "2\x01"
              "2020-06-23 01:30:30\x01"
              "23\x02");
}

TEST(ExamplesTest, HllUvByHll) {
  Encoding encoding;
  encoding.schema = schema_of(
      KeyModel::kAggregate,
      {"page_id int not null", "visit_date datetime not null", "visit_users hll not null"}, 2);
  auto batch = typed({"page_id", "visit_date", "visit_user_id"},
                     {wire::row({wire::int_value(3), wire::string_value("2023-07-24 12:00:00"),
                                 wire::int_value(78)})});
  batch.expressions = {"visit_users=hll_hash(visit_user_id)"};
  expect_load(
      encoding, batch,
      typed_headers("`page_id`,`visit_date`,`visit_user_id`,`visit_users`=hll_hash(visit_user_id)"),
      "3\x01"
      "2023-07-24 12:00:00\x01"
      "78\x02");
}

}  // namespace
}  // namespace loadstar::ingest
