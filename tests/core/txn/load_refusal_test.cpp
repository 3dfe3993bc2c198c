#include "core/txn/load_refusal.hpp"

#include "tests/core/txn/directory_fixture.hpp"

#include <gtest/gtest.h>

namespace loadstar::txn {
namespace {

class LoadRefusalTest : public DirectoryFixture {
 protected:
  ExplainedRefusal all_of(RefusedLoad load) {
    const Deadline deadline = Clock::now() + std::chrono::seconds(5);
    return test::run(io_, explain(client_, std::move(load), deadline));
  }
  Refusal explained(RefusedLoad load) { return all_of(std::move(load)).refusal; }
  static RefusedLoad refused(Errc code) {
    RefusedLoad load;
    load.table = {"test", "t"};
    load.error = {code, Certainty::kNotApplied, "too many filtered rows"};
    load.retry_after = std::chrono::milliseconds(1500);
    return load;
  }
};

TEST_F(LoadRefusalTest, RefusedRowsCarryTableCountsAndThePlaceOfTheLog) {
  RefusedLoad load = refused(Errc::kRowsRejected);
  load.counts = starrocks::LoadCounts{10, 7, 3, 0, 100};
  load.error_url = "http://unlisted.example:8040/log";
  const Refusal refusal = explained(std::move(load));
  EXPECT_EQ(refusal.reason, Reason::kRowsRejected);
  EXPECT_EQ(refusal.metadata.at("table"), "t");
  EXPECT_EQ(refusal.metadata.at("filteredRows"), "3");
  EXPECT_EQ(refusal.metadata.at("totalRows"), "10");
  EXPECT_EQ(refusal.metadata.at("errorUrl"), "http://unlisted.example:8040/log");
  EXPECT_NE(refusal.message.find("too many filtered rows"), std::string::npos);
  EXPECT_FALSE(refusal.retry_after);
}

TEST_F(LoadRefusalTest, ACountMismatchIsNamedAsSuch) {
  RefusedLoad load = refused(Errc::kRejected);
  load.count_mismatch = true;
  EXPECT_EQ(explained(std::move(load)).reason, Reason::kRowCountMismatch);
}

TEST_F(LoadRefusalTest, WhatMayPassComesWithAPause) {
  const Refusal refusal = explained(refused(Errc::kConnectFailed));
  EXPECT_EQ(refusal.reason, Reason::kStarrocksUnavailable);
  EXPECT_EQ(refusal.retry_after, std::chrono::milliseconds(1500));
  EXPECT_NE(refusal.message.find("StarRocks refused none of them"), std::string::npos)
      << refusal.message;
}

}  // namespace
}  // namespace loadstar::txn
