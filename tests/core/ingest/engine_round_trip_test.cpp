// Property: random rows of random tables, encoded, joined, packed where the table asks for it, and
// read by the emulator's engine, which shares no code with core/ (architecture.md D11), are the
// rows that were sent: every type, every format, every codec.

#include "core/http/body_compressor.hpp"
#include "tests/core/ingest/support/encoding.hpp"
#include "tests/core/ingest/support/random_tree.hpp"
#include "tests/emulator/engine/engine.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace loadstar::ingest {
namespace {

/// One random table, and what was sent to it.
struct Sample {
  Encoding encoding;
  std::vector<std::string> types;
  std::vector<wire::BatchFields> batches;
  std::vector<std::vector<Meaning>> sent;  ///< by row, in order
};

std::string column(std::size_t index) { return "c" + std::to_string(index); }

Sample random_sample(Random& random) {
  Sample sample;
  std::vector<std::string> names{"id"};
  std::vector<std::string> schema{"id int not null"};
  for (std::size_t i = 0, width = 1 + random.below(5); i < width; ++i) {
    sample.types.push_back(random_type(random));
    names.push_back(column(i));
    schema.push_back(column(i) + " " + sample.types.back());
  }
  Encoding& encoding = sample.encoding;
  encoding.schema = schema_of(KeyModel::kDuplicate, schema);
  encoding.options.format = static_cast<RowFormat>(random.below(3));
  encoding.options.compression = static_cast<Compression>(random.below(4));
  int id = 0;
  for (std::uint64_t batches = 1 + random.below(4); batches > 0; --batches) {
    std::vector<std::string> rows;
    for (std::uint64_t count = 1 + random.below(12); count > 0; --count) {
      std::vector<std::string> values{wire::int_value(id++)};
      std::vector<Meaning> meanings;
      for (std::size_t i = 0; i < sample.types.size(); ++i) {
        RandomTree tree = random_tree(random, encoding.schema->columns[i + 1].type);
        values.push_back(std::move(tree.wire));
        meanings.push_back(std::move(tree.meaning));
      }
      rows.push_back(wire::row(values));
      sample.sent.push_back(std::move(meanings));
    }
    sample.batches.push_back(typed(names, rows));
  }
  return sample;
}

std::string packed(const SliceList& body, const std::map<std::string, std::string>& headers,
                   Compression compression) {
  const bool plain = headers.at("format") == "csv" ||
                     (headers.at("format") == "json" && !headers.contains("compression"));
  EXPECT_EQ(plain, compression == Compression::kNone) << "the table's codec is the lane's";
  if (plain) return body.to_string();
  http::BodyCompressor compressor(body, compression);
  std::string frame;
  while (!compressor.done()) frame += compressor.next();
  return frame;
}

class EngineRoundTrip : public ::testing::Test {
 protected:
  EngineRoundTrip() { run("CREATE DATABASE test"); }

  void run(const std::string& sql) {
    const auto error = engine_->execute(sql);
    ASSERT_FALSE(error) << sql << ": " << error->message;
  }

  void create(const std::string& table, const std::vector<std::string>& types) {
    std::string sql = "CREATE TABLE test." + table + " (id INT NOT NULL";
    for (std::size_t i = 0; i < types.size(); ++i)
      sql += ", " + column(i) + " " + types[i] + " NULL";
    run(sql + ") DUPLICATE KEY(id) DISTRIBUTED BY HASH(id)");
  }

  /// One load of all payloads, which have one lane.
  void load(const std::string& table, const LaneSpec& lane,
            const std::vector<const SliceList*>& payloads, Compression compression,
            std::uint64_t rows) {
    const emulator::Headers headers(lane.headers.begin(), lane.headers.end());
    emulator::EngineError error;
    const auto plan = engine_->plan("test", table, headers, false, error);
    ASSERT_NE(plan, nullptr) << error.message;
    plan->append(packed(join_payloads(lane.kind, payloads), headers, compression));
    plan->end_body();
    const emulator::LoadResult result = plan->finish();
    ASSERT_FALSE(result.error) << result.error->message << "\n"
                               << (result.error_log.empty() ? "" : result.error_log[0]);
    ASSERT_EQ(result.counters.loaded, static_cast<std::int64_t>(rows));
    engine_->stage(++transaction_, *plan);
    engine_->publish(transaction_);
  }

  /// Loads the batches, neighbours of one lane together. False if the first is refused.
  bool load_all(const std::string& table, const Sample& sample) {
    std::vector<EncodedBatch> encoded;
    for (const wire::BatchFields& batch : sample.batches) {
      auto answer = sample.encoding.encode(batch);
      if (!answer.ok()) {
        EXPECT_EQ(sample.encoding.options.format, RowFormat::kCsv) << shown(answer.refusal());
        return false;
      }
      encoded.push_back(std::move(answer.value()));
    }
    for (std::size_t at = 0; at < encoded.size();) {
      const LaneSpec& lane = *encoded[at].lane;
      ++kinds_[lane.kind];
      std::vector<const SliceList*> payloads;
      std::uint64_t rows = 0;
      for (; at < encoded.size() && encoded[at].lane->key == lane.key; ++at) {
        payloads.push_back(&encoded[at].payload);
        rows += encoded[at].rows;
      }
      load(table, lane, payloads, sample.encoding.options.compression, rows);
    }
    return true;
  }

  void expect_rows(const std::string& table, const Sample& sample) {
    emulator::EngineError error;
    const auto result = engine_->query("SELECT * FROM " + table + " ORDER BY id", "test", error);
    ASSERT_TRUE(result) << error.message;
    ASSERT_EQ(result->rows.size(), sample.sent.size());
    for (std::size_t row = 0; row < sample.sent.size(); ++row) {
      for (std::size_t i = 0; i < sample.types.size(); ++i) {
        const auto& stored = result->rows[row][i + 1];
        const Meaning& sent = sample.sent[row][i];
        const Meaning read = stored
                                 ? read_stored(sample.encoding.schema->columns[i + 1].type, *stored)
                                 : Meaning(nullptr);
        ASSERT_TRUE(read == sent) << sample.types[i] << " row " << row << "\nstored "
                                  << stored.value_or("(NULL)") << "\nsent "
                                  << sent.dump(-1, ' ', true,
                                               nlohmann::json::error_handler_t::replace);
      }
    }
  }

  std::unique_ptr<emulator::Engine> engine_ = emulator::Engine::open(":memory:");
  std::int64_t transaction_ = 0;
  std::map<PayloadKind, int> kinds_;
};

TEST_F(EngineRoundTrip, WhatIsEncodedIsWhatAStrangerReads) {
  int refused = 0;
  for (std::uint64_t seed = 1; seed <= 1'500; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    Random random(seed);
    const Sample sample = random_sample(random);
    const std::string table = "t" + std::to_string(seed);
    create(table, sample.types);
    if (load_all(table, sample)) {
      expect_rows(table, sample);
    } else {
      ++refused;
    }
    if (HasFailure()) return;
    run("DROP TABLE test." + table);
  }
  EXPECT_GT(kinds_[PayloadKind::kCsv], 500);
  EXPECT_GT(kinds_[PayloadKind::kJsonArray], 500);
  EXPECT_LT(refused, 400) << "format csv only";
}

}  // namespace
}  // namespace loadstar::ingest
