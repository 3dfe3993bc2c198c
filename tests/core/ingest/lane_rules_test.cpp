#include "core/ingest/lane_rules.hpp"

#include "tests/core/ingest/support/encoding.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace loadstar::ingest {
namespace {

using Properties = std::map<std::string, std::string>;

wire::BatchFields rows_of(const std::vector<std::string>& columns) {
  std::vector<std::string> values(columns.size(), wire::int_value(1));
  return typed(columns, {wire::row(values)});
}

Encoding primary() {
  Encoding encoding;
  encoding.schema = schema_of(KeyModel::kPrimary, {"id int not null", "a int", "b int"});
  return encoding;
}

LaneSpec lane(const Encoding& encoding, const wire::BatchFields& batch) {
  const auto answer = encoding.encode(batch);
  EXPECT_TRUE(answer.ok()) << shown(answer.refusal());
  return answer.ok() ? *answer.value().lane : LaneSpec{};
}

/// What protocol a batch with these properties gets; or the refusal's first violation.
std::string protocol(const Encoding& encoding, const Properties& properties,
                     std::uint32_t format = 2) {
  auto batch = format == 2 ? encoded(2, "1\n", 1) : encoded(format, "{}\n", 1);
  batch.properties = properties;
  const auto answer = encoding.encode(batch);
  if (!answer.ok()) {
    return std::to_string(static_cast<int>(answer.refusal().reason)) + " " +
           answer.refusal().violations[0].field;
  }
  return answer.value().lane->protocol == Protocol::kTransaction ? "transaction" : "stream_load";
}

Encoding with(Protocol protocol_option, bool exactly_once) {
  Encoding encoding;
  encoding.schema = schema_of(KeyModel::kPrimary, {"id int", "score int"});
  encoding.options.protocol = protocol_option;
  encoding.exactly_once = exactly_once;
  return encoding;
}

constexpr Protocol kAuto = Protocol::kAuto;

/// "ok", or the refusal.
std::string verdict(const Encoding& encoding, const wire::BatchFields& batch) {
  const auto answer = encoding.encode(batch);
  return answer.ok() ? "ok" : shown(answer.refusal());
}

TEST(LaneRulesTest, TypedRowsNameTheirOwnColumns) {
  const LaneSpec csv = lane(primary(), rows_of({"B", "id"}));
  const std::vector<std::pair<std::string, std::string>> expected{{"format", "csv"},
                                                                  {"columns", "`b`,`id`,__op"},
                                                                  {"column_separator", "\\x01"},
                                                                  {"row_delimiter", "\\x02"},
                                                                  {"strict_mode", "true"}};
  EXPECT_EQ(csv.headers, expected);
  EXPECT_EQ(csv.kind, PayloadKind::kCsv);
  EXPECT_EQ(csv.protocol, Protocol::kTransaction);
  EXPECT_EQ(csv.database, "db");
  EXPECT_EQ(csv.table, "t");
  Encoding json = primary();
  json.options.format = RowFormat::kJson;
  const std::vector<std::pair<std::string, std::string>> json_headers{{"format", "json"},
                                                                      {"columns", "`id`,__op"},
                                                                      {"strip_outer_array", "true"},
                                                                      {"ignore_json_size", "true"},
                                                                      {"strict_mode", "true"}};
  EXPECT_EQ(lane(json, rows_of({"id"})).headers, json_headers);
}

TEST(LaneRulesTest, EncodedBatchesKeepTheirOwnFormat) {
  auto csv = encoded(2, "1,2\n", 1);
  csv.properties = {{"column_separator", ","}, {"strict_mode", "false"}};
  const std::vector<std::pair<std::string, std::string>> csv_headers{{"format", "csv"},
                                                                     {"column_separator", "\\x2C"},
                                                                     {"row_delimiter", "\\x0A"},
                                                                     {"strict_mode", "false"}};
  EXPECT_EQ(lane(primary(), csv).headers, csv_headers);
  const std::vector<std::pair<std::string, std::string>> ndjson{
      {"format", "json"}, {"ignore_json_size", "true"}, {"strict_mode", "true"}};
  EXPECT_EQ(lane(primary(), encoded(3, "{}\n", 1)).headers, ndjson);
  EXPECT_EQ(lane(primary(), encoded(4, "[{}]", 1)).kind, PayloadKind::kJsonArray);
  EXPECT_EQ(header(lane(primary(), encoded(4, "[{}]", 1)), "strip_outer_array"), "true");
}

TEST(LaneRulesTest, OpInEncodedColumnsNeedsAPrimaryKeyTable) {
  auto batch = encoded(2, "1\t0\n", 1);
  batch.columns = {"id", "__op"};
  EXPECT_EQ(verdict(primary(), batch), "ok");
  Encoding other = primary();
  other.schema->key_model = KeyModel::kUnique;
  EXPECT_TRUE(verdict(other, batch).starts_with("17\n"));
  other.schema.reset();
  EXPECT_TRUE(verdict(other, batch).starts_with("17\n"));
  other.options.key_model = KeyModel::kPrimary;
  EXPECT_EQ(verdict(other, batch), "ok");
}

TEST(LaneRulesTest, OpInEncodedRowsNeedsAPrimaryKeyTable) {
  const std::vector<std::pair<std::uint32_t, std::string>> batches{
      {3, "{\"id\":1}\n{\"id\":2,\"__op\":1}\n"}, {4, "[{\"id\":1},{\"\\u005f_o\\u0070\" : 0}]"}};
  for (const auto& [format, rows] : batches) {
    auto batch = encoded(format, rows, 2);
    EXPECT_EQ(verdict(primary(), batch), "ok");
    for (const KeyModel model : {KeyModel::kDuplicate, KeyModel::kUnique, KeyModel::kAggregate}) {
      Encoding other = primary();
      other.schema->key_model = model;
      EXPECT_EQ(
          verdict(other, batch),
          "17\nbatch[sequence=7].data: has the key __op in row 2, but the table is no primary "
          "key table");
    }
    Encoding unknown;
    EXPECT_EQ(verdict(unknown, batch),
              "17\nbatch[sequence=7].data: has the key __op in row 2, but the table's key model is "
              "not known; set its key_model");
    unknown.options.key_model = KeyModel::kPrimary;
    EXPECT_EQ(verdict(unknown, batch), "ok");
    // Paths choose what is loaded, and keys of the row are not.
    Encoding other = primary();
    other.schema->key_model = KeyModel::kDuplicate;
    batch.properties = {{"jsonpaths", "[\"$.id\"]"}};
    EXPECT_EQ(verdict(other, batch), "ok");
  }
  Encoding other = primary();
  other.schema->key_model = KeyModel::kDuplicate;
  for (const char* row :
       {R"({"a":"__op"})", R"({"a":{"__op":1}})", R"({"__opx":1,"__o":2,"_op":3,"":4})",
        R"({"x__op":1,"__\u006fpx":1,"__OP":1})", R"({"a":["__op",{"__op":1}]})"}) {
    EXPECT_EQ(verdict(other, encoded(3, std::string(row) + "\n", 1)), "ok") << row;
    EXPECT_EQ(verdict(other, encoded(4, "[" + std::string(row) + "]", 1)), "ok") << row;
  }
}

TEST(LaneRulesTest, OptionsChoose) {
  EXPECT_EQ(protocol(with(kAuto, false), {}), "transaction");
  EXPECT_EQ(protocol(with(kAuto, true), {}), "transaction");
  EXPECT_EQ(protocol(with(Protocol::kStreamLoad, false), {}), "stream_load");
  EXPECT_EQ(protocol(with(Protocol::kTransaction, false), {}), "transaction");
  EXPECT_EQ(protocol(with(Protocol::kStreamLoad, true), {}), "17 batch[sequence=7].table");
}

TEST(LaneRulesTest, PropertiesOfPlainStreamLoad) {
  for (const auto& [name, value] : Properties{{"enclose", "\""},
                                              {"escape", "\\"},
                                              {"trim_space", "true"},
                                              {"log_rejected_record_num", "5"}}) {
    const std::string blamed = "17 batch[sequence=7].properties[" + name + "]";
    EXPECT_EQ(protocol(with(kAuto, false), {{name, value}}), "stream_load") << name;
    EXPECT_EQ(protocol(with(Protocol::kTransaction, false), {{name, value}}), blamed);
    EXPECT_EQ(protocol(with(kAuto, true), {{name, value}}), blamed);
  }
  EXPECT_EQ(protocol(with(kAuto, true), {{"trim_space", "false"}}), "transaction");
  Encoding configured = with(kAuto, true);
  configured.options.properties = {{"enclose", "\""}};
  EXPECT_EQ(protocol(configured, {}), "17 batch[sequence=7].properties[enclose]");
  EXPECT_EQ(protocol(configured, {}, 3), "transaction") << "enclose means nothing to JSON";
}

TEST(LaneRulesTest, MergeCommitIsAtLeastOnceByStreamLoad) {
  const Properties merge{{"enable_merge_commit", "true"},
                         {"merge_commit_interval_ms", "1000"},
                         {"merge_commit_parallel", "2"}};
  EXPECT_EQ(protocol(with(kAuto, false), merge), "stream_load");
  EXPECT_EQ(protocol(with(kAuto, true), merge),
            "17 batch[sequence=7].properties[enable_merge_commit]");
  EXPECT_EQ(protocol(with(kAuto, true), {{"merge_commit_parallel", "2"}}), "transaction")
      << "not enabled";
  EXPECT_EQ(protocol(with(Protocol::kTransaction, false), merge),
            "17 batch[sequence=7].properties[enable_merge_commit]");
}

TEST(LaneRulesTest, MergeCommitNeedsAServerThatKnowsItAndKeepsItsPromises) {
  Properties merge{{"enable_merge_commit", "true"},
                   {"merge_commit_interval_ms", "1000"},
                   {"merge_commit_parallel", "2"}};
  auto batch = encoded(2, "1\n", 1);
  batch.properties = merge;
  EXPECT_TRUE(lane(with(kAuto, false), batch).merge_commit);
  EXPECT_FALSE(lane(with(kAuto, false), encoded(2, "1\n", 1)).merge_commit);
  Encoding old = with(kAuto, false);
  old.facts.merge_commit = false;
  EXPECT_EQ(protocol(old, merge), "17 batch[sequence=7].properties[enable_merge_commit]");
  merge["merge_commit_async"] = "true";
  EXPECT_EQ(protocol(with(kAuto, false), merge),
            "17 batch[sequence=7].properties[merge_commit_async]");
  merge["merge_commit_async"] = "false";
  EXPECT_EQ(protocol(with(kAuto, false), merge), "stream_load");
  merge["max_filter_ratio"] = "0.5";
  EXPECT_EQ(protocol(with(kAuto, false), merge),
            "17 batch[sequence=7].properties[max_filter_ratio]");
}

/// `format` and `compression` of a lane.
std::string codec(const Encoding& encoding, const wire::BatchFields& batch) {
  const LaneSpec spec = lane(encoding, batch);
  return header(spec, "format") + " " + header(spec, "compression");
}

// starrocks-load-protocol.md 4.3: the header that is right for JSON has no effect on CSV.
TEST(LaneRulesTest, CompressionHasItsOwnWordsForEachFormat) {
  const auto csv = encoded(2, "1\n", 1);
  const auto ndjson = encoded(3, "{}\n", 1);
  EXPECT_EQ(codec(with(kAuto, false), csv), "csv (none)");
  struct Case {
    Compression option;
    const char* csv;
    const char* json;
  };
  for (const Case& test : {Case{Compression::kGzip, "gzip (none)", "json GZIP"},
                           Case{Compression::kLz4Frame, "lz4 (none)", "json LZ4_FRAME"},
                           Case{Compression::kZstd, "zstd (none)", "json ZSTD"}}) {
    for (const bool exactly_once : {false, true}) {
      Encoding encoding = with(kAuto, exactly_once);
      encoding.options.compression = test.option;
      EXPECT_EQ(codec(encoding, csv), test.csv);
      EXPECT_EQ(codec(encoding, ndjson), test.json);
      EXPECT_EQ(codec(encoding, encoded(4, "[{}]", 1)), test.json);
      EXPECT_EQ(codec(encoding, rows_of({"id"})), test.csv);
      encoding.facts.json_compression = false;
      EXPECT_EQ(codec(encoding, csv), test.csv);
      EXPECT_EQ(codec(encoding, ndjson), "json (none)") << "from 3.2.7 on";
    }
    Encoding merged = with(kAuto, false);
    merged.options.compression = test.option;
    merged.options.properties = {{"enable_merge_commit", "true"},
                                 {"merge_commit_interval_ms", "1000"},
                                 {"merge_commit_parallel", "2"}};
    EXPECT_EQ(codec(merged, csv), "csv (none)");
  }
}

TEST(LaneRulesTest, MergeConditionNeedsAServerThatKnowsIt) {
  const Properties condition{{"merge_condition", "score"}};
  EXPECT_EQ(protocol(with(kAuto, false), condition), "transaction");
  EXPECT_EQ(protocol(with(kAuto, true), condition), "transaction");
  Encoding old = with(kAuto, false);
  old.facts.transaction_merge_condition = false;
  EXPECT_EQ(protocol(old, condition), "stream_load");
  old.exactly_once = true;
  EXPECT_EQ(protocol(old, condition), "17 batch[sequence=7].properties[merge_condition]");
  EXPECT_EQ(protocol(with(kAuto, false), {{"merge_condition", "id"}}),
            "1 batch[sequence=7].properties[merge_condition]");
  EXPECT_EQ(protocol(with(kAuto, false), {{"merge_condition", "nope"}}),
            "1 batch[sequence=7].properties[merge_condition]");
}

TEST(LaneRulesTest, ServersWithoutTransactions) {
  Encoding old = with(kAuto, false);
  old.facts.has_transactions = false;
  EXPECT_EQ(protocol(old, {}), "stream_load");
  old.options.protocol = Protocol::kTransaction;
  EXPECT_EQ(protocol(old, {}), "17 batch[sequence=7].table");
  old.options.protocol = kAuto;
  old.exactly_once = true;
  EXPECT_EQ(protocol(old, {}), "17 batch[sequence=7].table");
}

TEST(LaneRulesTest, TheTablesDeliveryIsKept) {
  Encoding encoding = with(kAuto, false);
  encoding.options.delivery = DeliveryOption::kExactlyOnce;
  EXPECT_EQ(protocol(encoding, {}), "17 batch[sequence=7].table");
  encoding.exactly_once = true;
  EXPECT_EQ(protocol(encoding, {}), "transaction");
  encoding.options.delivery = DeliveryOption::kAtLeastOnce;
  EXPECT_EQ(protocol(encoding, {}), "17 batch[sequence=7].table");
}

TEST(LaneRulesTest, PropertiesAgainstTheTable) {
  Encoding other = with(kAuto, false);
  other.schema->key_model = KeyModel::kDuplicate;
  EXPECT_EQ(protocol(other, {{"partial_update", "true"}}),
            "17 batch[sequence=7].properties[partial_update]");
  EXPECT_EQ(protocol(other, {{"merge_condition", "score"}}),
            "17 batch[sequence=7].properties[merge_condition]");
  EXPECT_EQ(protocol(other, {{"negative", "true"}}), "transaction");
  EXPECT_EQ(protocol(with(kAuto, false), {{"negative", "true"}}),
            "17 batch[sequence=7].properties[negative]");
  EXPECT_EQ(protocol(with(kAuto, false), {{"partial_update", "true"}}),
            "1 batch[sequence=7].columns");
}

TEST(LaneRulesTest, PropertiesOfOtherFormatsAreRefusedFromTheBatchAndIgnoredFromTheTable) {
  EXPECT_EQ(protocol(with(kAuto, false), {{"jsonpaths", "[\"$.a\"]"}}),
            "1 batch[sequence=7].properties[jsonpaths]");
  EXPECT_EQ(protocol(with(kAuto, false), {{"trim_space", "true"}}, 3),
            "1 batch[sequence=7].properties[trim_space]");
  EXPECT_EQ(protocol(with(kAuto, false), {{"column_separator", ","}}, 3), "transaction")
      << "nothing is lost without it";
  Encoding configured = with(kAuto, false);
  configured.options.properties = {
      {"column_separator", ","}, {"jsonpaths", "[\"$.a\"]"}, {"json_root", "$.r"}};
  auto rows = typed({"id"}, {wire::row({wire::int_value(1)})});
  const auto answer = configured.encode(rows);
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(header(*answer.value().lane, "column_separator"), "\\x01");
  EXPECT_EQ(header(*answer.value().lane, "jsonpaths"), "(none)");
  auto array = encoded(4, "[{}]", 1);
  EXPECT_EQ(configured.encode(array).refusal().reason, Reason::kUnsupportedCombination)
      << "json_root";
}

TEST(LaneRulesTest, LanesTellWhatTheLoadMayDrop) {
  auto batch = encoded(2, "1\n", 1);
  batch.properties = {{"max_filter_ratio", "0.25"}, {"where", "id > 1"}};
  const auto answer = with(kAuto, false).encode(batch);
  EXPECT_DOUBLE_EQ(answer.value().lane->max_filter_ratio, 0.25);
  EXPECT_TRUE(answer.value().lane->has_where);
  EXPECT_FALSE(with(kAuto, false).encode(encoded(2, "1\n", 1)).value().lane->has_where);
}

TEST(LaneRulesTest, HeadersThatNoFrontendTakesAreRefused) {
  auto batch = encoded(2, "1\n", 1);
  // With back-ticks and commas: 4 + 7 * 1023 + 1027.
  batch.columns = {"id"};
  for (int i = 0; i < 7; ++i) batch.columns.push_back(std::to_string(i) + std::string(1'019, 'x'));
  batch.columns.push_back(std::string(1'023, 'x'));
  batch.columns.back() += 'y';
  EXPECT_EQ(header(lane(with(kAuto, false), batch), "columns").size(), 8'192U);
  batch.columns[1] += 'x';
  const auto names = batch.columns;
  EXPECT_EQ(
      verdict(with(kAuto, false), batch),
      "1\nbatch[sequence=7].columns: makes a header of 8193 bytes; a header value has at most "
      "8192");
  // Of typed rows too, and of a configured list.
  Encoding unknown;
  EXPECT_TRUE(verdict(unknown, rows_of(names))
                  .starts_with("1\nbatch[sequence=7].columns: makes a header of "));
  Encoding configured = with(kAuto, false);
  configured.options.columns = "id," + std::string(8'190, 'x');
  EXPECT_TRUE(verdict(configured, encoded(2, "1\n", 1))
                  .starts_with("1\nbatch[sequence=7].columns: makes a header of 8193 bytes"));
  for (const std::string name : {"where", "partitions", "json_root", "jsonpaths"}) {
    auto long_value = encoded(3, "{}\n", 1);
    long_value.properties = {{name, std::string(8'193, '$')}};
    EXPECT_EQ(verdict(with(kAuto, false), long_value),
              "1\nbatch[sequence=7].properties[" + name +
                  "]: has 8193 bytes; a header value has at most 8192");
  }
}

TEST(LaneRulesTest, AllHeadersTogetherHaveALimit) {
  auto batch = encoded(2, "1\n", 1);
  for (int i = 0; i < 1'015; ++i) batch.columns.push_back("c" + std::to_string(1'000 + i));
  batch.properties = {{"where", std::string(8'192, 'w')}, {"partitions", std::string(8'192, 'p')}};
  EXPECT_TRUE(verdict(with(kAuto, false), batch)
                  .starts_with("1\nbatch[sequence=7].columns: and properties make "));
}

TEST(LaneRulesTest, MergeConditionNamesALoadedColumnThatStarRocksCompares) {
  const auto judged = [](const std::string& type, const std::vector<std::string>& columns) {
    Encoding encoding;
    encoding.schema = schema_of(KeyModel::kPrimary, {"id int not null", "c " + type, "d int"});
    auto batch = encoded(2, "1\t2\n", 1);
    batch.columns = columns;
    batch.properties = {{"merge_condition", "c"}};
    return verdict(encoding, batch);
  };
  for (const char* type : {"tinyint", "bigint", "largeint", "double", "decimal(9,2)", "date",
                           "datetime", "of_tomorrow"}) {
    EXPECT_EQ(judged(type, {}), "ok") << type;
  }
  for (const char* type : {"char(3)", "varchar(3)", "varbinary", "json", "array<int>",
                           "map<int,int>", "struct<a int>", "bitmap", "hll", "percentile"}) {
    EXPECT_TRUE(
        judged(type, {}).starts_with("1\nbatch[sequence=7].properties[merge_condition]: names a "))
        << type;
  }
  EXPECT_EQ(judged("int", {"id", "C"}), "ok");
  EXPECT_EQ(judged("int", {"id", "d"}),
            "1\nbatch[sequence=7].properties[merge_condition]: names a column that this batch does "
            "not load");
}

}  // namespace
}  // namespace loadstar::ingest
