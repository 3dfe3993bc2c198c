// One exchange over beast::test::stream that ends without a reply, at every place where it can.

#include "core/http/exchange.hpp"
#include "tests/core/http/exchange_fixture.hpp"

#include <gtest/gtest.h>

namespace loadstar::http::test {
namespace {

TEST_F(ExchangeTest, AMalformedReplyClosesTheConnectionAndProvesNothing) {
  const std::string bad = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx";
  Conversation talk(io_, get_request());
  const auto end = talk.run(answer_script(bad));
  ASSERT_TRUE(end.result.has_error());
  EXPECT_EQ(end.result.error().code, Errc::kMalformedReply);
  EXPECT_EQ(end.result.error().certainty, Certainty::kUnknown);
  EXPECT_FALSE(end.reusable);
  // In place of a 100 it proves that nothing was ingested.
  Conversation asking(io_, put_request());
  const auto unsent = asking.run(answer_script(bad));
  ASSERT_TRUE(unsent.result.has_error());
  EXPECT_EQ(unsent.result.error().certainty, Certainty::kNotApplied);
}

// F101
TEST_F(ExchangeTest, BytesAfterTheReplyAreRefused) {
  Conversation talk(io_, get_request());
  const auto end = talk.run(answer_script(kReply + kReply));
  ASSERT_TRUE(end.result.has_error());
  EXPECT_EQ(end.result.error().code, Errc::kMalformedReply);
  EXPECT_FALSE(end.reusable);
}

asio::awaitable<void> drip(Peer& peer) {
  const bool asked = co_await peer.read_head();
  if (!asked) co_return;
  std::string text = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + std::string(1000, 'x');
  for (const char c : text) {
    const bool open = peer.write(std::string(1, c));
    if (!open) co_return;
    co_await sleep_for(1s);
  }
}

TEST_F(ExchangeTest, TheDeadlineHoldsForAReplyThatComesDripByDrip) {
  Conversation talk(io_, get_request());
  const auto start = Clock::now();
  talk.start(drip, start + 60s);
  loadstar::test::pass_time(io_, 61s);
  ASSERT_TRUE(talk.end.has_value());
  EXPECT_EQ(talk.end->result.error().code, Errc::kDeadlineExceeded);
  EXPECT_EQ(talk.end->result.error().certainty, Certainty::kUnknown);
  EXPECT_EQ(talk.ended_at - start, 60s);
  const auto end = loadstar::test::run(io_, talk.finish());
  EXPECT_TRUE(end.reply_started);
}

TEST_F(ExchangeTest, APeerThatClosesWithoutAReplyIsALostConnection) {
  Conversation talk(io_, get_request());
  const auto end = talk.run([](Peer& peer) -> asio::awaitable<void> {
    const bool asked = co_await peer.read_head();
    static_cast<void>(asked);
    peer.stream.close();
  });
  ASSERT_TRUE(end.result.has_error());
  EXPECT_EQ(end.result.error().code, Errc::kConnectionLost);
  EXPECT_EQ(end.result.error().certainty, Certainty::kUnknown);
  EXPECT_FALSE(end.reply_started);
}

/// Waits for 100, for the reply with the body sent, or for the reply to a bare request.
enum class WaitPoint { kGoAhead, kReplyToPut, kReplyToGet };

TEST_F(ExchangeTest, CancellingAtEachWaitClosesTheStreamAndSaysWhatIsKnown) {
  for (const WaitPoint point :
       {WaitPoint::kGoAhead, WaitPoint::kReplyToPut, WaitPoint::kReplyToGet}) {
    Conversation talk(io_, point == WaitPoint::kReplyToGet ? get_request() : put_request());
    talk.start(listen);
    if (point == WaitPoint::kReplyToPut) talk.peer.write(kGoOn);
    loadstar::test::run_until_idle(io_);
    ASSERT_FALSE(talk.end.has_value());
    talk.tasks.cancel();
    const auto end = loadstar::test::run(io_, talk.finish());
    ASSERT_TRUE(end.result.has_error());
    EXPECT_EQ(end.result.error().code, Errc::kCancelled);
    const bool proved = point == WaitPoint::kGoAhead;
    EXPECT_EQ(end.result.error().certainty, proved ? Certainty::kNotApplied : Certainty::kUnknown);
    EXPECT_FALSE(end.reusable);
  }
}

TEST_F(ExchangeTest, AReplyIsReadThoughTheWriteFailed) {
  // The peer refuses, replies and closes; our next write breaks, the reply is still there.
  fail_count fails(3, boost::asio::error::broken_pipe);  // head, read, then a body write
  Request request = put_request();
  request.expect_continue = false;
  Conversation talk(io_, std::move(request), &fails);
  talk.peer.write("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n");
  const auto end = talk.run(listen);
  ASSERT_TRUE(end.result.has_value()) << describe(end.result.error());
  EXPECT_EQ(end.result->status, 503U);
  EXPECT_FALSE(end.reusable);
}

// Every operation on the stream fails once. Whatever happens, a claim that nothing was applied is
// true: the peer has got no byte that it could act on.
TEST_F(ExchangeTest, WhicheverOperationFailsTheCertaintyIsTrue) {
  struct Case {
    std::string name;
    Request request;
    std::size_t wire;
    std::size_t write_size;
  };
  Request unasked = put_request();
  unasked.expect_continue = false;
  const Case cases[] = {{"get", get_request(), 0, 10},
                        {"put", put_request(), 3000, 500},
                        {"chunked", put_request(Framing::kChunked), 3012, 500},
                        {"unasked", unasked, 3000, 500}};
  for (const Case& row : cases) {
    std::size_t failures = 0;
    bool succeeded = false;
    for (std::size_t n = 1; !succeeded; ++n) {
      ASSERT_LT(n, 1000U) << row.name;
      fail_count fails(n, boost::asio::error::connection_reset);
      Conversation talk(io_, row.request, &fails);
      talk.stream.write_size(row.write_size);
      const auto end = talk.run(polite_script(row.wire));
      succeeded = end.result.has_value();
      if (succeeded) {
        EXPECT_EQ(end.result->body, "reply") << row.name << n;
        continue;
      }
      ++failures;
      const Error& error = end.result.error();
      EXPECT_EQ(error.code, Errc::kConnectionLost) << row.name << n << describe(error);
      EXPECT_FALSE(end.reusable) << row.name << n;
      const bool head_arrived = !talk.peer.received.empty();
      const bool body_arrived = !talk.peer.body().empty();
      const bool nothing = row.request.expect_continue ? !body_arrived : !head_arrived;
      EXPECT_EQ(error.certainty, nothing ? Certainty::kNotApplied : Certainty::kUnknown)
          << row.name << n;
    }
    EXPECT_GT(failures, row.wire == 0 ? 3U : 7U) << row.name;
  }
}

}  // namespace
}  // namespace loadstar::http::test
