#include "core/starrocks/host_pattern.hpp"

#include "core/starrocks/server_url.hpp"

#include <boost/asio/ip/address.hpp>
#include <fmt/format.h>

#include <optional>
#include <utility>

namespace loadstar::starrocks {
namespace {

namespace ip = boost::asio::ip;

Error invalid(std::string_view why) {
  return Error{Errc::kInvalidRequest, Certainty::kNotApplied, std::string(why)};
}

std::optional<ip::address> address_of(const std::string& host) {
  boost::system::error_code error;
  const auto address = ip::make_address(host, error);
  if (error) return std::nullopt;
  return address;
}

bool contains(const ip::network_v4& network, const ip::address& address) {
  if (!address.is_v4()) return false;
  const ip::network_v4 of_address(address.to_v4(), network.prefix_length());
  return of_address.canonical() == network.canonical();
}

bool contains(const ip::network_v6& network, const ip::address& address) {
  if (!address.is_v6()) return false;
  const ip::network_v6 of_address(address.to_v6(), network.prefix_length());
  return of_address.canonical() == network.canonical();
}

}  // namespace

Result<HostPattern> HostPattern::parse_network(std::string_view text) {
  const bool bracketed = text.starts_with('[');
  const std::size_t end = bracketed ? text.find(']') : text.rfind(':');
  if (end == std::string_view::npos) return invalid("expected network/bits:port");
  const std::string network(bracketed ? text.substr(1, end - 1) : text.substr(0, end));
  const std::string_view rest = text.substr(bracketed ? end + 1 : end);
  // The port is judged by the same rules as any other.
  const auto endpoint = parse_host_port("x" + std::string(rest), false);
  if (!endpoint) return invalid("expected network/bits:port, for example 10.0.0.0/8:8040");
  boost::system::error_code error;
  if (bracketed) {
    const auto v6 = ip::make_network_v6(network, error);
    if (error) return invalid("no IPv6 network in front of the port");
    return HostPattern(Network(v6), endpoint->port);
  }
  const auto v4 = ip::make_network_v4(network, error);
  if (error) return invalid("no IPv4 network in front of the port");
  return HostPattern(Network(v4), endpoint->port);
}

Result<HostPattern> HostPattern::parse(std::string_view text) {
  constexpr std::string_view kAnyLabel = "*.";
  if (text.find('/') != std::string_view::npos) return parse_network(text);
  const bool is_suffix = text.starts_with(kAnyLabel);
  auto endpoint = parse_host_port(is_suffix ? text.substr(kAnyLabel.size()) : text, false);
  if (!endpoint) return invalid("expected host:port, *.suffix:port or network/bits:port");
  if (!is_suffix) return HostPattern(Exact{std::move(endpoint->host)}, endpoint->port);
  if (address_of(endpoint->host)) return invalid("*. goes with a name, not with an address");
  return HostPattern(Suffix{"." + endpoint->host}, endpoint->port);
}

bool HostPattern::matches(const http::Endpoint& endpoint) const {
  if (endpoint.port != port_) return false;
  const auto address = address_of(endpoint.host);
  if (const auto* exact = std::get_if<Exact>(&hosts_)) return exact->host == endpoint.host;
  if (const auto* suffix = std::get_if<Suffix>(&hosts_)) {
    return !address && endpoint.host.size() > suffix->suffix.size() &&
           endpoint.host.ends_with(suffix->suffix);
  }
  const auto in_network = [&address](const auto& network) { return contains(network, *address); };
  return address && std::visit(in_network, std::get<Network>(hosts_));
}

bool is_loopback(const std::string& host) {
  const auto address = address_of(host);
  return address ? address->is_loopback() : host == "localhost" || host.ends_with(".localhost");
}

bool is_never_a_backend(const std::string& host) {
  const auto address = address_of(host);
  if (!address) return false;
  if (address->is_unspecified() || address->is_multicast()) return true;
  if (address->is_v6()) {
    const auto metadata = ip::make_address_v6("fd00:ec2::254");
    return address->to_v6().is_link_local() || address->to_v6() == metadata;
  }
  constexpr unsigned kLinkLocalBits = 16;
  return contains(ip::network_v4(ip::make_address_v4("169.254.0.0"), kLinkLocalBits), *address);
}

}  // namespace loadstar::starrocks
