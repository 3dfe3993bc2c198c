#pragma once

#include "core/base/error.hpp"
#include "core/http/message.hpp"
#include "core/http/url.hpp"

#include <string>
#include <string_view>

namespace loadstar::starrocks {

/// Longest URL of a server that is looked at; StarRocks' own request line ends at 4 KiB (2.1).
inline constexpr std::size_t kMaxServerUrl = 4096;

/// Parses a URL that StarRocks gave us: `Location` of a redirect, or `ErrorURL`. Beside
/// http::parse_url's rules (T05): at most 4 KiB, and no IPv4-mapped IPv6 address, which has two
/// texts for one host. Userinfo is dropped (F065).
///
/// kRedirectFailed/kNotApplied for everything refused; the detail repeats nothing of the URL.
[[nodiscard]] Result<http::Url> parse_server_url(std::string_view text);

/// Parses "host:port" as `redirect_map` and `redirect_allow` hold it, IPv6 in brackets, the port
/// required. kRedirectFailed/kNotApplied if it is none.
[[nodiscard]] Result<http::Endpoint> parse_host_port(std::string_view text, bool tls);

/// "host:port", IPv6 in brackets.
[[nodiscard]] std::string host_port(const http::Endpoint& endpoint);

}  // namespace loadstar::starrocks
