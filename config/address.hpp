#pragma once

#include "config/options.hpp"
#include "config/scalar.hpp"
#include "core/http/message.hpp"

#include <string>
#include <string_view>

// Addresses of the file. Nothing is resolved here.

namespace loadstar::config {

/// `host:port` (IPv6 in brackets) or `unix:/path`. A port is needed; 0 = any free port. A path has
/// at most 107 bytes, as sockaddr_un holds them.
[[nodiscard]] Parsed<ListenAddress> parse_listen_address(std::string_view text);

/// `http://host:port` or `https://host:port`, of a frontend. No user information, path or query;
/// one URL only (the lists of the Flink options are YAML lists here).
[[nodiscard]] Parsed<http::Endpoint> parse_load_url(std::string_view text);

/// `host:port` of a backend as it stands in a Location (`redirect_map`).
[[nodiscard]] Parsed<std::string> parse_host_port(std::string_view text);

/// `host:port`, `*.suffix:port` or `10.0.0.0/8:port`, IPv6 networks as `[fd00::/8]:port`
/// (`redirect_allow`, architecture.md D8).
[[nodiscard]] Parsed<std::string> parse_allow_pattern(std::string_view text);

/// What parse_load_url() reads as `endpoint`.
[[nodiscard]] std::string format_url(const http::Endpoint& endpoint);

}  // namespace loadstar::config
