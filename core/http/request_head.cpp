#include "core/http/request_head.hpp"

#include "core/base/assert.hpp"

namespace loadstar::http {
namespace {

/// Methods whose request has no body unless it says so (RFC 9110 8.6).
bool is_bodyless(const std::string& method) {
  return method == "GET" || method == "HEAD" || method == "DELETE";
}

/// `Host` without a default port, as every other client sends it (RFC 9110 7.2).
std::string host_field(const Endpoint& endpoint) {
  const bool ipv6 = endpoint.host.find(':') != std::string::npos;
  std::string host = ipv6 ? "[" + endpoint.host + "]" : endpoint.host;
  const int default_port = endpoint.tls ? 443 : 80;
  if (endpoint.port != default_port) host += ":" + std::to_string(endpoint.port);
  return host;
}

std::string framing_field(const Request& request) {
  switch (request.framing) {
    case Framing::kNone:
      return is_bodyless(request.method) ? "" : "Content-Length: 0\r\n";
    case Framing::kContentLength:
      return "Content-Length: " + std::to_string(request.body.size()) + "\r\n";
    case Framing::kChunked:
      return "Transfer-Encoding: chunked\r\n";
  }
  return "";
}

}  // namespace

std::string request_head(const Endpoint& endpoint, const Request& request) {
  LOADSTAR_ASSERT(check(request).has_value(), "a request is checked before it is written");
  std::string head = request.method + " " + request.target + " HTTP/1.1\r\n";
  head += "Host: " + host_field(endpoint) + "\r\n";
  for (const Field& field : request.fields) head += field.name + ": " + field.value + "\r\n";
  head += framing_field(request);
  if (request.expect_continue) head += "Expect: 100-continue\r\n";
  return head + "\r\n";
}

}  // namespace loadstar::http
