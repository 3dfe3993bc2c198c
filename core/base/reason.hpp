#pragma once

#include "core/base/assert.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace loadstar {

/// What a client is told about a failed call: the values of loadstar.v1.ErrorReason, number for
/// number (server/ checks that at compile time). core/ has no protobuf, hence this copy.
enum class Reason : std::uint8_t {
  kBadRequest = 1,
  kBadPayload = 2,
  kRowsRejected = 3,
  kRowCountMismatch = 4,
  kBadResumeToken = 5,
  kSequenceGap = 6,
  kWriterFenced = 10,
  kEpochUsed = 11,
  kStaleResumeToken = 12,
  kCheckpointLost = 13,
  kOutcomeUnknown = 14,
  kTooManyPendingCheckpoints = 15,
  kCheckpointConflict = 16,
  kUnsupportedCombination = 17,
  kIntervalLost = 20,
  kStreamReplaced = 21,
  kTableNotFound = 30,
  kDatabaseNotFound = 31,
  kWriterNotOpen = 32,
  kStarrocksUnavailable = 40,
  kDraining = 41,
  kOverloaded = 42,
  kMessageTooLarge = 50,
  kFormatUnsupported = 60,
  kBadCredentials = 70,
  kAccessDenied = 71,
};

/// One wrong field of a request: where it is (`batch[sequence=17].rows[3].values[2]`), and what is
/// wrong and would be right. Ten at most in one Refusal (ingest-api.md 3.1).
struct FieldViolation {
  std::string field;
  std::string description;
};

/// Why a client's call failed; becomes a gRPC status with google.rpc.ErrorInfo, BadRequest and
/// RetryInfo in server/status_mapping (ingest-api.md 3.6).
struct Refusal {
  Reason reason = Reason::kBadRequest;
  std::string message;                          ///< for people: thing, value, limit, next step
  std::map<std::string, std::string> metadata;  ///< ErrorInfo.metadata, keys in lowerCamelCase
  std::vector<FieldViolation> violations;
  std::optional<std::chrono::milliseconds> retry_after;
};

/// A refusal of this reason and text.
[[nodiscard]] inline Refusal refuse(Reason reason, std::string message) {
  Refusal refusal;
  refusal.reason = reason;
  refusal.message = std::move(message);
  return refusal;
}

/// The same for a reason that passes, with when to come again.
[[nodiscard]] inline Refusal refuse_for_now(
    Reason reason, std::string message,
    std::chrono::milliseconds retry_after = std::chrono::seconds(1)) {
  Refusal refusal = refuse(reason, std::move(message));
  refusal.retry_after = retry_after;
  return refusal;
}

/// What a client is told that the daemon which ends can serve no more.
[[nodiscard]] inline Refusal draining_refusal() {
  return refuse_for_now(Reason::kDraining,
                        "the daemon is shutting down; open the writer elsewhere");
}

/// A value for the client, or what it is told instead.
template <class T>
class [[nodiscard]] Answer {
 public:
  /// A refusal that says nothing; Asio makes one before a coroutine has run.
  Answer() : content_(Refusal{}) {}
  Answer(T value) : content_(std::move(value)) {}            // NOLINT(google-explicit-constructor)
  Answer(Refusal refusal) : content_(std::move(refusal)) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] bool ok() const { return content_.index() == 0; }
  [[nodiscard]] T& value() {
    LOADSTAR_ASSERT(ok(), "value() of a refused call");
    return std::get<0>(content_);
  }
  [[nodiscard]] const T& value() const {
    LOADSTAR_ASSERT(ok(), "value() of a refused call");
    return std::get<0>(content_);
  }
  [[nodiscard]] const Refusal& refusal() const {
    LOADSTAR_ASSERT(!ok(), "refusal() of a call that succeeded");
    return std::get<1>(content_);
  }

 private:
  std::variant<T, Refusal> content_;
};

/// The answer of a call that has nothing to say but yes.
struct Done {};

}  // namespace loadstar
