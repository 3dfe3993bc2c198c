#include "core/txn/writer.hpp"

#include "tests/core/txn/registry_fixture.hpp"

#include <gtest/gtest.h>

namespace loadstar::txn {
namespace {

using namespace std::chrono_literals;

/// Writers as streams see them; numbers, watermarks and tables are in writer_registry_test.cpp.
class WriterTest : public RegistryFixture {};

TEST_F(WriterTest, EndsWithItsGraceThoughNobodyHoldsIt) {
  auto stream = opened("w");
  EXPECT_TRUE(append(*stream, batch(1, "a\n")).ok());
  stream.reset();
  test::pass_time(io_, 70s, 1s);
  EXPECT_EQ(starrocks_.rows("t").size(), 1U);
  EXPECT_FALSE(opened("w")->opened().attached) << "a new writer";
}

TEST_F(WriterTest, EndsWithRefusedRowsThoughNobodyHoldsIt) {
  auto stream = opened("w");
  EXPECT_TRUE(append(*stream, batch(1, "BAD\n")).ok());
  EXPECT_TRUE(append(*stream, batch(2, "good\n")).ok());
  stream.reset();
  test::pass_time(io_, 70s, 1s);
  EXPECT_EQ(starrocks_.rows("t").size(), 1U);
  EXPECT_FALSE(opened("w")->opened().attached);
}

// Simulation seed 1001: the client gave up good rows.
TEST_F(WriterTest, BatchesThatStarrocksHadNoTimeForAreNotNamedAmongThoseWithBadRows) {
  auto changed = options();
  changed.defaults.protocol = Protocol::kStreamLoad;
  changed.defaults.retry.max_attempts = 5;  // given up after the bad row is found
  restart(changed);
  transport_.answer = [](const http::Endpoint&,
                         const http::Request& request) -> std::optional<http::Response> {
    if (request.target.find("/busy/_stream_load") == std::string::npos) return std::nullopt;
    return simulation::json(
        R"({"TxnId":-1,"Status":"Fail","Message":"tablet writer cannot be opened"})");
  };
  auto stream = opened("w");
  EXPECT_TRUE(append(*stream, batch(1, "good\n", "busy")).ok());
  EXPECT_TRUE(append(*stream, batch(2, "BAD\n")).ok());
  EXPECT_TRUE(append(*stream, batch(3, "good\n")).ok());
  const auto ended = until_ended(*stream);
  ASSERT_TRUE(ended.refusal);
  EXPECT_EQ(ended.refusal->reason, Reason::kRowsRejected);
  EXPECT_EQ(ended.refusal->metadata.at("rejectedSequences"), "2");
  EXPECT_EQ(ended.refusal->metadata.at("firstSequence"), "2");
  EXPECT_EQ(ended.refusal->metadata.at("lastSequence"), "2");
  EXPECT_FALSE(ended.refusal->metadata.contains("receivedSequence")) << "batch 1 is nowhere";
  EXPECT_TRUE(starrocks_.rows("busy").empty());
  EXPECT_EQ(starrocks_.rows("t").size(), 1U);
}

// Who is told of too few would take the others for committed.
TEST_F(WriterTest, NoWatermarkGoesWithAListThatWasCut) {
  auto changed = options();
  changed.defaults.max_isolation_loads = 5'000;
  restart(changed);
  auto stream = opened("w");
  constexpr std::uint64_t kBatches = 600;
  for (std::uint64_t i = 1; i <= kBatches; ++i) {
    EXPECT_TRUE(append(*stream, batch(i, i % 2 == 0 ? "BAD\n" : "good\n")).ok());
  }
  const auto ended = until_ended(*stream);
  ASSERT_TRUE(ended.refusal);
  EXPECT_TRUE(ended.refusal->metadata.at("rejectedSequences").ends_with(",..."));
  EXPECT_FALSE(ended.refusal->metadata.contains("receivedSequence"));
}

TEST_F(WriterTest, AnAnonymousWriterEndsThoughNobodyHoldsIt) {
  auto stream = opened("");
  EXPECT_TRUE(append(*stream, batch(0, "a\n")).ok());
  stream.reset();
  test::pass_time(io_, 10s);
  EXPECT_EQ(starrocks_.rows("t").size(), 1U);
  EXPECT_EQ(test::run(io_, writers_->status("")).writers.size(), 0U);
}

// Small values take more than twice their payload in the message; both are counted the same way.
TEST_F(WriterTest, AnIdleWriterDoesNotHoldTheMemoryThatAnotherWaitsFor) {
  auto changed = options();
  changed.limits.memory = Bytes{100'000};
  changed.defaults.flush.interval = 1h;
  changed.defaults.flush.max_ack_wait = 0ms;
  restart(changed);
  const auto idle = opened("idle");
  const auto large = append(*idle, small_rows(1, "t1", 10'000));  // 70 KB in 20 KB of payload
  ASSERT_TRUE(large.ok()) << large.refusal().message;
  const auto busy = opened("busy");
  const auto before = Clock::now();
  for (std::uint64_t i = 1; i <= 20; ++i) {
    EXPECT_TRUE(append(*busy, small_rows(i, "t2", 1'000)).ok());
  }
  EXPECT_LT(Clock::now() - before, 1min) << "not by age";
}

}  // namespace
}  // namespace loadstar::txn
