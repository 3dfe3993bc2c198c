#include "tests/core/http/test_server.hpp"

#include "core/base/run_on.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <array>

namespace loadstar::http::test {

using asio::ip::tcp;

namespace {
const auto kToken = asio::as_tuple(asio::use_awaitable);
}

Session::Session(tcp::socket socket, asio::ssl::context* tls) {
  if (tls != nullptr) {
    tls_ = std::make_unique<asio::ssl::stream<tcp::socket>>(std::move(socket), *tls);
  } else {
    plain_ = std::make_unique<tcp::socket>(std::move(socket));
  }
}

asio::awaitable<void> Session::handshake() {
  if (tls_) co_await tls_->async_handshake(asio::ssl::stream_base::server, asio::use_awaitable);
}

/// 0 if the client closed.
asio::awaitable<std::size_t> Session::read_some() {
  std::array<char, 65536> bytes;
  boost::system::error_code ec;
  std::size_t count = 0;
  if (tls_) {
    std::tie(ec, count) = co_await tls_->async_read_some(asio::buffer(bytes), kToken);
  } else {
    std::tie(ec, count) = co_await plain_->async_read_some(asio::buffer(bytes), kToken);
  }
  buffer_.append(bytes.data(), count);
  co_return ec ? 0 : count;
}

asio::awaitable<std::string> Session::read_head() {
  while (buffer_.find("\r\n\r\n") == std::string::npos) {
    const auto count = co_await read_some();
    if (count == 0) co_return std::string();
  }
  const auto end = buffer_.find("\r\n\r\n") + 4;
  std::string head = buffer_.substr(0, end);
  buffer_.erase(0, end);
  co_return head;
}

asio::awaitable<std::string> Session::read_bytes(std::size_t count) {
  while (buffer_.size() < count) {
    const auto more = co_await read_some();
    if (more == 0) throw std::runtime_error("the client closed within its body");
  }
  std::string bytes = buffer_.substr(0, count);
  buffer_.erase(0, count);
  co_return bytes;
}

asio::awaitable<void> Session::write(std::string text) {
  if (tls_) {
    co_await asio::async_write(*tls_, asio::buffer(text), asio::use_awaitable);
  } else {
    co_await asio::async_write(*plain_, asio::buffer(text), asio::use_awaitable);
  }
}

asio::awaitable<void> Session::wait_closed() {
  std::size_t count = 1;
  while (count > 0) {
    count = co_await read_some();
    buffer_.clear();
  }
}

TestServer::TestServer(asio::io_context& io, Script script, asio::ssl::context* tls)
    : strand_(asio::make_strand(io.get_executor())),
      acceptor_(strand_, tcp::endpoint(asio::ip::address_v4::loopback(), 0)),
      script_(std::move(script)),
      tls_(tls),
      tasks_(strand_) {
  tasks_.spawn(accept_all());
}

Endpoint TestServer::endpoint() const {
  return Endpoint{tls_ != nullptr, "127.0.0.1", acceptor_.local_endpoint().port()};
}

asio::awaitable<void> TestServer::accept_all() {
  while (true) {
    auto [ec, socket] = co_await acceptor_.async_accept(kToken);
    if (ec) co_return;
    ++accepted_;
    tasks_.spawn(play(std::move(socket)));
  }
}

asio::awaitable<void> TestServer::play(tcp::socket socket) {
  {
    Session session(std::move(socket), tls_);
    try {
      co_await session.handshake();
      co_await script_(session);
    } catch (const std::exception&) {
      // A script ends early when its client goes away or the server stops; the client's side of it
      // is what a test looks at.
    }
  }
  ++closed_;
}

asio::awaitable<void> TestServer::stop() {
  auto work = [](TestServer& self) -> asio::awaitable<bool> {
    boost::system::error_code ignored;
    self.acceptor_.close(ignored);
    self.tasks_.cancel();
    co_await self.tasks_.join();
    co_return true;
  };
  auto stopping = work(*this);
  const bool stopped = co_await run_on(strand_, std::move(stopping));
  static_cast<void>(stopped);
}

std::size_t content_length(const std::string& head) {
  const std::string name = "\r\nContent-Length: ";
  const auto at = head.find(name);
  return at == std::string::npos ? 0 : std::stoul(head.substr(at + name.size()));
}

std::string target_of(const std::string& head) {
  const auto start = head.find(' ') + 1;
  return head.substr(start, head.find(' ', start) - start);
}

std::string ok_reply(const std::string& body) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

asio::awaitable<void> echo_target(Session& session) {
  while (true) {
    const std::string head = co_await session.read_head();
    if (head.empty()) co_return;
    const bool expects = head.find("\r\nExpect: 100-continue\r\n") != std::string::npos;
    if (expects) {
      std::string go_on = "HTTP/1.1 100 Continue\r\n\r\n";
      co_await session.write(std::move(go_on));
    }
    const std::string body = co_await session.read_bytes(content_length(head));
    std::string reply = ok_reply(target_of(head));
    co_await session.write(std::move(reply));
  }
}

}  // namespace loadstar::http::test
