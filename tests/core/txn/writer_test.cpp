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
