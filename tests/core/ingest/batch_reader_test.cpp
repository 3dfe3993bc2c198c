#include "core/ingest/batch_reader.hpp"

#include "core/base/random.hpp"
#include "tests/core/ingest/support/wire_builder.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <string>
#include <vector>

namespace loadstar::ingest {
namespace {

wire::BatchFields csv_batch() {
  wire::BatchFields batch;
  batch.sequence = 17;
  batch.checkpoint_id = 300;
  batch.table = "score_board";
  batch.columns = {"id", "n\xC3\xA4me"};
  batch.row_count = 2;
  batch.format = 2;
  batch.properties = {{"column_separator", ","}, {"where", "id > 0"}};
  batch.expressions = {"total=id+1"};
  batch.data = "1,one\n2,two\n";
  return batch;
}

wire::BatchFields typed_batch() {
  wire::BatchFields batch;
  batch.sequence = 5;
  batch.columns = {"id", "name"};
  batch.row_count = 2;
  batch.format = 1;
  batch.rows = {wire::row({wire::int_value(1), wire::string_value("one")}),
                wire::row({wire::int_value(2), wire::null_value()}, wire::kDelete)};
  return batch;
}

void expect_equal(const Batch& batch, const wire::BatchFields& sent) {
  EXPECT_EQ(batch.sequence, sent.sequence);
  EXPECT_EQ(batch.checkpoint_id, sent.checkpoint_id);
  EXPECT_EQ(batch.table, sent.table);
  EXPECT_EQ(batch.columns, sent.columns);
  EXPECT_EQ(batch.row_count, sent.row_count);
  EXPECT_EQ(static_cast<std::uint32_t>(batch.format), sent.format);
  EXPECT_EQ(batch.properties, sent.properties);
  EXPECT_EQ(batch.column_expressions, sent.expressions);
  EXPECT_EQ(batch.data.to_string(), sent.data);
  ASSERT_EQ(batch.rows.size(), sent.rows.size());
  for (std::size_t i = 0; i < sent.rows.size(); ++i) EXPECT_EQ(batch.rows[i], sent.rows[i]);
}

/// The one violation of a refused message: "path: description".
std::string refused(const std::string& message, const IngestLimits& limits = {},
                    Reason reason = Reason::kBadRequest) {
  const auto answer = read_batch(wire::whole(message), limits);
  if (answer.ok()) return "accepted";
  EXPECT_EQ(answer.refusal().reason, reason);
  const auto& violations = answer.refusal().violations;
  EXPECT_FALSE(violations.empty());
  return violations.empty() ? "" : violations[0].field + ": " + violations[0].description;
}

TEST(BatchReaderTest, EveryCutGivesTheSameBatch) {
  for (const auto& sent : {csv_batch(), typed_batch()}) {
    const std::string message = sent.message();
    for (std::size_t at = 0; at <= message.size(); ++at) {
      SCOPED_TRACE(at);
      const auto answer = read_batch(wire::cut(message, at), {});
      ASSERT_TRUE(answer.ok()) << answer.refusal().message;
      expect_equal(answer.value(), sent);
      EXPECT_EQ(answer.value().message_bytes, message.size());
    }
    const auto bytewise = read_batch(wire::pieces(message, 1), {});
    ASSERT_TRUE(bytewise.ok());
    expect_equal(bytewise.value(), sent);
  }
}

TEST(BatchReaderTest, EveryTruncationIsRefused) {
  for (const auto& sent : {csv_batch(), typed_batch()}) {
    const std::string message = sent.message();
    for (std::size_t size = 0; size < message.size(); ++size) {
      for (const std::size_t piece : {message.size(), std::size_t{1}}) {
        const auto answer = read_batch(wire::pieces(message.substr(0, size), piece), {});
        EXPECT_FALSE(answer.ok()) << size;
      }
    }
  }
}

TEST(BatchReaderTest, FieldsComeInAnyOrder) {
  Random random(1);
  for (int round = 0; round < 200; ++round) {
    const auto sent = round % 2 == 0 ? csv_batch() : typed_batch();
    std::vector<std::string> fields = sent.fields();
    // Entries of repeated fields keep their order among themselves, so only the first are moved.
    std::vector<std::string> single;
    for (std::size_t i = 0; i < fields.size(); ++i) {
      const std::size_t to = random.below(single.size() + 1);
      const bool repeated = fields[i][0] == '\x22' || fields[i][0] == '\x3a';
      single.insert(repeated ? single.end() : single.begin() + static_cast<std::ptrdiff_t>(to),
                    fields[i]);
    }
    const std::string content = std::accumulate(single.begin(), single.end(), std::string());
    const auto answer = read_batch(wire::whole(wire::bytes(2, content)), {});
    ASSERT_TRUE(answer.ok()) << answer.refusal().message;
    expect_equal(answer.value(), sent);
  }
}

TEST(BatchReaderTest, DataIsNotCopied) {
  const std::string message = csv_batch().message();
  const SliceList slices = wire::cut(message, message.size() - 5);
  const auto answer = read_batch(slices, {});
  ASSERT_TRUE(answer.ok());
  const auto& data = answer.value().data.slices();
  ASSERT_EQ(data.size(), 2U);
  EXPECT_EQ(data[1].view().data(), slices.slices()[1].view().data());
  EXPECT_EQ(data[0].view().data() + data[0].size(),
            slices.slices()[0].view().data() + slices.slices()[0].size());
}

TEST(BatchReaderTest, RowsAreCopiedOnlyIfTheySpanSlices) {
  const auto sent = typed_batch();
  const std::string message = sent.message();
  const SliceList slices = wire::cut(message, message.size() - 3);
  const auto answer = read_batch(slices, {});
  ASSERT_TRUE(answer.ok());
  const std::string_view first = slices.slices()[0].view();
  const auto& rows = answer.value().rows;
  EXPECT_TRUE(rows[0].data() > first.data() && rows[0].data() < first.data() + first.size());
  EXPECT_FALSE(rows[1].data() > first.data() && rows[1].data() < first.data() + first.size());
  EXPECT_EQ(rows[1], sent.rows[1]);
}

TEST(BatchReaderTest, TheLastScalarCountsAndUnknownFieldsAreSkipped) {
  auto sent = csv_batch();
  std::string content;
  for (const std::string& field : sent.fields()) content += field;
  content += wire::number(1, 18) + wire::bytes(3, "other") + wire::bytes(15, "3,x\n");
  content += wire::number(100, 7) + wire::bytes(101, "unknown") + wire::fixed64(102, 1.5) +
             std::string("\xb5\x06zzzz");  // field 102, fixed32
  content += wire::bytes(1, "sequence with another wire type is an unknown field");
  content += wire::bytes(8, wire::bytes(1, "where") + wire::bytes(2, "id > 9"));
  sent.sequence = 18;
  sent.table = "other";
  sent.data = "3,x\n";
  sent.properties["where"] = "id > 9";
  const auto answer = read_batch(wire::whole(wire::bytes(2, content)), {});
  ASSERT_TRUE(answer.ok()) << answer.refusal().message;
  expect_equal(answer.value(), sent);
}

TEST(BatchReaderTest, ARepeatedMessageIsMergedAndALaterOpenReplacesIt) {
  const std::string head = wire::bytes(2, wire::bytes(3, "t") + wire::number(5, 1));
  const std::string tail = wire::bytes(2, wire::number(6, 2) + wire::bytes(15, "1\n"));
  const auto merged = read_batch(wire::whole(head + tail), {});
  ASSERT_TRUE(merged.ok()) << merged.refusal().message;
  EXPECT_EQ(merged.value().table, "t");
  EXPECT_EQ(merged.value().data.to_string(), "1\n");
  EXPECT_NE(refused(head + tail + wire::bytes(1, "")), "accepted");
  EXPECT_NE(refused(head + wire::bytes(1, "") + tail), "accepted") << "the open forgets the head";
}

TEST(BatchReaderTest, GroupsAndBadTagsAreRefused) {
  for (const std::string& tail :
       {std::string("\x0b\x0c"), std::string("\x0c"), std::string("\x0e"), std::string("\x0f"),
        std::string("\x00", 1), std::string("\x02\x00", 2), std::string(11, '\xff'),
        wire::varint(0xFFFF'FFFF'FFFF'FFFFU)}) {
    std::string content;
    for (const std::string& field : csv_batch().fields()) content += field;
    EXPECT_NE(refused(wire::bytes(2, content + tail)), "accepted") << testing::PrintToString(tail);
  }
}

TEST(BatchReaderTest, LyingLengthsAreRefused) {
  for (const std::uint64_t length :
       {std::uint64_t{100}, std::uint64_t{1} << 31, std::uint64_t{1} << 32, std::uint64_t{1} << 63,
        ~std::uint64_t{0}}) {
    for (const std::uint32_t field : {3U, 4U, 7U, 8U, 9U, 15U, 99U}) {
      const std::string lie =
          wire::varint((std::uint64_t{field} << 3U) | 2U) + wire::varint(length) + "abc";
      EXPECT_NE(refused(wire::bytes(2, lie)), "accepted");
      EXPECT_NE(refused(wire::bytes(2, wire::bytes(8, lie))), "accepted");
      EXPECT_NE(refused(lie), "accepted");
    }
  }
  // A nested length that would reach into what follows its parent.
  const std::string inner = wire::varint((std::uint64_t{3} << 3U) | 2U) + wire::varint(5) + "ab";
  EXPECT_NE(refused(wire::bytes(2, inner) + "cde"), "accepted");
}

TEST(BatchReaderTest, EachRequiredFieldIsAskedFor) {
  auto batch = csv_batch();
  batch.table.clear();
  EXPECT_EQ(refused(batch.message()), "batch[sequence=17].table: is missing");
  batch = csv_batch();
  batch.row_count = 0;
  EXPECT_TRUE(refused(batch.message()).starts_with("batch[sequence=17].row_count: is missing"));
  batch = csv_batch();
  batch.format = 0;
  EXPECT_TRUE(refused(batch.message()).starts_with("batch[sequence=17].format: is missing"));
  batch = csv_batch();
  batch.data.clear();
  EXPECT_TRUE(refused(batch.message()).starts_with("batch[sequence=17].data: is missing"));
  batch = csv_batch();
  batch.columns.clear();
  EXPECT_EQ(refused(batch.message()), "batch[sequence=17].column_expressions: needs columns");
  batch = csv_batch();
  batch.rows = typed_batch().rows;
  EXPECT_TRUE(refused(batch.message()).starts_with("batch[sequence=17].rows: must be empty"));
  batch = typed_batch();
  batch.data = "x\n";
  EXPECT_TRUE(refused(batch.message()).starts_with("batch[sequence=5].data: must be empty"));
  batch = typed_batch();
  batch.columns.clear();
  batch.sequence = 0;
  EXPECT_TRUE(refused(batch.message()).starts_with("batch.columns: is missing"));
  batch = typed_batch();
  batch.rows.clear();
  EXPECT_TRUE(refused(batch.message()).starts_with("batch[sequence=5].rows: is missing"));
  EXPECT_TRUE(refused("").starts_with("batch: is missing"));
  EXPECT_TRUE(refused(wire::bytes(1, "x")).starts_with("batch: is missing"));
}

TEST(BatchReaderTest, FormatsOfLaterVersionsAreRefusedAsSuch) {
  for (const std::uint32_t format : {5U, 6U, 1000U, 0xFFFF'FFFFU}) {
    auto batch = csv_batch();
    batch.format = format;
    EXPECT_TRUE(refused(batch.message(), {}, Reason::kFormatUnsupported).find(".format: ") !=
                std::string::npos);
  }
}

TEST(BatchReaderTest, StringsAreUtf8) {
  auto batch = csv_batch();
  batch.table = "t\xFF";
  EXPECT_EQ(refused(batch.message()), "batch[sequence=17].table: is not valid UTF-8");
  batch = csv_batch();
  batch.columns[1] = "\xC0\x80";
  EXPECT_EQ(refused(batch.message()), "batch[sequence=17].columns[1]: is not valid UTF-8");
  batch = csv_batch();
  batch.properties["where"] = "\xED\xA0\x80";
  EXPECT_EQ(refused(batch.message()), "batch[sequence=17].properties: is not valid UTF-8");
  batch = csv_batch();
  batch.expressions[0] = "a=\xF5";
  EXPECT_EQ(refused(batch.message()),
            "batch[sequence=17].column_expressions[0]: is not valid UTF-8");
}

TEST(BatchReaderTest, LimitsHold) {
  IngestLimits limits;
  limits.max_batch_rows = 3;
  auto batch = typed_batch();
  batch.rows.assign(4, wire::row({wire::int_value(1), wire::null_value()}));
  EXPECT_TRUE(
      refused(batch.message(), limits).starts_with("batch[sequence=5].rows: has more than 3"));
  auto csv = csv_batch();
  csv.row_count = 4;
  EXPECT_TRUE(
      refused(csv.message(), limits).starts_with("batch[sequence=17].row_count: 4 is above 3"));
  limits = IngestLimits();
  limits.max_message = Bytes{csv_batch().message().size()};
  EXPECT_TRUE(read_batch(wire::whole(csv_batch().message()), limits).ok());
  limits.max_message.value -= 1;
  refused(csv_batch().message(), limits, Reason::kMessageTooLarge);
}

TEST(BatchReaderTest, FloodsAreCutOff) {
  std::string rows;  // many empty rows in few bytes (T19)
  for (int i = 0; i < 1'500'000; ++i) rows.append("\x3a\x00", 2);
  EXPECT_NE(refused(wire::bytes(2, rows)).find("rows: has more than"), std::string::npos);
  std::string columns;
  for (int i = 0; i < 5'000; ++i) columns += wire::bytes(4, "c");
  EXPECT_NE(refused(wire::bytes(2, columns)).find("columns: has more than"), std::string::npos);
  const std::string longest = wire::bytes(4, std::string(1025, 'c'));
  EXPECT_NE(refused(wire::bytes(2, longest)).find("columns[0]: is 1025 bytes long"),
            std::string::npos);
  auto batch = csv_batch();
  for (int i = 0; i < 65; ++i) batch.properties["p" + std::to_string(i)] = "x";
  EXPECT_NE(refused(batch.message()).find("properties: has more than"), std::string::npos);
  std::string deep;  // 10 k nested messages in an unknown field are just bytes (T19)
  for (int i = 0; i < 10'000; ++i) deep = wire::bytes(77, deep);
  std::string content;
  for (const std::string& field : csv_batch().fields()) content += field;
  EXPECT_TRUE(read_batch(wire::whole(wire::bytes(2, content + deep)), {}).ok());
}

TEST(RequestKindTest, LooksAtTheFirstField) {
  EXPECT_EQ(request_kind(wire::whole(csv_batch().message())), RequestKind::kBatch);
  EXPECT_EQ(request_kind(wire::pieces(csv_batch().message(), 1)), RequestKind::kBatch);
  EXPECT_EQ(request_kind(wire::whole(wire::bytes(1, ""))), RequestKind::kOpen);
  EXPECT_EQ(request_kind(wire::whole("")), RequestKind::kNone);
  EXPECT_EQ(request_kind(wire::whole("\x0a")), RequestKind::kNone);
  EXPECT_EQ(request_kind(wire::whole("\x0a\x05")), RequestKind::kNone);
  EXPECT_EQ(request_kind(wire::whole(wire::number(2, 3))), RequestKind::kNone);
  EXPECT_EQ(request_kind(wire::whole(wire::bytes(3, ""))), RequestKind::kNone);
}

}  // namespace
}  // namespace loadstar::ingest
