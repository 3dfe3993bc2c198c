#pragma once

#include "core/http/message.hpp"

#include <string>

namespace loadstar::http {

/// The head of `request` as it goes over the wire to `endpoint`: request line, `Host`, the fields
/// in their order, then `Content-Length` or `Transfer-Encoding` and `Expect`. `Accept-Encoding` is
/// never sent, so no reply may come compressed (delivery-and-faults.md 5.2, T13). `request` passed
/// check().
[[nodiscard]] std::string request_head(const Endpoint& endpoint, const Request& request);

}  // namespace loadstar::http
