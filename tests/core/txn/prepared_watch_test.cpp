#include "core/txn/prepared_watch.hpp"

#include "tests/core/txn/exactly_once_fixture.hpp"
#include "tests/support/collecting_sink.hpp"
#include "tests/support/metric_value.hpp"

#include <gtest/gtest.h>

namespace loadstar::txn {
namespace {

using namespace std::chrono_literals;

class PreparedWatchTest : public ExactlyOnceFixture {
 protected:
  void SetUp() override {
    ExactlyOnceFixture::SetUp();
    options_.times.prepared_timeout = 1h;
    starrocks_.model().begin("l", "t", 600s);
    starrocks_.model().load("l", "row\n");
    starrocks_.model().prepare("l", 2h);
  }
  void TearDown() override {
    stop();
    ExactlyOnceFixture::TearDown();
  }
  void stop() { test::run(io_, watch_.stop()); }
  void add(const std::string& label) {
    PreparedTransaction transaction;
    transaction.label = label;
    transaction.writer = "w";
    transaction.database = "test";
    transaction.table = "t";
    transaction.epoch = 1;
    transaction.prepared_at = Clock::now();
    auto gauge = std::make_unique<OpenTransaction>(metrics_);
    gauge->prepare();
    watch_.add(std::move(transaction), std::move(gauge));
    watch_.start();
  }
  double warned() {
    return test::metric_value(registry_, "loadstar_errors_total", "PREPARED_EXPIRING");
  }
  double counted() {
    return test::metric_value(registry_, "loadstar_transactions_open", "prepared");
  }

  std::shared_ptr<test::CollectingSink> sink_ = std::make_shared<test::CollectingSink>();
  PreparedWatch watch_{io_.get_executor(), client_, metrics_, options_,
                       Logger(sink_, LogLevel::kInfo)};
};

// ingest-api.md 4.5: told before StarRocks aborts it, and not every minute.
TEST_F(PreparedWatchTest, ItWarnsTwiceBeforeTheEnd) {
  add("l");
  test::pass_time(io_, 44min);
  EXPECT_EQ(warned(), 0);
  test::pass_time(io_, 4min);
  EXPECT_EQ(warned(), 1);
  test::pass_time(io_, 4min);
  EXPECT_EQ(warned(), 1);
  test::pass_time(io_, 6min);
  EXPECT_EQ(warned(), 2);
  const auto lines = sink_->with("a prepared transaction nears its end");
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(counted(), 1);
  test::pass_time(io_, 2h);
  EXPECT_EQ(warned(), 2);
  EXPECT_EQ(counted(), 0) << "given up long after its time";
}

TEST_F(PreparedWatchTest, AShortTimeIsWatchedMoreOften) {
  options_.times.prepared_timeout = 25s;
  add("l");
  test::pass_time(io_, 24s);
  EXPECT_EQ(warned(), 2);
}

// It leaves the gauges and GetStatus within two looks, not only when it is due for a warning.
TEST_F(PreparedWatchTest, WhatAnotherDaemonCommittedIsForgotten) {
  add("l");
  test::pass_time(io_, 2min);
  EXPECT_EQ(counted(), 1);
  starrocks_.model().commit("l", false);
  test::pass_time(io_, 2min);
  EXPECT_EQ(counted(), 0);
  EXPECT_TRUE(watch_.all().empty());
  test::pass_time(io_, 55min);
  EXPECT_EQ(warned(), 0);
}

// Nobody else counts what StarRocks, or an operator, has aborted.
TEST_F(PreparedWatchTest, WhatWasAbortedIsCounted) {
  const auto aborted = [this] {
    return test::metric_value(registry_, "loadstar_transactions_total", "aborted");
  };
  add("l");
  starrocks_.model().rollback("l");
  const double before = aborted();
  test::pass_time(io_, 4min);
  EXPECT_EQ(counted(), 0);
  EXPECT_EQ(aborted(), before + 1);
}

// F270: a frontend that answers from before its election does not know the label once.
TEST_F(PreparedWatchTest, UnknownIsNotBelievedTheFirstTime) {
  add("l");
  unsigned struck = 0;
  transport_.answer = [&struck](const http::Endpoint&, const http::Request&) {
    std::optional<http::Response> none;
    if (++struck == 1) none = reply_of(R"({"status":"OK","msg":"Success","state":"UNKNOWN"})");
    return none;
  };
  test::pass_time(io_, 47min);
  EXPECT_GT(struck, 1U);
  EXPECT_EQ(warned(), 1);
  EXPECT_EQ(counted(), 1);
  transport_.answer = [](const http::Endpoint&, const http::Request&) {
    return std::optional(reply_of(R"({"status":"OK","msg":"Success","state":"UNKNOWN"})"));
  };
  test::pass_time(io_, 3min);
  EXPECT_EQ(counted(), 0) << "twice in a row";
}

TEST_F(PreparedWatchTest, WithoutAnAnswerItIsBetterToWarn) {
  transport_.mood = [](const http::Endpoint&, const http::Request&) { return Mood::kRefuse; };
  add("l");
  test::pass_time(io_, 59min);
  EXPECT_EQ(warned(), 2);
}

TEST_F(PreparedWatchTest, WhatHasEndedIsForgottenAndTheWatchBeginsAnew) {
  add("l");
  watch_.remove("l");
  watch_.remove("other");
  EXPECT_EQ(counted(), 0);
  EXPECT_TRUE(watch_.all().empty());
  test::pass_time(io_, 5min);
  add("l");
  ASSERT_EQ(watch_.all().size(), 1U);
  EXPECT_EQ(watch_.all()[0].label, "l");
  test::pass_time(io_, 47min);
  EXPECT_EQ(warned(), 1);
}

TEST_F(PreparedWatchTest, AfterStopNothingIsWatched) {
  add("l");
  stop();
  add("l");
  EXPECT_TRUE(watch_.all().empty());
  EXPECT_EQ(counted(), 0);
}

}  // namespace
}  // namespace loadstar::txn
