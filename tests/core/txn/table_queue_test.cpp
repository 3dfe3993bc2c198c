#include "core/txn/table_queue.hpp"

#include "tests/core/txn/directory_fixture.hpp"

#include <gtest/gtest.h>

namespace loadstar::txn {
namespace {

using namespace std::chrono_literals;

class TableQueueTest : public DirectoryFixture {
 protected:
  void submit(std::uint64_t writer, std::uint64_t sequence, const std::string& row) {
    ingest::LaneSpec lane;
    lane.key = "lane";
    lane.database = "test";
    lane.table = "t";
    lane.headers = {{"format", "csv"}};
    ingest::BufferedBatch batch;
    batch.writer = writer;
    batch.sequence = sequence;
    batch.encoded.lane = std::make_shared<const ingest::LaneSpec>(lane);
    batch.encoded.payload.append(Slice::from_string(row + "\n"));
    batch.encoded.rows = 1;
    batch.received_at = Clock::now();
    queue().submit(std::move(batch));
    test::run_until_idle(io_);
  }
  TableQueue& queue() { return *directory().queue({"test", "t"}, options_.defaults); }
};

TEST_F(TableQueueTest, BatchesOfSeveralWritersRipenByAgeAndEachHearsOfItsOwn) {
  submit(1, 1, "a");
  submit(2, 1, "b");
  test::pass_time(io_, 1s);
  EXPECT_TRUE(outcomes_.empty());
  test::pass_time(io_, 6s);
  ASSERT_EQ(outcomes_.size(), 2U);
  EXPECT_EQ(outcomes_[0].first, 1U);
  EXPECT_EQ(outcomes_[1].first, 2U);
  EXPECT_TRUE(outcomes_[0].second.committed && outcomes_[1].second.committed);
  EXPECT_EQ(starrocks_.visible_loads(), 1U);
}

TEST_F(TableQueueTest, AFlushOfOneWriterLoadsWhatItWaitsFor) {
  submit(1, 1, "a");
  queue().flush_writer(1, 1, FlushTrigger::kClient);
  test::pass_time(io_, 10s);
  ASSERT_EQ(outcomes_.size(), 1U);
  EXPECT_EQ(metrics_.flushes(FlushTrigger::kClient).Value(), 1);
}

TEST_F(TableQueueTest, AFrontendThatIsAwayIsNoCongestionAndTheRowsAreLoadedAfterwards) {
  const auto effective = [this] {
    return metrics_.table("test", "t").flush_interval_effective.Value();
  };
  submit(1, 1, "a");
  const double normal = effective();
  transport_.mood = [](const http::Endpoint&, const http::Request&) { return Mood::kRefuse; };
  queue().flush_all(FlushTrigger::kClient);
  test::pass_time(io_, 2s);
  EXPECT_EQ(effective(), normal) << "a frontend that is away is no congestion";
  transport_.mood = nullptr;
  test::pass_time(io_, 120s);
  ASSERT_EQ(outcomes_.size(), 1U);
  EXPECT_TRUE(outcomes_[0].second.committed);
}

TEST_F(TableQueueTest, TheWatermarkStandsUntilTheRowsAreFinal) {
  const Oldest& held = metrics_.table("test", "t").held;
  const auto began = Clock::now();
  submit(1, 1, "a");
  test::pass_time(io_, 1s);
  submit(1, 2, "b");
  EXPECT_EQ(held.get(), began) << "rows wait";
  transport_.mood = [](const http::Endpoint&, const http::Request&) { return Mood::kRefuse; };
  test::pass_time(io_, 10s);
  submit(1, 3, "c");
  EXPECT_EQ(held.get(), began) << "they are being loaded, and others wait behind them";
  transport_.mood = nullptr;
  test::pass_time(io_, 60s);
  ASSERT_EQ(outcomes_.size(), 3U);
  EXPECT_FALSE(held.get()) << "all is final";
}

}  // namespace
}  // namespace loadstar::txn
