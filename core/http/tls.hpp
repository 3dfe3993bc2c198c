#pragma once

#include "core/base/error.hpp"
#include "core/http/options.hpp"

#include <boost/asio/ssl/context.hpp>

namespace loadstar::http {

/// The TLS context of a client: TLS 1.2 or later, peer verified against the CA file or the system
/// store, client certificate if there is one. kConnectFailed/kNotApplied names the file that cannot
/// be used. Source: delivery-and-faults.md 5.2, T14.
[[nodiscard]] Result<boost::asio::ssl::context> make_tls_context(const TlsOptions& options);

}  // namespace loadstar::http
