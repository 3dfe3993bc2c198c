#include "core/txn/load_driver.hpp"

#include "tests/core/txn/directory_fixture.hpp"

#include <gtest/gtest.h>

namespace loadstar::txn {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kNotNow = "tablet writer cannot be opened";

class LoadDriverTest : public DirectoryFixture {
 protected:
  static ingest::LoadGroup group(Protocol protocol, const std::string& rows = "a\n") {
    ingest::LaneSpec lane;
    lane.key = "lane";
    lane.database = "test";
    lane.table = "t";
    lane.protocol = protocol;
    lane.headers = {{"format", "csv"}};
    ingest::BufferedBatch batch;
    batch.writer = 1;
    batch.sequence = 1;
    batch.encoded.lane = std::make_shared<const ingest::LaneSpec>(lane);
    batch.encoded.payload.append(Slice::from_string(rows));
    batch.encoded.rows = 1;
    batch.encoded.row_count = 1;
    ingest::LoadGroup group;
    group.lane = batch.encoded.lane;
    group.bytes = rows.size();
    group.rows = 1;
    group.batches.push_back(std::move(batch));
    return group;
  }

  std::vector<BatchOutcome> load(ingest::LoadGroup group) {
    return test::run(io_, driver_.run(std::move(group)));
  }

  /// Backends say no to what brings rows.
  void refuse_rows(std::string message) {
    transport_.answer = [this, message = std::move(message)](
                            const http::Endpoint&,
                            const http::Request& request) -> std::optional<http::Response> {
      const bool plain = request.target.find("_stream_load") != std::string::npos;
      const bool load = request.target.find("transaction/load") != std::string::npos;
      if (!plain && !load) return std::nullopt;
      ++refusals_;
      const std::string head =
          plain ? R"({"TxnId":-1,"Status":"Fail",)" : R"({"Status":"INTERNAL_ERROR",)";
      return reply_of(head + R"("Message":")" + message + "\"}");
    };
  }

  LoadDriver driver_{io_.get_executor(),
                     services(),
                     {"test", "t"},
                     options_.defaults,
                     metrics_.table("test", "t"),
                     1,
                     [this](bool congested) { congested_ = congested_ || congested; }};
  bool congested_ = false;
  unsigned refusals_ = 0;
};

TEST_F(LoadDriverTest, CommitsInBothProtocols) {
  for (const Protocol protocol : {Protocol::kStreamLoad, Protocol::kTransaction}) {
    const auto outcomes = load(group(protocol));
    ASSERT_EQ(outcomes.size(), 1U);
    EXPECT_TRUE(outcomes[0].committed);
  }
  EXPECT_EQ(starrocks_.rows("t").at("a"), 2U);
}

TEST_F(LoadDriverTest, AStreamLoadThatIsRefusedIsTriedAFewTimesAndTheRowsStayTheClients) {
  refuse_rows(std::string(kNotNow));
  const auto outcomes = load(group(Protocol::kStreamLoad));
  ASSERT_EQ(outcomes.size(), 1U);
  EXPECT_FALSE(outcomes[0].committed);
  EXPECT_EQ(outcomes[0].refusal->reason, Reason::kStarrocksUnavailable) << "F229: it may pass";
  EXPECT_TRUE(outcomes[0].refusal->retry_after);
  EXPECT_EQ(refusals_, 1 + options_.defaults.retry.max_attempts);
}

TEST_F(LoadDriverTest, ATransactionThatIsRefusedIsTriedByTime) {
  refuse_rows(std::string(kNotNow));
  const auto before = Clock::now();
  const auto outcomes = load(group(Protocol::kTransaction));
  ASSERT_EQ(outcomes.size(), 1U);
  EXPECT_EQ(outcomes[0].refusal->reason, Reason::kStarrocksUnavailable);
  EXPECT_GE(Clock::now() - before, options_.starrocks.request_timeout);
  EXPECT_GT(refusals_, 1 + options_.defaults.retry.max_attempts);
}

TEST_F(LoadDriverTest, ALoadIsTriedSoonAfterALongOutage) {
  const auto back_at = Clock::now() + 30min;
  transport_.mood = [back_at](const http::Endpoint&, const http::Request&) {
    return Clock::now() < back_at ? Mood::kRefuse : Mood::kPass;
  };
  const auto outcomes = load(group(Protocol::kTransaction));
  ASSERT_EQ(outcomes.size(), 1U);
  EXPECT_TRUE(outcomes[0].committed);
  EXPECT_LT(Clock::now() - back_at, options_.starrocks.circuit_breaker.open_for + 6s);
}

// A page of a proxy is no word of StarRocks about the rows, so they are loaded when it has passed.
TEST_F(LoadDriverTest, APageOfAProxyIsTriedAgainWhateverItsStatusIs) {
  const std::vector<std::pair<std::string, Protocol>> requests{
      {"_stream_load", Protocol::kStreamLoad},
      {"transaction/begin", Protocol::kTransaction},
      {"transaction/load", Protocol::kTransaction},
      {"transaction/prepare", Protocol::kTransaction},
      {"transaction/commit", Protocol::kTransaction}};
  std::uint64_t committed = 0;
  for (const auto& [path, protocol] : requests) {
    for (const unsigned status : {404U, 405U, 501U}) {
      unsigned pages = 0;
      transport_.answer = [&, path = path](
                              const http::Endpoint&,
                              const http::Request& request) -> std::optional<http::Response> {
        if (request.target.find(path) == std::string::npos || pages == 3) return std::nullopt;
        ++pages;
        return reply_of("<html>not here</html>", status);
      };
      const auto outcomes = load(group(protocol));
      EXPECT_EQ(pages, 3U);
      ASSERT_EQ(outcomes.size(), 1U);
      EXPECT_TRUE(outcomes[0].committed) << path << " " << status;
      EXPECT_EQ(starrocks_.rows("t").at("a"), ++committed) << path << " " << status;
    }
  }
}

// 4.10: nothing that a repetition would change, so the table is not held up by it.
TEST_F(LoadDriverTest, ARequestThatCanNeverSucceedIsRefusedAtOnce) {
  for (const Protocol protocol : {Protocol::kStreamLoad, Protocol::kTransaction}) {
    refusals_ = 0;
    refuse_rows("unknown column in where statement. the column 'zzz' in where clause");
    const auto before = Clock::now();
    const auto outcomes = load(group(protocol));
    ASSERT_EQ(outcomes.size(), 1U);
    EXPECT_EQ(outcomes[0].refusal->reason, Reason::kUnsupportedCombination);
    EXPECT_EQ(refusals_, 1U);
    EXPECT_LT(Clock::now() - before, 1s);
  }
}

// F192, F196: a backend that is silent costs the rollback its time, not the cancel at the frontend.
TEST_F(LoadDriverTest, ARollbackWithoutAnAnswerIsFollowedByACancel) {
  refuse_rows("unknown column in where statement");
  unsigned cancels = 0;
  transport_.mood = [&cancels](const http::Endpoint&, const http::Request& request) {
    if (is_cancel(request)) ++cancels;
    return is_rollback(request) ? Mood::kHang : Mood::kPass;
  };
  const auto outcomes = load(group(Protocol::kTransaction));
  ASSERT_EQ(outcomes.size(), 1U);
  EXPECT_EQ(cancels, 1U);
}

TEST_F(LoadDriverTest, AFrontendThatHangsInBeginDoesNotHoldTheTable) {
  bool hung = false;
  transport_.mood = [&hung](const http::Endpoint&, const http::Request& request) {
    if (hung || request.target.find("transaction/begin") == std::string::npos) return Mood::kPass;
    hung = true;
    return Mood::kHang;
  };
  const auto before = Clock::now();
  const auto outcomes = load(group(Protocol::kTransaction));
  ASSERT_EQ(outcomes.size(), 1U);
  EXPECT_TRUE(outcomes[0].committed);
  EXPECT_TRUE(hung);
  EXPECT_LT(Clock::now() - before, 3 * options_.starrocks.query_timeout);
  EXPECT_EQ(starrocks_.rows("t").at("a"), 1U);
}

TEST_F(LoadDriverTest, AStopBoundsRollbacksThatGetNoAnswer) {
  transport_.mood = [](const auto&, const auto&) { return Mood::kHang; };
  TaskGroup loads(io_.get_executor());
  auto run = [](LoadDriver& driver, ingest::LoadGroup rows) -> asio::awaitable<void> {
    co_await asio::this_coro::throw_if_cancelled(false);
    const auto outcomes = co_await driver.run(std::move(rows));
    EXPECT_TRUE(outcomes.empty());
  };
  loads.spawn(run(driver_, group(Protocol::kTransaction)));
  test::pass_time(io_, 2s);  // begin hangs
  driver_.stop(Clock::now() + 1500ms);
  loads.cancel();
  test::pass_time(io_, 1400ms);
  EXPECT_EQ(loads.size(), 1U) << "it tries to roll back";
  test::pass_time(io_, 200ms);
  EXPECT_EQ(loads.size(), 0U);
}

TEST_F(LoadDriverTest, AStopBoundsARollbackThatWasUnderWay) {
  transport_.mood = [](const http::Endpoint&, const http::Request& request) {
    return is_rollback(request) ? Mood::kHang : Mood::kPass;
  };
  refuse_rows(std::string(kNotNow));
  TaskGroup loads(io_.get_executor());
  auto run = [](LoadDriver& driver, ingest::LoadGroup rows) -> asio::awaitable<void> {
    co_await asio::this_coro::throw_if_cancelled(false);
    const auto outcomes = co_await driver.run(std::move(rows));
    EXPECT_TRUE(outcomes.empty());
  };
  loads.spawn(run(driver_, group(Protocol::kTransaction)));
  test::pass_time(io_, 1s);
  driver_.stop(Clock::now() + 500ms);
  loads.cancel();
  test::pass_time(io_, 600ms);
  EXPECT_EQ(loads.size(), 0U) << "not after the ten seconds that it had when it began";
}

TEST_F(LoadDriverTest, ABackendWithoutMemoryIsCongestion) {
  refuse_rows("Memory of process exceed limit. Used: 9, Limit: 9");
  TaskGroup tasks(io_.get_executor());
  auto relax = [](MoodyTransport& transport) -> asio::awaitable<void> {
    co_await sleep_for(1h);
    transport.answer = nullptr;
  };
  tasks.spawn(relax(transport_));
  const auto outcomes = load(group(Protocol::kTransaction));
  ASSERT_EQ(outcomes.size(), 1U);
  EXPECT_TRUE(outcomes[0].committed) << "never given up (F237)";
  EXPECT_TRUE(congested_);
}

}  // namespace
}  // namespace loadstar::txn
