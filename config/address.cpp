#include "config/address.hpp"

#include "core/base/ascii.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace loadstar::config {
namespace {

constexpr std::size_t kMaxUnixPath = 107;  // sockaddr_un::sun_path without its NUL, unix(7)
constexpr std::size_t kMaxHost = 253;      // RFC 1035 2.3.4

struct HostPort {
  std::string host;  ///< without brackets
  std::uint16_t port = 0;
  bool bracketed = false;
};

bool is_ip_v4(std::string_view text) {
  boost::system::error_code error;
  boost::asio::ip::make_address_v4(std::string(text), error);
  return !error;
}

bool is_ip_v6(std::string_view text) {
  boost::system::error_code error;
  boost::asio::ip::make_address_v6(std::string(text), error);
  return !error;
}

/// A name of letters, digits, `-`, `_` and `.`, or an IPv4 address. `1.2.3.400` is neither.
bool is_name_or_v4(std::string_view host) {
  if (host.empty() || host.size() > kMaxHost || host.front() == '.' || host.front() == '-')
    return false;
  const auto is_digit = [](char character) { return character >= '0' && character <= '9'; };
  const bool allowed = std::all_of(host.begin(), host.end(), [&is_digit](char character) {
    return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
           is_digit(character) || character == '-' || character == '_' || character == '.';
  });
  if (!allowed || host.find("..") != std::string_view::npos) return false;
  const std::string_view last = host.substr(host.rfind('.') + 1);
  const bool numeric = std::all_of(last.begin(), last.end(), is_digit) && !last.empty();
  return !numeric || is_ip_v4(host);
}

/// Cuts `text` at its last colon; the host is not judged.
Parsed<HostPort> split_host_port(std::string_view text, bool zero_allowed) {
  using Answer = Parsed<HostPort>;
  HostPort result;
  std::string_view port;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return Answer::refused("has `[` without `]`");
    result.host = text.substr(1, end - 1);
    result.bracketed = true;
    if (!text.substr(end + 1).starts_with(':'))
      return Answer::refused("has no port; write host:port");
    port = text.substr(end + 2);
  } else {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) return Answer::refused("has no port; write host:port");
    result.host = text.substr(0, colon);
    port = text.substr(colon + 1);
    if (result.host.find(':') != std::string::npos) {
      return Answer::refused("has several colons; write an IPv6 address in brackets: [::1]:8030");
    }
  }
  const auto number = parse_integer(port);
  if (!number.ok() || number.value() > 65'535 || (number.value() == 0 && !zero_allowed)) {
    return Answer::refused(
        fmt::format("has no valid port; write a number from {} to 65535", zero_allowed ? 0 : 1));
  }
  result.port = static_cast<std::uint16_t>(number.value());
  return result;
}

/// split_host_port() with a host that exists: a name or an address.
Parsed<HostPort> parse_endpoint(std::string_view text, bool zero_allowed) {
  auto result = split_host_port(text, zero_allowed);
  if (!result.ok()) return result;
  const HostPort& endpoint = result.value();
  if (endpoint.bracketed ? !is_ip_v6(endpoint.host) : !is_name_or_v4(endpoint.host)) {
    return Parsed<HostPort>::refused("has no valid host; write a name, an IPv4 address or [IPv6]");
  }
  return result;
}

template <class Make>
bool is_network(std::string_view text, const Make& make) {
  boost::system::error_code error;
  make(std::string(text), error);
  return !error;
}

bool is_allow_host(const HostPort& pattern) {
  const std::string& host = pattern.host;
  const bool network = host.find('/') != std::string::npos;
  if (pattern.bracketed) {
    return network ? is_network(host,
                                [](const std::string& text, boost::system::error_code& error) {
                                  return boost::asio::ip::make_network_v6(text, error);
                                })
                   : is_ip_v6(host);
  }
  if (network) {
    return is_network(host, [](const std::string& text, boost::system::error_code& error) {
      return boost::asio::ip::make_network_v4(text, error);
    });
  }
  if (host.starts_with("*.")) {
    const std::string_view suffix = std::string_view(host).substr(2);
    return is_name_or_v4(suffix) && !is_ip_v4(suffix);
  }
  return is_name_or_v4(host);
}

/// What is wrong with the beginning of `url`, which is neither `http://` nor `https://`.
std::string_view wrong_scheme(std::string_view url) {
  const std::size_t end = url.find("://");
  if (end == 0 || end == std::string_view::npos) return "has no scheme";
  const std::string scheme = to_lower(url.substr(0, end));
  if (scheme == "http" || scheme == "https") return "has its scheme in capital letters";
  return "has a scheme that is neither http nor https";
}

}  // namespace

Parsed<ListenAddress> parse_listen_address(std::string_view text) {
  using Answer = Parsed<ListenAddress>;
  ListenAddress address;
  if (text.starts_with("unix:")) {
    address.unix_path = text.substr(5);
    if (!address.unix_path.starts_with('/') || has_control_byte(address.unix_path)) {
      return Answer::refused("needs an absolute path, such as unix:/run/loadstar/ingest.sock");
    }
    if (address.unix_path.size() > kMaxUnixPath) {
      return Answer::refused(fmt::format("has a path of {} bytes; the system allows {}",
                                         address.unix_path.size(), kMaxUnixPath));
    }
    return address;
  }
  const auto endpoint = parse_endpoint(text, true);
  if (!endpoint.ok()) return Answer::refused(endpoint.error());
  address.host = endpoint.value().host;
  address.port = endpoint.value().port;
  return address;
}

Parsed<http::Endpoint> parse_load_url(std::string_view text) {
  using Answer = Parsed<http::Endpoint>;
  http::Endpoint endpoint;
  std::string_view rest = text;
  if (text.starts_with("https://")) {
    endpoint.tls = true;
    rest.remove_prefix(8);
  } else if (text.starts_with("http://")) {
    rest.remove_prefix(7);
  } else {
    return Answer::refused(
        fmt::format("{}; write http://host:port or https://host:port", wrong_scheme(text)));
  }
  if (rest.find_first_of(",;") != std::string_view::npos) {
    return Answer::refused("holds several URLs; write them as a YAML list");
  }
  if (rest.find('@') != std::string_view::npos) {
    return Answer::refused("holds a user; write it as `user` and `password_file`");
  }
  if (rest.ends_with('/')) rest.remove_suffix(1);
  if (rest.find_first_of("/?#") != std::string_view::npos) {
    return Answer::refused("has a path; write scheme, host and port only");
  }
  const auto host_port = parse_endpoint(rest, false);
  if (!host_port.ok()) return Answer::refused(host_port.error());
  endpoint.host = host_port.value().host;
  endpoint.port = host_port.value().port;
  return endpoint;
}

Parsed<std::string> parse_host_port(std::string_view text) {
  const auto endpoint = parse_endpoint(text, false);
  if (!endpoint.ok()) return Parsed<std::string>::refused(endpoint.error());
  return std::string(text);
}

Parsed<std::string> parse_allow_pattern(std::string_view text) {
  using Answer = Parsed<std::string>;
  const auto pattern = split_host_port(text, false);
  if (!pattern.ok()) return Answer::refused(pattern.error());
  if (!is_allow_host(pattern.value())) {
    return Answer::refused(
        "is no host pattern; write host:port, *.suffix:port, 10.0.0.0/8:port or [fd00::/8]:port");
  }
  return std::string(text);
}

std::string format_url(const http::Endpoint& endpoint) {
  const bool v6 = endpoint.host.find(':') != std::string::npos;
  return fmt::format("{}://{}{}{}:{}", endpoint.tls ? "https" : "http", v6 ? "[" : "",
                     endpoint.host, v6 ? "]" : "", endpoint.port);
}

}  // namespace loadstar::config
