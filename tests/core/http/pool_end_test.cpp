// The ends of a request that are not its reply: cancelled, too late, or stalled, at each place
// where it can be at that moment. Each closes the connection and says truly what is known.

#include "tests/core/http/pool_fixture.hpp"

#include <gtest/gtest.h>

namespace loadstar::http::test {
namespace {

/// Where a request hangs until the test ends it.
enum class Hang { kConnection, kHandshake, kContinue, kBody, kReplyToPut, kReplyToGet };

struct Place {
  Hang hang;
  const char* name;
  Certainty certainty;
};

void PrintTo(const Place& place, std::ostream* out) { *out << place.name; }

class PoolEndTest : public PoolTest, public ::testing::WithParamInterface<Place> {
 protected:
  void SetUp() override {
    PoolOptions options;
    options.max_connections_per_host = 1;
    options.connect_timeout = 25s;
    options.expect_continue_timeout = 25s;
    options.send_stall_timeout = 25s;
    make_pool(options);
    serve([this](Session& session) { return hang(session); });
  }

  /// Gets as far as the place says, tells the test, and waits for the client to close.
  asio::awaitable<void> hang(Session& session) {
    const Hang where = GetParam().hang;
    if (where == Hang::kHandshake) {
      events_.add("here");
    } else {
      const std::string head = co_await session.read_head();
      if (where == Hang::kBody || where == Hang::kReplyToPut) {
        std::string go_on = "HTTP/1.1 100 Continue\r\n\r\n";
        co_await session.write(std::move(go_on));
        const std::size_t part = where == Hang::kBody ? 1 : content_length(head);
        const std::string body = co_await session.read_bytes(part);
      }
      events_.add("here");
      // A server that does not read: the client's kernel buffers fill, and its write waits.
      if (where == Hang::kBody) co_await gate_.pass();
    }
    co_await session.wait_closed();
    events_.add("closed");
  }

  /// Starts the request, which has `limit` from when it is sent: making a large one takes long
  /// under sanitizers.
  std::unique_ptr<PendingSend> start_hanging(std::chrono::milliseconds limit) {
    const Hang where = GetParam().hang;
    if (where == Hang::kConnection) {
      holder_ = start_send(request_of("GET", "/holder"));
      events_.wait(1);
      return start_send(request_of("POST", "/x"), Clock::now() + limit);
    }
    Endpoint endpoint = server_->endpoint();
    endpoint.tls = where == Hang::kHandshake;
    const bool load =
        where == Hang::kContinue || where == Hang::kBody || where == Hang::kReplyToPut;
    Request request =
        load ? put("/x", where == Hang::kBody ? 64U << 20U : 1000U) : request_of("GET", "/x");
    return std::make_unique<PendingSend>(io_, *pool_, endpoint, std::move(request),
                                         Clock::now() + limit);
  }

  /// The connection of the request is closed, and the pool has forgotten it.
  void expect_closed() {
    if (holder_) {
      EXPECT_EQ(counts().in_use, 1U);
      EXPECT_EQ(counts().waiting, 0U);
      holder_->cancel();
      expect_error(holder_->wait(), Errc::kCancelled, Certainty::kUnknown);
    }
    gate_.open();
    events_.wait(2);
    EXPECT_EQ(server_->accepted(), 1);
    expect_nothing_left();
  }

  std::unique_ptr<PendingSend> holder_;  // of the only connection
};

TEST_P(PoolEndTest, Cancelled) {
  auto sent = start_hanging(60s);
  events_.wait(1);
  if (GetParam().hang == Hang::kConnection) wait_until([this] { return counts().waiting == 1; });
  sent->cancel();
  expect_error(sent->wait(), Errc::kCancelled, GetParam().certainty);
  expect_closed();
}

// F081, F282: the connection is closed, so a late reply finds nobody.
TEST_P(PoolEndTest, TooLate) {
  auto sent = start_hanging(2s);
  events_.wait(1);
  expect_error(sent->wait(), Errc::kDeadlineExceeded, GetParam().certainty);
  expect_closed();
}

INSTANTIATE_TEST_SUITE_P(
    Places, PoolEndTest,
    ::testing::Values(Place{Hang::kConnection, "WaitingForAConnection", Certainty::kNotApplied},
                      Place{Hang::kHandshake, "InTheHandshake", Certainty::kNotApplied},
                      Place{Hang::kContinue, "WaitingFor100", Certainty::kNotApplied},
                      Place{Hang::kBody, "SendingTheBody", Certainty::kUnknown},
                      Place{Hang::kReplyToPut, "WaitingForTheReplyOfALoad", Certainty::kUnknown},
                      Place{Hang::kReplyToGet, "WaitingForTheReply", Certainty::kUnknown}),
    [](const auto& place) { return place.param.name; });

TEST_F(PoolTest, ADeadlineInThePastSendsNothing) {
  serve(echo_target);
  ASSERT_TRUE(send(request_of("POST", "/warm-up")).has_value());
  expect_error(send(request_of("POST", "/x"), Clock::now() - 1s), Errc::kDeadlineExceeded,
               Certainty::kNotApplied);
  EXPECT_TRUE(send(request_of("POST", "/y")).has_value());
  EXPECT_EQ(server_->accepted(), 1) << "nothing was sent, so the connection is still good";
}

// F080: a receiver that reads nothing.
TEST_F(PoolTest, AStalledBodyIsGivenUp) {
  PoolOptions options;
  options.send_stall_timeout = 300ms;
  make_pool(options);
  serve([this](Session& session) -> asio::awaitable<void> {
    const std::string head = co_await session.read_head();
    std::string go_on = "HTTP/1.1 100 Continue\r\n\r\n";
    co_await session.write(std::move(go_on));
    co_await gate_.pass();
  });
  const auto reply = send(put("/x", 64U << 20U));
  expect_error(reply, Errc::kDeadlineExceeded, Certainty::kUnknown);
  expect_nothing_left();
}

// F074: a receiver that never asks for the body; and time limits are those of the options.
TEST_F(PoolTest, AReceiverThatNeverAsksGetsNothing) {
  PoolOptions options;
  options.expect_continue_timeout = 200ms;
  make_pool(options);
  serve([this](Session& session) -> asio::awaitable<void> {
    const std::string head = co_await session.read_head();
    const std::string rest = co_await session.read_head();  // until the client closes
    events_.add(rest.empty() ? "nothing more" : rest);
  });
  expect_error(send(put("/x", 1000)), Errc::kDeadlineExceeded, Certainty::kNotApplied);
  EXPECT_EQ(events_.wait(1).front(), "nothing more");
}

// A peer that accepts and is silent in the handshake costs connect_timeout, not the deadline.
TEST_F(PoolTest, ASilentHandshakeEndsAtTheConnectTimeout) {
  PoolOptions options;
  options.connect_timeout = 200ms;
  make_pool(options);
  serve([](Session& session) { return session.wait_closed(); });
  Endpoint endpoint = server_->endpoint();
  endpoint.tls = true;
  auto task = pool_->send(endpoint, request_of("POST", "/x"), late());
  expect_error(run(std::move(task)), Errc::kConnectFailed, Certainty::kNotApplied);
  wait_until([this] { return server_->closed() == 1; });
}

}  // namespace
}  // namespace loadstar::http::test
