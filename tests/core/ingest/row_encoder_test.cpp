#include "core/ingest/row_encoder.hpp"

#include "tests/core/ingest/support/encoding.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace loadstar::ingest {
namespace {

Encoding table(KeyModel model) {
  Encoding encoding;
  encoding.schema = schema_of(model, {"id int not null", "v varchar(9) not null"});
  return encoding;
}

std::string row(int id, const char* value, std::uint64_t op) {
  return wire::row(
      {wire::int_value(id), value == nullptr ? wire::null_value() : wire::string_value(value)}, op);
}

/// An insert, an update (old and new image) and a delete.
wire::BatchFields changes() {
  return typed({"id", "v"}, {row(1, "a", 0), row(2, "old", wire::kUpdateBefore),
                             row(2, "new", wire::kUpsert), row(3, "b", wire::kDelete)});
}

TEST(RowEncoderTest, PrimaryKeyTablesGetOps) {
  const auto answer = table(KeyModel::kPrimary).encode(changes());
  ASSERT_TRUE(answer.ok()) << shown(answer.refusal());
  EXPECT_EQ(answer.value().payload.to_string(),
            "1\x01"
            "a\x01"
            "0\x02"
            "2\x01new\x01"
            "0\x02"
            "3\x01"
            "b\x01"
            "1\x02");
  EXPECT_EQ(answer.value().rows, 3U);
  EXPECT_EQ(answer.value().row_count, 4U);
  EXPECT_EQ(header(*answer.value().lane, "columns"), "`id`,`v`,__op");
}

TEST(RowEncoderTest, OpsInJsonAreWrittenForEveryRow) {
  Encoding encoding = table(KeyModel::kPrimary);
  encoding.options.format = RowFormat::kJson;
  EXPECT_EQ(encoding.encode(changes()).value().payload.to_string(),
            R"({"id":1,"v":"a","__op":0},{"id":2,"v":"new","__op":0},{"id":3,"v":"b","__op":1})");
}

TEST(RowEncoderTest, OldImagesDeleteIfTheTableSaysSo) {
  Encoding encoding = table(KeyModel::kPrimary);
  encoding.options.ignore_update_before = false;
  const auto answer = encoding.encode(changes());
  EXPECT_EQ(answer.value().payload.to_string(),
            "1\x01"
            "a\x01"
            "0\x02"
            "2\x01old\x01"
            "1\x02"
            "2\x01new\x01"
            "0\x02"
            "3\x01"
            "b\x01"
            "1\x02");
  EXPECT_EQ(answer.value().rows, 4U);
}

TEST(RowEncoderTest, DeletesAndUpsertsShareALane) {
  const Encoding encoding = table(KeyModel::kPrimary);
  const auto upserts = encoding.encode(typed({"id", "v"}, {row(1, "a", 0)}));
  EXPECT_EQ(upserts.value().lane->key, encoding.encode(changes()).value().lane->key);
}

TEST(RowEncoderTest, OtherKeyModelsRefuseDeletes) {
  for (const KeyModel model : {KeyModel::kDuplicate, KeyModel::kUnique, KeyModel::kAggregate}) {
    EXPECT_EQ(shown(table(model).encode(changes()).refusal()),
              "17\nbatch[sequence=7].rows[3].op: takes a row away, but the table is no primary key "
              "table");
  }
  Encoding unknown = table(KeyModel::kUnknown);
  EXPECT_TRUE(shown(unknown.encode(changes()).refusal()).find("key model is not known") !=
              std::string::npos);
  unknown.options.key_model = KeyModel::kPrimary;
  EXPECT_TRUE(unknown.encode(changes()).ok())
      << "the configuration may say it where StarRocks does not";
  unknown.schema->key_model = KeyModel::kDuplicate;
  EXPECT_FALSE(unknown.encode(changes()).ok()) << "what StarRocks says counts";
}

TEST(RowEncoderTest, OldImagesAreSkippedOnOtherKeyModels) {
  const auto batch = typed({"id", "v"}, {row(1, "a", 0), row(2, "old", wire::kUpdateBefore)});
  Encoding encoding = table(KeyModel::kDuplicate);
  const auto answer = encoding.encode(batch);
  EXPECT_EQ(answer.value().payload.to_string(),
            "1\x01"
            "a\x02");
  EXPECT_EQ(header(*answer.value().lane, "columns"), "`id`,`v`");
  encoding.options.ignore_update_before = false;
  EXPECT_EQ(encoding.encode(batch).refusal().reason, Reason::kUnsupportedCombination);
}

TEST(RowEncoderTest, SkippedRowsMayHoldAnythingWellFormed) {
  const Encoding encoding = table(KeyModel::kPrimary);
  const auto nulls = encoding.encode(typed({"id", "v"}, {row(1, nullptr, wire::kUpdateBefore)}));
  ASSERT_TRUE(nulls.ok());
  EXPECT_EQ(nulls.value().rows, 0U);
  EXPECT_TRUE(nulls.value().payload.empty());
  EXPECT_FALSE(
      encoding
          .encode(typed({"id", "v"}, {wire::row({wire::int_value(1), ""}, wire::kUpdateBefore)}))
          .ok());
  EXPECT_FALSE(
      encoding.encode(typed({"id", "v"}, {wire::row({wire::int_value(1)}, wire::kUpdateBefore)}))
          .ok());
  const auto both =
      encoding.encode(typed({"id", "v"}, {row(1, "\\N", wire::kUpdateBefore), row(1, "a", 0),
                                          row(2, "\x01", wire::kUpdateBefore)}));
  EXPECT_EQ(both.value().payload.to_string(),
            "1\x01"
            "a\x01"
            "0\x02")
      << "no fall back to JSON for skipped rows";
}

TEST(RowEncoderTest, DeletesNeedTheirKeyOnly) {
  Encoding encoding = table(KeyModel::kPrimary);
  EXPECT_EQ(encoding.encode(typed({"id", "v"}, {row(1, nullptr, wire::kDelete)}))
                .value()
                .payload.to_string(),
            "1\x01-\x01"
            "1\x02");
  encoding.options.format = RowFormat::kJson;
  EXPECT_EQ(encoding.encode(typed({"id", "v"}, {row(1, nullptr, wire::kDelete)}))
                .value()
                .payload.to_string(),
            R"({"id":1,"v":"-","__op":1})");
  EXPECT_FALSE(encoding.encode(typed({"id", "v"}, {row(1, nullptr, wire::kUpsert)})).ok());
  const std::string no_key =
      wire::row({wire::null_value(), wire::string_value("a")}, wire::kDelete);
  EXPECT_FALSE(encoding.encode(typed({"id", "v"}, {no_key})).ok());
}

TEST(RowEncoderTest, TheOpMayStandBeforeTheValues) {
  const std::string early = wire::number(2, wire::kDelete) + row(3, "b", 0);
  EXPECT_EQ(
      table(KeyModel::kPrimary).encode(typed({"id", "v"}, {early})).value().payload.to_string(),
      "3\x01"
      "b\x01"
      "1\x02");
  const std::string twice = row(3, "b", wire::kDelete) + wire::number(2, wire::kUpsert);
  EXPECT_EQ(
      table(KeyModel::kPrimary).encode(typed({"id", "v"}, {twice})).value().payload.to_string(),
      "3\x01"
      "b\x01"
      "0\x02");
}

TEST(RowEncoderTest, ARowThatWouldBeBlankGoesAsJson) {
  Encoding encoding;
  encoding.schema = schema_of(KeyModel::kDuplicate, {"v varchar(9)"});
  const auto batch = typed({"v"}, {wire::row({wire::string_value("")})});
  EXPECT_EQ(encoding.encode(batch).value().payload.to_string(), R"({"v":""})");
  encoding.options.format = RowFormat::kCsv;
  EXPECT_FALSE(encoding.encode(batch).ok());
  encoding.schema->key_model = KeyModel::kPrimary;
  EXPECT_EQ(encoding.encode(batch).value().payload.to_string(),
            "\x01"
            "0\x02")
      << "__op keeps it from being blank";
}

TEST(RowEncoderTest, ArityAndDamageAreNamedByRow) {
  Encoding encoding;
  encoding.schema = schema_of(KeyModel::kDuplicate, {"a int", "b int"});
  const std::string one = wire::int_value(1);
  const auto answer = encoding.encode(
      typed({"a", "b"}, {wire::row({one, one}), wire::row({one}), wire::row({one, one, one}),
                         "\x0a", wire::row({one, one}, 9)}));
  EXPECT_EQ(shown(answer.refusal()),
            "1\nbatch[sequence=7].rows[1].values: has 1 values, but columns has 2 names"
            "\nbatch[sequence=7].rows[2].values: has 3 values, but columns has 2 names"
            "\nbatch[sequence=7].rows[3]: is no loadstar.v1.Row: damaged"
            "\nbatch[sequence=7].rows[4].op: is 9, which this version does not know");
}

TEST(RowEncoderTest, TenViolationsAtMost) {
  Encoding encoding;
  encoding.schema = schema_of(KeyModel::kDuplicate, {"a tinyint", "b tinyint"});
  std::vector<std::string> rows(20, wire::row({wire::int_value(500), wire::int_value(1)}));
  const auto answer = encoding.encode(typed({"a", "b"}, rows));
  ASSERT_EQ(answer.refusal().violations.size(), 10U);
  EXPECT_EQ(answer.refusal().violations[9].field, "batch[sequence=7].rows[9].values[0]");
}

}  // namespace
}  // namespace loadstar::ingest
