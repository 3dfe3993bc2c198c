#include "core/http/url.hpp"

#include "core/base/ascii.hpp"

#include <boost/asio/ip/address_v4.hpp>
#include <boost/asio/ip/address_v6.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace loadstar::http {
namespace {

constexpr std::size_t kMaxHostBytes = 253;  // RFC 1035 2.3.4

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool is_unreserved(char c) {
  return is_alpha(c) || is_digit(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

/// Others read a backslash as the end of the authority.
bool is_userinfo_char(char c) { return c > 0x20 && c < 0x7F && c != '\\'; }

void append_encoded(std::string& out, char c) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  const auto byte = static_cast<unsigned char>(c);
  out += '%';
  out += kHex[byte >> 4U];
  out += kHex[byte & 0xFU];
}

Error wrong(std::string_view what) {
  return Error{Errc::kInvalidRequest, Certainty::kNotApplied, "URL: " + std::string(what)};
}

/// Whether getaddrinfo could read `label`, the last of a name, as a number in some base.
bool looks_numeric(std::string_view label) {
  if (std::all_of(label.begin(), label.end(), is_digit)) return true;
  return label.size() >= 2 && label[0] == '0' && label[1] == 'x' &&
         std::all_of(label.begin() + 2, label.end(), is_hex);
}

/// A dotted quad in the one form that has one meaning; asio's parser is inet_pton.
bool is_strict_ipv4(std::string_view text) {
  boost::system::error_code ec;
  const auto address = boost::asio::ip::make_address_v4(std::string(text), ec);
  return !ec && address.to_string() == text;
}

/// `host` in lower case.
bool is_host_name(std::string_view host) {
  if (host.empty() || host.size() > kMaxHostBytes) return false;
  std::size_t start = 0;
  while (true) {
    const auto dot = host.find('.', start);
    const auto label = host.substr(start, dot == std::string_view::npos ? dot : dot - start);
    if (label.empty() || label.size() > 63) return false;
    const bool known = std::all_of(label.begin(), label.end(), [](char c) {
      return is_alpha(c) || is_digit(c) || c == '-' || c == '_';
    });
    if (!known) return false;
    if (dot == std::string_view::npos) return !looks_numeric(label) || is_strict_ipv4(host);
    start = dot + 1;
  }
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  if (text.empty() || text[0] == '0') return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return port;
}

/// Host and optional port into `endpoint`.
Result<void> parse_authority(std::string_view text, Endpoint& endpoint) {
  std::string_view port;
  bool has_port = false;
  if (!text.empty() && text[0] == '[') {
    const auto close = text.find(']');
    if (close == std::string_view::npos) return wrong("the bracket of the host is not closed");
    const auto inner = text.substr(1, close - 1);
    boost::system::error_code ec;
    const auto address = boost::asio::ip::make_address_v6(std::string(inner), ec);
    if (ec || inner.find('%') != std::string_view::npos) return wrong("bad IPv6 address");
    endpoint.host = address.to_string();
    const auto rest = text.substr(close + 1);
    if (!rest.empty() && rest[0] != ':') return wrong("text after the bracket of the host");
    has_port = !rest.empty();
    if (has_port) port = rest.substr(1);
  } else {
    const auto colon = text.find(':');
    has_port = colon != std::string_view::npos;
    endpoint.host = to_lower(text.substr(0, colon));
    if (has_port) port = text.substr(colon + 1);
    if (!is_host_name(endpoint.host)) return wrong("bad host");
  }
  endpoint.port = endpoint.tls ? 443 : 80;
  if (has_port) {
    const auto number = parse_port(port);
    if (!number) return wrong("bad port, expected 1..65535");
    endpoint.port = *number;
  }
  return {};
}

/// Path and query, checked, with raw bytes above 0x7F encoded.
Result<std::string> parse_target(std::string_view text) {
  std::string target;
  target.reserve(text.size() + 1);
  if (text.empty() || text[0] == '?') target += '/';
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte == 0x7F) return wrong("space or control byte in path or query");
    if (c == '#') return wrong("a fragment has no meaning here");
    if (c == '%') {
      const bool complete = i + 2 < text.size() && is_hex(text[i + 1]) && is_hex(text[i + 2]);
      if (!complete) return wrong("% without two hexadecimal digits");
    }
    if (byte > 0x7F) {
      append_encoded(target, c);
    } else {
      target += c;
    }
  }
  return target;
}

std::string encode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (is_unreserved(c)) {
      out += c;
    } else {
      append_encoded(out, c);
    }
  }
  return out;
}

}  // namespace

Result<Url> parse_url(std::string_view text) {
  if (text.size() > kMaxUrlBytes) return wrong("longer than 8192 bytes");
  Url url;
  const auto colon = text.find("://");
  if (colon == std::string_view::npos) return wrong("no scheme; expected http:// or https://");
  const std::string scheme = to_lower(text.substr(0, colon));
  if (scheme != "http" && scheme != "https") return wrong("scheme is not http or https");
  url.endpoint.tls = scheme == "https";

  const auto rest = text.substr(colon + 3);
  const auto end = rest.find_first_of("/?#");
  auto authority = rest.substr(0, end);
  // The last @ ends the userinfo: a receiver that took the first one would see another host.
  const auto at = authority.rfind('@');
  if (at != std::string_view::npos) {
    url.has_userinfo = true;
    url.userinfo = std::string(authority.substr(0, at));
    authority = authority.substr(at + 1);
    if (!std::all_of(url.userinfo.begin(), url.userinfo.end(), is_userinfo_char)) {
      return wrong("bad byte before @");
    }
  }
  const auto host = parse_authority(authority, url.endpoint);
  if (!host) return host.error();

  const auto tail = end == std::string_view::npos ? std::string_view{} : rest.substr(end);
  auto target = parse_target(tail);
  if (!target) return target.error();
  url.target = std::move(*target);
  return url;
}

std::string encode_path_segment(std::string_view text) {
  if (text == ".") return "%2E";
  if (text == "..") return "%2E%2E";
  return encode(text);
}

std::string encode_query_value(std::string_view text) { return encode(text); }

}  // namespace loadstar::http
