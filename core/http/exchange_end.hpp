#pragma once

#include "core/base/error.hpp"
#include "core/http/message.hpp"

namespace loadstar::http {

/// How one exchange ended.
struct ExchangeEnd {
  Result<Response> result;
  /// Request and reply are complete and the peer keeps the connection open. Otherwise the stream
  /// was closed, or must be.
  bool reusable = false;
  /// Whether any byte of a reply arrived; false tells a connection that was stale already.
  bool reply_started = false;
};

}  // namespace loadstar::http
