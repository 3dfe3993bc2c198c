#include "core/base/error.hpp"

#include <fmt/format.h>

#include <stdexcept>

namespace loadstar {

void throw_exception_from_error(const Error& error, const boost::source_location& location) {
  throw std::runtime_error(
      fmt::format("{} at {}:{}", describe(error), location.file_name(), location.line()));
}

std::string_view to_string(Errc code) {
  switch (code) {
    case Errc::kConnectFailed:
      return "CONNECT_FAILED";
    case Errc::kConnectionLost:
      return "CONNECTION_LOST";
    case Errc::kDeadlineExceeded:
      return "DEADLINE_EXCEEDED";
    case Errc::kCancelled:
      return "CANCELLED";
    case Errc::kRedirectRefused:
      return "REDIRECT_UNREACHABLE";
    case Errc::kRedirectFailed:
      return "REDIRECT_FAILED";
    case Errc::kMalformedReply:
      return "MALFORMED_REPLY";
    case Errc::kUnexpectedStatus:
      return "UNEXPECTED_STATUS";
    case Errc::kBadCredentials:
      return "BAD_CREDENTIALS";
    case Errc::kAccessDenied:
      return "ACCESS_DENIED";
    case Errc::kNotFound:
      return "NOT_FOUND";
    case Errc::kRejected:
      return "REJECTED";
    case Errc::kRowsRejected:
      return "ROWS_REJECTED";
    case Errc::kCongested:
      return "CONGESTED";
    case Errc::kUnsupported:
      return "UNSUPPORTED";
    case Errc::kInvalidRequest:
      return "INVALID_REQUEST";
    case Errc::kCircuitOpen:
      return "CIRCUIT_OPEN";
  }
  return "INVALID";
}

std::string_view to_string(Certainty certainty) {
  return certainty == Certainty::kNotApplied ? "not applied" : "unknown outcome";
}

std::string describe(const Error& error) {
  return fmt::format("{} ({}): {}", to_string(error.code), to_string(error.certainty),
                     error.detail);
}

}  // namespace loadstar
