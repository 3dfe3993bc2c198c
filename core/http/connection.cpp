#include "core/http/connection.hpp"

#include "core/base/deadline.hpp"
#include "core/http/cancellation.hpp"
#include "core/http/exchange.hpp"
#include "core/http/resolve.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <cerrno>
#include <optional>

namespace loadstar::http {
namespace {

namespace ssl = asio::ssl;
using asio::ip::tcp;
using TlsStream = ssl::stream<tcp::socket&>;

Error failed(Errc code, const Endpoint& endpoint, const std::string& why) {
  return Error{code, Certainty::kNotApplied, to_string(endpoint) + ": " + why};
}

/// A peer that vanished without a word is noticed after about 30 s, also while we wait for a slow
/// reply and nothing is sent (delivery-and-faults.md F082). The kernel gives up on unacknowledged
/// bytes a little later than Exchange does, whose error says more. Best effort: the deadline holds
/// anyway.
void set_socket_options(tcp::socket& socket, const PoolOptions& options) {
  boost::system::error_code ignored;
  socket.set_option(tcp::no_delay(true), ignored);
  const auto set = [&socket](int level, int name, int value) {
    static_cast<void>(::setsockopt(socket.native_handle(), level, name, &value, sizeof(value)));
  };
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, 10);
  set(IPPROTO_TCP, TCP_KEEPINTVL, 5);
  set(IPPROTO_TCP, TCP_KEEPCNT, 4);
  const auto unacknowledged = options.send_stall_timeout + std::chrono::seconds(5);
  set(IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(unacknowledged.count()));
}

bool is_address(const std::string& host) {
  boost::system::error_code ec;
  asio::ip::make_address(host, ec);
  return !ec;
}

}  // namespace

class Connection::Impl {
 public:
  Impl(const asio::any_io_executor& executor, Endpoint endpoint, ssl::context& tls)
      : strand_(asio::make_strand(executor)),
        endpoint_(std::move(endpoint)),
        tls_context_(tls),
        socket_(strand_) {}

  [[nodiscard]] asio::any_io_executor executor() const { return strand_; }

  asio::awaitable<Result<void>> connect(const PoolOptions& options, Deadline deadline) {
    co_await asio::this_coro::throw_if_cancelled(false);
    const Deadline until = std::min(deadline, Clock::now() + options.connect_timeout);
    auto addresses = co_await resolve(endpoint_, until);
    if (!addresses) co_return addresses.error();
    auto result = co_await connect_to(std::move(*addresses), options, deadline);
    co_return result;
  }

  asio::awaitable<Result<void>> connect_to(std::vector<tcp::endpoint> addresses,
                                           const PoolOptions& options, Deadline deadline) {
    co_await asio::this_coro::throw_if_cancelled(false);
    Error last = failed(Errc::kConnectFailed, endpoint_, "no address was tried");
    for (const tcp::endpoint& address : addresses) {
      bool cancelled = co_await is_cancelled();
      if (cancelled) co_return failed(Errc::kCancelled, endpoint_, "cancelled while connecting");
      const Deadline until = std::min(deadline, Clock::now() + options.connect_timeout);
      const auto opened = co_await before(until, open(address, options));
      const auto* result = std::get_if<Result<void>>(&opened);
      if (result != nullptr && result->has_value()) co_return Result<void>{};
      last = result != nullptr ? result->error()
                               : failed(Errc::kConnectFailed, endpoint_, "no connection in time");
      close();
      cancelled = co_await is_cancelled();
      if (cancelled) co_return failed(Errc::kCancelled, endpoint_, "cancelled while connecting");
      if (Clock::now() >= deadline) {
        co_return failed(Errc::kDeadlineExceeded, endpoint_, "no connection before the deadline");
      }
    }
    co_return last;
  }

  asio::awaitable<ExchangeEnd> exchange(const Request& request, const PoolOptions& options,
                                        Deadline deadline) {
    ExchangeLimits limits;
    limits.reply.header_bytes = options.max_response_header.value;
    limits.reply.body_bytes = options.max_response_body.value;
    limits.expect_continue_timeout = options.expect_continue_timeout;
    limits.send_stall_timeout = options.send_stall_timeout;
    if (tls_) {
      Exchange<TlsStream> secured(*tls_, endpoint_, request, limits);
      auto secured_end = co_await secured.run(deadline);
      co_return secured_end;
    }
    Exchange<tcp::socket> plain(socket_, endpoint_, request, limits);
    auto plain_end = co_await plain.run(deadline);
    co_return plain_end;
  }

  /// On an idle connection nothing is due: readable means EOF, an error, or bytes that belong to no
  /// request of ours.
  [[nodiscard]] bool is_alive() {
    if (!socket_.is_open()) return false;
    char byte = 0;
    const auto got = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got < 0 && errno == EAGAIN;
  }

 private:
  asio::awaitable<Result<void>> open(tcp::endpoint address, const PoolOptions& options) {
    const auto token = asio::as_tuple(asio::use_awaitable);
    auto [ec] = co_await socket_.async_connect(address, token);
    if (ec) co_return failed(Errc::kConnectFailed, endpoint_, ec.message());
    set_socket_options(socket_, options);
    if (!endpoint_.tls) co_return Result<void>{};

    prepare_tls(options.tls);
    auto [tls_ec] = co_await tls_->async_handshake(ssl::stream_base::client, token);
    if (tls_ec) co_return failed(Errc::kConnectFailed, endpoint_, "TLS: " + tls_ec.message());
    co_return Result<void>{};
  }

  void prepare_tls(const TlsOptions& options) {
    const std::string& name = options.server_name.empty() ? endpoint_.host : options.server_name;
    tls_.emplace(socket_, tls_context_);
    if (!options.insecure_skip_verify) {
      tls_->set_verify_callback(ssl::host_name_verification(name));
    }
    if (!is_address(name)) {
      // The macro SSL_set_tlsext_host_name has an old-style cast.
      SSL_ctrl(tls_->native_handle(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
               const_cast<char*>(name.c_str()));
    }
  }

  void close() {
    boost::system::error_code ignored;
    socket_.close(ignored);
    tls_.reset();
  }

  const asio::any_io_executor strand_;
  const Endpoint endpoint_;
  ssl::context& tls_context_;
  tcp::socket socket_;
  std::optional<TlsStream> tls_;
};

Connection::Connection(const asio::any_io_executor& executor, Endpoint endpoint, ssl::context& tls)
    : impl_(std::make_unique<Impl>(executor, std::move(endpoint), tls)) {}

Connection::~Connection() = default;

asio::any_io_executor Connection::executor() const { return impl_->executor(); }

asio::awaitable<Result<void>> Connection::connect(const PoolOptions& options, Deadline deadline) {
  return impl_->connect(options, deadline);
}

asio::awaitable<Result<void>> Connection::connect_to(std::vector<tcp::endpoint> addresses,
                                                     const PoolOptions& options,
                                                     Deadline deadline) {
  return impl_->connect_to(std::move(addresses), options, deadline);
}

asio::awaitable<ExchangeEnd> Connection::exchange(const Request& request,
                                                  const PoolOptions& options, Deadline deadline) {
  return impl_->exchange(request, options, deadline);
}

bool Connection::is_alive() { return impl_->is_alive(); }

}  // namespace loadstar::http
