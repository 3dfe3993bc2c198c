#pragma once

#include <boost/system/result.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace loadstar {

/// What went wrong between us and StarRocks. One value for each reaction that a caller has; every
/// further distinction is in Error::detail.
enum class Errc : std::uint8_t {
  kConnectFailed,     ///< name not resolved, refused, TLS failed: no byte of the request left
  kConnectionLost,    ///< the connection broke after bytes were sent
  kDeadlineExceeded,  ///< no answer in time
  kCancelled,         ///< we gave up: shutdown, or the caller went away
  kRedirectRefused,   ///< REDIRECT_UNREACHABLE: our policy does not allow the target (D8)
  kRedirectFailed,    ///< loop, more than three hops, missing or malformed Location
  kMalformedReply,    ///< not the HTTP or the JSON that the protocol text promises
  kUnexpectedStatus,  ///< an HTTP status that is no answer of the operation (5xx, 404, ...)
  kBadCredentials,    ///< 401: user or password
  kAccessDenied,      ///< the account lacks a privilege
  kNotFound,          ///< database or table does not exist
  kRejected,          ///< StarRocks answered, and the answer is no
  kRowsRejected,      ///< StarRocks refused rows ("too many filtered rows")
  kCongested,         ///< too many versions, too many running transactions: slower and larger
  kUnsupported,       ///< this StarRocks has no such interface
  kInvalidRequest,    ///< our own request cannot be sent: a header value with CR, LF, NUL, ...
  kCircuitOpen,       ///< every frontend's circuit breaker is open
};

/// What is known about the remote side after an operation that did not succeed. It is set once,
/// where the fact is known (core/http, core/starrocks); no later layer improves it.
enum class Certainty : std::uint8_t {
  kNotApplied,  ///< proved: StarRocks did nothing, or has undone it
  kUnknown,     ///< it may have been applied; only the label's state can tell
};

/// A failed operation. `detail` is for people: no row data, no credentials; nothing decides by it.
struct Error {
  Errc code = Errc::kMalformedReply;
  Certainty certainty = Certainty::kUnknown;
  std::string detail;
};

/// A value, or why there is none.
template <class T>
using Result = boost::system::result<T, Error>;

/// Makes Result<T>::value() usable. Production code asks has_value() first.
[[noreturn]] void throw_exception_from_error(const Error& error,
                                             const boost::source_location& location);

/// Name for logs and metrics, for example "CONNECT_FAILED".
[[nodiscard]] std::string_view to_string(Errc code);
[[nodiscard]] std::string_view to_string(Certainty certainty);

/// "CONNECT_FAILED (not applied): detail", for logs and test output.
[[nodiscard]] std::string describe(const Error& error);

}  // namespace loadstar
