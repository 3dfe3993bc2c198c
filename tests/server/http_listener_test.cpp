#include "server/http_listener.hpp"

#include "server/build_info.hpp"
#include "server/io_threads.hpp"
#include "tests/server/fake_writers.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

namespace loadstar::server::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using tcp = asio::ip::tcp;

/// The probe door and the admin door over a FakeWriters.
class HttpListenerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    open(Door::kProbe);
    open(Door::kAdmin);
    register_info_metrics(registry_, "0123456789abcdef");
  }

  void TearDown() override {
    for (const auto& listener : listeners_) threads_.wait(listener->stop());
    threads_.wait(heartbeat_.stop());
    threads_.join();
  }

  void open(Door door) {
    std::string error;
    auto answer = [this, door](AdminRequest request) {
      return pages_.answer(door, std::move(request));
    };
    listeners_.push_back(
        HttpListener::listen(threads_.executor(), {"127.0.0.1", 0, ""}, answer, error));
    ASSERT_TRUE(listeners_.back()) << error;
  }

  // All that comes back for `bytes` until the other side closes.
  std::string exchange(Door door, const std::string& bytes) {
    asio::io_context io;
    tcp::socket socket(io);
    const auto& address = listeners_[door == Door::kProbe ? 0 : 1]->address();
    socket.connect(tcp::endpoint(asio::ip::make_address(address.host), address.port));
    boost::system::error_code ec;
    asio::write(socket, asio::buffer(bytes), ec);
    std::string reply;
    asio::read(socket, asio::dynamic_buffer(reply), ec);
    return reply;
  }

  std::string get(Door door, const std::string& target, const std::string& method = "GET") {
    return exchange(door,
                    method + " " + target + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  }

  static std::string body(const std::string& reply) {
    return reply.substr(reply.find("\r\n\r\n") + 4);
  }

  IoThreads threads_{1};
  prometheus::Registry registry_;
  Metrics metrics_{registry_, "main", 50};
  DaemonState state_{metrics_};
  Heartbeat heartbeat_{threads_.executor()};
  DaemonInfo info_{"1.2.3", "abcdef", "host-1234", {}};
  FakeWriters writers_{threads_.executor()};
  Probes probes_{Probes::Options{}, state_, heartbeat_};
  AdminPages pages_{info_, state_, probes_, registry_, writers_, [this] { metrics_.refresh(); }};
  std::vector<std::unique_ptr<HttpListener>> listeners_;
};

TEST_F(HttpListenerTest, ProbesFollowTheLifeOfTheDaemon) {
  heartbeat_.start();
  const auto codes = [&] {
    std::string text;
    for (const char* const path : {"/startupz", "/livez", "/readyz"}) {
      text += get(Door::kProbe, path).substr(9, 3) + " ";
    }
    return text;
  };
  EXPECT_EQ(codes(), "503 200 503 ");
  state_.enter(Phase::kServing);
  EXPECT_EQ(codes(), "200 200 200 ");
  state_.enter(Phase::kDraining);
  EXPECT_EQ(codes(), "200 200 503 ");
  EXPECT_THAT(get(Door::kProbe, "/readyz"), HasSubstr("draining"));
  state_.enter(Phase::kDrained);
  EXPECT_EQ(codes(), "200 200 503 ");
}

TEST_F(HttpListenerTest, AProbeExplainsItself) {
  heartbeat_.start();
  const std::string reply = get(Door::kProbe, "/readyz?verbose");
  EXPECT_THAT(reply, StartsWith("HTTP/1.1 503 "));
  EXPECT_THAT(reply, HasSubstr("application/json"));
  const auto json = nlohmann::json::parse(body(reply));
  EXPECT_EQ(json["ok"], false);
  EXPECT_EQ(json["checks"]["serving"]["text"], "starting");
}

TEST_F(HttpListenerTest, ASilentLoopFailsLivez) {
  heartbeat_.start();
  const Probes strict({Clock::duration::zero(), false}, state_, heartbeat_);
  EXPECT_FALSE(strict.live().ok());
  EXPECT_TRUE(probes_.live().ok());
}

TEST_F(HttpListenerTest, ReadinessAsksForStarRocksOnlyWhereItIsConfigured) {
  state_.enter(Phase::kServing);
  const Probes strict({std::chrono::seconds(60), true}, state_, heartbeat_);
  EXPECT_FALSE(strict.ready().ok());
  EXPECT_TRUE(probes_.ready().ok());
  state_.set_starrocks_up(true);
  EXPECT_TRUE(strict.ready().ok());
}

TEST_F(HttpListenerTest, MetricsHaveOursAndThoseOfTheProcess) {
  for (const Door door : {Door::kProbe, Door::kAdmin}) {
    const std::string reply = get(door, "/metrics");
    EXPECT_THAT(reply, StartsWith("HTTP/1.1 200 "));
    for (const char* const text :
         {"loadstar_state{state=\"starting\"} 1", "process_resident_memory_bytes ",
          "process_cpu_seconds_total ", "loadstar_build_info{",
          "loadstar_config_info{hash=\"0123456789abcdef\"} 1", "loadstar_ingest_streams 0"}) {
      EXPECT_THAT(reply, HasSubstr(text));
    }
  }
}

TEST_F(HttpListenerTest, ThePageIsOnTheAdminDoorOnlyAndEscapesWhatClientsSay) {
  txn::StatusReport report;
  auto& writer = report.writers.emplace_back();
  writer.writer_id = "w1";
  writer.client_name = "<script>alert(\"1\")</script>\xFF";
  writer.last_error = "a & b";
  writers_.set_report(report);
  const std::string page = get(Door::kAdmin, "/");
  EXPECT_THAT(page, StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(page, HasSubstr("w1"));
  EXPECT_THAT(page, HasSubstr("&lt;script&gt;alert(&quot;1&quot;)"));
  EXPECT_THAT(page, Not(HasSubstr("<script>")));
  EXPECT_THAT(page, HasSubstr("a &amp; b"));
  const auto json = nlohmann::json::parse(body(get(Door::kAdmin, "/api/status")));
  EXPECT_EQ(json["daemon_id"], "host-1234");
  EXPECT_EQ(json["writers"][0]["writer_id"], "w1");
  for (const char* const path : {"/", "/api/status"}) {
    EXPECT_THAT(get(Door::kProbe, path), StartsWith("HTTP/1.1 404 "));
  }
  EXPECT_THAT(get(Door::kAdmin, "/nonesuch"), StartsWith("HTTP/1.1 404 "));
}

TEST_F(HttpListenerTest, TheStatusSaysWhatAnExactlyOnceWriterHasOpen) {
  txn::StatusReport report;
  auto& writer = report.writers.emplace_back();
  writer.writer_id = "w1";
  writer.delivery = txn::Delivery::kExactlyOnce;
  writer.epoch = 7;
  writer.transactions = {{"label-1", "t", txn::TransactionState::kPrepared, {}},
                         {"label-2", "u", txn::TransactionState::kOpen, {}}};
  report.writers.emplace_back().writer_id = "w2";
  writers_.set_report(report);
  const auto json = nlohmann::json::parse(body(get(Door::kAdmin, "/api/status")));
  EXPECT_EQ(json["writers"][0]["epoch"], 7);
  EXPECT_EQ(json["writers"][0]["transactions"][0],
            nlohmann::json::parse(R"({"label":"label-1","table":"t","state":"prepared",
                                      "begin_time":"1970-01-01T00:00:00Z"})"));
  EXPECT_EQ(json["writers"][0]["transactions"][1]["state"], "open");
  EXPECT_FALSE(json["writers"][1].contains("epoch")) << "at-least-once writers have none";
  EXPECT_THAT(get(Door::kAdmin, "/"), HasSubstr("<td>7: 1 open, 1 prepared</td>"));
}

TEST_F(HttpListenerTest, OnlyReadingIsServed) {
  for (const char* const method : {"POST", "PUT", "DELETE", "OPTIONS", "BREW"}) {
    EXPECT_THAT(get(Door::kAdmin, "/metrics", method), StartsWith("HTTP/1.1 405 ")) << method;
  }
  const std::string head = get(Door::kProbe, "/startupz", "HEAD");
  EXPECT_THAT(head, StartsWith("HTTP/1.1 503 "));
  EXPECT_THAT(head, Not(HasSubstr("Content-Length: 0\r\n")));
  EXPECT_EQ(body(head), "");
}

TEST_F(HttpListenerTest, GarbageIsAnsweredOrCutOffAndTheListenerGoesOn) {
  const std::string big(20'000, 'a');
  const std::vector<std::string> cases{
      "\r\n\r\n garbage \x01\x02\xFF\r\n\r\n",
      "GET\r\n\r\n",
      "GET / HTTP/9.9\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: x\r\n" + big + ": 1\r\n\r\n",
      "GET /" + big + " HTTP/1.1\r\nHost: x\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
      "GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
      "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n",
      std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xFC\x03\x03", 11) + "\r\n\r\n",
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
  };
  for (const std::string& bytes : cases) {
    const std::string reply = exchange(Door::kProbe, bytes);
    if (!reply.empty()) {
      EXPECT_THAT(reply, testing::AnyOf(StartsWith("HTTP/1.1 400 "), StartsWith("HTTP/1.1 431 ")))
          << bytes.substr(0, 60);
    }
  }
  EXPECT_THAT(get(Door::kProbe, "/startupz"), StartsWith("HTTP/1.1 503 "));
}

TEST_F(HttpListenerTest, ConnectionsAreKeptForFurtherRequests) {
  const std::string two =
      exchange(Door::kProbe,
               "GET /startupz HTTP/1.1\r\nHost: x\r\n\r\n"
               "GET /nonesuch HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(two, StartsWith("HTTP/1.1 503 "));
  EXPECT_THAT(two, HasSubstr("HTTP/1.1 404 "));
}

// More than the listener holds (64), each silent: the kubelet still gets its answer at once, not
// when the silent ones time out after ten seconds.
TEST_F(HttpListenerTest, SilentConnectionsDoNotKeepAProbeOut) {
  heartbeat_.start();
  asio::io_context io;
  const auto& address = listeners_[0]->address();
  const tcp::endpoint endpoint(asio::ip::make_address(address.host), address.port);
  std::vector<tcp::socket> silent;
  for (int i = 0; i < 100; ++i) {
    silent.emplace_back(io).connect(endpoint);
    if (i % 2 == 0) asio::write(silent.back(), asio::buffer("GET /livez HT", 13));
  }
  EXPECT_THAT(get(Door::kProbe, "/livez"), StartsWith("HTTP/1.1 200 "));
  // The oldest made room: the first was closed by the listener, the last is still held.
  boost::system::error_code ec;
  char byte = 0;
  silent.front().read_some(asio::buffer(&byte, 1), ec);
  EXPECT_TRUE(ec.failed()) << "the longest silent connection was kept";
  silent.back().non_blocking(true);
  silent.back().read_some(asio::buffer(&byte, 1), ec);
  EXPECT_EQ(ec, asio::error::would_block);
}

TEST_F(HttpListenerTest, AnAddressThatIsTakenIsAnError) {
  std::string error;
  auto nobody = [](AdminRequest) -> asio::awaitable<AdminReply> { co_return AdminReply{}; };
  EXPECT_FALSE(HttpListener::listen(threads_.executor(), listeners_[0]->address(), nobody, error));
  EXPECT_THAT(error, HasSubstr(to_string(listeners_[0]->address())));
}

}  // namespace
}  // namespace loadstar::server::test
