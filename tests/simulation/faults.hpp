#pragma once

#include "core/base/random.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace loadstar::simulation {

/// Operations of the grid (delivery-and-faults.md 3.2), as the simulated StarRocks sees them.
enum class Operation : std::uint8_t {
  kBegin,
  kLoad,
  kPrepare,
  kCommit,
  kRollback,
  kQuery,
  kStreamLoad,
  kCancel,
  kOther
};
using Operations = std::vector<Operation>;
/// Those that an at-least-once run uses, and those of an exactly-once run.
[[nodiscard]] const Operations& at_least_once_operations();
[[nodiscard]] const Operations& exactly_once_operations();
[[nodiscard]] std::string_view to_string(Operation operation);

/// What can go wrong with one exchange.
enum class Fault : std::uint8_t {
  kNone,
  kRefused,              ///< connection refused or connect timeout
  kResetBefore,          ///< reset before the request was processed
  kResetAfter,           ///< processed, reply lost
  kTornBody,             ///< reset after a part of the body: what arrived stays (trap E1)
  kTimeoutBefore,        ///< never processed, no answer
  kTimeoutAfter,         ///< processed, no answer
  kServerError,          ///< 503 or a page with 404, processed or not
  kMalformedReply,       ///< processed, a truncated JSON
  kForeignRedirect,      ///< 307 to a host that nobody listed
  kDeadRedirect,         ///< 307 to a listed host that refuses connections
  kRedirectLoop,         ///< 307 to itself
  kFailedWord,           ///< HTTP 200 with a failure word, not processed
  kInProcessing,         ///< TXN_IN_PROCESSING
  kTooManyTransactions,  ///< "current running txns"
  kTooManyVersions,      ///< "too many versions", the load is aborted
  kUnauthorized,         ///< 401 for a moment
  kLeaderChange,         ///< PREPARE is lost, PREPARED stays (F269, F271)
  kBackendRestart,       ///< the backend forgets its contexts
  kTransactionTimeout,   ///< the leader aborts the transaction just before (F274)
  kLabelEvicted,         ///< finished labels are forgotten just before (F227)
  kDelayedDuplicate,     ///< the request is processed again later (F283)
  kDeliveredLate,        ///< no answer; processed when its sender has long given up
  kLockTimeout,          ///< the frontend is busy: "get database write lock timeout"
  kSlowPublish,          ///< committed, visible later
  kSlow,                 ///< the answer takes minutes
};
inline constexpr std::size_t kFaults = 26;
[[nodiscard]] std::string_view to_string(Fault fault);

/// Whether the fault can happen to the operation at all; if not, `why` says so (an explained zero).
[[nodiscard]] bool applies(Fault fault, Operation operation);
[[nodiscard]] std::string_view why_not(Fault fault, Operation operation);

/// How often each fault struck each operation, over all runs.
class Grid {
 public:
  void hit(Fault fault, Operation operation) { ++hits_[{fault, operation}]; }
  void add(const Grid& other);
  [[nodiscard]] std::uint64_t hits(Fault fault, Operation operation) const;
  /// A table for people: one row per fault, one column per operation, "-" where it cannot happen.
  [[nodiscard]] std::string table(const Operations& operations) const;
  /// Cells that should have been hit and were not.
  [[nodiscard]] std::vector<std::string> unexplained_zeros(const Operations& operations) const;

 private:
  std::map<std::pair<Fault, Operation>, std::uint64_t> hits_;
};

/// The faults of one run: a subset of all (swarm testing) and how often they strike. Draws from a
/// source of its own, so that a script of what struck repeats and can be shortened.
class FaultPlan {
 public:
  /// Number of an exchange (the first is 1) and what happens to it.
  using Script = std::map<std::uint64_t, Fault>;

  FaultPlan(Random& random, bool any);
  /// Exactly these faults.
  explicit FaultPlan(Script script);

  /// What happens to the next exchange, which is of `operation`.
  [[nodiscard]] Fault draw(Operation operation);
  /// No more faults: the run is to end well.
  void heal() { healed_ = true; }
  [[nodiscard]] const std::vector<Fault>& chosen() const { return chosen_; }
  /// What was drawn so far.
  [[nodiscard]] const Script& struck() const { return struck_; }

 private:
  Random random_;
  std::vector<Fault> chosen_;
  std::uint64_t percent_ = 0;
  bool healed_ = false;
  bool scripted_ = false;
  Script script_;
  Script struck_;
  std::uint64_t drawn_ = 0;
};

}  // namespace loadstar::simulation
