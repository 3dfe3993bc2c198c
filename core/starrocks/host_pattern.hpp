#pragma once

#include "core/base/error.hpp"
#include "core/http/message.hpp"

#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace loadstar::starrocks {

/// One line of `redirect_allow` (architecture.md 7): which hosts may be redirected to, on one port.
///
///   be1.example.com:8040    this host, or this address ("10.1.2.3:8040", "[fd00::1]:8040")
///   *.be.example.com:8040   names with at least one label more; never an address
///   10.0.0.0/8:8040         addresses of a network ("[fd00::/8]:8040"); never a name
class HostPattern {
 public:
  /// kInvalidRequest/kNotApplied if the text is none of the three forms; for config/validate.
  [[nodiscard]] static Result<HostPattern> parse(std::string_view text);

  [[nodiscard]] bool matches(const http::Endpoint& endpoint) const;

 private:
  using Network = std::variant<boost::asio::ip::network_v4, boost::asio::ip::network_v6>;
  struct Exact {
    std::string host;
  };
  struct Suffix {
    std::string suffix;  ///< with its leading dot
  };
  using Hosts = std::variant<Exact, Suffix, Network>;

  HostPattern(Hosts hosts, std::uint16_t port) : hosts_(std::move(hosts)), port_(port) {}
  [[nodiscard]] static Result<HostPattern> parse_network(std::string_view text);

  Hosts hosts_;
  std::uint16_t port_;
};

/// Loopback address, or the name `localhost`.
[[nodiscard]] bool is_loopback(const std::string& host);

/// Addresses that no backend has, and that a hostile redirect aims at (F070): unspecified,
/// multicast, link-local (cloud metadata at 169.254.169.254 included) and the IPv6 metadata
/// address.
[[nodiscard]] bool is_never_a_backend(const std::string& host);

}  // namespace loadstar::starrocks
