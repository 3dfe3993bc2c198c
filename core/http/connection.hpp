#pragma once

#include "core/base/clock.hpp"
#include "core/base/error.hpp"
#include "core/http/exchange_end.hpp"
#include "core/http/message.hpp"
#include "core/http/options.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <memory>
#include <vector>

namespace boost::asio::ssl {
class context;
}

namespace loadstar::http {

namespace asio = boost::asio;

/// One TCP or TLS connection to one endpoint, for one exchange after the other. Owned by the pool,
/// lent to one request at a time. No environment variable changes where it connects (T33).
///
/// Confined to: a strand of its own, executor(). While nothing runs on it (between exchanges),
/// is_alive() and the destructor may be called by whoever it was handed to.
class Connection {
 public:
  /// `executor` is the io_context's; the strand is made here. `tls` is used for https and outlives
  /// the connection.
  Connection(const asio::any_io_executor& executor, Endpoint endpoint, asio::ssl::context& tls);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  [[nodiscard]] asio::any_io_executor executor() const;

  /// Resolves the name, then tries its addresses in order, at most 8: each has `connect_timeout`
  /// for TCP and TLS together, and so has the lookup. Sets TCP_NODELAY and keep-alive probes.
  ///
  /// kConnectFailed, kDeadlineExceeded or kCancelled, all kNotApplied; the detail is the last
  /// address's. Run on executor(), once. Safe to cancel.
  asio::awaitable<Result<void>> connect(const PoolOptions& options, Deadline deadline);

  /// The same with `addresses` in place of those of the name; what connect() does after its lookup.
  asio::awaitable<Result<void>> connect_to(std::vector<asio::ip::tcp::endpoint> addresses,
                                           const PoolOptions& options, Deadline deadline);

  /// One exchange; see Exchange. Run on executor().
  asio::awaitable<ExchangeEnd> exchange(const Request& request, const PoolOptions& options,
                                        Deadline deadline);

  /// False if the peer has closed or reset the connection, or sent bytes that nobody asked for. One
  /// recv(MSG_PEEK), no waiting. Only while no exchange runs.
  [[nodiscard]] bool is_alive();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace loadstar::http
