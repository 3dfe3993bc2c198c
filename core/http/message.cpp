#include "core/http/message.hpp"

#include "core/base/ascii.hpp"

#include <algorithm>
#include <array>

namespace loadstar::http {
namespace {

// delivery-and-faults.md 5.1; the FE takes 32 KiB of header fields
// (starrocks-load-protocol.md 2.1).
constexpr std::size_t kMaxValueBytes = 8192;
constexpr std::size_t kMaxFieldsBytes = 24576;
constexpr std::size_t kMaxTargetBytes = 8192;

/// Fields that the connection writes, or that would change what the reply may look like.
constexpr std::array<std::string_view, 11> kReserved{
    "Host",    "Content-Length", "Transfer-Encoding", "Expect",           "Connection", "TE",
    "Trailer", "Upgrade",        "Accept-Encoding",   "Proxy-Connection", "Keep-Alive"};

/// tchar of RFC 9110 5.6.2.
bool is_token_char(char c) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         kMarks.find(c) != std::string_view::npos;
}

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_token_char);
}

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7F;
}

bool is_target_char(char c) { return c > 0x20 && c < 0x7F; }

Error refuse(std::string detail) {
  return Error{Errc::kInvalidRequest, Certainty::kNotApplied, std::move(detail)};
}

Result<void> check_field(const Field& field) {
  // A name that is no token cannot be repeated in a log line as it is.
  if (!is_token(field.name)) return refuse("a header field name is not a token");
  for (const std::string_view reserved : kReserved) {
    if (equal_ignoring_case(field.name, reserved)) {
      return refuse("header field " + field.name + ": belongs to the connection");
    }
  }
  if (std::any_of(field.value.begin(), field.value.end(), is_control)) {
    return refuse("header field " + field.name + ": control byte in the value");
  }
  if (field.value.size() > kMaxValueBytes) {
    return refuse("header field " + field.name + ": value longer than 8 KiB");
  }
  return {};
}

}  // namespace

std::string to_string(const Endpoint& endpoint) {
  std::string text = endpoint.tls ? "https://" : "http://";
  const bool ipv6 = endpoint.host.find(':') != std::string::npos;
  text += ipv6 ? "[" + endpoint.host + "]" : endpoint.host;
  return text + ":" + std::to_string(endpoint.port);
}

std::optional<std::string_view> Response::field(std::string_view name) const {
  const auto found = std::find_if(fields.begin(), fields.end(), [name](const Field& f) {
    return equal_ignoring_case(f.name, name);
  });
  if (found == fields.end()) return std::nullopt;
  return found->value;
}

Result<void> check(const Request& request) {
  if (!is_token(request.method)) return refuse("the method is not a token");
  const bool origin_form = !request.target.empty() && request.target[0] == '/';
  if (!origin_form) return refuse("the target does not start with /");
  if (!std::all_of(request.target.begin(), request.target.end(), is_target_char)) {
    return refuse("the target holds a byte that must be percent-encoded");
  }
  if (request.target.size() > kMaxTargetBytes) return refuse("the target is longer than 8 KiB");
  std::size_t bytes = 0;
  for (const Field& field : request.fields) {
    const auto checked = check_field(field);
    if (!checked) return checked.error();
    bytes += field.name.size() + field.value.size() + 4;  // ": " and CRLF
  }
  if (bytes > kMaxFieldsBytes) return refuse("header fields: more than 24 KiB together");
  if (request.framing == Framing::kNone && !request.body.empty()) {
    return refuse("a body without framing");
  }
  if (request.compression != Compression::kNone && request.framing != Framing::kChunked) {
    return refuse("a compressed body without chunks");
  }
  if (request.framing == Framing::kNone && request.expect_continue) {
    return refuse("Expect: 100-continue without a body");
  }
  return {};
}

}  // namespace loadstar::http
