#include "tests/emulator/server/cluster_fixture.hpp"
#include "tests/emulator/server/program.hpp"

#include <gtest/gtest.h>

#include <string>

// The commands of the StarRocks documentation, run by the real curl.

namespace emulator::testing {
namespace {

class CurlTest : public ::testing::Test {
 protected:
  CurlTest() : cluster_(options()) {
    cluster_->execute(
        "CREATE DATABASE mydatabase;"
        "CREATE TABLE mydatabase.table1 (id INT NOT NULL, name VARCHAR(65533) NULL, score INT NOT "
        "NULL)"
        " PRIMARY KEY(id) DISTRIBUTED BY HASH(id);"
        "CREATE TABLE mydatabase.table2 (id INT NOT NULL, city VARCHAR(65533) NULL)"
        " PRIMARY KEY(id) DISTRIBUTED BY HASH(id);");
    csv_ = scratch_.write("example1.csv", "1,Lily,23\n2,Rose,23\n3,Alice,24\n4,Julia,25\n");
    json_ = scratch_.write("example2.json", R"({"name": "Beijing", "code": 2})");
  }

  static Options options() {
    Options options = vector_options();
    options.backends = 2;
    options.follower = true;
    return options;
  }

  [[nodiscard]] std::string fe() const { return url_; }

  Json run(const std::string& command) { return Json::parse(run_command("curl -s " + command)); }

  Json transaction(const std::string& operation, const std::string& more = "") {
    return run(
        "--location-trusted -u root: -H \"label:streamload_txn_example1_table1\" "
        "-H \"Expect:100-continue\" -H \"db:mydatabase\" -H \"table:table1\" " +
        more + " " + fe() + "/api/transaction/" + operation);
  }

  ScratchDirectory scratch_;
  TestCluster cluster_;
  std::string csv_;
  std::string json_;
  std::string url_ = cluster_->fe_url();
};

TEST_F(CurlTest, StreamLoadOfCsv) {
  const Json reply =
      run("--location-trusted -u root: -H \"label:123\" -H \"Expect:100-continue\" "
          "-H \"column_separator:,\" -H \"columns: id, name, score\" -T " +
          csv_ + " -XPUT " + fe() + "/api/mydatabase/table1/_stream_load");
  EXPECT_EQ(reply.at("Status"), "Success") << reply;
  EXPECT_EQ(reply.at("NumberLoadedRows"), 4);
  EXPECT_EQ(cluster_.count_rows("mydatabase.table1"), "4");
}

TEST_F(CurlTest, StreamLoadOfJsonWithColumnMapping) {
  const Json reply =
      run("--location-trusted -u root: -H \"strict_mode: true\" -H \"Expect:100-continue\" "
          "-H \"format: json\" -H \"jsonpaths: [\\\"$.name\\\", \\\"$.code\\\"]\" "
          "-H \"columns: city,tmp_id, id = tmp_id * 100\" -T " +
          json_ + " -XPUT " + fe() + "/api/mydatabase/table2/_stream_load");
  EXPECT_EQ(reply.at("Status"), "Success") << reply;
  const QueryResult rows = cluster_->query("SELECT id, city FROM table2", "mydatabase");
  ASSERT_EQ(rows.rows.size(), 1U);
  EXPECT_EQ(rows.rows[0][0], "200");
  EXPECT_EQ(rows.rows[0][1], "Beijing");
}

TEST_F(CurlTest, StreamLoadWithoutExpectIsRefusedByTheFrontend) {
  const Json reply =
      run("--location-trusted -u root: -H \"Expect:\" -H \"column_separator:,\" -T " + csv_ +
          " -XPUT " + fe() + "/api/mydatabase/table1/_stream_load");
  EXPECT_EQ(reply.at("Status"), "FAILED");
}

TEST_F(CurlTest, StreamLoadFromStandardInputIsChunked) {
  const Json reply = Json::parse(run_command(
      "cat " + csv_ +
      " | curl -s --location-trusted -u root: -H \"Expect:100-continue\" -H \"column_separator:,\" "
      "-T - -XPUT " +
      fe() + "/api/mydatabase/table1/_stream_load"));
  EXPECT_EQ(reply.at("Status"), "Success") << reply;
  EXPECT_EQ(cluster_->requests().back().headers.at("transfer-encoding"), "chunked");
}

TEST_F(CurlTest, TransactionWithPrepare) {
  EXPECT_EQ(transaction("begin", "-XPOST").at("Status"), "OK");
  const Json load = transaction("load", "-H \"column_separator: ,\" -T " + csv_ + " -XPUT");
  EXPECT_EQ(load.at("Status"), "OK") << load;
  const Json prepare = transaction("prepare", "-XPOST");
  EXPECT_EQ(prepare.at("Status"), "OK") << prepare;
  EXPECT_EQ(prepare.at("NumberLoadedRows"), 4);
  EXPECT_EQ(cluster_.count_rows("mydatabase.table1"), "0");
  const Json commit = transaction("commit", "-XPOST");
  EXPECT_EQ(commit.at("Status"), "OK");
  EXPECT_EQ(commit.at("TxnId"), prepare.at("TxnId"));
  EXPECT_EQ(cluster_.count_rows("mydatabase.table1"), "4");
  const std::string again = transaction("commit", "-XPOST").at("Message");
  EXPECT_NE(again.find("has already committed"), std::string::npos);
}

TEST_F(CurlTest, TransactionThroughTheFollower) {
  url_ = cluster_->follower_url();
  EXPECT_EQ(transaction("begin", "-XPOST").at("Status"), "OK");
  EXPECT_EQ(transaction("load", "-H \"column_separator: ,\" -T " + csv_ + " -XPUT").at("Status"),
            "OK");
  EXPECT_EQ(transaction("commit", "-XPOST").at("NumberLoadedRows"), 4);
  EXPECT_EQ(cluster_.count_rows("mydatabase.table1"), "4");
}

TEST_F(CurlTest, Rollback) {
  EXPECT_EQ(transaction("begin", "-XPOST").at("Status"), "OK");
  EXPECT_EQ(transaction("load", "-H \"column_separator: ,\" -T " + csv_ + " -XPUT").at("Status"),
            "OK");
  EXPECT_EQ(transaction("prepare", "-XPOST").at("Status"), "OK");
  EXPECT_EQ(transaction("rollback", "-XPOST").at("Status"), "OK");
  EXPECT_EQ(cluster_.count_rows("mydatabase.table1"), "0");
}

TEST_F(CurlTest, LoadState) {
  EXPECT_EQ(transaction("begin", "-XPOST").at("Status"), "OK");
  const Json reply = run("-u root: " + fe() +
                         "/api/mydatabase/get_load_state?label=streamload_txn_example1_table1");
  EXPECT_EQ(reply.at("state"), "PREPARE");
}

}  // namespace
}  // namespace emulator::testing
