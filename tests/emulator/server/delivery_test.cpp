#include "tests/emulator/server/cluster_fixture.hpp"
#include "tests/emulator/server/program.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <utility>

// The traps E14 to E20 of delivery-and-faults.md 3.3: words, redirects, faults, late and doubled
// delivery, durability, rejected rows, 401.

namespace emulator::testing {
namespace {

using std::chrono::milliseconds;

Options with_follower() {
  Options options = vector_options();
  options.follower = true;
  return options;
}

RequestText commit_request(const std::string& label) {
  RequestText request;
  request.method = "POST";
  request.target = "/api/transaction/commit";
  request.headers = {{"Authorization", kRoot}, {"db", "test_db"}, {"label", label}};
  return request;
}

FaultRule rule(const std::string& operation, FaultPhase phase, FaultAction action) {
  FaultRule fault;
  fault.operation = operation;
  fault.phase = phase;
  fault.action = action;
  return fault;
}

TEST(Trap, E14EachInterfaceHasItsOwnWords) {
  TestCluster cluster(vector_options());
  EXPECT_EQ(status_of(cluster.stream_load("a", "1,a,2\n")), "Success");
  EXPECT_EQ(status_of(cluster.stream_load("a", "1,a,2\n")), "Label Already Exists");
  EXPECT_EQ(status_of(cluster.stream_load("b", "1,a\n")), "Fail");
  EXPECT_EQ(status_of(cluster.at_backend("begin", "a")), "LABEL_ALREADY_EXISTS");
  EXPECT_EQ(status_of(cluster.at_backend("begin", "c")), "OK");
  EXPECT_EQ(status_of(cluster.at_frontend("commit", "unknown")), "FAILED");
  EXPECT_EQ(status_of(cluster.get(cluster->fe_port(), "/api/test_db/get_load_state?label=a")),
            "OK");
}

TEST(Trap, E15FollowerLeaderBackendAllOverHttp) {
  TestCluster cluster(with_follower());
  RequestText begin;
  begin.method = "POST";
  begin.target = "/api/transaction/begin";
  begin.headers = {
      {"Authorization", kRoot}, {"db", "test_db"}, {"table", "table1"}, {"label", "x"}};
  const Reply first = *exchange(cluster->follower_port(), begin);
  EXPECT_EQ(first.status, 307);
  EXPECT_EQ(first.header("location"), cluster->fe_url() + "/api/transaction/begin");
  const Reply second = *exchange(cluster->fe_port(), begin);
  EXPECT_EQ(second.status, 307);
  EXPECT_EQ(second.header("location"), cluster->be_url(0) + "/api/transaction/begin");
  EXPECT_TRUE(second.header("location").starts_with("http://"));
  EXPECT_EQ(second.header("content-length"), "0");
  EXPECT_EQ(status_of(*exchange(cluster->be_port(0), begin)), "OK");
}

TEST(Trap, E15RedirectsKeepTheQuery) {
  TestCluster cluster(with_follower());
  const Reply reply =
      cluster.get(cluster->follower_port(), "/api/test_db/get_load_state?label=a%20b");
  EXPECT_EQ(reply.header("location"),
            cluster->fe_url() + "/api/test_db/get_load_state?label=a%20b");
}

TEST(Trap, E16BeforeMeansNothingHasHappened) {
  TestCluster cluster(vector_options());
  cluster.prepare_transaction("x");
  cluster->add_fault(rule("fe.commit", FaultPhase::kBefore, FaultAction::kReset));
  EXPECT_FALSE(exchange(cluster->fe_port(), commit_request("x")).has_value());
  EXPECT_EQ(cluster->label_state("test_db", "x"), "PREPARED");
  EXPECT_EQ(status_of(cluster.at_frontend("commit", "x")), "OK");
}

TEST(Trap, E16AfterMeansOnlyTheAnswerIsMissing) {
  TestCluster cluster(vector_options());
  cluster.prepare_transaction("x");
  cluster->add_fault(rule("fe.commit", FaultPhase::kAfter, FaultAction::kDropReply));
  EXPECT_FALSE(exchange(cluster->fe_port(), commit_request("x")).has_value());
  EXPECT_EQ(cluster->label_state("test_db", "x"), "VISIBLE");
  EXPECT_EQ(cluster.count_rows(), "1");
}

TEST(Trap, E16RulesStrikeByLabelAndHit) {
  TestCluster cluster(vector_options());
  FaultRule second = rule("stream_load", FaultPhase::kBefore, FaultAction::kReset);
  second.label = "part-*";
  second.nth = 2;
  cluster->add_fault(second);
  EXPECT_EQ(status_of(cluster.stream_load("other", "1,a,2\n")), "Success");
  EXPECT_EQ(status_of(cluster.stream_load("part-1", "1,a,2\n")), "Success");
  EXPECT_THROW(cluster.stream_load("part-2", "1,a,2\n"), std::runtime_error);
  EXPECT_EQ(status_of(cluster.stream_load("part-2", "1,a,2\n")), "Success");
  EXPECT_EQ(cluster->label_state("test_db", "part-2"), "VISIBLE");
}

TEST(Trap, E17LateDeliveryHappensAfterTheClientHasGone) {
  TestCluster cluster(vector_options());
  cluster.prepare_transaction("x");
  FaultRule late = rule("fe.commit", FaultPhase::kBefore, FaultAction::kDelay);
  late.delay = milliseconds(50);
  cluster->add_fault(late);
  {
    TestClient client(cluster->fe_port());
    client.send(commit_request("x").head());
  }
  cluster.await_state("x", "VISIBLE");
}

TEST(Trap, E17DoubledDelivery) {
  TestCluster cluster(vector_options());
  cluster.open_transaction("x", "");
  cluster->add_fault(rule("be.load", FaultPhase::kAfter, FaultAction::kDuplicate));
  EXPECT_EQ(status_of(cluster.at_backend("load", "x", {{"column_separator", ","}}, "1,a,2\n")),
            "OK");
  TestCluster::await([&] { return cluster->requests().back().duplicate; });
  EXPECT_EQ(cluster->requests().back().outcome, "OK");
  EXPECT_EQ(json_of(cluster.at_backend("prepare", "x")).at("NumberLoadedRows"), 2);
}

TEST(Trap, E17DoubledCommitIsHarmless) {
  TestCluster cluster(vector_options());
  cluster.prepare_transaction("x");
  cluster->add_fault(rule("fe.commit", FaultPhase::kAfter, FaultAction::kDuplicate));
  EXPECT_EQ(status_of(cluster.at_frontend("commit", "x")), "OK");
  TestCluster::await([&] { return cluster->requests().back().duplicate; });
  EXPECT_EQ(cluster.count_rows(), "1");
}

TEST(Trap, E18RowsAreVisibleOnlyOnCommit) {
  TestCluster cluster(vector_options());
  cluster.prepare_transaction("x");
  EXPECT_EQ(cluster.count_rows(), "0");
  EXPECT_EQ(status_of(cluster.at_frontend("commit", "x")), "OK");
  EXPECT_EQ(cluster.count_rows(), "1");
}

TEST(Trap, E18RequestLogHoldsNoCredentials) {
  const ScratchDirectory scratch;
  Options options = vector_options();
  options.request_log_path = scratch.file("requests.jsonl");
  TestCluster cluster(std::move(options));
  EXPECT_EQ(status_of(cluster.stream_load("x", "1,a,2\n")), "Success");
  const LoggedRequest logged = cluster->requests().back();
  EXPECT_EQ(logged.server, "be1");
  EXPECT_EQ(logged.operation, "stream_load");
  EXPECT_EQ(logged.label, "x");
  EXPECT_EQ(logged.table, "table1");
  EXPECT_EQ(logged.body_bytes, 6);
  EXPECT_EQ(logged.outcome, "Success");
  std::ifstream file(scratch.file("requests.jsonl"));
  std::string line;
  ASSERT_TRUE(std::getline(file, line));
  EXPECT_EQ(Json::parse(line).at("label"), "x");
  EXPECT_EQ(line.find("cm9vdDo"), std::string::npos);
}

TEST(Trap, E18KillKeepsPreparedAndCommitted) {
  const ScratchDirectory scratch;
  const std::vector<std::string> arguments = {"--database", scratch.file("rows.sqlite"),
                                              "--backends", "1"};
  std::vector<std::string> first_start = arguments;
  first_start.insert(first_start.end(), {"--init", scratch.write("init.sql", vector_ddl())});
  const auto operation = [](std::uint16_t port, const std::string& op, const std::string& label,
                            const std::string& body) {
    RequestText request;
    request.method = op == "load" ? "PUT" : "POST";
    request.target = "/api/transaction/" + op;
    request.headers = {{"Authorization", kRoot},
                       {"db", "test_db"},
                       {"table", "table1"},
                       {"label", label},
                       {"column_separator", ","}};
    request.body = body;
    return status_of(*exchange(port, request));
  };
  {
    EmulatorProgram program(scratch, first_start);
    for (const char* label : {"open", "decided", "done"}) {
      EXPECT_EQ(operation(program.be_port(), "begin", label, ""), "OK");
      EXPECT_EQ(operation(program.be_port(), "load", label, "1,a,2\n"), "OK");
    }
    EXPECT_EQ(operation(program.be_port(), "prepare", "decided", ""), "OK");
    EXPECT_EQ(operation(program.be_port(), "prepare", "done", ""), "OK");
    EXPECT_EQ(operation(program.fe_port(), "commit", "done", ""), "OK");
    program.kill();
  }
  EmulatorProgram program(scratch, arguments);
  const auto state = [&program](const std::string& label) {
    RequestText request;
    request.method = "GET";
    request.target = "/api/test_db/get_load_state?label=" + label;
    request.headers = {{"Authorization", kRoot}};
    return json_of(*exchange(program.fe_port(), request)).at("state").get<std::string>();
  };
  EXPECT_EQ(state("open"), "UNKNOWN");
  EXPECT_EQ(state("decided"), "PREPARED");
  EXPECT_EQ(state("done"), "VISIBLE");
  const auto rows = [&program] {
    RequestText request;
    request.method = "POST";
    request.target = "/emulator/sql";
    request.body = R"({"query": "SELECT COUNT(*) FROM test_db.table1"})";
    return json_of(*exchange(program.admin_port(), request)).at("rows").at(0).at(0);
  };
  EXPECT_EQ(rows(), "1");
  EXPECT_EQ(operation(program.fe_port(), "commit", "decided", ""), "OK");
  EXPECT_EQ(rows(), "2");
  EXPECT_EQ(program.terminate(), 0);
}

TEST(Trap, E19FilteredRowsAndErrorUrl) {
  TestCluster cluster(vector_options());
  const Reply reply = cluster.stream_load(
      "x", "1,a,2\n2,b\n", {{"max_filter_ratio", "1"}, {"log_rejected_record_num", "-1"}});
  const Json json = json_of(reply);
  EXPECT_EQ(json.at("NumberFilteredRows"), 1);
  const std::string url = json.at("ErrorURL");
  EXPECT_TRUE(url.starts_with(cluster->be_url(0) + "/api/_load_error_log?file="));
  RequestText get;
  get.method = "GET";
  get.target = url.substr(url.find("/api/"));
  const Reply log = *exchange(cluster->be_port(0), get);  // no authentication
  EXPECT_NE(log.body.find("Row: 2,b"), std::string::npos) << log.body;
  EXPECT_EQ(cluster->rejected_records(json.at("RejectedRecordPath")).size(), 1U);
  get.target = "/api/_load_error_log?file=nothing";
  EXPECT_EQ(exchange(cluster->be_port(0), get)->status, 404);
}

TEST(Trap, E20UnauthorizedWithoutReadingTheBody) {
  TestCluster cluster(vector_options());
  RequestText load;
  load.method = "PUT";
  load.target = "/api/transaction/load";
  load.headers = {
      {"label", "x"}, {"db", "test_db"}, {"table", "table1"}, {"Content-Length", "1000000"}};
  TestClient client(cluster->fe_port());
  client.send(load.head());
  const auto reply = client.read_reply();
  ASSERT_TRUE(reply.has_value());
  EXPECT_EQ(reply->status, 401);
  // What the client sends now is the body of the refused request, and then the next request counts.
  client.send(std::string(1000000, 'x'));
  RequestText health;
  health.method = "GET";
  health.target = "/api/health";
  EXPECT_EQ(exchange(client, health)->status, 200);
}

TEST(Trap, E20UnauthorizedAfterReadingTheBody) {
  TestCluster cluster(vector_options());
  cluster->set_config("unauthorized_reads_body", "true");
  RequestText load;
  load.method = "PUT";
  load.target = "/api/transaction/load";
  load.headers = {{"label", "x"}, {"db", "test_db"}, {"table", "table1"}, {"Content-Length", "6"}};
  TestClient client(cluster->fe_port());
  client.send(load.head());
  EXPECT_FALSE(client.readable_now());
  client.send("1,a,2\n");
  EXPECT_EQ(client.read_reply()->status, 401);
}

}  // namespace
}  // namespace emulator::testing
