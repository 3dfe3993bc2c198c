// The wire reader against messages that the real protobuf library wrote.

#include "loadstar/v1/ingest_service.pb.h"
#include "tests/core/ingest/support/encoding.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace loadstar::ingest {
namespace {

v1::WriteRequest csv_request() {
  v1::WriteRequest request;
  v1::Batch& batch = *request.mutable_batch();
  batch.set_sequence(18'446'744'073'709'551'615U);
  batch.set_checkpoint_id(300);
  batch.set_table("score_board");
  batch.add_columns("id");
  batch.add_columns("\xE5\x90\x8D");
  batch.set_row_count(2);
  batch.set_format(v1::FORMAT_CSV);
  (*batch.mutable_properties())["where"] = "id > 0";
  (*batch.mutable_properties())["column_separator"] = ",";
  (*batch.mutable_properties())["timezone"] = "";
  batch.add_column_expressions("a=id");
  batch.set_data("1,x\n2,y\n");
  return request;
}

TEST(ProtoReaderTest, HeadFieldsAgree) {
  const v1::WriteRequest request = csv_request();
  const std::string message = request.SerializeAsString();
  EXPECT_EQ(request_kind(wire::whole(message)), RequestKind::kBatch);
  for (std::size_t cut = 0; cut <= message.size(); ++cut) {
    const auto answer = read_batch(wire::cut(message, cut), {});
    ASSERT_TRUE(answer.ok()) << answer.refusal().message;
    const Batch& batch = answer.value();
    EXPECT_EQ(batch.sequence, request.batch().sequence());
    EXPECT_EQ(batch.checkpoint_id, request.batch().checkpoint_id());
    EXPECT_EQ(batch.table, request.batch().table());
    EXPECT_TRUE(std::equal(batch.columns.begin(), batch.columns.end(),
                           request.batch().columns().begin(), request.batch().columns().end()));
    EXPECT_EQ(batch.row_count, request.batch().row_count());
    EXPECT_EQ(static_cast<int>(batch.format), static_cast<int>(request.batch().format()));
    EXPECT_EQ(batch.properties.size(), 3U);
    EXPECT_EQ(batch.properties.at("timezone"), "");
    EXPECT_EQ(batch.column_expressions[0], "a=id");
    EXPECT_EQ(batch.data.to_string(), request.batch().data());
  }
}

TEST(ProtoReaderTest, FormatsHaveTheSameNumbers) {
  EXPECT_EQ(static_cast<int>(Format::kTypedRows), v1::FORMAT_TYPED_ROWS);
  EXPECT_EQ(static_cast<int>(Format::kCsv), v1::FORMAT_CSV);
  EXPECT_EQ(static_cast<int>(Format::kNdjson), v1::FORMAT_NDJSON);
  EXPECT_EQ(static_cast<int>(Format::kJsonArray), v1::FORMAT_JSON_ARRAY);
  EXPECT_EQ(static_cast<int>(Format::kArrowIpc), v1::FORMAT_ARROW_IPC);
}

TEST(ProtoReaderTest, OpensAreKnownAsSuch) {
  v1::WriteRequest request;
  request.mutable_open()->set_database("db");
  EXPECT_EQ(request_kind(wire::whole(request.SerializeAsString())), RequestKind::kOpen);
  EXPECT_FALSE(read_batch(wire::whole(request.SerializeAsString()), {}).ok());
  request.mutable_batch();  // a batch whose fields all have their default is two bytes
  EXPECT_EQ(request_kind(wire::whole(request.SerializeAsString())), RequestKind::kBatch);
}

/// A row with every member of Value, as protobuf writes it.
TEST(ProtoReaderTest, EveryMemberOfValueArrives) {
  v1::WriteRequest request;
  v1::Batch& batch = *request.mutable_batch();
  batch.set_table("t");
  batch.set_row_count(1);
  batch.set_format(v1::FORMAT_TYPED_ROWS);
  v1::Row& row = *batch.add_rows();
  row.set_op(v1::ROW_OP_DELETE);
  Encoding encoding;
  std::vector<std::string> columns;
  const auto add = [&](const std::string& type) {
    columns.push_back("c" + std::to_string(columns.size()) + " " + type);
    batch.add_columns("c" + std::to_string(columns.size() - 1));
    return row.add_values();
  };
  add("int")->set_null_value(google::protobuf::NULL_VALUE);
  add("boolean")->set_bool_value(true);
  add("bigint")->set_int_value(INT64_MIN);
  add("double")->set_double_value(-0.1);
  add("varchar(10)")->set_string_value("\xE5\x90\x8D\t");
  add("varbinary(10)")->set_bytes_value(std::string("\x00\xFF", 2));
  add("date")->set_date_value(-1);
  add("datetime")->set_datetime_value(-1);
  v1::Value& list = *add("array<int>");
  list.mutable_list_value()->add_values()->set_int_value(7);
  list.mutable_list_value()->add_values()->set_null_value(google::protobuf::NULL_VALUE);
  v1::MapValue& map = *add("map<varchar(5),int>")->mutable_map_value();
  map.add_keys()->set_string_value("k");
  map.add_values()->set_int_value(1);
  add("datetime")->set_instant_value(1'000'000);
  v1::StructValue& structure = *add("json")->mutable_struct_value();
  structure.add_names("n");
  structure.add_values()->set_bool_value(false);
  encoding.schema = schema_of(KeyModel::kPrimary, columns);
  const std::string message = request.SerializeAsString();
  TableEncoder encoder("db", "t", encoding.options, encoding.schema, encoding.facts);
  const std::string expected =
      "\\N\x01"
      "1\x01-9223372036854775808\x01-0.1\x01\xE5\x90\x8D\t\x01"
      "AP8=\x01"
      "1969-12-31\x01"
      "1969-12-31 23:59:59.999999\x01[7,null]\x01{\"k\":1}\x01"
      "1970-01-01 00:00:01\x01{\"n\":false}\x01"
      "1\x02";
  for (std::size_t cut = 0; cut <= message.size(); ++cut) {
    const auto read = read_batch(wire::cut(message, cut), {});
    ASSERT_TRUE(read.ok()) << read.refusal().message;
    const auto answer = encoder.encode(read.value(), false);
    ASSERT_TRUE(answer.ok()) << shown(answer.refusal());
    ASSERT_EQ(answer.value().payload.to_string(), expected);
  }
}

/// The builder that the other tests use writes what protobuf writes.
TEST(ProtoReaderTest, TheHandWrittenBuilderAgrees) {
  wire::BatchFields fields;
  fields.sequence = 3;
  fields.table = "t";
  fields.columns = {"a"};
  fields.row_count = 1;
  fields.format = 1;
  fields.rows = {wire::row({wire::map_value({wire::int_value(-5)}, {wire::double_value(1.5)})},
                           wire::kDelete)};
  v1::WriteRequest request;
  ASSERT_TRUE(request.ParseFromString(fields.message()));
  EXPECT_EQ(request.SerializeAsString(), fields.message());
  EXPECT_EQ(request.batch().rows(0).values(0).map_value().keys(0).int_value(), -5);
  EXPECT_EQ(request.batch().rows(0).values(0).map_value().values(0).double_value(), 1.5);
  EXPECT_EQ(request.batch().rows(0).op(), v1::ROW_OP_DELETE);
}

}  // namespace
}  // namespace loadstar::ingest
