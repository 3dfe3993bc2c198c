#include "core/ingest/lane_buffer.hpp"

#include "core/base/random.hpp"

#include <gtest/gtest.h>

#include <map>

namespace loadstar::ingest {
namespace {

using namespace std::chrono_literals;

constexpr Clock::time_point kStart{1000s};

std::shared_ptr<const LaneSpec> lane(const std::string& key,
                                     Protocol protocol = Protocol::kTransaction,
                                     double max_filter_ratio = 0) {
  LaneSpec spec;
  spec.key = key;
  spec.protocol = protocol;
  spec.max_filter_ratio = max_filter_ratio;
  return std::make_shared<const LaneSpec>(spec);
}

BufferedBatch batch(std::uint64_t writer, std::uint64_t sequence,
                    std::shared_ptr<const LaneSpec> spec, std::size_t bytes = 10,
                    Clock::time_point at = kStart) {
  EncodedBatch encoded;
  encoded.lane = std::move(spec);
  encoded.payload.append(Slice::from_string(std::string(bytes, 'x')));
  encoded.rows = 1;
  encoded.row_count = 1;
  return {writer, sequence, std::move(encoded), at, bytes};
}

LaneBuffer buffer(unsigned parallelism = 1) {
  return LaneBuffer(FlushLimits{100, 5, 10s, FlushTrigger::kInterval}, parallelism);
}

TEST(LaneBufferTest, BatchesOfManyWritersShareOneLoad) {
  auto buffered = buffer();
  const auto a = lane("a");
  for (std::uint64_t writer = 1; writer <= 5; ++writer) buffered.add(batch(writer, 1, a));
  EXPECT_FALSE(buffered.start_next()) << "nothing is due";
  buffered.tick(kStart + 10s, 10s);
  const auto group = buffered.start_next();
  ASSERT_TRUE(group);
  EXPECT_EQ(group->batches.size(), 5U);
  EXPECT_EQ(*group->due, FlushTrigger::kInterval);
  EXPECT_EQ(buffered.waiting_bytes(), 0U);
}

TEST(LaneBufferTest, WhatWaitsIsCountedAsTheBudgetCountsIt) {
  auto buffered = buffer();
  auto typed = batch(1, 1, lane("a"), 10);
  typed.charged = 70;
  buffered.add(std::move(typed));
  EXPECT_EQ(buffered.waiting_bytes(), 70U);
  buffered.flush_all(FlushTrigger::kMemory);
  const auto group = buffered.start_next();
  ASSERT_TRUE(group);
  EXPECT_EQ(group->bytes, 10U);
  EXPECT_EQ(group->charged, 70U);
  EXPECT_EQ(buffered.waiting_bytes(), 0U);
}

TEST(LaneBufferTest, ABatchThatWouldPassMaxBytesStartsTheNextGroup) {
  auto buffered = buffer();
  const auto a = lane("a");
  buffered.add(batch(1, 1, a, 60));
  buffered.add(batch(1, 2, a, 60));
  const auto first = buffered.start_next();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->bytes, 60U);
  EXPECT_EQ(*first->due, FlushTrigger::kBytes);
  EXPECT_FALSE(buffered.start_next()) << "the second still fills";
}

// F025
TEST(LaneBufferTest, ABatchAboveMaxBytesIsALoadOfItsOwn) {
  auto buffered = buffer();
  buffered.add(batch(1, 1, lane("a"), 1000));
  const auto group = buffered.start_next();
  ASSERT_TRUE(group);
  EXPECT_EQ(group->bytes, 1000U);
}

TEST(LaneBufferTest, MaxRowsCountsInStreamLoadOnly) {
  auto transactions = buffer();
  auto stream_loads = buffer();
  for (std::uint64_t i = 1; i <= 6; ++i) {
    transactions.add(batch(1, i, lane("a"), 1));
    stream_loads.add(batch(1, i, lane("a", Protocol::kStreamLoad), 1));
  }
  EXPECT_FALSE(transactions.start_next());
  const auto group = stream_loads.start_next();
  ASSERT_TRUE(group);
  EXPECT_EQ(group->rows, 5U);
}

TEST(LaneBufferTest, RowsOfAWriterKeepTheirOrderAcrossLanes) {
  auto buffered = buffer();
  const auto csv = lane("csv");
  const auto json = lane("json");
  buffered.add(batch(1, 1, csv));
  buffered.add(batch(1, 2, json));
  buffered.add(batch(1, 3, csv));  // must come after 2: a third group
  buffered.add(batch(2, 1, csv));  // another writer: may join the youngest csv group
  buffered.flush_all(FlushTrigger::kDrain);
  std::vector<std::vector<std::pair<std::uint64_t, std::uint64_t>>> loads;
  while (auto group = buffered.start_next()) {
    loads.emplace_back();
    for (const auto& entry : group->batches)
      loads.back().emplace_back(entry.writer, entry.sequence);
    buffered.finished();
  }
  ASSERT_EQ(loads.size(), 3U);
  EXPECT_EQ(loads[0], (std::vector<std::pair<std::uint64_t, std::uint64_t>>{{1, 1}}));
  EXPECT_EQ(loads[1], (std::vector<std::pair<std::uint64_t, std::uint64_t>>{{1, 2}}));
  EXPECT_EQ(loads[2], (std::vector<std::pair<std::uint64_t, std::uint64_t>>{{1, 3}, {2, 1}}));
}

TEST(LaneBufferTest, AFlushOfOneWriterTakesAlongWhatStandsBeforeIt) {
  auto buffered = buffer();
  buffered.add(batch(1, 1, lane("a")));
  buffered.add(batch(2, 1, lane("b")));
  buffered.add(batch(3, 1, lane("c")));
  buffered.flush_writer(2, 1, FlushTrigger::kClient);
  const auto first = buffered.start_next();
  ASSERT_TRUE(first);
  EXPECT_EQ(*first->due, FlushTrigger::kOrder);
  buffered.finished();
  const auto second = buffered.start_next();
  ASSERT_TRUE(second);
  EXPECT_EQ(*second->due, FlushTrigger::kClient);
  buffered.finished();
  EXPECT_FALSE(buffered.start_next());
}

TEST(LaneBufferTest, AFlushUpToASequenceLeavesLaterBatchesAlone) {
  auto buffered = buffer();
  const auto a = lane("a");
  buffered.add(batch(1, 1, a, 60));
  buffered.add(batch(1, 2, a, 60));
  buffered.flush_writer(1, 1, FlushTrigger::kClient);
  ASSERT_TRUE(buffered.start_next());
  buffered.finished();
  EXPECT_FALSE(buffered.start_next());
}

// F234
TEST(LaneBufferTest, ParallelismBoundsTheLoadsInFlight) {
  auto buffered = buffer(2);
  const auto a = lane("a");
  for (std::uint64_t i = 1; i <= 4; ++i) buffered.add(batch(1, i, a, 100));
  EXPECT_TRUE(buffered.start_next());
  EXPECT_TRUE(buffered.start_next());
  EXPECT_FALSE(buffered.start_next());
  buffered.finished();
  EXPECT_TRUE(buffered.start_next());
}

TEST(LaneBufferTest, ALoadThatMayDropRowsHasOneWriter) {
  auto buffered = buffer();
  const auto a = lane("a", Protocol::kTransaction, 0.5);
  buffered.add(batch(1, 1, a));
  buffered.add(batch(2, 1, a));
  buffered.flush_all(FlushTrigger::kDrain);
  const auto group = buffered.start_next();
  ASSERT_TRUE(group);
  EXPECT_EQ(group->batches.size(), 1U);
}

TEST(LaneBufferTest, NextTickIsTheAgeOfTheOldestThatStillFills) {
  auto buffered = buffer();
  EXPECT_EQ(buffered.next_tick(10s), std::nullopt);
  buffered.add(batch(1, 1, lane("a"), 10, kStart + 3s));
  buffered.add(batch(1, 2, lane("b"), 10, kStart + 4s));
  EXPECT_EQ(buffered.next_tick(10s), kStart + 13s);
  buffered.tick(kStart + 13s, 10s);
  EXPECT_EQ(buffered.next_tick(10s), kStart + 14s);
}

// For any mix of writers and lanes: every batch is loaded once, and each writer's batches in order.
TEST(LaneBufferTest, NoBatchIsLostDoubledOrReorderedWhateverComes) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    Random random(seed);
    auto buffered = buffer();
    std::map<std::uint64_t, std::uint64_t> sent;
    std::map<std::uint64_t, std::uint64_t> loaded;
    const auto load = [&] {
      while (auto group = buffered.start_next()) {
        for (const auto& entry : group->batches) {
          ASSERT_EQ(entry.sequence, loaded[entry.writer] + 1) << "seed " << seed;
          loaded[entry.writer] = entry.sequence;
          ASSERT_EQ(entry.encoded.lane->key, group->lane->key);
        }
        buffered.finished();
      }
    };
    auto now = kStart;
    for (int step = 0; step < 200; ++step) {
      const auto writer = random.below(4);
      switch (random.below(8)) {
        case 0:
          buffered.flush_writer(writer, sent[writer], FlushTrigger::kClient);
          break;
        case 1:
          load();
          break;
        case 2:
          buffered.tick(now += 3s, 10s);
          break;
        default:
          buffered.add(batch(writer, ++sent[writer],
                             lane(std::string(1, static_cast<char>('a' + random.below(3)))),
                             random.below(70), now));
      }
    }
    buffered.flush_all(FlushTrigger::kDrain);
    load();
    EXPECT_EQ(sent, loaded) << "seed " << seed;
    EXPECT_EQ(buffered.waiting_bytes(), 0U);
    EXPECT_TRUE(buffered.empty());
  }
}

}  // namespace
}  // namespace loadstar::ingest
