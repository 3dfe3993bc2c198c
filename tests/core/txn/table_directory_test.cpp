#include "core/txn/table_directory.hpp"

#include "tests/core/txn/directory_fixture.hpp"

#include <gtest/gtest.h>

namespace loadstar::txn {
namespace {

using namespace std::chrono_literals;

class TableDirectoryTest : public DirectoryFixture {
 protected:
  Answer<std::shared_ptr<const TableInfo>> info(const std::string& table,
                                                Clock::duration max_age = 60s) {
    return test::run(io_, directory().info({"test", table}, max_age));
  }

  static ingest::BufferedBatch batch(const std::string& table) {
    ingest::LaneSpec lane;
    lane.key = "lane";
    lane.database = "test";
    lane.table = table;
    lane.headers = {{"format", "csv"}};
    ingest::BufferedBatch batch;
    batch.writer = 1;
    batch.sequence = 1;
    batch.encoded.lane = std::make_shared<const ingest::LaneSpec>(lane);
    batch.encoded.payload.append(Slice::from_string("a\n"));
    batch.encoded.rows = 1;
    batch.received_at = Clock::now();
    return batch;
  }
};

TEST_F(TableDirectoryTest, AsksOnceAndRemembers) {
  ASSERT_TRUE(info("t").ok());
  const auto asked = starrocks_.exchanges();
  ASSERT_TRUE(info("t").ok());
  EXPECT_EQ(starrocks_.exchanges(), asked);
}

TEST_F(TableDirectoryTest, AllTablesStopAtOnce) {
  transport_.mood = [](const auto&, const auto&) { return Mood::kHang; };
  for (const char* table : {"t1", "t2", "t3"}) {
    const auto queue = directory().queue({"test", table}, options_.defaults);
    queue->submit(batch(table));
    queue->flush_all(FlushTrigger::kClient);
  }
  test::pass_time(io_, 1s);
  const auto before = Clock::now();
  auto stop = [](TableDirectory& tables) -> asio::awaitable<bool> {
    const Deadline rollbacks_until = Clock::now() + 1s;
    co_await tables.stop(rollbacks_until);
    co_return true;
  };
  EXPECT_TRUE(test::run(io_, stop(directory())));
  EXPECT_LT(Clock::now() - before, 1500ms) << "not one after the other";
}

}  // namespace
}  // namespace loadstar::txn
