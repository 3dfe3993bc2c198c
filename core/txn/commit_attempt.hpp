#pragma once

#include "core/base/error.hpp"
#include "core/starrocks/client.hpp"

#include <string>

namespace loadstar::txn {

/// The commit of one decided transaction, as a state machine without I/O (ingest-api.md 3.3).
/// Repeating it is always safe; nothing is guessed: what cannot be proved ends in kForgotten.
class CommitAttempt {
 public:
  enum class Step {
    kAskState,  ///< at once
    kAskLater,  ///< the state, after a pause of a second
    kCommit,
    kCommitLater,  ///< after a pause
    kCommitted,
    kLost,         ///< ABORTED: the rows are gone
    kForgotten,    ///< UNKNOWN, said twice: cannot be known
    kNotPrepared,  ///< in PREPARE: it must not be committed (F6)
  };

  /// `ask_first`: on the recovery path the state is read before anything is sent, because a commit
  /// of a transaction that is not prepared would publish a part of its rows.
  [[nodiscard]] static Step start(bool ask_first) {
    return ask_first ? Step::kAskState : Step::kCommit;
  }
  [[nodiscard]] Step on_state(const Result<starrocks::LabelStatus>& answer);
  [[nodiscard]] Step on_commit(const Result<starrocks::CommitReply>& reply);

  [[nodiscard]] bool visible() const { return visible_; }
  /// Why StarRocks aborted it; of kLost.
  [[nodiscard]] const std::string& reason() const { return reason_; }
  /// What the last commit or question came to, if it failed.
  [[nodiscard]] const Error& last_error() const { return last_error_; }

 private:
  bool visible_ = false;
  bool tried_ = false;
  unsigned unknown_answers_ = 0;
  std::string reason_;
  Error last_error_{Errc::kDeadlineExceeded, Certainty::kUnknown, "no answer yet"};
};

}  // namespace loadstar::txn
