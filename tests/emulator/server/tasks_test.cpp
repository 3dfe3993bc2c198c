#include "tests/emulator/server/cluster_fixture.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>

// Channel and multi-table transactions from begin to rows (starrocks-load-protocol.md 6, 7).

namespace emulator::testing {
namespace {

/// One operation through the FE, following a redirect.
Reply follow(TestCluster& cluster, const std::string& operation, HeaderList headers,
             const std::string& body = "") {
  RequestText request;
  request.method = operation == "load" ? "PUT" : "POST";
  request.target = "/api/transaction/" + operation;
  request.headers = {{"Authorization", kRoot}, {"db", "test_db"}, {"label", "x"}};
  for (auto& header : headers) request.headers.push_back(std::move(header));
  RequestText head_only = request;
  Reply reply = *exchange(cluster->fe_port(), head_only);
  if (reply.status != 307) return reply;
  const std::string location = reply.header("location");
  const std::size_t colon = location.find(':', 7);
  request.body = body;
  return *exchange(static_cast<std::uint16_t>(std::stoi(location.substr(colon + 1))), request);
}

HeaderList channel(const std::string& id) {
  return {{"table", "table1"},
          {"channel_id", id},
          {"channel_num", "2"},
          {"timeout", "600"},
          {"column_separator", ","}};
}

TEST(ChannelTransaction, TwoChannelsOneTransaction) {
  Options options = vector_options();
  options.backends = 2;
  TestCluster cluster(std::move(options));
  for (const char* id : {"0", "1"}) {
    EXPECT_EQ(status_of(follow(cluster, "begin", channel(id))), "OK");
    const Reply load = follow(cluster, "load", channel(id), std::string(id) + ",a,2\n");
    EXPECT_EQ(status_of(load), "OK") << load.body;
  }
  EXPECT_EQ(json_of(follow(cluster, "prepare", channel("0"))).at("Prepared Channel Num"), 1);
  const Json prepared = json_of(follow(cluster, "prepare", channel("1")));
  EXPECT_EQ(prepared.at("NumberLoadedRows"), 2) << prepared;
  EXPECT_EQ(prepared.at("Message"), "stream load x finish preparing");
  EXPECT_EQ(cluster.count_rows(), "0");
  EXPECT_EQ(message_of(follow(cluster, "commit", channel("0"))), "stream load x commit");
  EXPECT_EQ(cluster.count_rows(), "2");
}

TEST(ChannelTransaction, RepeatedBeginAndBadChannel) {
  TestCluster cluster(vector_options());
  EXPECT_EQ(status_of(follow(cluster, "begin", channel("0"))), "OK");
  EXPECT_EQ(message_of(follow(cluster, "begin", channel("0"))),
            "stream load x channel 0 has already begun");
  EXPECT_NE(message_of(follow(cluster, "begin", channel("7")))
                .find("Channel ID should be between [0, 1]."),
            std::string::npos);
}

TEST(ChannelTransaction, OneHeaderWithoutTheOtherIsRefusedInEveryOperation) {
  TestCluster cluster(vector_options());
  for (const char* operation : {"begin", "load", "prepare", "commit", "rollback"}) {
    EXPECT_EQ(
        message_of(follow(cluster, operation, {{"table", "table1"}, {"channel_num", "0"}})),
        "class com.starrocks.common.DdlException: Must provide channel_id when stream load begin.");
    EXPECT_EQ(message_of(follow(cluster, operation, {{"table", "table1"}, {"channel_id", "0"}})),
              "class com.starrocks.common.DdlException: Must provide channel_num when stream load "
              "begin.");
  }
}

TEST(ChannelTransaction, DefaultTimeoutIsTwentySeconds) {
  Options options = vector_options();
  options.still_clock = true;
  TestCluster cluster(std::move(options));
  HeaderList headers = channel("0");
  std::erase_if(headers, [](const auto& header) { return header.first == "timeout"; });
  EXPECT_EQ(status_of(follow(cluster, "begin", headers)), "OK");
  cluster->advance_clock(std::chrono::seconds(31));
  EXPECT_EQ(cluster->label_state("test_db", "x"), "ABORTED");
}

class MultiTableTransaction : public ::testing::Test {
 protected:
  MultiTableTransaction() : cluster_(options()) {}

  static Options options() {
    Options options = vector_options();
    options.version = "4.0.0";
    options.backends = 2;
    return options;
  }

  static HeaderList table(const std::string& name) {
    return {{"table", name}, {"transaction_type", "multi"}, {"column_separator", ","}};
  }

  TestCluster cluster_;
};

TEST_F(MultiTableTransaction, BothTablesAtOnce) {
  EXPECT_EQ(follow(cluster_, "begin", table("")).body,
            fe_json({{"Status", "OK"}, {"Message", ""}}));
  EXPECT_EQ(status_of(follow(cluster_, "load", table("table1"), "1,a,2\n")), "OK");
  EXPECT_EQ(status_of(follow(cluster_, "load", table("pk"), "1,a,2\n2,b,3\n")), "OK");
  EXPECT_EQ(cluster_.count_rows("test_db.pk"), "0");
  EXPECT_EQ(status_of(follow(cluster_, "commit", table(""))), "OK");
  EXPECT_EQ(cluster_.count_rows("test_db.table1"), "1");
  EXPECT_EQ(cluster_.count_rows("test_db.pk"), "2");
}

TEST_F(MultiTableTransaction, PrepareIsNotSupported) {
  follow(cluster_, "begin", table(""));
  EXPECT_NE(
      message_of(follow(cluster_, "prepare", table(""))).find("Unsupported operation: TXN_PREPARE"),
      std::string::npos);
}

TEST_F(MultiTableTransaction, BadRowsOfOneTableEndItForBoth) {
  follow(cluster_, "begin", table(""));
  EXPECT_EQ(status_of(follow(cluster_, "load", table("table1"), "1,a,2\n")), "OK");
  EXPECT_EQ(status_of(follow(cluster_, "load", table("pk"), "1\n")), "OK");
  EXPECT_EQ(status_of(follow(cluster_, "commit", table(""))), "FAILED");
  EXPECT_EQ(cluster_.count_rows("test_db.table1"), "0");
}

TEST_F(MultiTableTransaction, RollbackAndLeaderChange) {
  follow(cluster_, "begin", table(""));
  EXPECT_EQ(message_of(follow(cluster_, "rollback", table(""))), "stream load x abort");
  EXPECT_EQ(status_of(follow(cluster_, "begin", table(""))), "OK");
  cluster_->change_leader();
  EXPECT_EQ(status_of(follow(cluster_, "commit", table(""))), "FAILED");
}

}  // namespace
}  // namespace emulator::testing
