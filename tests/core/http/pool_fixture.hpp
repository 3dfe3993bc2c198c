#pragma once

#include "core/http/pool.hpp"
#include "tests/core/http/events.hpp"
#include "tests/core/http/real_time.hpp"
#include "tests/core/http/test_server.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>

#include <future>
#include <memory>
#include <string>

namespace loadstar::http::test {

using namespace std::chrono_literals;

inline Request request_of(std::string method, std::string target) {
  Request request;
  request.method = std::move(method);
  request.target = std::move(target);
  return request;
}

/// A load that asks before it sends.
inline Request put(std::string target, std::size_t body_bytes) {
  Request request = request_of("PUT", std::move(target));
  request.body.append(Slice::from_string(std::string(body_bytes, 'x')));
  request.framing = Framing::kContentLength;
  request.expect_continue = true;
  return request;
}

/// A deadline that no test is meant to reach.
inline Deadline late() { return Clock::now() + 25s; }

/// A request that can be cancelled from the test's thread.
class PendingSend {
 public:
  PendingSend(asio::io_context& io, Pool& pool, Endpoint endpoint, Request request,
              Deadline deadline)
      : strand_(asio::make_strand(io.get_executor())),
        signal_(std::make_shared<asio::cancellation_signal>()) {
    auto promise = std::make_shared<std::promise<Result<Response>>>();
    reply_ = promise->get_future();
    auto work = pool.send(std::move(endpoint), std::move(request), deadline);
    auto finish = [promise, signal = signal_](std::exception_ptr failure, Result<Response> result) {
      if (failure) {
        promise->set_exception(failure);
      } else {
        promise->set_value(std::move(result));
      }
    };
    asio::co_spawn(strand_, std::move(work),
                   asio::bind_cancellation_slot(signal_->slot(),
                                                asio::bind_executor(strand_, std::move(finish))));
  }

  void cancel() {
    asio::post(strand_, [signal = signal_] { signal->emit(asio::cancellation_type::terminal); });
  }

  Result<Response> wait() {
    const auto status = reply_.wait_for(30s);
    LOADSTAR_ASSERT(status == std::future_status::ready, "a request ends");
    return reply_.get();
  }

 private:
  asio::any_io_executor strand_;
  std::shared_ptr<asio::cancellation_signal> signal_;
  std::future<Result<Response>> reply_;
};

/// A pool and a server on real sockets.
class PoolTest : public RealTimeTest {
 protected:
  void SetUp() override { make_pool(PoolOptions{}); }
  void TearDown() override {
    gate_.open(100);
    if (pool_) run(pool_->stop());
    if (server_) run(server_->stop());
  }

  void make_pool(const PoolOptions& options) {
    if (pool_) run(pool_->stop());
    auto pool = Pool::create(io_.get_executor(), options);
    ASSERT_TRUE(pool.has_value()) << pool.error().detail;
    pool_ = std::move(*pool);
  }

  void serve(Script script, asio::ssl::context* tls = nullptr) {
    if (server_) run(server_->stop());
    server_ = std::make_unique<TestServer>(io_, std::move(script), tls);
  }

  std::unique_ptr<PendingSend> start_send(Request request, Deadline deadline = late()) {
    return std::make_unique<PendingSend>(io_, *pool_, server_->endpoint(), std::move(request),
                                         deadline);
  }

  Result<Response> send(Request request, Deadline deadline = late()) {
    return start_send(std::move(request), deadline)->wait();
  }

  PoolCounts counts() { return run(pool_->counts()); }

  /// Looks again until it holds; each look is a round trip through the pool or the server.
  template <class Predicate>
  void wait_until(Predicate holds) {
    const auto patience = std::chrono::steady_clock::now() + kPatience;
    while (!holds()) {
      LOADSTAR_ASSERT(std::chrono::steady_clock::now() < patience, "what the test waits for");
      std::this_thread::yield();
    }
  }

  /// Neither a connection nor a request is left in the pool.
  void expect_nothing_left() {
    const PoolCounts left = counts();
    EXPECT_EQ(left.in_use, 0U);
    EXPECT_EQ(left.idle, 0U);
    EXPECT_EQ(left.waiting, 0U);
    EXPECT_EQ(left.hosts, 0U);
  }

  Events events_;
  Gate gate_{io_};
  std::unique_ptr<Pool> pool_;
  std::unique_ptr<TestServer> server_;
};

inline void expect_error(const Result<Response>& result, Errc code, Certainty certainty) {
  ASSERT_TRUE(result.has_error());
  EXPECT_EQ(result.error().code, code) << describe(result.error());
  EXPECT_EQ(result.error().certainty, certainty) << describe(result.error());
}

}  // namespace loadstar::http::test
