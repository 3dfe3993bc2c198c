#include "core/txn/table_directory.hpp"

#include "core/base/deadline.hpp"
#include "tests/core/txn/directory_fixture.hpp"

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

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

TEST_F(TableDirectoryTest, WhoeverStopsWaitingDoesNotTakeTheAnswerAlong) {
  bool hangs = true;
  transport_.mood = [&hangs](const auto&, const http::Request& request) {
    const bool schema = request.target.find("/schema") != std::string::npos;
    return hangs && schema ? Mood::kHang : Mood::kPass;
  };
  struct Waits {
    Clock::duration first{};
    bool first_expired = false;
    Clock::duration second{};
    std::optional<Answer<std::shared_ptr<const TableInfo>>> second_answer;
  } waits;
  auto impatient = [](TableDirectory& tables, Waits& seen) -> asio::awaitable<void> {
    const auto began = Clock::now();
    starrocks::TableName name{"test", "t"};
    auto asked = tables.info(std::move(name), 60s);
    const Deadline deadline = began + 1s;
    const auto answered = co_await before(deadline, std::move(asked));
    seen.first_expired = answered.index() == 1;
    seen.first = Clock::now() - began;
  };
  auto patient = [](TableDirectory& tables, Waits& seen) -> asio::awaitable<void> {
    const auto began = Clock::now();
    starrocks::TableName name{"test", "t"};
    auto answer = co_await tables.info(std::move(name), 60s);
    seen.second_answer.emplace(std::move(answer));
    seen.second = Clock::now() - began;
  };
  TaskGroup tasks(io_.get_executor());
  tasks.spawn(impatient(directory(), waits));
  tasks.spawn(patient(directory(), waits));
  test::pass_time(io_, 2s);
  EXPECT_TRUE(waits.first_expired);
  EXPECT_LT(waits.first, 1500ms) << "its deadline is kept";
  EXPECT_FALSE(waits.second_answer) << "the other still waits for the same question";
  hangs = false;
  test::pass_time(io_, 2 * options_.starrocks.query_timeout);
  ASSERT_TRUE(waits.second_answer);
  EXPECT_FALSE(waits.second_answer->ok()) << "the one question got no answer";
  EXPECT_EQ(tasks.size(), 0U);
  EXPECT_TRUE(info("t").ok());
}

TEST_F(TableDirectoryTest, StoppingEndsWhoWaits) {
  transport_.mood = [](const auto&, const auto&) { return Mood::kHang; };
  bool ended = false;
  auto wait = [](TableDirectory& tables, bool& done) -> asio::awaitable<void> {
    starrocks::TableName name{"test", "t"};
    const auto answer = co_await tables.info(std::move(name), 60s);
    done = !answer.ok();
  };
  TaskGroup tasks(io_.get_executor());
  tasks.spawn(wait(directory(), ended));
  test::run_until_idle(io_);
  EXPECT_FALSE(ended);
  const auto before = Clock::now();
  test::run(io_, directory().stop());
  EXPECT_LT(Clock::now() - before, 1s);
  EXPECT_TRUE(ended);
  EXPECT_FALSE(info("t").ok()) << "nothing is asked for any more";
}

TEST_F(TableDirectoryTest, FactsStayWhenTheVersionCannotBeRead) {
  const auto first = info("t");
  ASSERT_TRUE(first.ok());
  const auto known = first.value()->facts;
  ASSERT_TRUE(known.has_transactions);
  ASSERT_TRUE(known.merge_commit);
  transport_.mood = [](const auto&, const http::Request& request) {
    const bool schema = request.target.find("/schema") != std::string::npos;
    return schema ? Mood::kPass : Mood::kRefuse;
  };
  test::pass_time(io_, 5min, 1s);
  const auto later = info("another");
  ASSERT_TRUE(later.ok());
  EXPECT_EQ(later.value()->facts.has_transactions, known.has_transactions);
  EXPECT_EQ(later.value()->facts.transaction_merge_condition, known.transaction_merge_condition);
  EXPECT_EQ(later.value()->facts.json_compression, known.json_compression);
  EXPECT_EQ(later.value()->facts.merge_commit, known.merge_commit);
}

// One table's question about the version gets no answer; another's, asked later, does. What is
// known then holds for both.
TEST_F(TableDirectoryTest, FactsLearntMeanwhileAreTaken) {
  bool hangs = true;
  transport_.mood = [&hangs](const auto&, const http::Request& request) {
    const bool version = request.target.find("feature") != std::string::npos;
    return hangs && version ? Mood::kHang : Mood::kPass;
  };
  std::map<std::string, ingest::ServerFacts> seen;
  auto ask = [&seen](TableDirectory& tables, std::string table) -> asio::awaitable<void> {
    starrocks::TableName name{"test", table};
    const auto answer = co_await tables.info(std::move(name), 60s);
    if (answer.ok()) seen[table] = answer.value()->facts;
  };
  TaskGroup tasks(io_.get_executor());
  tasks.spawn(ask(directory(), "slow"));
  test::pass_time(io_, options_.starrocks.query_timeout + 2s);
  hangs = false;  // what was asked before hangs on
  tasks.spawn(ask(directory(), "quick"));
  test::pass_time(io_, 2s);
  ASSERT_EQ(seen.count("slow"), 0U);
  ASSERT_EQ(seen.count("quick"), 1U);
  test::pass_time(io_, options_.starrocks.query_timeout);
  ASSERT_EQ(tasks.size(), 0U);
  EXPECT_TRUE(seen["quick"].merge_commit);
  EXPECT_TRUE(seen["slow"].merge_commit);
}

// F050
TEST_F(TableDirectoryTest, ARefusedAccountIsTriedEveryThirtySecondsAtMost) {
  std::vector<Clock::time_point> asked;
  transport_.refuse_account(asked);
  const auto began = Clock::now();
  while (Clock::now() - began < 5min) {
    for (const char* table : {"t", "u"}) {
      const auto refused = info(table);
      ASSERT_FALSE(refused.ok());
      EXPECT_EQ(refused.refusal().reason, Reason::kStarrocksUnavailable);
      EXPECT_NE(refused.refusal().message.find("loader"), std::string::npos);
      EXPECT_TRUE(refused.refusal().retry_after);
    }
    EXPECT_TRUE(test::run(io_, directory().check_database("test")).ok());
    test::pass_time(io_, 1s);
  }
  EXPECT_GE(asked.size(), 9U) << "the account is tried again";
  for (std::size_t i = 1; i < asked.size(); ++i) EXPECT_GE(asked[i] - asked[i - 1], 30s);
  transport_.answer = nullptr;
  test::pass_time(io_, 30s);
  EXPECT_TRUE(info("t").ok()) << "and taken once it is good";
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
  const Deadline rollbacks_until = Clock::now() + 1s;
  test::run(io_, directory().stop(rollbacks_until));
  EXPECT_LT(Clock::now() - before, 1500ms) << "not one after the other";
}

}  // namespace
}  // namespace loadstar::txn
