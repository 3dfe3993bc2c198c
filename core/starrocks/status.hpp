#pragma once

#include "core/base/error.hpp"
#include "core/starrocks/client.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace loadstar::starrocks {

/// The operations whose replies carry a status word; each has a table of its own in status.cpp.
enum class Operation : std::uint8_t {
  kStreamLoad,
  kBegin,
  kLoad,
  kPrepare,
  kCommit,
  kRollback,
  kCancel,
  kState
};
[[nodiscard]] std::string_view to_string(Operation operation);

/// What a status word means for one operation.
enum class Meaning : std::uint8_t {
  kSuccess,      ///< done; for loads and commits also visible
  kNotVisible,   ///< committed, published later
  kLabelExists,  ///< see ExistingJobStatus
  kFailure,      ///< everything else; what is certain about it, refusal() says
};

/// Facts of a reply that decide how certain a failure is.
struct ReplyFacts {
  std::string_view status;                     ///< the status word as received
  std::string_view message;                    ///< as received, decoded
  std::optional<std::int64_t> transaction_id;  ///< key TxnId; -1: no transaction was begun (4.6)
  bool from_frontend = false;  ///< an FE answered, and an FE never takes load data (1)
};

/// Lower case without blanks and underscores, and the servers' "Transcation" put right, so that
/// `Label Already Exists` = `LABEL_ALREADY_EXISTS` and `TXN_NOT_EXISTS` = `Txn Not Exists`
/// (delivery-and-faults.md 3.1).
[[nodiscard]] std::string normalise_status(std::string_view word);

/// The operation's allow-list (architecture.md D4): a word that is not in it is kFailure.
[[nodiscard]] Meaning judge(Operation operation, std::string_view status);

/// The error of a reply that judge() called a failure. The certainty comes from what the protocol
/// text proves; message texts only choose the code of a failure that is already certain, plus
/// kCongested, which makes nobody stop (ingest-api.md 4.4 R6). Three cases are worth knowing:
/// - TXN_IN_PROCESSING is kCongested/kNotApplied: the transaction is untouched, wait and ask again
/// (5.10).
/// - LABEL_ALREADY_EXISTS of `begin` is the only kRejected/kNotApplied that `begin` has (R1).
/// - FAILED of `commit` is always kUnknown: "publish timeout" says FAILED and is committed (5.7).
[[nodiscard]] Error refusal(Operation operation, const ReplyFacts& facts);

/// `Label Already Exists` of a stream load, by its ExistingJobStatus: kLabelFinished for the word
/// FINISHED alone, else kLabelRunning, which makes the caller ask for the state (4.6.1, F239).
[[nodiscard]] LoadVerdict judge_existing_job(std::string_view existing_job_status);

/// State word of get_load_state (8.1); nullopt for one that is not listed.
[[nodiscard]] std::optional<LabelState> parse_label_state(std::string_view word);

/// `message` without the "class com.starrocks...: " in front that FE errors have (2.6).
[[nodiscard]] std::string_view strip_exception_class(std::string_view message);

/// What a text says about a failure that is already certain; nullopt if it is none of the closed
/// list (4.10). Answers kRowsRejected, kCongested, kNotFound, kAccessDenied and kBadCredentials
/// only.
[[nodiscard]] std::optional<Errc> classify_message(std::string_view message);

/// The same of a load, whose headers StarRocks may refuse for good: then also kInvalidRequest.
[[nodiscard]] std::optional<Errc> classify_load_message(std::string_view message);

/// What an HTTP status other than 200 and 3xx means (2.7, 8.8). `body` may refine 401 into
/// kAccessDenied; `body_started` says whether bytes of our body had left. kUnsupported is meant
/// for discovery; what loads and transactions make of it is in outcome.cpp.
[[nodiscard]] Error judge_http_status(unsigned status, std::string_view body, bool body_started);

}  // namespace loadstar::starrocks
