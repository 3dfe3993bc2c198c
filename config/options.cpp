#include "config/options.hpp"

#include <boost/asio/ip/address.hpp>
#include <fmt/format.h>

namespace loadstar::config {

bool ListenAddress::is_local() const {
  if (is_unix() || host == "localhost") return true;
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(host, error);
  return !error && address.is_loopback();
}

std::string to_string(const ListenAddress& address) {
  if (address.is_unix()) return "unix:" + address.unix_path;
  const bool v6 = address.host.find(':') != std::string::npos;
  return fmt::format("{}{}{}:{}", v6 ? "[" : "", address.host, v6 ? "]" : "", address.port);
}

}  // namespace loadstar::config
