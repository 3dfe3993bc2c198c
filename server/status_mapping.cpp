#include "server/status_mapping.hpp"

#include "core/base/assert.hpp"

#include <google/rpc/error_details.pb.h>
#include <google/rpc/status.pb.h>
#include <loadstar/v1/errors.pb.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <utility>

namespace loadstar::server {
namespace {

using enum grpc::StatusCode;

constexpr std::size_t kMaxText = 512;
constexpr std::size_t kMaxDetails = 3 * 1024;
constexpr std::size_t kMaxMetadataValue = 256;
constexpr std::size_t kMaxViolations = 10;
constexpr std::size_t kMaxViolationText = 256;
constexpr std::chrono::milliseconds kDefaultRetry{1'000};

constexpr std::array kTable{
    ReasonEntry{Reason::kBadRequest, "BAD_REQUEST", INVALID_ARGUMENT},
    ReasonEntry{Reason::kBadPayload, "BAD_PAYLOAD", INVALID_ARGUMENT},
    ReasonEntry{Reason::kRowsRejected, "ROWS_REJECTED", INVALID_ARGUMENT},
    ReasonEntry{Reason::kRowCountMismatch, "ROW_COUNT_MISMATCH", INVALID_ARGUMENT},
    ReasonEntry{Reason::kBadResumeToken, "BAD_RESUME_TOKEN", INVALID_ARGUMENT},
    ReasonEntry{Reason::kSequenceGap, "SEQUENCE_GAP", OUT_OF_RANGE},
    ReasonEntry{Reason::kWriterFenced, "WRITER_FENCED", FAILED_PRECONDITION},
    ReasonEntry{Reason::kEpochUsed, "EPOCH_USED", FAILED_PRECONDITION},
    ReasonEntry{Reason::kStaleResumeToken, "STALE_RESUME_TOKEN", FAILED_PRECONDITION},
    ReasonEntry{Reason::kCheckpointLost, "CHECKPOINT_LOST", FAILED_PRECONDITION},
    ReasonEntry{Reason::kOutcomeUnknown, "OUTCOME_UNKNOWN", FAILED_PRECONDITION},
    ReasonEntry{Reason::kTooManyPendingCheckpoints, "TOO_MANY_PENDING_CHECKPOINTS",
                FAILED_PRECONDITION},
    ReasonEntry{Reason::kCheckpointConflict, "CHECKPOINT_CONFLICT", FAILED_PRECONDITION},
    ReasonEntry{Reason::kUnsupportedCombination, "UNSUPPORTED_COMBINATION", FAILED_PRECONDITION},
    ReasonEntry{Reason::kIntervalLost, "INTERVAL_LOST", ABORTED},
    ReasonEntry{Reason::kStreamReplaced, "STREAM_REPLACED", ABORTED},
    ReasonEntry{Reason::kTableNotFound, "TABLE_NOT_FOUND", NOT_FOUND},
    ReasonEntry{Reason::kDatabaseNotFound, "DATABASE_NOT_FOUND", NOT_FOUND},
    ReasonEntry{Reason::kWriterNotOpen, "WRITER_NOT_OPEN", NOT_FOUND},
    ReasonEntry{Reason::kStarrocksUnavailable, "STARROCKS_UNAVAILABLE", UNAVAILABLE},
    ReasonEntry{Reason::kDraining, "DRAINING", UNAVAILABLE},
    ReasonEntry{Reason::kOverloaded, "OVERLOADED", UNAVAILABLE},
    ReasonEntry{Reason::kMessageTooLarge, "MESSAGE_TOO_LARGE", RESOURCE_EXHAUSTED},
    ReasonEntry{Reason::kFormatUnsupported, "FORMAT_UNSUPPORTED", UNIMPLEMENTED},
    ReasonEntry{Reason::kBadCredentials, "BAD_CREDENTIALS", UNAUTHENTICATED},
    ReasonEntry{Reason::kAccessDenied, "ACCESS_DENIED", PERMISSION_DENIED},
};

// core/ has its own copy of the numbers (no protobuf there); they may not drift apart. The names
// and the bracketed codes are compared with the text of errors.proto by a test.
#define LOADSTAR_SAME(ours, theirs) \
  static_assert(static_cast<int>(Reason::ours) == static_cast<int>(v1::ERROR_REASON_##theirs))
LOADSTAR_SAME(kBadRequest, BAD_REQUEST);
LOADSTAR_SAME(kBadPayload, BAD_PAYLOAD);
LOADSTAR_SAME(kRowsRejected, ROWS_REJECTED);
LOADSTAR_SAME(kRowCountMismatch, ROW_COUNT_MISMATCH);
LOADSTAR_SAME(kBadResumeToken, BAD_RESUME_TOKEN);
LOADSTAR_SAME(kSequenceGap, SEQUENCE_GAP);
LOADSTAR_SAME(kWriterFenced, WRITER_FENCED);
LOADSTAR_SAME(kEpochUsed, EPOCH_USED);
LOADSTAR_SAME(kStaleResumeToken, STALE_RESUME_TOKEN);
LOADSTAR_SAME(kCheckpointLost, CHECKPOINT_LOST);
LOADSTAR_SAME(kOutcomeUnknown, OUTCOME_UNKNOWN);
LOADSTAR_SAME(kTooManyPendingCheckpoints, TOO_MANY_PENDING_CHECKPOINTS);
LOADSTAR_SAME(kCheckpointConflict, CHECKPOINT_CONFLICT);
LOADSTAR_SAME(kUnsupportedCombination, UNSUPPORTED_COMBINATION);
LOADSTAR_SAME(kIntervalLost, INTERVAL_LOST);
LOADSTAR_SAME(kStreamReplaced, STREAM_REPLACED);
LOADSTAR_SAME(kTableNotFound, TABLE_NOT_FOUND);
LOADSTAR_SAME(kDatabaseNotFound, DATABASE_NOT_FOUND);
LOADSTAR_SAME(kWriterNotOpen, WRITER_NOT_OPEN);
LOADSTAR_SAME(kStarrocksUnavailable, STARROCKS_UNAVAILABLE);
LOADSTAR_SAME(kDraining, DRAINING);
LOADSTAR_SAME(kOverloaded, OVERLOADED);
LOADSTAR_SAME(kMessageTooLarge, MESSAGE_TOO_LARGE);
LOADSTAR_SAME(kFormatUnsupported, FORMAT_UNSUPPORTED);
LOADSTAR_SAME(kBadCredentials, BAD_CREDENTIALS);
LOADSTAR_SAME(kAccessDenied, ACCESS_DENIED);
#undef LOADSTAR_SAME

// Length of the well-formed UTF-8 sequence at the start of `text`, 0 if there is none (RFC 3629 4).
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t at) {
    return at < text.size() ? static_cast<unsigned char>(text[at]) : 0U;
  };
  const auto tail = [&](std::size_t at) { return (byte(at) & 0xC0U) == 0x80U; };
  const unsigned first = byte(0);
  if (first < 0x80U) return 1;
  if (first >= 0xC2U && first <= 0xDFU) return tail(1) ? 2 : 0;
  if (first >= 0xE0U && first <= 0xEFU) {
    const bool overlong = first == 0xE0U && byte(1) < 0xA0U;
    const bool surrogate = first == 0xEDU && byte(1) > 0x9FU;
    return tail(1) && tail(2) && !overlong && !surrogate ? 3 : 0;
  }
  if (first >= 0xF0U && first <= 0xF4U) {
    const bool overlong = first == 0xF0U && byte(1) < 0x90U;
    const bool too_high = first == 0xF4U && byte(1) > 0x8FU;
    return tail(1) && tail(2) && tail(3) && !overlong && !too_high ? 4 : 0;
  }
  return 0;
}

// `text` as valid UTF-8 of at most `limit` bytes; what was cut off shows as "...".
std::string fit(std::string_view text, std::size_t limit) {
  constexpr std::string_view kCut = "...";
  std::string result;
  std::size_t cut_at = 0;  // where the text can end so that kCut still fits
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const std::string_view piece = length == 0 ? std::string_view("?") : text.substr(0, length);
    if (result.size() + piece.size() > limit) {
      result.resize(cut_at);
      result.append(kCut);
      return result;
    }
    result.append(piece);
    if (result.size() + kCut.size() <= limit) cut_at = result.size();
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return result;
}

google::rpc::ErrorInfo error_info(const Refusal& refusal) {
  google::rpc::ErrorInfo info;
  info.set_reason(std::string(entry_of(refusal.reason).name));
  info.set_domain("loadstar");
  for (const auto& [key, value] : refusal.metadata) {
    (*info.mutable_metadata())[fit(key, kMaxMetadataValue)] = fit(value, kMaxMetadataValue);
    // An entry that makes the whole too large is left out; the text names what matters.
    if (info.ByteSizeLong() > kMaxDetails / 2) info.mutable_metadata()->erase(key);
  }
  return info;
}

google::rpc::RetryInfo retry_info(const Refusal& refusal) {
  const auto delay = refusal.retry_after.value_or(kDefaultRetry);
  const auto seconds = std::chrono::floor<std::chrono::seconds>(delay);
  google::rpc::RetryInfo info;
  info.mutable_retry_delay()->set_seconds(seconds.count());
  info.mutable_retry_delay()->set_nanos(
      static_cast<std::int32_t>(std::chrono::nanoseconds(delay - seconds).count()));
  return info;
}

google::rpc::BadRequest bad_request(const Refusal& refusal) {
  google::rpc::BadRequest bad;
  const std::size_t count = std::min(refusal.violations.size(), kMaxViolations);
  for (std::size_t i = 0; i < count; ++i) {
    auto& violation = *bad.add_field_violations();
    violation.set_field(fit(refusal.violations[i].field, kMaxViolationText));
    violation.set_description(fit(refusal.violations[i].description, kMaxViolationText));
  }
  return bad;
}

}  // namespace

std::span<const ReasonEntry> reason_table() { return kTable; }

const ReasonEntry& entry_of(Reason reason) {
  const auto* const found = std::find_if(
      kTable.begin(), kTable.end(), [reason](const auto& entry) { return entry.reason == reason; });
  LOADSTAR_ASSERT(found != kTable.end(), "every reason is in the table");
  return *found;
}

grpc::Status to_status(const Refusal& refusal) {
  const grpc::StatusCode code = entry_of(refusal.reason).code;
  const std::string text = fit(refusal.message, kMaxText);
  google::rpc::Status status;
  status.set_code(static_cast<std::int32_t>(code));
  status.set_message(text);
  status.add_details()->PackFrom(error_info(refusal));
  if (code == UNAVAILABLE || refusal.retry_after)
    status.add_details()->PackFrom(retry_info(refusal));
  if (!refusal.violations.empty()) {
    google::rpc::BadRequest bad = bad_request(refusal);
    auto& packed = *status.add_details();
    packed.PackFrom(bad);
    while (status.ByteSizeLong() > kMaxDetails && bad.field_violations_size() > 0) {
      bad.mutable_field_violations()->RemoveLast();
      packed.PackFrom(bad);
    }
  }
  return grpc::Status(code, text, status.SerializeAsString());
}

std::string describe(const Refusal& refusal) {
  return std::string(entry_of(refusal.reason).name) + ": " + refusal.message;
}

}  // namespace loadstar::server
