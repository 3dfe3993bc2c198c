#pragma once

#include "core/base/error.hpp"
#include "core/http/options.hpp"
#include "core/http/transport.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <memory>

namespace loadstar::http {

/// What a pool holds at one moment, all hosts together.
struct PoolCounts {
  std::size_t in_use = 0;  ///< connections lent to requests, or being opened for them
  std::size_t idle = 0;
  std::size_t waiting = 0;  ///< requests without a connection
  std::size_t hosts = 0;
};

/// The daemon's Transport: HTTP/1.1 over TCP and TLS with connections kept and bounded per host.
///
/// Thread-safe; its own bookkeeping lives on a strand of its own, each connection on another, so
/// that exchanges run in parallel. A connection is used again only if its last exchange ended
/// cleanly and the peer keeps it open; one that the peer closed while it was idle is seen before it
/// is used. If a connection that had been idle breaks without a byte of a reply, the request goes
/// once more over a new one, provided that it is proved not applied or is a GET (RFC 9110 9.2.2,
/// delivery-and-faults.md F088).
class Pool final : public Transport {
 public:
  /// `executor` is that of the io_context or thread pool that runs the connections; it outlives the
  /// pool. kConnectFailed/kNotApplied if a file of `options.tls` cannot be used.
  [[nodiscard]] static Result<std::unique_ptr<Pool>> create(boost::asio::any_io_executor executor,
                                                            PoolOptions options);

  /// stop() has ended before.
  ~Pool() override;

  boost::asio::awaitable<Result<Response>> send(Endpoint endpoint, Request request,
                                                Deadline deadline) override;

  /// Ends the pool: requests that wait, and later ones, get kCancelled/kNotApplied; idle
  /// connections are closed; returns when the exchanges under way have ended by themselves. Ignores
  /// cancellation.
  boost::asio::awaitable<void> stop();

  /// For tests and the status page.
  boost::asio::awaitable<PoolCounts> counts();

 private:
  class Impl;
  explicit Pool(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace loadstar::http
