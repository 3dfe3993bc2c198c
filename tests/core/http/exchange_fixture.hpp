#pragma once

#include "core/base/deadline.hpp"
#include "core/base/task_group.hpp"
#include "core/http/exchange.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/run.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/beast/_experimental/test/fail_count.hpp>
#include <boost/beast/_experimental/test/stream.hpp>
#include <gtest/gtest.h>

#include <functional>

namespace loadstar::http::test {

using namespace std::chrono_literals;
using Stream = boost::beast::test::stream;
using boost::beast::test::fail_count;

inline const Endpoint kBackend{false, "be", 8040};
inline const std::string kGoOn = "HTTP/1.1 100 Continue\r\n\r\n";
inline const std::string kReply = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nreply";

inline Request get_request() {
  Request request;
  request.method = "GET";
  request.target = "/x";
  return request;
}

/// A load of 3000 bytes in slices of 700, which asks before it sends.
inline Request put_request(Framing framing = Framing::kContentLength) {
  Request request;
  request.method = "PUT";
  request.target = "/x";
  request.framing = framing;
  request.expect_continue = true;
  for (std::size_t at = 0; at < 3000; at += 700) {
    request.body.append(
        Slice::from_string(std::string(std::min<std::size_t>(700, 3000 - at), 'b')));
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
  TaskGroup tasks;  // the exchange; what a test cancels
  TaskGroup peer_tasks;
};

/// Asks for the body, takes it, replies.
inline asio::awaitable<void> polite(Peer& peer, std::size_t body_bytes, std::string reply) {
  const bool asked = co_await peer.read_head();
  if (!asked) co_return;
  const std::size_t head = peer.received.find("\r\n\r\n") + 4;
  if (body_bytes > 0) peer.write(kGoOn);
  const bool complete = co_await peer.read_until_size(head + body_bytes);
  if (complete) peer.write(reply);
}

inline Script polite_script(std::size_t body_bytes, std::string reply = kReply) {
  return [body_bytes, reply](Peer& peer) { return polite(peer, body_bytes, reply); };
}

/// Waits for a head, then says `text` and no more.
inline asio::awaitable<void> answer(Peer& peer, std::string text) {
  const bool asked = co_await peer.read_head();
  if (asked) peer.write(text);
}

inline Script answer_script(std::string text) {
  return [text](Peer& peer) { return answer(peer, text); };
}

inline asio::awaitable<void> listen(Peer& peer) {
  bool open = true;
  while (open) open = co_await peer.read_some();
}

}  // namespace loadstar::http::test
