#pragma once

#include "core/base/error.hpp"
#include "core/base/reason.hpp"

#include <chrono>
#include <cstdint>

namespace loadstar::txn {

/// What to do with rows whose load was certainly not applied, by why it was not.
enum class Reaction : std::uint8_t {
  kRetry,        ///< StarRocks is not there: again after back-off, for as long as it takes
  kRetrySlowly,  ///< our account is refused: again, but not hot (delivery-and-faults.md F050)
  kSlowDown,     ///< congestion: fewer and larger loads, again after back-off
  /// StarRocks said no: again, a stream load RetryOptions::max_attempts times, a transaction for as
  /// long as a request may take (operations.md 5), then refuse
  kCountedRetry,
  kIsolate,  ///< it is the rows: find the batches that are bad
  kRefuse,   ///< repeating cannot help: the streams end
};

/// One row per Errc; exhaustively tested.
[[nodiscard]] Reaction reaction_to(Errc code);

/// Longest pause before rows are tried again after `code`. It is short where nothing has left this
/// host: the frontends' circuit breakers space what is sent then, and rows that wait are to be
/// loaded soon after StarRocks is back, not `max_interval` later.
[[nodiscard]] std::chrono::milliseconds longest_pause(Errc code,
                                                      std::chrono::milliseconds max_interval);

/// Which reason a client gets when rows are given up because of `code`.
[[nodiscard]] Reason reason_for(Errc code);

}  // namespace loadstar::txn
