#pragma once

#include "core/base/task_group.hpp"
#include "core/http/message.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <string>

namespace loadstar::http::test {

/// One accepted connection of a TestServer, plain or TLS. Errors are exceptions, which end the
/// script.
class Session {
 public:
  Session(asio::ip::tcp::socket socket, asio::ssl::context* tls);

  asio::awaitable<void> handshake();
  /// Reads to the end of a request head and returns it; empty if the client closed before.
  asio::awaitable<std::string> read_head();
  asio::awaitable<std::string> read_bytes(std::size_t count);
  asio::awaitable<void> write(std::string text);
  /// Waits until the client has closed, discarding what it sends.
  asio::awaitable<void> wait_closed();

 private:
  asio::awaitable<std::size_t> read_some();

  std::unique_ptr<asio::ip::tcp::socket> plain_;
  std::unique_ptr<asio::ssl::stream<asio::ip::tcp::socket>> tls_;
  std::string buffer_;
};

/// What the server does on each connection; the connection is closed when it ends.
using Script = std::function<asio::awaitable<void>(Session&)>;

/// An HTTP server on 127.0.0.1, port 0, that plays a script on each connection it accepts.
/// Thread-safe: everything runs on its strand.
class TestServer {
 public:
  TestServer(asio::io_context& io, Script script, asio::ssl::context* tls = nullptr);

  [[nodiscard]] Endpoint endpoint() const;
  [[nodiscard]] int accepted() const { return accepted_; }
  /// Sessions whose script has ended and whose socket is closed.
  [[nodiscard]] int closed() const { return closed_; }

  /// Stops accepting, ends all scripts, and waits for them.
  asio::awaitable<void> stop();

 private:
  asio::awaitable<void> accept_all();
  asio::awaitable<void> play(asio::ip::tcp::socket socket);

  asio::any_io_executor strand_;
  asio::ip::tcp::acceptor acceptor_;
  Script script_;
  asio::ssl::context* tls_;
  std::atomic<int> accepted_{0};
  std::atomic<int> closed_{0};
  TaskGroup tasks_;
};

/// The value of `Content-Length` in a request head, 0 if there is none.
[[nodiscard]] std::size_t content_length(const std::string& head);

/// The second word of a request head.
[[nodiscard]] std::string target_of(const std::string& head);

/// A complete 200 reply.
[[nodiscard]] std::string ok_reply(const std::string& body);

/// Answers every request of a connection with 200 and its own target as body, reading bodies that
/// are announced and asking for them where the client wants that.
asio::awaitable<void> echo_target(Session& session);

}  // namespace loadstar::http::test
