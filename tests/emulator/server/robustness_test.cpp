#include "tests/emulator/server/cluster_fixture.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <utility>
#include <vector>

// Garbage at every door: the emulator answers or closes, and goes on.

namespace emulator::testing {
namespace {

class Robustness : public ::testing::Test {
 protected:
  Robustness() : cluster_(vector_options()) {}

  std::vector<std::uint16_t> ports() {
    return {cluster_->fe_port(), cluster_->be_port(0), cluster_->admin_port()};
  }

  /// Sends raw bytes, ends sending, and takes whatever comes.
  void throw_at(std::uint16_t port, const std::string& bytes) {
    TestClient client(port);
    client.send(bytes);
    client.close(bytes.size() % 2 == 0);
  }

  ~Robustness() override {
    EXPECT_EQ(status_of(cluster_.stream_load("after", "1,a,2\n")), "Success");
    EXPECT_EQ(cluster_.get(cluster_->fe_port(), "/api/health").status, 200);
  }

  TestCluster cluster_;
};

TEST_F(Robustness, BrokenHeads) {
  for (const std::uint16_t port : ports()) {
    for (const char* head :
         {"\r\n\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "GET nothing HTTP/1.1\r\n\r\n",
          "PUT / HTTP/1.1\r\nno colon\r\n\r\n", "PUT / HTTP/1.1\r\n: x\r\n\r\n",
          "PUT / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
          "PUT / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n",
          "PUT /api/%zz/%/_stream_load HTTP/1.1\r\n\r\n", "DELETE /api HTTP/1.0\r\n\r\n"}) {
      throw_at(port, head);
    }
  }
}

TEST_F(Robustness, BrokenHeadIsAnsweredWith400) {
  for (const std::uint16_t port : {cluster_->fe_port(), cluster_->be_port(0)}) {
    TestClient client(port);
    client.send("what is this\r\n\r\n");
    const auto reply = client.read_reply();
    ASSERT_TRUE(reply.has_value());
    EXPECT_EQ(reply->status, 400);
    EXPECT_EQ(reply->header("connection"), "close");
    EXPECT_TRUE(client.ended());
  }
}

TEST_F(Robustness, RequestLineLimitOfTheFrontend) {
  TestClient client(cluster_->fe_port());
  client.send("GET /" + std::string(5000, 'x') + " HTTP/1.1\r\n\r\n");
  EXPECT_EQ(client.read_reply()->status, 400);
}

TEST_F(Robustness, UnknownMethodAtTheBackend) {
  RequestText request;
  request.method = "PATCH";
  request.target = "/api/health";
  EXPECT_EQ(exchange(cluster_->be_port(0), request)->status, 501);
}

TEST_F(Robustness, PostBodyLimitOfTheFrontend) {
  RequestText request;
  request.method = "POST";
  request.target = "/api/transaction/begin";
  request.headers = {{"Authorization", kRoot}, {"Content-Length", "6553601"}};
  TestClient client(cluster_->fe_port());
  client.send(request.head());
  EXPECT_EQ(client.read_reply()->status, 413);
}

TEST_F(Robustness, BrokenChunks) {
  for (const char* chunks : {"zz\r\n", "-1\r\n", "5\r\nabc", "5\r\nabcdefgh\r\n",
                             "fffffffffffffffff\r\n", "0\r\nTrailer: x\r\n\r\n", "\r\n\r\n"}) {
    RequestText request;
    request.method = "PUT";
    request.target = "/api/test_db/table1/_stream_load";
    request.headers = {{"Authorization", kRoot}, {"Transfer-Encoding", "chunked"}};
    throw_at(cluster_->be_port(0), request.head() + chunks);
  }
}

TEST_F(Robustness, MalformedChunkIsAnsweredWith413) {
  RequestText request;
  request.method = "PUT";
  request.target = "/api/test_db/table1/_stream_load";
  request.headers = {{"Authorization", kRoot}, {"Transfer-Encoding", "chunked"}, {"label", "x"}};
  TestClient client(cluster_->be_port(0));
  client.send(request.head() + "zz\r\n");
  EXPECT_EQ(client.read_reply()->status, 413);
  EXPECT_TRUE(client.ended());
  EXPECT_EQ(cluster_->label_state("test_db", "x"), "ABORTED");
}

TEST_F(Robustness, HostileHeaderValues) {
  for (const char* name :
       {"columns", "where", "jsonpaths", "json_root", "column_separator", "row_delimiter",
        "partitions", "timezone", "max_filter_ratio", "timeout", "skip_header", "load_mem_limit",
        "merge_condition", "enclose", "escape"}) {
    for (const std::string& value :
         {std::string("((((("), std::string("\\x"), std::string("0x0"), std::string("\xff\xfe"),
          std::string("-99999999999999999999"), std::string("a,b,=,c=f("), std::string(10000, '('),
          std::string("'"), std::string("[\"$.a[\"]")}) {
      const Reply reply = cluster_.stream_load("h", "1,a,2\n", {{name, value}});
      EXPECT_EQ(reply.status, 200) << name << ": " << value.substr(0, 40);
    }
  }
}

TEST_F(Robustness, HostileJson) {
  for (const std::string& body :
       {std::string("{"), std::string("}"), std::string(100000, '['), std::string("{\"id\":1e999}"),
        std::string("\xff\xff"), std::string("{\"id\":\"\\ud800\"}"), std::string("null"),
        std::string("\0", 1)}) {
    const Reply reply = cluster_.stream_load("j", body, {{"format", "json"}});
    EXPECT_EQ(reply.status, 200);
    EXPECT_NE(status_of(reply), "") << body.substr(0, 40);
  }
}

TEST_F(Robustness, RandomBytes) {
  std::mt19937 random(20261122);
  for (int round = 0; round < 200; ++round) {
    std::string bytes = round % 2 == 0 ? "" : "PUT /api/test_db/table1/_stream_load HTTP/1.1\r\n";
    const std::size_t size = random() % 600;
    for (std::size_t i = 0; i < size; ++i) bytes.push_back(static_cast<char>(random() & 0xFFU));
    const auto list = ports();
    throw_at(list[static_cast<std::size_t>(round) % list.size()], bytes);
  }
}

TEST_F(Robustness, AdminRefusesWhatItDoesNotKnow) {
  for (const char* target : {"/emulator/faults", "/emulator/advance-clock", "/emulator/restart-be",
                             "/emulator/listen", "/emulator/config", "/emulator/sql"}) {
    RequestText request;
    request.method = "POST";
    request.target = target;
    request.body = R"({"nonsense": [)";
    EXPECT_EQ(exchange(cluster_->admin_port(), request)->status, 400) << target;
    request.body = R"({"ms": "x", "backend": 99, "server": 1, "nonsense": 1, "query": "DROP"})";
    EXPECT_EQ(exchange(cluster_->admin_port(), request)->status, 400) << target;
  }
}

TEST_F(Robustness, StopWithEverythingInFlight) {
  TestCluster other(vector_options());
  other->set_config("publish_delay_ms", "1000000");
  FaultRule hang;
  hang.action = FaultAction::kHang;
  hang.label = "hanging";
  hang.times = 0;
  other->add_fault(hang);
  std::vector<TestClient> clients;
  for (const char* label : {"hanging", "publishing", "loading"}) {
    RequestText request;
    request.method = "PUT";
    request.target = "/api/test_db/table1/_stream_load";
    request.headers = {{"Authorization", kRoot},
                       {"label", label},
                       {"column_separator", ","},
                       {"Content-Length", "6"}};
    clients.emplace_back(other->be_port(0));
    clients.back().send(request.head() + (std::string(label) == "loading" ? "1," : "1,a,2\n"));
  }
  other.await_state("publishing", "COMMITTED");
  other.await_state("loading", "PREPARE");
  other->stop();
  for (TestClient& client : clients) EXPECT_TRUE(client.ended());
}

}  // namespace
}  // namespace emulator::testing
