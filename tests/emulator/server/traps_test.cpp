#include "tests/emulator/server/cluster_fixture.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>

// The traps that the emulator must have (delivery-and-faults.md 3.3), E1 to E13. E14 to E20 are in
// delivery_test.cpp.

namespace emulator::testing {
namespace {

using std::chrono::seconds;

Options two_backends() {
  Options options = vector_options();
  options.backends = 2;
  return options;
}

Options still() {
  Options options = vector_options();
  options.still_clock = true;
  return options;
}

/// Sends the head of a load with a length, takes the 100, sends `part`, and closes.
void broken_load(TestCluster& cluster, const std::string& label, const std::string& part,
                 std::size_t declared) {
  RequestText load;
  load.method = "PUT";
  load.target = "/api/transaction/load";
  load.headers = {{"Host", "be"},
                  {"Authorization", kRoot},
                  {"db", "test_db"},
                  {"table", "table1"},
                  {"label", label},
                  {"column_separator", ","},
                  {"Expect", "100-continue"},
                  {"Content-Length", std::to_string(declared)}};
  TestClient client(cluster->be_port(0));
  client.send(load.head());
  ASSERT_EQ(client.read_reply()->status, 100);
  client.send(part);
  client.close();
  // The lock is released when the BE has seen the end.
  TestCluster::await([&] {
    const std::string list = cluster.at_backend("list", label).body;
    return list.find("\"InProcessing\": false") != std::string::npos;
  });
}

const HeaderList kComma = {{"column_separator", ","}};

TEST(Trap, E1BrokenLoadLeavesItsBytesToTheNextBody) {
  TestCluster cluster(vector_options());
  cluster.open_transaction("x", "");
  broken_load(cluster, "x", "1,a,2\n2,", 100);
  EXPECT_EQ(status_of(cluster.at_backend("load", "x", kComma, "b,3\n")), "OK");
  const Json prepared = json_of(cluster.at_backend("prepare", "x"));
  EXPECT_EQ(prepared.at("NumberLoadedRows"), 2) << prepared;
  EXPECT_EQ(status_of(cluster.at_frontend("commit", "x")), "OK");
  const QueryResult rows = cluster->query("SELECT name FROM table1 ORDER BY id", "test_db");
  ASSERT_EQ(rows.rows.size(), 2U);
  EXPECT_EQ(rows.rows[1][0], "b");
}

TEST(Trap, E1RepeatedLoadAfterABreakDoublesRows) {
  TestCluster cluster(vector_options());
  cluster.open_transaction("x", "");
  broken_load(cluster, "x", "1,a,2\n", 12);
  EXPECT_EQ(status_of(cluster.at_backend("load", "x", kComma, "1,a,2\n2,b,3\n")), "OK");
  EXPECT_EQ(json_of(cluster.at_backend("prepare", "x")).at("NumberLoadedRows"), 3);
}

TEST(Trap, E1OldReleasesLeakTheLockOfABrokenLoad) {
  Options options = vector_options();
  options.version = "3.3.9";
  TestCluster cluster(std::move(options));
  cluster.open_transaction("x", "");
  RequestText load;
  load.method = "PUT";
  load.target = "/api/transaction/load";
  load.headers = {{"Authorization", kRoot}, {"db", "test_db"},          {"table", "table1"},
                  {"label", "x"},           {"Expect", "100-continue"}, {"Content-Length", "9"}};
  TestClient client(cluster->be_port(0));
  client.send(load.head());
  ASSERT_EQ(client.read_reply()->status, 100);
  client.close();
  TestCluster::await([&] { return cluster->requests().back().outcome == "no reply"; });
  const Reply next = cluster.at_backend("load", "x", kComma, "1,a,2\n");
  EXPECT_EQ(status_of(next), "TXN_IN_PROCESSING");
  EXPECT_EQ(message_of(next), "Transaction in processing, please retry later");
}

TEST(Trap, E2RowsAreCountedOnlyAtPrepare) {
  TestCluster cluster(vector_options());
  cluster.open_transaction("x", "");
  const Reply load = cluster.at_backend("load", "x", kComma, "not a row\n1,a,2\n");
  EXPECT_EQ(status_of(load), "OK");
  EXPECT_FALSE(json_of(load).contains("NumberTotalRows"));
  const Reply prepare = cluster.at_backend("prepare", "x");
  EXPECT_EQ(status_of(prepare), "INTERNAL_ERROR");
  EXPECT_EQ(message_of(prepare), "too many filtered rows");
}

TEST(Trap, E3TransactionBelongsToOneBackend) {
  TestCluster cluster(two_backends());
  cluster.open_transaction("x");
  const Reply other = cluster.at_backend("load", "x", kComma, "1,a,2\n", 1);
  EXPECT_EQ(status_of(other), "TXN_NOT_EXISTS");
  EXPECT_EQ(message_of(other), "Transaction with label x not exists");
  EXPECT_EQ(message_of(cluster.at_backend("prepare", "x", {}, "", 1)),
            "transaction with label x not exists");
  EXPECT_EQ(status_of(cluster.at_backend("prepare", "x")), "OK");
}

TEST(Trap, E3SecondBeginReroutesTheLabelInOldReleases) {
  TestCluster cluster(two_backends());
  const std::string first = cluster.at_frontend("begin", "x").header("location");
  const std::string second = cluster.at_frontend("begin", "x").header("location");
  EXPECT_NE(first, second);
  EXPECT_EQ(cluster.at_frontend("load", "x").header("location").substr(0, second.rfind('/')),
            second.substr(0, second.rfind('/')));
}

TEST(Trap, E4LeaderChangeDropsPrepareAndKeepsPrepared) {
  Options options = vector_options();
  options.follower = true;
  TestCluster cluster(std::move(options));
  cluster.open_transaction("open");
  cluster.prepare_transaction("decided");
  cluster->change_leader();
  EXPECT_EQ(cluster->label_state("test_db", "open"), "UNKNOWN");
  EXPECT_EQ(cluster->label_state("test_db", "decided"), "PREPARED");
  const Reply late = cluster.at_backend("prepare", "open");
  EXPECT_EQ(status_of(late), "ANALYSIS_ERROR") << late.body;
  const Reply redirect = cluster.at_frontend("commit", "decided");
  EXPECT_EQ(redirect.status, 307);
  EXPECT_EQ(redirect.header("location"), cluster->follower_url() + "/api/transaction/commit");
  RequestText commit;
  commit.method = "POST";
  commit.target = "/api/transaction/commit";
  commit.headers = {{"Authorization", kRoot}, {"db", "test_db"}, {"label", "decided"}};
  EXPECT_EQ(status_of(*exchange(cluster->follower_port(), commit)), "OK");
  EXPECT_EQ(cluster.count_rows(), "1");
}

TEST(Trap, E4LeaderChangeForgetsWhereALabelWent) {
  TestCluster cluster(vector_options());
  EXPECT_EQ(cluster.at_frontend("begin", "x").status, 307);
  EXPECT_EQ(cluster.at_frontend("prepare", "x").status, 307);
  cluster->change_leader();
  const Reply lost = cluster.at_frontend("prepare", "x");
  EXPECT_EQ(status_of(lost), "FAILED");
  EXPECT_NE(message_of(lost).find("has no node."), std::string::npos) << lost.body;
}

TEST(Trap, E5BackendRestartDropsContexts) {
  TestCluster cluster(vector_options());
  cluster.prepare_transaction("decided");
  cluster.open_transaction("open");
  cluster->restart_backend(0);
  EXPECT_EQ(status_of(cluster.at_backend("load", "open", kComma, "1,a,2\n")), "TXN_NOT_EXISTS");
  EXPECT_EQ(status_of(cluster.at_backend("rollback", "open")), "TXN_NOT_EXISTS");
  EXPECT_EQ(cluster->label_state("test_db", "open"), "PREPARE");
  EXPECT_EQ(status_of(cluster.at_frontend("commit", "decided")), "OK");
}

TEST(Trap, E5LostHeartbeatAbortsPrepare) {
  TestCluster cluster(vector_options());
  cluster.open_transaction("open");
  cluster->restart_backend(0, true);
  EXPECT_EQ(cluster->label_state("test_db", "open"), "ABORTED");
  EXPECT_EQ(cluster->label_reason("test_db", "open"), "coordinate BE is down");
}

TEST(Trap, E5RestartCutsARunningLoad) {
  TestCluster cluster(vector_options());
  RequestText load;
  load.method = "PUT";
  load.target = "/api/test_db/table1/_stream_load";
  load.headers = {{"Authorization", kRoot},
                  {"Expect", "100-continue"},
                  {"label", "x"},
                  {"Content-Length", "100"}};
  TestClient client(cluster->be_port(0));
  client.send(load.head());
  ASSERT_EQ(client.read_reply()->status, 100);
  cluster->restart_backend(0);
  EXPECT_FALSE(client.read_reply().has_value());
  EXPECT_EQ(cluster->label_state("test_db", "x"), "PREPARE");  // a dead BE aborts nothing
}

TEST(Trap, E6PrepareTimeout) {
  TestCluster cluster(still());
  EXPECT_EQ(status_of(cluster.at_backend("begin", "x", {{"timeout", "100"}})), "OK");
  cluster->advance_clock(seconds(90));
  EXPECT_EQ(cluster->label_state("test_db", "x"), "PREPARE");
  cluster->advance_clock(seconds(45));
  EXPECT_EQ(cluster->label_state("test_db", "x"), "ABORTED");
  EXPECT_EQ(status_of(cluster.at_backend("load", "x", kComma, "1,a,2\n")), "TXN_NOT_EXISTS");
  EXPECT_NE(
      message_of(cluster.at_frontend("commit", "x")).find("Can not commit ABORTED transaction"),
      std::string::npos);
}

TEST(Trap, E6IdleTimeout) {
  TestCluster cluster(still());
  EXPECT_EQ(status_of(cluster.at_backend("begin", "x", {{"idle_transaction_timeout", "60"}})),
            "OK");
  cluster->advance_clock(seconds(85));
  EXPECT_EQ(cluster->label_state("test_db", "x"), "PREPARE");
  cluster->advance_clock(seconds(30));
  EXPECT_EQ(cluster->label_state("test_db", "x"), "ABORTED");
  EXPECT_EQ(cluster->label_reason("test_db", "x"),
            "transaction is aborted by idle timeout 60 seconds.");
}

TEST(Trap, E6PreparedTimeout) {
  Options options = still();
  options.version = "3.5.4";
  TestCluster cluster(std::move(options));
  cluster.open_transaction("x");
  EXPECT_EQ(status_of(cluster.at_backend("prepare", "x", {{"prepared_timeout", "120"}})), "OK");
  cluster->advance_clock(seconds(119));
  EXPECT_EQ(cluster->label_state("test_db", "x"), "PREPARED");
  cluster->advance_clock(seconds(31));
  EXPECT_EQ(cluster->label_state("test_db", "x"), "ABORTED");
  EXPECT_EQ(cluster.count_rows(), "0");
}

TEST(Trap, E7EvictionByCount) {
  TestCluster cluster(still());
  cluster->set_config("label_keep_max_num", "20");
  for (int i = 0; i < 25; ++i) {
    EXPECT_EQ(status_of(cluster.stream_load("x" + std::to_string(i), "1,a,2\n")), "Success");
  }
  EXPECT_EQ(cluster->label_state("test_db", "x0"), "VISIBLE");
  cluster->advance_clock(seconds(31));
  EXPECT_EQ(cluster->label_state("test_db", "x4"), "UNKNOWN");
  EXPECT_EQ(cluster->label_state("test_db", "x5"), "VISIBLE");
  EXPECT_EQ(status_of(cluster.stream_load("x0", "1,a,2\n")), "Success");  // duplicate data
}

TEST(Trap, E7EvictionByAge) {
  TestCluster cluster(still());
  EXPECT_EQ(status_of(cluster.stream_load("x", "1,a,2\n")), "Success");
  cluster->advance_clock(seconds(259200));
  EXPECT_EQ(cluster->label_state("test_db", "x"), "VISIBLE");
  cluster->advance_clock(seconds(31));
  EXPECT_EQ(cluster->label_state("test_db", "x"), "UNKNOWN");
}

TEST(Trap, E8AbortedLabelCanBeBegunAgain) {
  TestCluster cluster(vector_options());
  const Json first = json_of(cluster.at_backend("begin", "x"));
  EXPECT_EQ(status_of(cluster.at_backend("rollback", "x")), "OK");
  const Json second = json_of(cluster.at_backend("begin", "x"));
  EXPECT_EQ(second.at("Status"), "OK");
  EXPECT_GT(second.at("TxnId"), first.at("TxnId"));
}

TEST(Trap, E8DocumentedVariantRollsTheReusedLabelBack) {
  TestCluster cluster(two_backends());
  cluster->set_config("begin_rolls_back_reused_label", "true");
  cluster.open_transaction("x");
  EXPECT_EQ(status_of(cluster.at_backend("begin", "x", {}, "", 1)), "LABEL_ALREADY_EXISTS");
  EXPECT_EQ(cluster->label_state("test_db", "x"), "ABORTED");
}

TEST(Trap, E9LabelsBelongToADatabase) {
  TestCluster cluster(vector_options());
  cluster->execute(
      "CREATE DATABASE other_db;"
      "CREATE TABLE other_db.table1 (id INT NOT NULL, name VARCHAR(10), score INT)"
      " DUPLICATE KEY(id) DISTRIBUTED BY HASH(id);");
  cluster.prepare_transaction("x");
  EXPECT_EQ(status_of(cluster.at_backend("begin", "x", {{"db", "other_db"}})), "OK");
  // The BE's map is keyed by the label alone (5.10).
  const Json again = json_of(cluster.at_backend("begin", "x"));
  EXPECT_EQ(again.at("Status"), "LABEL_ALREADY_EXISTS");
  EXPECT_EQ(again.at("ExistingJobStatus"), "");
}

TEST(Trap, E9LabelFormat) {
  TestCluster cluster(vector_options());
  for (const std::string& good : {std::string("-a"), std::string("1_b"), std::string(128, 'x')}) {
    EXPECT_EQ(status_of(cluster.at_backend("begin", good)), "OK") << good;
  }
  for (const std::string& bad : {std::string("a.b"), std::string("a b"), std::string(129, 'x')}) {
    const Reply reply = cluster.at_backend("begin", bad);
    EXPECT_EQ(status_of(reply), "INTERNAL_ERROR");
    EXPECT_EQ(message_of(reply),
              "Getting analyzing error. Detail message: Label format error. regex: "
              "^[-\\w]{1,128}$, label: " +
                  bad + ".");
  }
}

TEST(Trap, E10RunningTransactionLimitCountsPrepared) {
  TestCluster cluster(vector_options());
  cluster->set_config("max_running_txn_num_per_db", "2");
  cluster.prepare_transaction("a");
  cluster.open_transaction("b");
  const Reply refused = cluster.at_backend("begin", "c");
  EXPECT_EQ(status_of(refused), "ANALYSIS_ERROR");
  EXPECT_EQ(message_of(refused), "current running txns on db 10004 is 2, larger than limit 2");
  EXPECT_EQ(status_of(cluster.at_frontend("commit", "a")), "OK");
  EXPECT_EQ(status_of(cluster.at_backend("begin", "c")), "OK");
}

TEST(Trap, E11EmptyPrepareIsRefused) {
  TestCluster cluster(vector_options());
  cluster.open_transaction("x", "");
  const Reply empty = cluster.at_backend("prepare", "x");
  EXPECT_EQ(status_of(empty), "INTERNAL_ERROR");
  EXPECT_NE(message_of(empty).find("hasn't send any data yet"), std::string::npos);
  EXPECT_EQ(cluster->label_state("test_db", "x"), "PREPARE");
}

TEST(Trap, E11LoadWithoutRowsIsRefusedByTheLeader) {
  TestCluster cluster(vector_options());
  cluster.open_transaction("x", "");
  const HeaderList none = {{"column_separator", ","}, {"where", "id > 100"}};
  EXPECT_EQ(status_of(cluster.at_backend("load", "x", none, "1,a,2\n")), "OK");
  const Reply prepare = cluster.at_backend("prepare", "x");
  EXPECT_EQ(status_of(prepare), "ANALYSIS_ERROR");
  EXPECT_TRUE(message_of(prepare).starts_with("No partitions have data available for loading."));
  EXPECT_EQ(cluster->label_state("test_db", "x"), "ABORTED");
}

TEST(Trap, E12ParameterDriftEndsTheTransaction) {
  TestCluster cluster(vector_options());
  cluster.open_transaction("x");
  const HeaderList drifted = {{"column_separator", ","}, {"strict_mode", "false"}};
  const Reply load = cluster.at_backend("load", "x", drifted, "2,b,3\n");
  EXPECT_EQ(status_of(load), "INTERNAL_ERROR");
  EXPECT_EQ(message_of(load), "load request not equal last.");
  EXPECT_EQ(cluster->label_state("test_db", "x"), "ABORTED");
  EXPECT_EQ(status_of(cluster.at_backend("load", "x", kComma, "2,b,3\n")), "TXN_NOT_EXISTS");
}

TEST(Trap, E13SecondRequestMeetsTheLock) {
  TestCluster cluster(vector_options());
  cluster.open_transaction("x", "");
  RequestText load;
  load.method = "PUT";
  load.target = "/api/transaction/load";
  load.headers = {{"Authorization", kRoot}, {"db", "test_db"},         {"table", "table1"},
                  {"label", "x"},           {"column_separator", ","}, {"Expect", "100-continue"},
                  {"Content-Length", "6"}};
  TestClient first(cluster->be_port(0));
  first.send(load.head());
  ASSERT_EQ(first.read_reply()->status, 100);

  const Reply second = *exchange(cluster->be_port(0), load);
  EXPECT_FALSE(second.continued);
  EXPECT_EQ(be_json(json_of(second)), be_json({{"Status", "TXN_IN_PROCESSING"},
                                               {"Label", "x"},
                                               {"Message", "Transaction is in processing"}}));
  EXPECT_EQ(status_of(cluster.at_backend("prepare", "x")), "TXN_IN_PROCESSING");
  first.send("1,a,2\n");
  EXPECT_EQ(status_of(*first.read_reply()), "OK");
  EXPECT_EQ(status_of(cluster.at_backend("prepare", "x")), "OK");
}

TEST(Trap, E13RollbackDoesNotWaitForTheLock) {
  TestCluster cluster(vector_options());
  cluster.open_transaction("x", "");
  RequestText load;
  load.method = "PUT";
  load.target = "/api/transaction/load";
  load.headers = {{"Authorization", kRoot}, {"db", "test_db"},          {"table", "table1"},
                  {"label", "x"},           {"Expect", "100-continue"}, {"Content-Length", "6"}};
  TestClient first(cluster->be_port(0));
  first.send(load.head());
  ASSERT_EQ(first.read_reply()->status, 100);
  EXPECT_EQ(status_of(cluster.at_backend("rollback", "x")), "OK");
  first.send("1,a,2\n");
  EXPECT_EQ(status_of(*first.read_reply()), "ABORTED");
}

}  // namespace
}  // namespace emulator::testing
