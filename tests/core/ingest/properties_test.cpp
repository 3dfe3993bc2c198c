#include "core/ingest/properties.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "core/base/load_property.hpp"
#include "tests/core/ingest/support/encoding.hpp"

namespace loadstar::ingest {
namespace {

using Properties = std::map<std::string, std::string>;

std::string merged(const Properties& batch, const TableOptions& options = {}) {
  const auto answer = merge_properties(batch, options, "batch");
  if (!answer.ok()) return shown(answer.refusal());
  std::string text;
  for (const auto& [name, value] : answer.value().values) text += name + "=" + value + ";";
  return text;
}

TEST(PropertiesTest, TheBatchWinsOverTheTableAndPinnedOverBoth) {
  TableOptions options;
  options.properties = {{"where", "a"}, {"timezone", "UTC"}, {"max_filter_ratio", "0.1"}};
  options.pinned = {{"max_filter_ratio", "0"}};
  EXPECT_EQ(merged({{"where", "b"}}, options), "max_filter_ratio=0;strict_mode=true;timezone=UTC;where=b;");
  EXPECT_EQ(merged({{"strict_mode", "false"}}), "strict_mode=false;");
  EXPECT_EQ(merged({{"max_filter_ratio", "0"}}, options), "max_filter_ratio=0;strict_mode=true;timezone=UTC;where=a;");
  EXPECT_EQ(merged({{"MAX_filter_ratio", "0.5"}}, options),
            "1\nbatch.properties[max_filter_ratio]: is pinned by the table's configuration and cannot be overridden");
}

TEST(PropertiesTest, StrictModeIsOnEvenIfTheTableHasOtherProperties) {
  TableOptions options;
  options.properties = {{"where", "a"}};
  EXPECT_EQ(merged({}, options), "strict_mode=true;where=a;");
}

TEST(PropertiesTest, NamesOfTheDaemonAndUnknownOnesAreRefused) {
  for (const char* name : {"label", "db", "table", "format", "columns", "timeout", "prepared_timeout", "Expect",
                           "Content-Length", "Transfer-Encoding", "Authorization", "Host", "strip_outer_array",
                           "transaction_type", "skip_header", "compression", "Content-Encoding", "two_phase_commit",
                           "x-made-up", "", "where\r\nX", "channel_id"}) {
    EXPECT_TRUE(merged({{name, "1"}}).starts_with("1\nbatch.properties[")) << name;
  }
  EXPECT_EQ(merged({{"a\r\nb: c", "1"}}), "1\nbatch.properties[a??b: c]: is not a load property that may be set");
  EXPECT_TRUE(merged({{"Where", "1"}, {"where", "1"}}).find("is given twice") != std::string::npos);
}

/// delivery-and-faults.md T01: nothing that a client sends becomes a raw control byte of a header.
TEST(PropertiesTest, NoControlByteGetsIntoAHeader) {
  for (const LoadProperty& property : load_properties()) {
    for (int byte = 0; byte < 256; ++byte) {
      for (const std::string& value : {std::string("a") + static_cast<char>(byte) + "b",
                                       std::string("1") + static_cast<char>(byte),
                                       std::string(1, static_cast<char>(byte))}) {
        const auto answer = merge_properties({{std::string(property.name), value}}, {}, "batch");
        if (!answer.ok()) continue;
        for (const auto& [name, sent] : answer.value().values) {
          EXPECT_TRUE(std::none_of(sent.begin(), sent.end(), [](char c) {
            return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
          })) << name << " " << byte;
        }
      }
    }
  }
  EXPECT_TRUE(merged({{"column_separator", ",\r\nX-Evil: 1"}}).starts_with("1\n"));
  EXPECT_TRUE(merged({{"column_separator", std::string("\0", 1)}}).starts_with("1\n"));
}

TEST(PropertiesTest, SeparatorsHaveOneSpelling) {
  for (const char* tab : {"\t", "\\t", "\\x09", "0x09", "\\X09"}) {
    EXPECT_EQ(merged({{"column_separator", tab}}), "column_separator=\\x09;strict_mode=true;") << tab;
  }
  EXPECT_EQ(merged({{"row_delimiter", "\r\n"}}), "row_delimiter=\\x0D0A;strict_mode=true;");
  EXPECT_EQ(merged({{"row_delimiter", "|\\n"}}), "row_delimiter=\\x7C0A;strict_mode=true;");
  for (const char* bad : {"", "\\x", "\\x1", "\\xZZ", "\\x80", "\xC3\xA9", "0x", "\\xFF"}) {
    EXPECT_TRUE(merged({{"column_separator", bad}}).starts_with("1\nbatch.properties[column_separator]: ")) << bad;
  }
  EXPECT_TRUE(merged({{"column_separator", "\\n"}}).starts_with("1\n")) << "equals the default row delimiter";
  EXPECT_TRUE(merged({{"column_separator", std::string(51, ',')}}).starts_with("1\n"));
}

TEST(PropertiesTest, ValuesAreJudged) {
  EXPECT_TRUE(merged({{"strict_mode", "yes"}}).starts_with("1\n"));
  EXPECT_TRUE(merged({{"max_filter_ratio", "1.5"}}).starts_with("1\n"));
  EXPECT_TRUE(merged({{"max_filter_ratio", "a"}}).starts_with("1\n"));
  EXPECT_TRUE(merged({{"timezone", "+25:00"}}).starts_with("1\n"));
  EXPECT_TRUE(merged({{"partial_update_mode", "rows"}}).starts_with("1\n"));
  EXPECT_TRUE(merged({{"jsonpaths", "$.a"}}).starts_with("1\n"));
  EXPECT_TRUE(merged({{"where", "a = '\xFF'"}}).starts_with("1\n"));
  EXPECT_TRUE(merged({{"partitions", "p1"}, {"temporary_partitions", "p2"}}).starts_with("1\n"));
  EXPECT_TRUE(merged({{"enclose", "'"}, {"escape", "'"}}).starts_with("1\n"));
  EXPECT_TRUE(merged({{"enclose", ","}, {"column_separator", ","}}).starts_with("1\nbatch.properties[enclose]: "));
  EXPECT_TRUE(merged({{"enable_merge_commit", "true"}}).starts_with("1\n"));
  EXPECT_EQ(merged({{"where", "name = '\xE5\xBC\xA0'"}}), "strict_mode=true;where=name = '\xE5\xBC\xA0';");
}

/// What protocol a batch with these properties gets; or the refusal's first violation.
std::string protocol(const Encoding& encoding, const Properties& properties, std::uint32_t format = 2) {
  auto batch = format == 2 ? encoded(2, "1\n", 1) : encoded(format, "{}\n", 1);
  batch.properties = properties;
  const auto answer = encoding.encode(batch);
  if (!answer.ok()) {
    return std::to_string(static_cast<int>(answer.refusal().reason)) + " " + answer.refusal().violations[0].field;
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

TEST(ProtocolTest, OptionsChoose) {
  EXPECT_EQ(protocol(with(kAuto, false), {}), "transaction");
  EXPECT_EQ(protocol(with(kAuto, true), {}), "transaction");
  EXPECT_EQ(protocol(with(Protocol::kStreamLoad, false), {}), "stream_load");
  EXPECT_EQ(protocol(with(Protocol::kTransaction, false), {}), "transaction");
  EXPECT_EQ(protocol(with(Protocol::kStreamLoad, true), {}), "17 batch[sequence=7].table");
}

TEST(ProtocolTest, PropertiesOfPlainStreamLoad) {
  for (const auto& [name, value] : Properties{{"enclose", "\""}, {"escape", "\\"}, {"trim_space", "true"},
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

TEST(ProtocolTest, MergeCommitIsAtLeastOnceByStreamLoad) {
  const Properties merge{{"enable_merge_commit", "true"}, {"merge_commit_interval_ms", "1000"},
                         {"merge_commit_parallel", "2"}};
  EXPECT_EQ(protocol(with(kAuto, false), merge), "stream_load");
  EXPECT_EQ(protocol(with(kAuto, true), merge), "17 batch[sequence=7].properties[enable_merge_commit]");
  EXPECT_EQ(protocol(with(Protocol::kTransaction, false), merge),
            "17 batch[sequence=7].properties[enable_merge_commit]");
}

TEST(ProtocolTest, MergeConditionNeedsAServerThatKnowsIt) {
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

TEST(ProtocolTest, ServersWithoutTransactions) {
  Encoding old = with(kAuto, false);
  old.facts.has_transactions = false;
  EXPECT_EQ(protocol(old, {}), "stream_load");
  old.options.protocol = Protocol::kTransaction;
  EXPECT_EQ(protocol(old, {}), "17 batch[sequence=7].table");
  old.options.protocol = kAuto;
  old.exactly_once = true;
  EXPECT_EQ(protocol(old, {}), "17 batch[sequence=7].table");
}

TEST(ProtocolTest, TheTablesDeliveryIsKept) {
  Encoding encoding = with(kAuto, false);
  encoding.options.delivery = DeliveryOption::kExactlyOnce;
  EXPECT_EQ(protocol(encoding, {}), "17 batch[sequence=7].table");
  encoding.exactly_once = true;
  EXPECT_EQ(protocol(encoding, {}), "transaction");
  encoding.options.delivery = DeliveryOption::kAtLeastOnce;
  EXPECT_EQ(protocol(encoding, {}), "17 batch[sequence=7].table");
}

TEST(ProtocolTest, PropertiesAgainstTheTable) {
  Encoding other = with(kAuto, false);
  other.schema->key_model = KeyModel::kDuplicate;
  EXPECT_EQ(protocol(other, {{"partial_update", "true"}}), "17 batch[sequence=7].properties[partial_update]");
  EXPECT_EQ(protocol(other, {{"merge_condition", "score"}}), "17 batch[sequence=7].properties[merge_condition]");
  EXPECT_EQ(protocol(other, {{"negative", "true"}}), "transaction");
  EXPECT_EQ(protocol(with(kAuto, false), {{"negative", "true"}}), "17 batch[sequence=7].properties[negative]");
  EXPECT_EQ(protocol(with(kAuto, false), {{"partial_update", "true"}}), "1 batch[sequence=7].columns");
}

TEST(ProtocolTest, PropertiesOfOtherFormatsAreRefusedFromTheBatchAndIgnoredFromTheTable) {
  EXPECT_EQ(protocol(with(kAuto, false), {{"jsonpaths", "[\"$.a\"]"}}), "1 batch[sequence=7].properties[jsonpaths]");
  EXPECT_EQ(protocol(with(kAuto, false), {{"column_separator", ","}}, 3),
            "1 batch[sequence=7].properties[column_separator]");
  Encoding configured = with(kAuto, false);
  configured.options.properties = {{"column_separator", ","}, {"jsonpaths", "[\"$.a\"]"}, {"json_root", "$.r"}};
  auto rows = typed({"id"}, {wire::row({wire::int_value(1)})});
  const auto answer = configured.encode(rows);
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(header(*answer.value().lane, "column_separator"), "\\x01");
  EXPECT_EQ(header(*answer.value().lane, "jsonpaths"), "(none)");
  auto array = encoded(4, "[{}]", 1);
  EXPECT_EQ(configured.encode(array).refusal().reason, Reason::kUnsupportedCombination) << "json_root";
}

TEST(ProtocolTest, LanesTellWhatTheLoadMayDrop) {
  auto batch = encoded(2, "1\n", 1);
  batch.properties = {{"max_filter_ratio", "0.25"}, {"where", "id > 1"}};
  const auto answer = with(kAuto, false).encode(batch);
  EXPECT_DOUBLE_EQ(answer.value().lane->max_filter_ratio, 0.25);
  EXPECT_TRUE(answer.value().lane->has_where);
  EXPECT_FALSE(with(kAuto, false).encode(encoded(2, "1\n", 1)).value().lane->has_where);
}

TEST(ProtocolTest, HeadersThatNoFrontendTakesAreRefused) {
  auto batch = encoded(2, "1\n", 1);
  for (int i = 0; i < 3'000; ++i) batch.columns.push_back("column_number_" + std::to_string(i));
  EXPECT_EQ(with(kAuto, false).encode(batch).refusal().violations[0].field, "batch[sequence=7].columns");
}

}  // namespace
}  // namespace loadstar::ingest
