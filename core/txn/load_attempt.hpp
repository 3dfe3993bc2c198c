#pragma once

#include "core/base/clock.hpp"
#include "core/base/error.hpp"
#include "core/starrocks/client.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace loadstar::txn {

/// What one attempt to load rows has come to, once it is certain.
struct AttemptResult {
  bool committed = false;
  bool visible = false;
  /// StarRocks' counts; unset if the commit was learnt from the label's state alone.
  std::optional<starrocks::LoadCounts> counts;
  Error error;            ///< why it was not committed; kNotApplied by then
  std::string error_url;  ///< of kRowsRejected
  /// The rows were counted differently from what was sent, and are not committed.
  bool count_mismatch = false;
  /// StarRocks had forgotten the label although the request may have been processed: sending the
  /// rows again can double them (ingest-api.md F10; delivery-and-faults.md F227).
  bool possible_duplicate = false;
};

/// What a load is expected to count (ingest-api.md 4.4 R3).
struct Expectation {
  std::uint64_t rows = 0;
  bool may_filter = false;    ///< max_filter_ratio is above 0
  bool may_unselect = false;  ///< a `where` is given
  bool merged = false;        ///< merge commit: nothing is counted, and the label is not ours
};

/// True if StarRocks counted exactly what was sent.
[[nodiscard]] bool counts_match(const Expectation& expected, const starrocks::LoadCounts& counts);

/// Reads the answers of `get_load_state` for one label until they prove something. UNKNOWN proves
/// "not there" only when said twice, at least kPause apart (delivery-and-faults.md F264). Pure.
class StateInquiry {
 public:
  /// Between two questions.
  static constexpr Clock::duration kPause = std::chrono::seconds(1);

  enum class Finding { kAskAgain, kCommitted, kPrepared, kAborted, kForgotten };

  Finding on_state(const Result<starrocks::LabelStatus>& answer);

  /// How often PREPARE was the answer, in a row.
  [[nodiscard]] unsigned prepare_answers() const { return prepare_answers_; }
  [[nodiscard]] bool visible() const { return visible_; }
  [[nodiscard]] const std::string& reason() const { return reason_; }

 private:
  unsigned unknown_answers_ = 0;
  unsigned prepare_answers_ = 0;
  bool visible_ = false;
  std::string reason_;
};

/// One plain Stream Load, as a state machine without I/O: what to do next, until the outcome is
/// certain (delivery-and-faults.md 3.2 N; starrocks-load-protocol.md 4.6.1, 13). Sending the same
/// bytes again under the same label is the caller's: a label that is remembered cannot commit
/// twice.
///
/// A merge commit (9) is asked for by the label that its reply names. Without a reply there is none
/// to ask for: the rows go again, and the batches are counted as possible duplicates. Its
/// transaction holds the rows of others too, so it is never cancelled.
class StreamLoadAttempt {
 public:
  enum class Step {
    kSend,
    kAskState,  ///< after a pause of StateInquiry::kPause
    kCancel,    ///< the request is gone, yet its transaction stays in PREPARE: free it, then ask
    kFinished,
  };

  explicit StreamLoadAttempt(Expectation expected) : expected_(expected) {}

  [[nodiscard]] static Step start() { return Step::kSend; }
  [[nodiscard]] Step on_reply(starrocks::LoadOutcome outcome);
  [[nodiscard]] Step on_state(const Result<starrocks::LabelStatus>& answer);
  [[nodiscard]] Step on_cancel();

  /// The label that kAskState asks for; `own` is that of the request.
  [[nodiscard]] const std::string& label_to_ask(const std::string& own) const {
    return expected_.merged ? merged_label_ : own;
  }

  /// Valid once a step was kFinished.
  [[nodiscard]] const AttemptResult& result() const { return result_; }

 private:
  /// So many PREPARE answers after a lost reply, then the transaction is cancelled.
  static constexpr unsigned kPatience = 15;

  Step finish_committed(bool visible);

  Expectation expected_;
  std::string merged_label_;
  StateInquiry inquiry_;
  AttemptResult result_;
};

/// One StarRocks transaction of an at-least-once load, as a state machine without I/O: begin,
/// loads, prepare, commit (starrocks-load-protocol.md 5; ingest-api.md 4.4). An attempt is
/// replaced, never repaired (D3): whatever is not a proved success before the commit is rolled
/// back, and the caller drives the same rows under the next label. A commit without an answer is
/// resolved by the state.
class TransactionAttempt {
 public:
  enum class Step {
    kBegin,
    kLoad,  ///< the next body, in order
    kPrepare,
    kCommit,
    kAskState,  ///< after a pause of StateInquiry::kPause
    kRollback,  ///< the transaction is poisoned
    kFinished,
  };

  /// `loads`: how many bodies there are; at least one (an empty transaction cannot be prepared,
  /// F5).
  TransactionAttempt(Expectation expected, std::size_t loads);

  [[nodiscard]] static Step start() { return Step::kBegin; }
  [[nodiscard]] Step on_begin(const Result<std::int64_t>& reply);
  [[nodiscard]] Step on_load(const Result<std::uint64_t>& reply);
  [[nodiscard]] Step on_prepare(starrocks::LoadOutcome outcome);
  [[nodiscard]] Step on_commit(const Result<starrocks::CommitReply>& reply);
  [[nodiscard]] Step on_state(const Result<starrocks::LabelStatus>& answer);
  [[nodiscard]] Step on_rollback();

  /// Which body the next kLoad sends, from 0.
  [[nodiscard]] std::size_t next_load() const { return next_load_; }
  [[nodiscard]] const AttemptResult& result() const { return result_; }

 private:
  Step poison(Error error);
  Step finish_committed(bool visible);

  Expectation expected_;
  std::size_t loads_;
  std::size_t next_load_ = 0;
  bool prepared_ = false;
  StateInquiry inquiry_;
  AttemptResult result_;
};

}  // namespace loadstar::txn
