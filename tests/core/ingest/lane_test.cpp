#include "core/ingest/lane.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "tests/core/ingest/support/encoding.hpp"

namespace loadstar::ingest {
namespace {

wire::BatchFields rows_of(const std::vector<std::string>& columns) {
  std::vector<std::string> values(columns.size(), wire::int_value(1));
  return typed(columns, {wire::row(values)});
}

Encoding primary() {
  Encoding encoding;
  encoding.schema = schema_of(KeyModel::kPrimary, {"id int not null", "a int", "b int"});
  return encoding;
}

/// "ok", or the refusal.
std::string result(const Encoding& encoding, const wire::BatchFields& batch) {
  const auto answer = encoding.encode(batch);
  return answer.ok() ? "ok" : shown(answer.refusal());
}

LaneSpec lane(const Encoding& encoding, const wire::BatchFields& batch) {
  const auto answer = encoding.encode(batch);
  EXPECT_TRUE(answer.ok()) << shown(answer.refusal());
  return answer.ok() ? *answer.value().lane : LaneSpec{};
}

TEST(LaneTest, TypedRowsNameTheirOwnColumns) {
  const LaneSpec csv = lane(primary(), rows_of({"B", "id"}));
  const std::vector<std::pair<std::string, std::string>> expected{
      {"format", "csv"},          {"columns", "`b`,`id`,__op"}, {"column_separator", "\\x01"},
      {"row_delimiter", "\\x02"}, {"strict_mode", "true"}};
  EXPECT_EQ(csv.headers, expected);
  EXPECT_EQ(csv.kind, PayloadKind::kCsv);
  EXPECT_EQ(csv.protocol, Protocol::kTransaction);
  EXPECT_EQ(csv.database, "db");
  EXPECT_EQ(csv.table, "t");
  Encoding json = primary();
  json.options.format = RowFormat::kJson;
  const std::vector<std::pair<std::string, std::string>> json_headers{
      {"format", "json"}, {"columns", "`id`,__op"}, {"strip_outer_array", "true"},
      {"ignore_json_size", "true"}, {"strict_mode", "true"}};
  EXPECT_EQ(lane(json, rows_of({"id"})).headers, json_headers);
}

TEST(LaneTest, EncodedBatchesKeepTheirOwnFormat) {
  auto csv = encoded(2, "1,2\n", 1);
  csv.properties = {{"column_separator", ","}, {"strict_mode", "false"}};
  const std::vector<std::pair<std::string, std::string>> csv_headers{
      {"format", "csv"}, {"column_separator", "\\x2C"}, {"row_delimiter", "\\x0A"}, {"strict_mode", "false"}};
  EXPECT_EQ(lane(primary(), csv).headers, csv_headers);
  const std::vector<std::pair<std::string, std::string>> ndjson{
      {"format", "json"}, {"ignore_json_size", "true"}, {"strict_mode", "true"}};
  EXPECT_EQ(lane(primary(), encoded(3, "{}\n", 1)).headers, ndjson);
  EXPECT_EQ(lane(primary(), encoded(4, "[{}]", 1)).kind, PayloadKind::kJsonArray);
  EXPECT_EQ(header(lane(primary(), encoded(4, "[{}]", 1)), "strip_outer_array"), "true");
}

TEST(LaneTest, ColumnsOfABatchWinOverConfiguredOnes) {
  Encoding encoding = primary();
  encoding.options.columns = "id, tmp, a=tmp+1";
  EXPECT_EQ(header(lane(encoding, encoded(2, "1\t2\n", 1)), "columns"), "id, tmp, a=tmp+1") << "as they are";
  auto batch = encoded(2, "1\t2\n", 1);
  batch.columns = {"id", "skipped", "__op"};
  batch.expressions = {"`a` = if(skipped > 1, 2, 3)"};
  EXPECT_EQ(header(lane(encoding, batch), "columns"), "`id`,`skipped`,__op,`a`=if(skipped > 1, 2, 3)");
  EXPECT_EQ(header(lane(encoding, rows_of({"id"})), "columns"), "`id`,__op");
}

TEST(LaneTest, KeysAreEqualExactlyIfLanesAre) {
  std::set<std::string> keys;
  Encoding encoding = primary();
  const auto add = [&](const wire::BatchFields& batch) {
    const std::string key = lane(encoding, batch).key;
    EXPECT_EQ(lane(encoding, batch).key, key) << "a fresh encoder gives the same key";
    keys.insert(key);
  };
  add(rows_of({"id"}));
  add(rows_of({"id", "a"}));
  add(rows_of({"a", "id"}));
  add(encoded(2, "1\n", 1));
  add(encoded(3, "{}\n", 1));
  add(encoded(4, "[{}]", 1));
  auto batch = encoded(2, "1\n", 1);
  batch.properties = {{"where", "a=1"}};
  add(batch);
  batch.properties = {{"where", "a=1 4:true"}};
  add(batch);
  batch.properties = {{"partitions", "where"}, {"warehouse", "a=1"}};
  add(batch);
  EXPECT_EQ(keys.size(), 9U);
  encoding.exactly_once = true;
  EXPECT_TRUE(keys.contains(lane(encoding, rows_of({"id"})).key)) << "delivery is not part of the load";
  encoding.exactly_once = false;
  encoding.options.protocol = Protocol::kStreamLoad;
  EXPECT_FALSE(keys.contains(lane(encoding, rows_of({"id"})).key));
  EXPECT_EQ(lane(primary(), rows_of({"ID", "A"})).key, lane(primary(), rows_of({"id", "a"})).key);
}

TEST(LaneTest, OneEncoderGivesTheSameLaneAgain) {
  const Encoding encoding = primary();
  TableEncoder encoder("db", "t", encoding.options, encoding.schema, encoding.facts);
  const auto batch = read_batch(wire::whole(rows_of({"id"}).message()), {});
  const auto first = encoder.encode(batch.value(), false);
  for (int i = 0; i < 600; ++i) {  // more heads than are remembered
    auto other = encoded(2, "1\n", 1);
    other.properties = {{"where", "a=" + std::to_string(i)}};
    const auto read = read_batch(wire::whole(other.message()), {});
    ASSERT_TRUE(encoder.encode(read.value(), false).ok());
  }
  EXPECT_EQ(encoder.encode(batch.value(), false).value().lane->key, first.value().lane->key);
}

TEST(LaneTest, UnknownAndDoubledColumnsAreRefused) {
  EXPECT_EQ(result(primary(), rows_of({"id", "nope"})),
            "1\nbatch[sequence=7].columns[1]: names 'nope', which is no column of the table and no input of an "
            "expression");
  EXPECT_EQ(result(primary(), rows_of({"id", "ID"})), "1\nbatch[sequence=7].columns[1]: names 'ID' again");
  EXPECT_TRUE(result(primary(), rows_of({"id", "__op"})).starts_with("1\nbatch[sequence=7].columns[1]: is __op"));
  EXPECT_TRUE(result(primary(), rows_of({"id", "a`b"})).starts_with("1\nbatch[sequence=7].columns[1]: is no column"));
  EXPECT_TRUE(result(primary(), rows_of({"id", ""})).starts_with("1\nbatch[sequence=7].columns[1]: is no column"));
  EXPECT_TRUE(result(primary(), rows_of({"id", "a\n"})).starts_with("1\nbatch[sequence=7].columns[1]: is no column"));
  Encoding generated = primary();
  generated.schema->columns[1].generated = true;
  EXPECT_TRUE(result(generated, rows_of({"id", "a"})).starts_with("1\nbatch[sequence=7].columns[1]: names 'a', which"));
}

TEST(LaneTest, ColumnsThatMustNotBeLeftOut) {
  Encoding encoding = primary();
  encoding.schema->columns[2].nullable = false;
  EXPECT_EQ(result(encoding, rows_of({"id", "a"})),
            "1\nbatch[sequence=7].columns: lacks 'b', which is NOT NULL and has no default");
  auto computed = rows_of({"id", "tmp"});
  computed.expressions = {"b=tmp"};
  EXPECT_EQ(result(encoding, computed), "ok");
  encoding.schema->columns[2].has_default = true;
  EXPECT_EQ(result(encoding, rows_of({"id", "a"})), "ok");
  auto partial = rows_of({"a"});
  partial.properties = {{"partial_update", "true"}};
  EXPECT_EQ(result(encoding, partial),
            "1\nbatch[sequence=7].columns: lacks the key column 'id', which partial_update needs");
  encoding.schema->complete = false;
  EXPECT_EQ(result(encoding, partial), "ok") << "what the schema does not tell is not judged";
}

TEST(LaneTest, BitmapAndHllNeedAnExpression) {
  Encoding encoding;
  encoding.schema = schema_of(KeyModel::kAggregate, {"id int", "users bitmap", "visits hll"});
  EXPECT_TRUE(result(encoding, rows_of({"id", "users"})).find("to_bitmap(value)") != std::string::npos);
  EXPECT_TRUE(result(encoding, rows_of({"id", "visits"})).find("hll_hash(value)") != std::string::npos);
}

TEST(LaneTest, ExpressionsAreOneEach) {
  const auto with = [](const std::string& expression) {
    auto batch = rows_of({"id", "tmp"});
    batch.expressions = {expression, "b=tmp"};
    return result(primary(), batch);
  };
  EXPECT_EQ(with("a=tmp"), "ok");
  EXPECT_EQ(with("`a` = concat(',', ')', `tmp`, \"b=1, c\")"), "ok");
  for (const char* bad : {"a", "=tmp", "a=", "a=tmp,b=1", "a=f(tmp", "a=f(tmp))", "a='tmp", "a=tmp --", "a=tmp /* x",
                          "a=tmp; b", "a=tmp # x", "a b=tmp", "a.b=tmp", "``=tmp", "a=f(tmp]", "a=tmp\nX: y", "a=`tmp"}) {
    EXPECT_TRUE(with(bad).starts_with("1\nbatch[sequence=7].column_expressions[0]: ")) << bad << with(bad);
  }
  EXPECT_TRUE(with("nope=tmp").find("no column of the table") != std::string::npos);
  EXPECT_TRUE(with("id=tmp").find("another value already") != std::string::npos);
  EXPECT_TRUE(with("__op='delete'").find("encoded formats") != std::string::npos);
  auto literal = rows_of({"id", "tmp"});
  literal.expressions = {"a=concat('tmp', \"tmp\", xtmp, tmp2)"};
  EXPECT_TRUE(result(primary(), literal).find("no input of an expression") != std::string::npos)
      << "a name inside a literal or another name is no input";
  auto twice = rows_of({"id", "tmp"});
  twice.expressions = {"a=tmp", "A=tmp"};
  EXPECT_TRUE(result(primary(), twice).starts_with("1\nbatch[sequence=7].column_expressions[1]: "));
}

TEST(LaneTest, OpInEncodedColumnsNeedsAPrimaryKeyTable) {
  auto batch = encoded(2, "1\t0\n", 1);
  batch.columns = {"id", "__op"};
  EXPECT_EQ(result(primary(), batch), "ok");
  Encoding other = primary();
  other.schema->key_model = KeyModel::kUnique;
  EXPECT_TRUE(result(other, batch).starts_with("17\n"));
  other.schema.reset();
  EXPECT_TRUE(result(other, batch).starts_with("17\n"));
  other.options.key_model = KeyModel::kPrimary;
  EXPECT_EQ(result(other, batch), "ok");
}

TEST(LaneTest, JoinedPayloads) {
  const SliceList a = wire::whole("1\n");
  const SliceList b = wire::whole("2\n");
  const SliceList none;
  EXPECT_EQ(join_payloads(PayloadKind::kCsv, {&a, &none, &b}).to_string(), "1\n2\n");
  EXPECT_EQ(join_payloads(PayloadKind::kNdjson, {&a, &b}).to_string(), "1\n2\n");
  EXPECT_EQ(join_payloads(PayloadKind::kJsonArray, {&none, &a, &b}).to_string(), "[1\n,2\n]");
  EXPECT_TRUE(join_payloads(PayloadKind::kJsonArray, {&none}).empty());
  EXPECT_TRUE(join_payloads(PayloadKind::kCsv, {}).empty());
  EXPECT_EQ(join_payloads(PayloadKind::kCsv, {&a}).slices()[0].view().data(), a.slices()[0].view().data());
}

TEST(LaneTest, CountsOfEncodedPayloads) {
  EXPECT_EQ(result(primary(), encoded(2, "1\n2\n", 3)), "2\nbatch[sequence=7].row_count: is 3, but data has 2 rows");
  EXPECT_EQ(result(primary(), encoded(3, "{}\n{}\n", 1)), "2\nbatch[sequence=7].row_count: is 1, but data has 2 rows");
  EXPECT_EQ(result(primary(), encoded(4, "[{}]", 2)), "2\nbatch[sequence=7].row_count: is 2, but data has 1 rows");
  EXPECT_EQ(result(primary(), encoded(4, "[]", 1)), "2\nbatch[sequence=7].row_count: is 1, but data has 0 rows");
  EXPECT_TRUE(result(primary(), encoded(2, "1", 1)).starts_with("2\nbatch[sequence=7].data: does not end with"));
  EXPECT_TRUE(result(primary(), encoded(3, "{]\n", 1)).starts_with("2\nbatch[sequence=7].data: is not what"));
}

TEST(LaneTest, EnclosedCsvIsCountedAsStarRocksDoes) {
  auto batch = encoded(2, "1,\"a\nb\"\n", 1);
  batch.properties = {{"column_separator", ","}, {"enclose", "\""}};
  EXPECT_EQ(result(primary(), batch), "ok");
  batch.properties.erase("enclose");
  EXPECT_TRUE(result(primary(), batch).starts_with("2\n"));
}

}  // namespace
}  // namespace loadstar::ingest
