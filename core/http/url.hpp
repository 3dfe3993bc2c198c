#pragma once

#include "core/base/error.hpp"
#include "core/http/message.hpp"

#include <string>
#include <string_view>

namespace loadstar::http {

/// An absolute http or https URL in its parts.
struct Url {
  Endpoint endpoint;  ///< host in lower case; port 80 or 443 if the URL has none
  bool has_userinfo = false;
  std::string userinfo;  ///< what stood before `@`, as it was; may be a credential: never log it
  std::string target;    ///< path and query, at least "/"; only printable ASCII
};

/// Longest URL that is looked at.
inline constexpr std::size_t kMaxUrlBytes = 8192;

/// Parses `text` more strictly than RFC 3986, because URLs reach us from configuration and from
/// servers that may be hostile (delivery-and-faults.md 5.2, T05):
/// - scheme http or https in any case; userinfo is told apart, so that the caller can refuse it;
/// - host: a strict dotted quad, an IPv6 literal in brackets without zone, or a name of letters,
///   digits, `-`, `_` and single dots. No percent-encoding, no trailing dot, and no other notation
///   that getaddrinfo would take for an address (`127.1`, `0x7f000001`, `2130706433`);
/// - port 1..65535 without leading zeros;
/// - no fragment, no space or control byte; `%` only before two hexadecimal digits.
/// Bytes above 0x7F in path and query are percent-encoded: StarRocks up to 3.5.0 writes them raw in
/// `location` (starrocks-load-protocol.md 2.3).
///
/// kInvalidRequest/kNotApplied says which part is wrong, without repeating it.
[[nodiscard]] Result<Url> parse_url(std::string_view text);

/// One path segment, percent-encoded except for the unreserved characters of RFC 3986 2.3, so that
/// no name can become two segments or a query (T03). "." and ".." are encoded as well.
[[nodiscard]] std::string encode_path_segment(std::string_view text);

/// A query key or value, percent-encoded except for the unreserved characters.
[[nodiscard]] std::string encode_query_value(std::string_view text);

}  // namespace loadstar::http
