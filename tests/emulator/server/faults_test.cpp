#include "tests/emulator/server/cluster_fixture.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>

// Every action of faults.hpp, seen by a client.

namespace emulator::testing {
namespace {

using std::chrono::milliseconds;

class FaultTest : public ::testing::Test {
 protected:
  FaultTest() : cluster_(vector_options()) {}

  void add(const std::string& operation, FaultPhase phase, FaultAction action,
           const std::function<void(FaultRule&)>& more = {}) {
    FaultRule rule;
    rule.operation = operation;
    rule.phase = phase;
    rule.action = action;
    if (more) more(rule);
    cluster_->add_fault(rule);
  }

  std::optional<Reply> load(const std::string& label) {
    RequestText request;
    request.method = "PUT";
    request.target = "/api/test_db/table1/_stream_load";
    request.headers = {{"Host", "be"},
                       {"Authorization", kRoot},
                       {"Expect", "100-continue"},
                       {"label", label},
                       {"column_separator", ","}};
    request.body = "1,a,2\n";
    return exchange(cluster_->be_port(0), request);
  }

  TestCluster cluster_;
};

TEST_F(FaultTest, HalfBody) {
  add("stream_load", FaultPhase::kAfter, FaultAction::kHalfBody);
  EXPECT_FALSE(load("x").has_value());
  EXPECT_EQ(cluster_->label_state("test_db", "x"), "VISIBLE");
}

TEST_F(FaultTest, HttpStatus) {
  add("stream_load", FaultPhase::kBefore, FaultAction::kHttpStatus,
      [](FaultRule& r) { r.status = 503; });
  EXPECT_EQ(load("x")->status, 503);
  EXPECT_EQ(cluster_->label_state("test_db", "x"), "UNKNOWN");
}

TEST_F(FaultTest, HttpStatusAfterTheCommit) {
  add("stream_load", FaultPhase::kAfter, FaultAction::kHttpStatus,
      [](FaultRule& r) { r.status = 502; });
  EXPECT_EQ(load("x")->status, 502);
  EXPECT_EQ(cluster_->label_state("test_db", "x"), "VISIBLE");
}

TEST_F(FaultTest, MalformedJson) {
  add("stream_load", FaultPhase::kAfter, FaultAction::kMalformedJson);
  EXPECT_TRUE(Json::parse(load("x")->body, nullptr, false).is_discarded());
}

TEST_F(FaultTest, TruncatedJson) {
  add("stream_load", FaultPhase::kAfter, FaultAction::kTruncatedJson);
  const Reply reply = *load("x");
  EXPECT_TRUE(Json::parse(reply.body, nullptr, false).is_discarded());
  EXPECT_NE(reply.body.find("\"TxnId\""), std::string::npos);
}

TEST_F(FaultTest, WrongContentType) {
  add("stream_load", FaultPhase::kAfter, FaultAction::kWrongContentType);
  const Reply reply = *load("x");
  EXPECT_EQ(reply.header("content-type"), "image/png");
  EXPECT_EQ(status_of(reply), "Success");
}

TEST_F(FaultTest, StatusWord) {
  add("stream_load", FaultPhase::kAfter, FaultAction::kStatusWord,
      [](FaultRule& r) { r.text = "Publish Timeout"; });
  EXPECT_EQ(status_of(*load("x")), "Publish Timeout");
}

TEST_F(FaultTest, LabelExists) {
  add("stream_load", FaultPhase::kAfter, FaultAction::kLabelExists,
      [](FaultRule& r) { r.text = "ODD"; });
  const Reply reply = *load("x");
  EXPECT_EQ(status_of(reply), "Label Already Exists");
  EXPECT_EQ(Json::parse(reply.body).at("ExistingJobStatus"), "ODD");
  EXPECT_EQ(cluster_->label_state("test_db", "x"), "VISIBLE");
}

TEST_F(FaultTest, TooManyVersions) {
  add("stream_load", FaultPhase::kBefore, FaultAction::kTooManyVersions);
  const Reply reply = *load("x");
  EXPECT_EQ(status_of(reply), "Fail");
  EXPECT_NE(message_of(reply).find("too many versions"), std::string::npos);
  EXPECT_EQ(cluster_->label_state("test_db", "x"), "ABORTED");
  EXPECT_EQ(status_of(*load("x")), "Success");
}

TEST_F(FaultTest, TooManyVersionsInAPrepare) {
  cluster_.open_transaction("x");
  add("prepare", FaultPhase::kBefore, FaultAction::kTooManyVersions);
  const Reply reply = cluster_.at_backend("prepare", "x");
  EXPECT_EQ(status_of(reply), "INTERNAL_ERROR");
  EXPECT_EQ(cluster_->label_state("test_db", "x"), "ABORTED");
}

TEST_F(FaultTest, SlowDripStillDeliversTheWholeAnswer) {
  add("stream_load", FaultPhase::kAfter, FaultAction::kSlowDrip,
      [](FaultRule& r) { r.delay = milliseconds(1); });
  EXPECT_EQ(status_of(*load("x")), "Success");
}

TEST_F(FaultTest, HangEndsWithTheClient) {
  add("stream_load", FaultPhase::kAfter, FaultAction::kHang);
  {
    RequestText request;
    request.method = "PUT";
    request.target = "/api/test_db/table1/_stream_load";
    request.headers = {{"Authorization", kRoot},
                       {"label", "x"},
                       {"column_separator", ","},
                       {"Content-Length", "6"}};
    TestClient client(cluster_->be_port(0));
    client.send(request.head() + "1,a,2\n");
    cluster_.await_state("x", "VISIBLE");
    EXPECT_FALSE(client.readable_now());
  }
  TestCluster::await([this] { return !cluster_->requests().empty(); });
  EXPECT_EQ(cluster_->requests().back().outcome, "fault after Success");
}

TEST_F(FaultTest, HangGivesUpAfterItsDelay) {
  add("stream_load", FaultPhase::kBefore, FaultAction::kHang,
      [](FaultRule& r) { r.delay = milliseconds(20); });
  EXPECT_FALSE(load("x").has_value());
  EXPECT_EQ(cluster_->label_state("test_db", "x"), "UNKNOWN");
}

TEST_F(FaultTest, RefusedUntilToldOtherwise) {
  cluster_->set_listening("be1", false);
  EXPECT_THROW(TestClient(cluster_->be_port(0)), std::runtime_error);
  cluster_->set_listening("be1", true);
  EXPECT_EQ(status_of(*load("x")), "Success");
}

TEST_F(FaultTest, RefuseForAWhile) {
  add("stream_load", FaultPhase::kBefore, FaultAction::kRefuse,
      [](FaultRule& r) { r.delay = milliseconds(30); });
  EXPECT_FALSE(load("x").has_value());
  TestCluster::await([this] {
    try {
      const auto reply = load("x");
      return reply.has_value() && status_of(*reply) == "Success";
    } catch (const std::runtime_error&) {
      return false;
    }
  });
}

TEST_F(FaultTest, RedirectToADeadHost) {
  add("stream_load", FaultPhase::kBefore, FaultAction::kRedirectDead);
  const Reply reply = *load("x");
  EXPECT_EQ(reply.status, 307);
  const std::string location = reply.header("location");
  const std::string host = "http://127.0.0.1:";
  ASSERT_TRUE(location.starts_with(host));
  EXPECT_THROW(TestClient(static_cast<std::uint16_t>(std::stoi(location.substr(host.size())))),
               std::runtime_error);
}

TEST_F(FaultTest, RedirectLoop) {
  add("stream_load", FaultPhase::kBefore, FaultAction::kRedirectLoop);
  EXPECT_EQ(load("x")->header("location"), "http://be/api/test_db/table1/_stream_load");
}

TEST_F(FaultTest, RedirectToAForeignHost) {
  add("stream_load", FaultPhase::kBefore, FaultAction::kRedirectForeign,
      [](FaultRule& r) { r.text = "http://169.254.169.254:80"; });
  EXPECT_EQ(load("x")->header("location"),
            "http://169.254.169.254:80/api/test_db/table1/_stream_load");
}

TEST_F(FaultTest, ResetInsideTheBodyLeavesExactlyThoseBytes) {
  cluster_.open_transaction("x", "");
  add("be.load", FaultPhase::kBody, FaultAction::kReset, [](FaultRule& r) { r.after_bytes = 8; });
  EXPECT_THROW(cluster_.at_backend("load", "x", {{"column_separator", ","}}, "1,a,2\n2,b,3\n"),
               std::runtime_error);
  // "1,a,2\n2," is there; the next body continues it.
  EXPECT_EQ(status_of(cluster_.at_backend("load", "x", {{"column_separator", ","}}, "z,9\n")),
            "OK");
  EXPECT_EQ(json_of(cluster_.at_backend("prepare", "x")).at("NumberLoadedRows"), 2);
}

TEST_F(FaultTest, PublishDelayOfOneCommit) {
  cluster_.prepare_transaction("x");
  add("fe.commit", FaultPhase::kBefore, FaultAction::kPublishDelay,
      [](FaultRule& r) { r.delay = milliseconds(60'000); });
  const Reply reply = cluster_.at_frontend("commit", "x", {{"timeout", "0"}});
  EXPECT_EQ(status_of(reply), "FAILED");
  EXPECT_NE(message_of(reply).find("publish timeout: 0, transactionId="), std::string::npos);
  EXPECT_EQ(cluster_->label_state("test_db", "x"), "COMMITTED");
  EXPECT_EQ(cluster_.count_rows(), "0");
  cluster_->advance_clock(milliseconds(60'000));
  EXPECT_EQ(cluster_->label_state("test_db", "x"), "VISIBLE");
  EXPECT_EQ(cluster_.count_rows(), "1");
}

TEST_F(FaultTest, SetAndClearedThroughTheAdminDoor) {
  RequestText add_rule;
  add_rule.method = "POST";
  add_rule.target = "/emulator/faults";
  add_rule.body = R"([{"operation": "be.stream_load", "label": "x*", "phase": "after",
                       "action": "status_word", "text": "Fail", "times": 0}])";
  EXPECT_EQ(exchange(cluster_->admin_port(), add_rule)->status, 200);
  EXPECT_EQ(status_of(*load("x1")), "Fail");
  RequestText clear;
  clear.method = "DELETE";
  clear.target = "/emulator/faults";
  EXPECT_EQ(exchange(cluster_->admin_port(), clear)->status, 200);
  EXPECT_EQ(status_of(*load("x2")), "Success");
  add_rule.body = R"({"action": "explode"})";
  EXPECT_EQ(exchange(cluster_->admin_port(), add_rule)->status, 400);
}

}  // namespace
}  // namespace emulator::testing
