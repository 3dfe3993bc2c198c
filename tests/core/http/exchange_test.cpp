// One exchange over beast::test::stream: the wire is a string, the clock is the test's.

#include "core/http/exchange.hpp"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/beast/_experimental/test/fail_count.hpp>
#include <boost/beast/_experimental/test/stream.hpp>
#include <functional>

#include "core/base/deadline.hpp"
#include "core/base/task_group.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/run.hpp"

namespace loadstar::http {
namespace {

using namespace std::chrono_literals;
using Stream = boost::beast::test::stream;
using boost::beast::test::fail_count;

const Endpoint kBackend{false, "be", 8040};
const std::string kGoOn = "HTTP/1.1 100 Continue\r\n\r\n";
const std::string kReply = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nreply";

Request get_request() {
  Request request;
  request.method = "GET";
  request.target = "/x";
  return request;
}

/// A load of 3000 bytes in slices of 700, which asks before it sends.
Request put_request(Framing framing = Framing::kContentLength) {
  Request request;
  request.method = "PUT";
  request.target = "/x";
  request.framing = framing;
  request.expect_continue = true;
  for (std::size_t at = 0; at < 3000; at += 700) {
    request.body.append(Slice::from_string(std::string(std::min<std::size_t>(700, 3000 - at), 'b')));
  }
  return request;
}

/// The other end of the stream, as a server that keeps everything it received.
class Peer {
 public:
  explicit Peer(asio::io_context& io) : stream(io) {}

  asio::awaitable<bool> read_some() {
    char buffer[4096];
    auto [ec, bytes] =
        co_await stream.async_read_some(asio::buffer(buffer), asio::as_tuple(asio::use_awaitable));
    received.append(buffer, bytes);
    co_return !ec;
  }
  /// False if the client closed before.
  asio::awaitable<bool> read_until_size(std::size_t size) {
    bool open = true;
    while (open && received.size() < size) open = co_await read_some();
    co_return received.size() >= size;
  }
  asio::awaitable<bool> read_head() {
    bool open = true;
    while (open && received.find("\r\n\r\n") == std::string::npos) open = co_await read_some();
    co_return received.find("\r\n\r\n") != std::string::npos;
  }
  /// False if the client closed before.
  bool write(const std::string& text) {
    boost::system::error_code ec;
    stream.write_some(asio::buffer(text), ec);
    return !ec;
  }

  [[nodiscard]] std::string body() const {
    const auto end = received.find("\r\n\r\n");
    return end == std::string::npos ? std::string() : received.substr(end + 4);
  }

  Stream stream;
  std::string received;
};

using Script = std::function<asio::awaitable<void>(Peer&)>;

class ExchangeTest : public ::testing::Test {
 protected:
  void SetUp() override { loadstar::test::reset_clock(); }

  asio::io_context io_;
};

/// One exchange with a scripted peer. Ends when both have ended; the peer's end of the stream stays
/// open until then unless the script closes it.
struct Conversation {
  Conversation(asio::io_context& context, Request the_request, fail_count* fails = nullptr)
      : io(context),
        request(std::move(the_request)),
        stream(fails != nullptr ? Stream(io, *fails) : Stream(io)),
        peer(io),
        tasks(io.get_executor()),
        peer_tasks(io.get_executor()) {
    stream.connect(peer.stream);
  }

  ExchangeEnd run(Script script, Deadline deadline = Clock::now() + 1h) {
    start(std::move(script), deadline);
    auto task = finish();
    return loadstar::test::run(io, std::move(task));
  }

  void start(Script script, Deadline deadline = Clock::now() + 1h) {
    peer_script = std::move(script);
    peer_tasks.spawn(peer_script(peer));
    exchange.emplace(stream, kBackend, request, limits);
    tasks.spawn(run_exchange(deadline));
    loadstar::test::run_until_idle(io);
  }

  asio::awaitable<void> run_exchange(Deadline deadline) {
    auto result = co_await exchange->run(deadline);
    end.emplace(std::move(result));
    if (!end->reusable) ended_at = Clock::now();
    hang_up(stream);  // lets a script that waits for the end come to its own
  }

  asio::awaitable<ExchangeEnd> finish() {
    co_await tasks.join();
    co_await peer_tasks.join();
    co_return std::move(*end);
  }

  asio::io_context& io;
  Request request;
  ExchangeLimits limits;
  Stream stream;
  Peer peer;
  Script peer_script;
  std::optional<Exchange<Stream>> exchange;
  std::optional<ExchangeEnd> end;
  Deadline ended_at = kNever;
  TaskGroup tasks;       // the exchange; what a test cancels
  TaskGroup peer_tasks;
};

/// Asks for the body, takes it, replies.
asio::awaitable<void> polite(Peer& peer, std::size_t body_bytes, std::string reply) {
  const bool asked = co_await peer.read_head();
  if (!asked) co_return;
  const std::size_t head = peer.received.find("\r\n\r\n") + 4;
  if (body_bytes > 0) peer.write(kGoOn);
  const bool complete = co_await peer.read_until_size(head + body_bytes);
  if (complete) peer.write(reply);
}

Script polite_script(std::size_t body_bytes, std::string reply = kReply) {
  return [body_bytes, reply](Peer& peer) { return polite(peer, body_bytes, reply); };
}

/// Waits for a head, then says `text` and no more.
asio::awaitable<void> answer(Peer& peer, std::string text) {
  const bool asked = co_await peer.read_head();
  if (asked) peer.write(text);
}

Script answer_script(std::string text) {
  return [text](Peer& peer) { return answer(peer, text); };
}

asio::awaitable<void> listen(Peer& peer) {
  bool open = true;
  while (open) open = co_await peer.read_some();
}

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

TEST_F(ExchangeTest, AFinalReplyInPlaceOfThe100IsTheReplyAndNothingIsSent) {
  for (const std::string status : {"417 Expectation Failed", "307 Temporary Redirect", "200 OK",
                                   "401 Unauthorized", "503 Busy"}) {
    Conversation talk(io_, put_request());
    const auto end = talk.run(answer_script("HTTP/1.1 " + status + "\r\nContent-Length: 2\r\n\r\nno"));
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
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n", "abc", true},
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
  for (const WaitPoint point : {WaitPoint::kGoAhead, WaitPoint::kReplyToPut, WaitPoint::kReplyToGet}) {
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
}  // namespace loadstar::http
