// The pool against a server on 127.0.0.1, over real sockets and the real clock, on two threads.

#include "core/http/pool.hpp"

#include <gtest/gtest.h>

#include "tests/core/http/real_time.hpp"
#include "tests/core/http/test_server.hpp"

namespace loadstar::http {
namespace {

using namespace std::chrono_literals;
using test::Session;
using test::TestServer;

Request get(const std::string& target) {
  Request request;
  request.method = "GET";
  request.target = target;
  return request;
}

Request put(const std::string& target, std::string body) {
  Request request;
  request.method = "PUT";
  request.target = target;
  request.body.append(Slice::from_string(std::move(body)));
  request.framing = Framing::kContentLength;
  request.expect_continue = true;
  return request;
}

Deadline soon() { return Clock::now() + 20s; }

class PoolTest : public test::RealTimeTest {
 protected:
  void SetUp() override { make_pool(PoolOptions{}); }
  void TearDown() override {
    if (pool_) run(pool_->stop());
    if (server_) run(server_->stop());
  }

  void make_pool(const PoolOptions& options) {
    if (pool_) run(pool_->stop());
    auto pool = Pool::create(io_.get_executor(), options);
    ASSERT_TRUE(pool.has_value());
    pool_ = std::move(*pool);
  }
  void serve(test::Script script) {
    server_ = std::make_unique<TestServer>(io_, std::move(script));
  }
  Result<Response> send(Request request) {
    return run(pool_->send(server_->endpoint(), std::move(request), soon()));
  }

  std::unique_ptr<Pool> pool_;
  std::unique_ptr<TestServer> server_;
};

TEST_F(PoolTest, RequestsOneAfterTheOtherShareOneConnection) {
  serve(test::echo_target);
  for (int i = 0; i < 20; ++i) {
    const std::string target = "/" + std::to_string(i);
    const auto reply = send(i % 2 == 0 ? get(target) : put(target, std::string(100'000, 'x')));
    ASSERT_TRUE(reply.has_value()) << describe(reply.error());
    EXPECT_EQ(reply->status, 200U);
    EXPECT_EQ(reply->body, target);
  }
  EXPECT_EQ(server_->accepted(), 1);
  EXPECT_EQ(run(pool_->counts()).idle, 1U);
}

}  // namespace
}  // namespace loadstar::http
