#include "server/http_listener.hpp"

#include "core/base/deadline.hpp"
#include "core/base/task_group.hpp"
#include "server/unix_socket.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include <chrono>
#include <cstdio>
#include <list>
#include <utility>

namespace loadstar::server {

namespace beast = boost::beast;
namespace http = boost::beast::http;
using tcp = asio::ip::tcp;
using local = asio::local::stream_protocol;
using generic = asio::generic::stream_protocol;

namespace {

constexpr std::size_t kMaxConnections = 64;
constexpr std::uint32_t kMaxHeaderBytes = 8 * 1024;
constexpr std::chrono::seconds kRequestTimeout{10};     // also how long an idle connection is kept
constexpr std::chrono::milliseconds kAcceptPause{100};  // out of descriptors: do not spin

http::response<http::string_body> to_response(AdminReply reply, unsigned version, bool keep_alive) {
  http::response<http::string_body> response(http::int_to_status(reply.status), version);
  response.set(http::field::content_type, reply.content_type);
  response.set(http::field::cache_control, "no-store");
  response.set("X-Content-Type-Options", "nosniff");
  response.set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'");
  if (reply.status == 405) response.set(http::field::allow, "GET, HEAD");
  response.keep_alive(keep_alive);
  response.body() = std::move(reply.body);
  response.prepare_payload();
  return response;
}

}  // namespace

class HttpListener::Impl {
 public:
  Impl(const asio::any_io_executor& executor, Handler handler)
      : strand_(asio::make_strand(executor)),
        tcp_(strand_),
        local_(strand_),
        handler_(std::move(handler)),
        tasks_(strand_) {}

  bool open(const config::ListenAddress& address, std::string& error) {
    address_ = address;
    const std::string problem = address.is_unix() ? open_local() : open_tcp();
    if (!problem.empty()) {
      error = "cannot listen on " + to_string(address) + ": " + problem;
      return false;
    }
    auto begin = [this] { tasks_.spawn(address_.is_unix() ? accept(local_) : accept(tcp_)); };
    asio::dispatch(strand_, std::move(begin));
    return true;
  }

  [[nodiscard]] const config::ListenAddress& address() const { return address_; }

  asio::awaitable<void> stop() { co_await asio::co_spawn(strand_, end(), asio::use_awaitable); }

 private:
  using Socket = asio::basic_stream_socket<generic, asio::any_io_executor>;
  using Stream = beast::basic_stream<generic, asio::any_io_executor>;

  // These return "" or what is wrong.

  std::string open_tcp() {
    boost::system::error_code ec;
    const std::string host = address_.host == "localhost" ? "127.0.0.1" : address_.host;
    const auto ip = asio::ip::make_address(host, ec);
    if (ec) return "the host must be an IP address";
    const tcp::endpoint endpoint(ip, address_.port);
    tcp_.open(endpoint.protocol(), ec);
    if (!ec) tcp_.set_option(tcp::acceptor::reuse_address(true), ec);
    if (!ec) tcp_.bind(endpoint, ec);
    if (!ec) tcp_.listen(asio::socket_base::max_listen_connections, ec);
    if (ec) return ec.message();
    address_.port = tcp_.local_endpoint().port();
    return "";
  }

  std::string open_local() {
    std::string problem = check_unix_path(address_.unix_path);
    if (!problem.empty()) return problem;
    std::remove(address_.unix_path.c_str());  // left over: nobody serves it
    const local::endpoint endpoint(address_.unix_path);
    boost::system::error_code ec;
    local_.open(endpoint.protocol(), ec);
    if (!ec) local_.bind(endpoint, ec);
    if (!ec) local_.listen(asio::socket_base::max_listen_connections, ec);
    return ec ? ec.message() : "";
  }

  template <class Acceptor>
  asio::awaitable<void> accept(Acceptor& acceptor) {
    const auto token = asio::as_tuple(asio::use_awaitable);
    for (;;) {
      auto [ec, socket] = co_await acceptor.async_accept(token);
      if (ec == asio::error::operation_aborted) co_return;
      if (ec) {
        const bool passed = co_await sleep_for(kAcceptPause);
        if (!passed) co_return;
        continue;
      }
      // One more than the accept loop itself. The connection whose peer has been silent longest
      // makes room, so that nobody keeps the kubelet's probes out by holding connections.
      if (tasks_.size() > kMaxConnections && !drop_longest_waiting()) continue;
      tasks_.spawn(serve(Stream(Socket(std::move(socket)))));
    }
  }

  asio::awaitable<void> serve(Stream stream) {
    const auto token = asio::as_tuple(asio::use_awaitable);
    beast::flat_buffer buffer;
    for (;;) {
      http::request_parser<http::empty_body> parser;
      parser.header_limit(kMaxHeaderBytes);
      stream.expires_after(kRequestTimeout);
      const auto place = waiting_.insert(waiting_.end(), &stream);
      auto [ec, ignored] = co_await http::async_read(stream, buffer, parser, token);
      waiting_.erase(place);
      const bool nothing = ec == http::error::end_of_stream || ec == beast::error::timeout;
      if (nothing || ec == asio::error::operation_aborted) break;
      const bool bad = ec.failed();
      if (bad &&
          ec.category() != beast::http::make_error_code(http::error::bad_version).category()) {
        break;  // the connection is broken
      }
      AdminReply reply;
      bool keep_alive = false;
      bool head = false;
      unsigned version = 11;
      if (bad) {
        reply.status = ec == http::error::header_limit ? 431 : 400;
        reply.body = "this is no HTTP request without a body: " + ec.message() + "\n";
      } else {
        const auto& request = parser.get();
        version = request.version();
        keep_alive = request.keep_alive();
        head = request.method() == http::verb::head;
        AdminRequest asked{std::string(request.method_string()), std::string(request.target())};
        reply = co_await handler_(std::move(asked));
      }
      auto response = to_response(std::move(reply), version, keep_alive);
      if (head) response.body().clear();  // Content-Length still says what GET would bring
      stream.expires_after(kRequestTimeout);
      const auto reader = waiting_.insert(waiting_.end(), &stream);
      auto [write_ec, sent] = co_await http::async_write(stream, response, token);
      waiting_.erase(reader);
      if (write_ec || !keep_alive) break;
    }
    boost::system::error_code closing;
    stream.socket().shutdown(asio::socket_base::shutdown_send, closing);
    stream.close();
  }

  /// False: no connection waits for its peer.
  bool drop_longest_waiting() {
    for (Stream*& stream : waiting_) {
      if (stream == nullptr) continue;
      stream->cancel();  // what it waits for ends with operation_aborted,
      stream = nullptr;  // but not before the next turn: it is not chosen again
      return true;
    }
    return false;
  }

  asio::awaitable<void> end() {
    boost::system::error_code ec;
    tcp_.close(ec);
    local_.close(ec);
    tasks_.cancel();
    co_await tasks_.join();
  }

  asio::strand<asio::any_io_executor> strand_;
  tcp::acceptor tcp_;  // one of the two is open
  local::acceptor local_;
  Handler handler_;
  TaskGroup tasks_;
  std::list<Stream*> waiting_;  // for their peer; longest first. Null: dropped
  config::ListenAddress address_;
};

HttpListener::HttpListener(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpListener::~HttpListener() = default;

std::unique_ptr<HttpListener> HttpListener::listen(const asio::any_io_executor& executor,
                                                   const config::ListenAddress& address,
                                                   Handler handler, std::string& error) {
  auto impl = std::make_unique<Impl>(executor, std::move(handler));
  if (!impl->open(address, error)) return nullptr;
  return std::unique_ptr<HttpListener>(new HttpListener(std::move(impl)));
}

const config::ListenAddress& HttpListener::address() const { return impl_->address(); }

asio::awaitable<void> HttpListener::stop() { return impl_->stop(); }

}  // namespace loadstar::server
