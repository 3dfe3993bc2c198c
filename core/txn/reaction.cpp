#include "core/txn/reaction.hpp"

#include <algorithm>

namespace loadstar::txn {

Reaction reaction_to(Errc code) {
  switch (code) {
    case Errc::kConnectFailed:
    case Errc::kConnectionLost:
    case Errc::kDeadlineExceeded:
    case Errc::kCancelled:
    case Errc::kRedirectFailed:
    case Errc::kMalformedReply:
    case Errc::kUnexpectedStatus:
    case Errc::kCircuitOpen:
      return Reaction::kRetry;
    case Errc::kBadCredentials:
      return Reaction::kRetrySlowly;
    case Errc::kCongested:
      return Reaction::kSlowDown;
    case Errc::kRedirectRefused:
    case Errc::kRejected:
      return Reaction::kCountedRetry;
    case Errc::kRowsRejected:
      return Reaction::kIsolate;
    case Errc::kAccessDenied:
    case Errc::kNotFound:
    case Errc::kUnsupported:
    case Errc::kInvalidRequest:
      return Reaction::kRefuse;
  }
  return Reaction::kRefuse;
}

std::chrono::milliseconds longest_pause(Errc code, std::chrono::milliseconds max_interval) {
  constexpr std::chrono::milliseconds kNothingSent{5000};
  const bool nothing_sent = code == Errc::kConnectFailed || code == Errc::kCircuitOpen;
  return nothing_sent ? std::min(kNothingSent, max_interval) : max_interval;
}

Reason reason_for(Errc code) {
  switch (code) {
    case Errc::kConnectFailed:
    case Errc::kConnectionLost:
    case Errc::kDeadlineExceeded:
    case Errc::kCancelled:
    case Errc::kRedirectFailed:
    case Errc::kRedirectRefused:
    case Errc::kMalformedReply:
    case Errc::kUnexpectedStatus:
    case Errc::kCircuitOpen:
    case Errc::kCongested:
    case Errc::kBadCredentials:
    // StarRocks said no without saying that it is the rows or the request: as a rule it passes
    // ("tablet writer cannot be opened", no backend), so the client keeps its rows and comes back
    // (F229).
    case Errc::kRejected:
      return Reason::kStarrocksUnavailable;
    case Errc::kAccessDenied:
      return Reason::kAccessDenied;
    case Errc::kNotFound:
      return Reason::kTableNotFound;
    case Errc::kRowsRejected:
      return Reason::kRowsRejected;
    case Errc::kUnsupported:
    case Errc::kInvalidRequest:
      return Reason::kUnsupportedCombination;
  }
  return Reason::kStarrocksUnavailable;
}

}  // namespace loadstar::txn
