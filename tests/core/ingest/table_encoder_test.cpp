#include "core/ingest/table_encoder.hpp"

#include "tests/core/ingest/support/encoding.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

namespace loadstar::ingest {
namespace {

using std::string_literals::operator""s;

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

TEST(TableEncoderTest, AutoFallsBackToJsonForTheWholeBatch) {
  Encoding encoding;
  encoding.schema = schema_of(KeyModel::kDuplicate, {"id int", "v varchar(9)"});
  const auto rows = [](const std::string& value) {
    return typed({"id", "v"}, {wire::row({wire::int_value(1), wire::string_value("plain")}),
                               wire::row({wire::int_value(2), wire::string_value(value)})});
  };
  const auto plain = encoding.encode(rows("x"));
  EXPECT_EQ(plain.value().lane->kind, PayloadKind::kCsv);
  EXPECT_EQ(plain.value().payload.to_string(),
            "1\x01plain\x02"
            "2\x01x\x02");
  for (const std::string& value : {"a\x01"s, "\x02"s, "\\N"s}) {
    encoding.options.format = RowFormat::kAuto;
    const auto answer = encoding.encode(rows(value));
    ASSERT_TRUE(answer.ok());
    EXPECT_EQ(answer.value().lane->kind, PayloadKind::kJsonArray);
    EXPECT_EQ(answer.value().rows, 2U);
    EXPECT_TRUE(
        answer.value().payload.to_string().starts_with(R"({"id":1,"v":"plain"},{"id":2,"v":")"));
    EXPECT_NE(answer.value().lane->key, plain.value().lane->key);
    encoding.options.format = RowFormat::kCsv;
    EXPECT_TRUE(shown(encoding.encode(rows(value)).refusal())
                    .starts_with("1\nbatch[sequence=7].rows[1].values[1]: "));
  }
}

TEST(TableEncoderTest, WrongRowCountIsBadPayload) {
  Encoding encoding;
  auto batch = typed({"a"}, {wire::row({wire::int_value(1)})});
  batch.row_count = 2;
  EXPECT_EQ(shown(encoding.encode(batch).refusal()),
            "2\nbatch[sequence=7].row_count: is 2, but the batch has 1 rows");
}

TEST(TableEncoderTest, KeysAreEqualExactlyIfLanesAre) {
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
  EXPECT_TRUE(keys.contains(lane(encoding, rows_of({"id"})).key))
      << "delivery is not part of the load";
  encoding.exactly_once = false;
  encoding.options.protocol = Protocol::kStreamLoad;
  EXPECT_FALSE(keys.contains(lane(encoding, rows_of({"id"})).key));
  EXPECT_EQ(lane(primary(), rows_of({"ID", "A"})).key, lane(primary(), rows_of({"id", "a"})).key);
}

TEST(TableEncoderTest, OneEncoderGivesTheSameLaneAgain) {
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

TEST(TableEncoderTest, CountsOfEncodedPayloads) {
  EXPECT_EQ(result(primary(), encoded(2, "1\n2\n", 3)),
            "2\nbatch[sequence=7].row_count: is 3, but data has 2 rows");
  EXPECT_EQ(result(primary(), encoded(3, "{}\n{}\n", 1)),
            "2\nbatch[sequence=7].row_count: is 1, but data has 2 rows");
  EXPECT_EQ(result(primary(), encoded(4, "[{}]", 2)),
            "2\nbatch[sequence=7].row_count: is 2, but data has 1 rows");
  EXPECT_EQ(result(primary(), encoded(4, "[]", 1)),
            "2\nbatch[sequence=7].row_count: is 1, but data has 0 rows");
  EXPECT_TRUE(result(primary(), encoded(2, "1", 1))
                  .starts_with("2\nbatch[sequence=7].data: does not end with"));
  EXPECT_TRUE(result(primary(), encoded(3, "{]\n", 1))
                  .starts_with("2\nbatch[sequence=7].data: is not what"));
}

TEST(TableEncoderTest, EnclosedCsvIsCountedAsStarRocksDoes) {
  auto batch = encoded(2, "1,\"a\nb\"\n", 1);
  batch.properties = {{"column_separator", ","}, {"enclose", "\""}};
  EXPECT_EQ(result(primary(), batch), "ok");
  batch.properties.erase("enclose");
  EXPECT_TRUE(result(primary(), batch).starts_with("2\n"));
}

// A small message must not become gigabytes: JSON repeats the names in every row.
TEST(TableEncoderTest, NamesThatWouldTakeTooMuchInJsonAreRefused) {
  const std::string name(1000, 'n');
  Encoding encoding;
  encoding.schema = schema_of(KeyModel::kDuplicate, {name + " int"});
  encoding.options.format = RowFormat::kJson;
  const auto batch = [&](std::size_t rows) {
    return typed({name}, std::vector<std::string>(rows, wire::row({wire::int_value(1)})));
  };
  EXPECT_EQ(result(encoding, batch(1'000)), "ok");
  const auto refused = encoding.encode(batch(68'000));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.refusal().reason, Reason::kMessageTooLarge);
}

// A control character takes six bytes in JSON.
TEST(TableEncoderTest, TextsThatWouldGrowTooMuchInJsonAreRefused) {
  Encoding encoding;
  encoding.schema = schema_of(KeyModel::kDuplicate, {"s varchar(1048576)"});
  const auto batch = [&](char fill, std::size_t rows) {
    const auto value = wire::string_value(std::string(1'000'000, fill));
    return typed({"s"}, std::vector<std::string>(rows, wire::row({value})));
  };
  EXPECT_EQ(result(encoding, batch('\x01', 13)), "ok");
  EXPECT_EQ(result(encoding, batch('x', 20)), "ok");
  const auto refused = encoding.encode(batch('\x01', 14));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.refusal().reason, Reason::kMessageTooLarge);
  EXPECT_EQ(refused.refusal().violations.at(0).field, "batch[sequence=7].rows[13]");
}

}  // namespace
}  // namespace loadstar::ingest
