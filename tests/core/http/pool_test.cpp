// The pool against a server on 127.0.0.1, over real sockets and the real clock, on two threads.

#include "core/http/pool.hpp"

#include "core/base/random.hpp"
#include "tests/core/http/pool_fixture.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

namespace loadstar::http::test {
namespace {

/// Tells of each request, and answers it with its target when the gate lets it.
asio::awaitable<void> gated(Session& session, Events& events, Gate& gate) {
  while (true) {
    const std::string head = co_await session.read_head();
    if (head.empty()) co_return;
    events.add(target_of(head));
    co_await gate.pass();
    std::string reply = ok_reply(target_of(head));
    co_await session.write(std::move(reply));
  }
}

/// Answers `requests` requests, then closes on the next head without a word.
asio::awaitable<void> answer_then_close(Session& session, int requests) {
  for (int i = 0; i <= requests; ++i) {
    const std::string head = co_await session.read_head();
    if (head.empty() || i == requests) co_return;
    const bool expects = head.find("100-continue") != std::string::npos;
    if (expects) {
      std::string go_on = "HTTP/1.1 100 Continue\r\n\r\n";
      co_await session.write(std::move(go_on));
    }
    const std::string body = co_await session.read_bytes(content_length(head));
    std::string reply = ok_reply("fine");
    co_await session.write(std::move(reply));
  }
}

TEST_F(PoolTest, RequestsOneAfterTheOtherShareOneConnection) {
  serve(echo_target);
  for (int i = 0; i < 20; ++i) {
    const std::string target = "/" + std::to_string(i);
    const auto reply = send(i % 2 == 0 ? request_of("GET", target) : put(target, 3'000'000));
    ASSERT_TRUE(reply.has_value()) << describe(reply.error());
    EXPECT_EQ(reply->status, 200U);
    EXPECT_EQ(reply->body, target);
  }
  EXPECT_EQ(server_->accepted(), 1);
  EXPECT_EQ(counts().idle, 1U);
}

TEST_F(PoolTest, NoMoreConnectionsThanAllowed) {
  PoolOptions options;
  options.max_connections_per_host = 2;
  make_pool(options);
  serve([this](Session& session) { return gated(session, events_, gate_); });
  std::vector<std::unique_ptr<PendingSend>> sends;
  for (int i = 0; i < 6; ++i) sends.push_back(start_send(request_of("GET", "/x")));
  wait_until([this] { return counts().waiting == 4; });
  EXPECT_EQ(events_.wait(2).size(), 2U);
  EXPECT_EQ(counts().in_use, 2U);
  gate_.open(6);
  for (auto& sent : sends) EXPECT_TRUE(sent->wait().has_value());
  EXPECT_EQ(server_->accepted(), 2);
  EXPECT_EQ(counts().idle, 2U);
}

TEST_F(PoolTest, WaitersGoInTheOrderTheyCame) {
  PoolOptions options;
  options.max_connections_per_host = 1;
  options.max_waiting_per_host = 4;
  make_pool(options);
  serve([this](Session& session) { return gated(session, events_, gate_); });
  std::vector<std::unique_ptr<PendingSend>> sends;
  std::vector<std::string> order;
  for (std::size_t i = 0; i < 5; ++i) {
    order.push_back("/" + std::to_string(i));
    sends.push_back(start_send(request_of("POST", order.back())));
    wait_until([this, i] { return counts().waiting == i && counts().in_use == 1; });
  }
  expect_error(send(request_of("POST", "/too-many")), Errc::kConnectFailed, Certainty::kNotApplied);
  gate_.open(5);
  for (auto& sent : sends) EXPECT_TRUE(sent->wait().has_value());
  EXPECT_EQ(events_.wait(5), order);
  EXPECT_EQ(server_->accepted(), 1);
}

TEST_F(PoolTest, AConnectionThatThePeerClosedWhileIdleCostsNoRequest) {
  serve([](Session& session) -> asio::awaitable<void> {
    const std::string head = co_await session.read_head();
    std::string reply = ok_reply("once");  // and closes, without having said so
    co_await session.write(std::move(reply));
  });
  // POST is never repeated: each success is a connection that was found closed before its use.
  for (int i = 0; i < 5; ++i) {
    const auto reply = send(request_of("POST", "/x"));
    ASSERT_TRUE(reply.has_value()) << describe(reply.error());
    wait_until([this, i] { return server_->closed() == i + 1; });
  }
  EXPECT_EQ(server_->accepted(), 5);
}

TEST_F(PoolTest, AConnectionWithUnaskedBytesIsNotUsedAgain) {
  serve([this](Session& session) -> asio::awaitable<void> {
    const std::string head = co_await session.read_head();
    std::string reply = ok_reply("once");
    co_await session.write(std::move(reply));
    co_await gate_.pass();
    std::string forged = ok_reply("forged");
    co_await session.write(std::move(forged));
    events_.add("forged");
    co_await session.wait_closed();
  });
  const auto first = send(request_of("GET", "/1"));
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(first->body, "once");
  gate_.open();  // only now, or the bytes might come with the reply that they follow
  events_.wait(1);
  const auto second = send(request_of("GET", "/2"));
  ASSERT_TRUE(second.has_value());
  EXPECT_EQ(second->body, "once");
  EXPECT_EQ(server_->accepted(), 2);
}

TEST_F(PoolTest, ConnectionCloseIsObeyed) {
  serve([](Session& session) -> asio::awaitable<void> {
    const std::string head = co_await session.read_head();
    std::string reply = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    co_await session.write(std::move(reply));
    co_await session.wait_closed();
  });
  EXPECT_TRUE(send(request_of("GET", "/1")).has_value());
  expect_nothing_left();
  wait_until([this] { return server_->closed() == 1; });
}

// The peer closes an idle connection just as it is used again: RFC 9110 9.2.2, F088.
TEST_F(PoolTest, ARequestThatMetAStaleConnectionGoesOnceMoreIfThatIsSafe) {
  for (const auto& request : {request_of("GET", "/x"), put("/x", 1000)}) {
    serve([](Session& session) { return answer_then_close(session, 1); });
    ASSERT_TRUE(send(request).has_value());
    const auto again = send(request);
    ASSERT_TRUE(again.has_value()) << describe(again.error());
    EXPECT_EQ(server_->accepted(), 2);
  }
}

TEST_F(PoolTest, APostThatMetAStaleConnectionIsNotRepeated) {
  serve([](Session& session) { return answer_then_close(session, 1); });
  ASSERT_TRUE(send(request_of("POST", "/x")).has_value());
  expect_error(send(request_of("POST", "/x")), Errc::kConnectionLost, Certainty::kUnknown);
  EXPECT_EQ(server_->accepted(), 1);
  expect_nothing_left();
}

TEST_F(PoolTest, AFreshConnectionThatBreaksIsNotRepeated) {
  serve([](Session& session) { return answer_then_close(session, 0); });
  expect_error(send(request_of("GET", "/x")), Errc::kConnectionLost, Certainty::kUnknown);
  expect_error(send(put("/x", 1000)), Errc::kConnectionLost, Certainty::kNotApplied);
  EXPECT_EQ(server_->accepted(), 2);
}

TEST_F(PoolTest, AnIdleConnectionIsClosedWhenItIsOld) {
  PoolOptions options;
  options.idle_timeout = 100ms;
  make_pool(options);
  serve(echo_target);
  ASSERT_TRUE(send(request_of("GET", "/1")).has_value());
  wait_until([this] { return server_->closed() == 1; });
  wait_until([this] { return counts().hosts == 0; });
  ASSERT_TRUE(send(request_of("GET", "/2")).has_value());  // the sweeper starts anew
  wait_until([this] { return server_->closed() == 2; });
}

TEST_F(PoolTest, AnEarlyFinalReplyComesBackAndTheConnectionIsClosed) {
  serve([](Session& session) -> asio::awaitable<void> {
    const std::string head = co_await session.read_head();
    std::string refusal = "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nrefused";
    co_await session.write(std::move(refusal));
    co_await session.wait_closed();
  });
  const auto reply = send(put("/x", 1000));
  ASSERT_TRUE(reply.has_value()) << describe(reply.error());
  EXPECT_EQ(reply->body, "refused");
  EXPECT_FALSE(reply->body_started);
  wait_until([this] { return server_->closed() == 1; });
  expect_nothing_left();
}

TEST_F(PoolTest, AFinalReplyInTheMiddleOfALargeBodyComesBack) {
  serve([](Session& session) -> asio::awaitable<void> {
    const std::string head = co_await session.read_head();
    std::string go_on = "HTTP/1.1 100 Continue\r\n\r\n";
    co_await session.write(std::move(go_on));
    const std::string some = co_await session.read_bytes(100'000);
    std::string refusal = "HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy";
    co_await session.write(std::move(refusal));
    co_await session.wait_closed();
  });
  const auto reply = send(put("/x", 64U << 20U));
  ASSERT_TRUE(reply.has_value()) << describe(reply.error());
  EXPECT_EQ(reply->status, 503U);
  EXPECT_TRUE(reply->body_started);
  wait_until([this] { return server_->closed() == 1; });
  expect_nothing_left();
}

TEST_F(PoolTest, ARefusedPortIsNotApplied) {
  serve(echo_target);
  const Endpoint endpoint = server_->endpoint();
  run(server_->stop());
  auto task = pool_->send(endpoint, request_of("POST", "/x"), late());
  expect_error(run(std::move(task)), Errc::kConnectFailed, Certainty::kNotApplied);
  expect_nothing_left();
}

TEST_F(PoolTest, ANameIsResolved) {
  serve(echo_target);
  Endpoint endpoint = server_->endpoint();
  endpoint.host = "localhost";
  auto task = pool_->send(endpoint, request_of("GET", "/named"), late());
  const auto reply = run(std::move(task));
  ASSERT_TRUE(reply.has_value()) << describe(reply.error());
  EXPECT_EQ(reply->body, "/named");
}

TEST_F(PoolTest, AnUnusableRequestIsRefusedBeforeAnythingIsOpened) {
  serve(echo_target);
  Request request = request_of("GET", "/x");
  request.fields.push_back(Field{"label", "a\r\nX-Injected: 1"});
  expect_error(send(request), Errc::kInvalidRequest, Certainty::kNotApplied);
  EXPECT_EQ(server_->accepted(), 0);
}

// T33.
TEST_F(PoolTest, ProxyVariablesAreIgnored) {
  for (const char* name : {"http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy"}) {
    ASSERT_EQ(::setenv(name, "http://127.0.0.1:1", 1), 0);
  }
  serve(echo_target);
  EXPECT_TRUE(send(request_of("GET", "/x")).has_value());
  for (const char* name : {"http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy"})
    ::unsetenv(name);
}

TEST_F(PoolTest, StopEndsWaitersAndWaitsForWhatIsUnderWay) {
  PoolOptions options;
  options.max_connections_per_host = 1;
  make_pool(options);
  serve([this](Session& session) { return gated(session, events_, gate_); });
  auto running = start_send(request_of("POST", "/running"));
  events_.wait(1);
  auto waiting = start_send(request_of("POST", "/waiting"));
  wait_until([this] { return counts().waiting == 1; });
  auto stopping = start(pool_->stop());
  expect_error(waiting->wait(), Errc::kCancelled, Certainty::kNotApplied);
  expect_error(send(request_of("POST", "/late")), Errc::kCancelled, Certainty::kNotApplied);
  EXPECT_EQ(stopping.wait_for(0s), std::future_status::timeout);
  gate_.open();
  const auto reply = running->wait();
  ASSERT_TRUE(reply.has_value()) << describe(reply.error());
  wait(stopping);
  expect_nothing_left();
}

// Many requests at once, on two threads, some of them cancelled at any moment: every one ends, with
// its own reply, and nothing is left over.
TEST_F(PoolTest, ManyRequestsAtOnceAllEndAndNoneIsMixedUp) {
  PoolOptions options;
  options.max_connections_per_host = 4;
  make_pool(options);
  serve(echo_target);
  Random random(1);
  std::size_t answered = 0;
  for (int round = 0; round < 10; ++round) {
    std::vector<std::unique_ptr<PendingSend>> sends;
    for (int i = 0; i < 40; ++i) {
      const std::string target = "/" + std::to_string(i);
      sends.push_back(start_send(i % 3 == 0 ? put(target, 10'000) : request_of("GET", target)));
      if (random.chance(30)) sends[random.below(sends.size())]->cancel();
    }
    for (std::size_t i = 0; i < sends.size(); ++i) {
      const auto reply = sends[i]->wait();
      if (reply.has_value()) {
        ++answered;
        EXPECT_EQ(reply->body, "/" + std::to_string(i));
      } else {
        EXPECT_EQ(reply.error().code, Errc::kCancelled) << describe(reply.error());
      }
    }
  }
  EXPECT_GT(answered, 100U);
  const PoolCounts left = counts();
  EXPECT_EQ(left.in_use, 0U);
  EXPECT_EQ(left.waiting, 0U);
  EXPECT_LE(left.idle, 4U);
}

}  // namespace
}  // namespace loadstar::http::test
