// One exchange over beast::test::stream: what goes over the wire, and which reply comes of it.

#include "core/http/exchange.hpp"

#include "tests/core/http/exchange_fixture.hpp"

#include <gtest/gtest.h>

namespace loadstar::http::test {
namespace {

TEST_F(ExchangeTest, ARequestWithoutBodyGoesOutAsItsHeadAndTheReplyComesBack) {
  Conversation talk(io_, get_request());
  const auto end = talk.run(polite_script(0));
  ASSERT_TRUE(end.result.has_value()) << describe(end.result.error());
  EXPECT_EQ(end.result->status, 200U);
  EXPECT_EQ(end.result->body, "reply");
  EXPECT_FALSE(end.result->body_started);
  EXPECT_TRUE(end.reusable);
  EXPECT_EQ(talk.peer.received, "GET /x HTTP/1.1\r\nHost: be:8040\r\n\r\n");
}

TEST_F(ExchangeTest, ABodyGoesOutAfterThe100) {
  for (const Framing framing : {Framing::kContentLength, Framing::kChunked}) {
    Conversation talk(io_, put_request(framing));
    const std::size_t wire = framing == Framing::kChunked ? 3000 + 5 + 7 : 3000;
    const auto end = talk.run(polite_script(wire));
    ASSERT_TRUE(end.result.has_value()) << describe(end.result.error());
    EXPECT_TRUE(end.reusable);
    EXPECT_TRUE(end.result->body_started);
    const std::string body(3000, 'b');
    EXPECT_EQ(talk.peer.body(),
              framing == Framing::kChunked ? "bb8\r\n" + body + "\r\n0\r\n\r\n" : body);
  }
}

TEST_F(ExchangeTest, NoBodyByteIsOnTheWireBeforeThe100) {
  Conversation talk(io_, put_request());
  talk.start(listen);
  loadstar::test::pass_time(io_, 9900ms);
  ASSERT_FALSE(talk.end.has_value());
  EXPECT_TRUE(talk.peer.received.ends_with("Expect: 100-continue\r\n\r\n"));
  talk.peer.write("HTTP/1.1 102 Processing\r\n\r\n");
  loadstar::test::run_until_idle(io_);
  EXPECT_EQ(talk.peer.body(), "");
  // Byte by byte, up to the last one: still nothing.
  for (const char c : kGoOn) {
    EXPECT_EQ(talk.peer.body(), "");
    talk.peer.write(std::string(1, c));
    loadstar::test::run_until_idle(io_);
  }
  EXPECT_EQ(talk.peer.body(), std::string(3000, 'b'));
  talk.peer.write(kReply);
  const auto end = loadstar::test::run(io_, talk.finish());
  EXPECT_TRUE(end.result.has_value());
}

TEST_F(ExchangeTest, WithoutA100NothingIsSentAndNothingIsApplied) {
  Conversation talk(io_, put_request());
  const auto start = Clock::now();
  const auto end = talk.run(listen);
  ASSERT_TRUE(end.result.has_error());
  EXPECT_EQ(end.result.error().code, Errc::kDeadlineExceeded);
  EXPECT_EQ(end.result.error().certainty, Certainty::kNotApplied);
  EXPECT_FALSE(end.reusable);
  EXPECT_FALSE(end.reply_started);
  EXPECT_EQ(talk.peer.body(), "");
  EXPECT_EQ(talk.ended_at - start, 10s);
}

// F075
TEST_F(ExchangeTest, AFinalReplyInPlaceOfThe100IsTheReplyAndNothingIsSent) {
  for (const std::string status : {"417 Expectation Failed", "307 Temporary Redirect", "200 OK",
                                   "401 Unauthorized", "503 Busy"}) {
    Conversation talk(io_, put_request());
    const auto end =
        talk.run(answer_script("HTTP/1.1 " + status + "\r\nContent-Length: 2\r\n\r\nno"));
    ASSERT_TRUE(end.result.has_value()) << status;
    EXPECT_EQ(std::to_string(end.result->status), status.substr(0, 3));
    EXPECT_EQ(end.result->body, "no");
    EXPECT_FALSE(end.result->body_started);
    EXPECT_FALSE(end.reusable) << "the receiver would take the next request for the body";
    EXPECT_EQ(talk.peer.body(), "");
  }
}

asio::awaitable<void> refuse_early(Peer& peer) {
  const bool asked = co_await peer.read_head();
  if (asked) peer.write(kGoOn);
  const bool some = co_await peer.read_until_size(5000);
  if (some) peer.write("HTTP/1.1 500 Broken\r\nContent-Length: 4\r\n\r\nstop");
  co_await listen(peer);
}

// F087
TEST_F(ExchangeTest, AFinalReplyWhileTheBodyIsSentStopsIt) {
  Request request = put_request();
  constexpr std::size_t kBody = 1'000'000;
  request.body.append(Slice::from_string(std::string(kBody, 'c')));
  Conversation talk(io_, std::move(request));
  talk.stream.write_size(1000);
  const auto end = talk.run(refuse_early);
  ASSERT_TRUE(end.result.has_value()) << describe(end.result.error());
  EXPECT_EQ(end.result->status, 500U);
  EXPECT_EQ(end.result->body, "stop");
  EXPECT_TRUE(end.result->body_started);
  EXPECT_FALSE(end.reusable);
  EXPECT_LT(talk.peer.received.size(), kBody / 2);
}

TEST_F(ExchangeTest, AnAnnouncedEmptyBodyWaitsForNothingAndProvesNothing) {
  Request request = put_request();
  request.body = SliceList();
  Conversation talk(io_, request);
  const auto end = talk.run(polite_script(0));
  ASSERT_TRUE(end.result.has_value());
  EXPECT_TRUE(end.reusable);
  Conversation silent(io_, request);
  const auto late = silent.run(listen, Clock::now() + 20s);
  ASSERT_TRUE(late.result.has_error());
  EXPECT_EQ(late.result.error().certainty, Certainty::kUnknown);
}

TEST_F(ExchangeTest, EveryReplyIsTheSameAtWhateverByteItIsSplit) {
  struct Case {
    std::string reply;
    std::string body;
    bool reusable;
  };
  const Case cases[] = {
      {kReply, "reply", true},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n", "abc",
       true},
      {"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx", "x", false},
      {"HTTP/1.1 103 Early\r\n\r\n" + kReply, "reply", true},
      {"HTTP/1.1 204 None\r\n\r\n", "", true}};
  for (const Case& row : cases) {
    for (std::size_t at = 0; at <= row.reply.size(); ++at) {
      Conversation talk(io_, get_request());
      talk.start(answer_script(row.reply.substr(0, at)));
      if (at < row.reply.size()) {
        ASSERT_FALSE(talk.end.has_value()) << at;
        talk.peer.write(row.reply.substr(at));
      }
      const auto end = loadstar::test::run(io_, talk.finish());
      ASSERT_TRUE(end.result.has_value()) << row.reply << at << describe(end.result.error());
      EXPECT_EQ(end.result->body, row.body);
      EXPECT_EQ(end.reusable, row.reusable);
    }
  }
}

TEST_F(ExchangeTest, AReplyWithoutLengthEndsWithTheStreamAndIsBounded) {
  for (const std::size_t size : {std::size_t{100}, std::size_t{101}}) {
    Conversation talk(io_, get_request());
    talk.limits.reply.body_bytes = 100;
    talk.start(answer_script("HTTP/1.1 200 OK\r\n\r\n" + std::string(size, 'x')));
    EXPECT_EQ(talk.end.has_value(), size > 100);
    talk.peer.stream.close();
    const auto end = loadstar::test::run(io_, talk.finish());
    EXPECT_EQ(end.result.has_value(), size == 100);
    EXPECT_FALSE(end.reusable);
  }
}

}  // namespace
}  // namespace loadstar::http::test
