#pragma once

#include "core/base/clock.hpp"
#include "core/base/error.hpp"
#include "core/http/message.hpp"

#include <boost/asio/awaitable.hpp>

namespace loadstar::http {

/// One HTTP exchange; the interface between what StarRocks means and how bytes travel. The daemon
/// has Pool, the simulation has a simulated StarRocks (architecture.md D2).
class Transport {
 public:
  Transport() = default;
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;
  virtual ~Transport() = default;

  /// Sends `request` to `endpoint` and reads the reply, whatever its status; follows no redirect.
  ///
  /// Errors: kConnectFailed, kInvalidRequest and kCancelled before anything was written are
  /// kNotApplied. With `expect_continue`, a failure before the first body byte was written is
  /// kNotApplied too: nothing was ingested (delivery-and-faults.md F073, F074); everything later is
  /// kUnknown. Without a body, everything after the first byte of the head is kUnknown.
  /// A final reply that comes before or while the body is sent is returned as the reply, and the
  /// connection is closed (starrocks-load-protocol.md 2.4).
  ///
  /// May be called on any executor; resumes on the caller's. Cancelling (terminal) closes the
  /// connection and returns kCancelled.
  virtual boost::asio::awaitable<Result<Response>> send(Endpoint endpoint, Request request,
                                                        Deadline deadline) = 0;
};

}  // namespace loadstar::http
