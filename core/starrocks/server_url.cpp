#include "core/starrocks/server_url.hpp"

#include <boost/asio/ip/address_v6.hpp>
#include <fmt/format.h>

#include <utility>

namespace loadstar::starrocks {
namespace {

Error refused(std::string why) {
  return Error{Errc::kRedirectFailed, Certainty::kNotApplied, std::move(why)};
}

bool is_v4_mapped(const std::string& host) {
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address_v6(host, error);
  return !error && address.is_v4_mapped();
}

}  // namespace

Result<http::Url> parse_server_url(std::string_view text) {
  if (text.empty()) return refused("the URL is missing");
  if (text.size() > kMaxServerUrl) return refused("the URL is longer than 4 KiB");
  auto url = http::parse_url(text);
  if (!url) return refused(url.error().detail);
  if (is_v4_mapped(url->endpoint.host)) return refused("URL: IPv4-mapped IPv6 address");
  url->has_userinfo = false;
  url->userinfo.clear();
  return url;
}

Result<http::Endpoint> parse_host_port(std::string_view text, bool tls) {
  const std::size_t bracket = text.find(']');
  const bool has_port =
      text.find(':', bracket == std::string_view::npos ? 0 : bracket) != std::string_view::npos;
  if (!has_port || text.find_first_of("/?#@") != std::string_view::npos) {
    return refused("expected host:port");
  }
  auto url = parse_server_url("http://" + std::string(text));
  if (!url) return url.error();
  url->endpoint.tls = tls;
  return url->endpoint;
}

std::string host_port(const http::Endpoint& endpoint) {
  const bool is_v6 = endpoint.host.find(':') != std::string::npos;
  return is_v6 ? fmt::format("[{}]:{}", endpoint.host, endpoint.port)
               : fmt::format("{}:{}", endpoint.host, endpoint.port);
}

}  // namespace loadstar::starrocks
