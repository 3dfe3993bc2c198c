// Random rows of random tables are encoded, and read again by a small reader of StarRocks' rules
// (starrocks-load-protocol.md 11.3, 11.4) that shares nothing with core/ingest.

#include "tests/core/ingest/support/encoding.hpp"
#include "tests/core/ingest/support/random_rows.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cstdlib>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace loadstar::ingest {
namespace {

using Cell = std::optional<std::string>;
using Rows = std::vector<std::vector<Cell>>;

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts{""};
  for (const char c : text) {
    if (c == separator) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

std::string unbase64(const std::string& text) {
  const std::string digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  unsigned held = 0;
  int bits = 0;
  for (const char c : text) {
    if (c == '=') break;
    held = (held << 6U) | static_cast<unsigned>(digits.find(c));
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes += static_cast<char>((held >> static_cast<unsigned>(bits)) & 0xFFU);
    }
  }
  return bytes;
}

/// A field in the canonical text of RandomValue.
std::string canonical(const std::string& field, const std::string& type) {
  if (type == "double") return fmt::format("{:a}", std::strtod(field.c_str(), nullptr));
  if (type == "varbinary(100)") return unbase64(field);
  return field;
}

/// Names of the file columns in a `columns` header, without back-ticks and without mappings.
std::vector<std::string> file_columns(const std::string& columns) {
  std::vector<std::string> names;
  for (std::string name : split(columns, ',')) {
    if (name.find('=') != std::string::npos) continue;
    std::erase(name, '`');
    names.push_back(name);
  }
  return names;
}

Rows read_csv(const std::string& body, const std::vector<std::string>& types, bool with_op) {
  Rows rows;
  auto lines = split(body, '\x02');
  EXPECT_EQ(lines.back(), "") << "every row is ended";
  lines.pop_back();
  for (const std::string& line : lines) {
    EXPECT_FALSE(line.empty()) << "StarRocks would skip it";
    auto fields = split(line, '\x01');
    EXPECT_EQ(fields.size(), types.size() + (with_op ? 1 : 0));
    std::vector<Cell> row;
    for (std::size_t i = 0; i < types.size() && i < fields.size(); ++i) {
      row.push_back(fields[i] == "\\N" ? Cell() : Cell(canonical(fields[i], types[i])));
    }
    if (with_op) row.emplace_back(fields.back());
    rows.push_back(std::move(row));
  }
  return rows;
}

std::string scalar_text(const nlohmann::ordered_json& value) {
  if (value.is_boolean()) return value.get<bool>() ? "1" : "0";
  if (value.is_string()) return value.get<std::string>();
  return value.dump();
}

Rows read_json(const std::string& body, const std::vector<std::string>& names,
               const std::vector<std::string>& types, bool with_op) {
  Rows rows;
  for (const auto& object : nlohmann::ordered_json::parse(body)) {
    EXPECT_EQ(object.size(), names.size()) << "every member is written, NULL too";
    std::vector<Cell> row;
    std::size_t index = 0;
    for (const auto& [key, value] : object.items()) {
      EXPECT_EQ(key, names[index]) << "members come in the order of the columns";
      const bool op = with_op && index == types.size();
      row.push_back(value.is_null() ? Cell()
                    : op            ? Cell(scalar_text(value))
                                    : Cell(canonical(scalar_text(value), types[index])));
      ++index;
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

struct Sample {
  Encoding encoding;
  wire::BatchFields batch;
  std::vector<std::string> types;
  Rows expected;
};

Sample random_sample(Random& random) {
  Sample sample;
  const bool primary = random.chance(50);
  std::vector<std::string> columns;
  std::vector<std::string> schema;
  const std::size_t width = 1 + random.below(8);
  for (std::size_t i = 0; i < width; ++i) {
    sample.types.push_back(random_type_names()[random.below(random_type_names().size())]);
    columns.push_back("c" + std::to_string(i));
    schema.push_back(columns.back() + " " + sample.types.back());
  }
  sample.encoding.schema = schema_of(primary ? KeyModel::kPrimary : KeyModel::kDuplicate, schema);
  sample.encoding.options.format = random.chance(40) ? RowFormat::kJson : RowFormat::kAuto;
  std::vector<std::string> rows;
  for (std::uint64_t count = 1 + random.below(20); count > 0; --count) {
    std::vector<std::string> values;
    std::vector<Cell> cells;
    for (const std::string& type : sample.types) {
      RandomValue value = random_value(random, type);
      values.push_back(std::move(value.wire));
      cells.push_back(std::move(value.text));
    }
    const std::uint64_t op = random.chance(20) ? wire::kUpdateBefore
                             : primary         ? random.below(3)
                                               : random.below(2);
    rows.push_back(wire::row(values, op));
    if (op == wire::kUpdateBefore) continue;
    if (primary) cells.emplace_back(op == wire::kDelete ? "1" : "0");
    sample.expected.push_back(std::move(cells));
  }
  sample.batch = typed(columns, rows);
  return sample;
}

// F026
TEST(RoundTripTest, RandomRowsAreReadBackAsTheyWereSent) {
  std::map<PayloadKind, int> kinds;
  for (std::uint64_t seed = 1; seed <= 3'000; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    Random random(seed);
    const Sample sample = random_sample(random);
    const auto answer = sample.encoding.encode(sample.batch);
    ASSERT_TRUE(answer.ok()) << shown(answer.refusal());
    const EncodedBatch& encoded_batch = answer.value();
    ++kinds[encoded_batch.lane->kind];
    EXPECT_EQ(encoded_batch.rows, sample.expected.size());
    const std::string body =
        join_payloads(encoded_batch.lane->kind, {&encoded_batch.payload}).to_string();
    if (sample.expected.empty()) {
      EXPECT_TRUE(body.empty());
      continue;
    }
    const bool with_op = sample.encoding.schema->key_model == KeyModel::kPrimary;
    const auto names = file_columns(header(*encoded_batch.lane, "columns"));
    ASSERT_EQ(names.size(), sample.types.size() + (with_op ? 1 : 0));
    const Rows read = encoded_batch.lane->kind == PayloadKind::kCsv
                          ? read_csv(body, sample.types, with_op)
                          : read_json(body, names, sample.types, with_op);
    ASSERT_EQ(read, sample.expected);
  }
  EXPECT_GT(kinds[PayloadKind::kCsv], 500);
  EXPECT_GT(kinds[PayloadKind::kJsonArray], 500);
}

/// The message as a whole, cut anywhere: the bytes of rows reach the encoder unchanged.
TEST(RoundTripTest, CutsOfTheMessageDoNotShow) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Random random(seed);
    const Sample sample = random_sample(random);
    const std::string message = sample.batch.message();
    TableEncoder encoder("db", "t", sample.encoding.options, sample.encoding.schema,
                         sample.encoding.facts);
    const auto whole = read_batch(wire::whole(message), {});
    const std::string expected = encoder.encode(whole.value(), false).value().payload.to_string();
    for (std::size_t cut = 0; cut < message.size(); cut += 7) {
      const auto batch = read_batch(wire::cut(message, cut), {});
      ASSERT_TRUE(batch.ok());
      EXPECT_EQ(encoder.encode(batch.value(), false).value().payload.to_string(), expected);
    }
  }
}

/// Every byte of typed rows damaged in turn: refused or read, never a crash, and all or nothing.
TEST(RoundTripTest, DamagedRowsNeverCrash) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    Random random(seed);
    const Sample sample = random_sample(random);
    TableEncoder encoder("db", "t", sample.encoding.options, sample.encoding.schema,
                         sample.encoding.facts);
    const std::string message = sample.batch.message();
    for (std::size_t i = 0; i < message.size(); ++i) {
      std::string damaged = message;
      damaged[i] = static_cast<char>(random.below(256));
      const auto batch = read_batch(wire::whole(damaged), {});
      if (!batch.ok()) continue;
      const auto answer = encoder.encode(batch.value(), false);
      if (answer.ok()) continue;
      EXPECT_FALSE(answer.refusal().violations.empty());
    }
  }
}

}  // namespace
}  // namespace loadstar::ingest
