#pragma once

#include "core/base/compression.hpp"
#include "core/base/error.hpp"
#include "core/base/slice.hpp"

#include <atomic>
#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace loadstar::http {

/// Where a request goes: scheme, host and port, as compared by the redirect policy (D8).
struct Endpoint {
  bool tls = false;
  std::string host;  ///< name or address; IPv6 without brackets
  std::uint16_t port = 0;

  friend auto operator<=>(const Endpoint&, const Endpoint&) = default;
};

/// "http://host:port", IPv6 in brackets.
[[nodiscard]] std::string to_string(const Endpoint& endpoint);

/// One header field. Names compare without case (RFC 9110 5.1).
struct Field {
  std::string name;
  std::string value;

  friend bool operator==(const Field&, const Field&) = default;
};

/// How the body goes over the wire (RFC 9112 6).
enum class Framing : std::uint8_t {
  kNone,           ///< no body and no Content-Length (GET), or `Content-Length: 0` (POST)
  kContentLength,  ///< length first, then the slices
  kChunked,        ///< chunks of at most 1 MiB (starrocks-load-protocol.md 4.5)
};

/// A request as a plain value. `Host`, `Content-Length`, `Transfer-Encoding`, `Expect` and
/// `Connection` are written by the connection and must not be among `fields`.
struct Request {
  std::string method;
  std::string target;  ///< path and query, percent-encoded
  std::vector<Field> fields;
  SliceList body;
  Framing framing = Framing::kNone;
  /// How the bytes of `body` are compressed on their way; the fields that tell the receiver so are
  /// among `fields`. kChunked only.
  Compression compression = Compression::kNone;
  /// Send `Expect: 100-continue`, and no body byte before the receiver asks for it (D8).
  bool expect_continue = false;
  /// Adds up the body bytes that are written, compressed if they are, whatever becomes of the
  /// request; may be null.
  std::shared_ptr<std::atomic<std::uint64_t>> bytes_written;
};

/// A reply as a plain value; the body is bounded by PoolOptions::max_response_body.
struct Response {
  unsigned status = 0;
  std::vector<Field> fields;
  std::string body;
  /// Whether any byte of the request's body had been written before this reply. A redirect that
  /// comes after body bytes may only be followed away from a frontend (delivery-and-faults.md
  /// F069).
  bool body_started = false;

  /// Value of the first field called `name`, in any case; nullopt if there is none.
  [[nodiscard]] std::optional<std::string_view> field(std::string_view name) const;
};

/// Checks what Beast does not (style-anchors.md 1.3): the method and the field names are tokens;
/// values and the target hold no control byte; a value has at most 8 KiB, all together at most 24
/// KiB (delivery-and-faults.md 5.1). kInvalidRequest/kNotApplied names the field, never its value.
[[nodiscard]] Result<void> check(const Request& request);

}  // namespace loadstar::http
