#include "core/txn/commit_attempt.hpp"

#include "core/base/mutant.hpp"

namespace loadstar::txn {

using starrocks::LabelState;

CommitAttempt::Step CommitAttempt::on_state(const Result<starrocks::LabelStatus>& answer) {
  if (!answer.has_value()) {
    last_error_ = answer.error();
    return Step::kAskLater;
  }
  unknown_answers_ = answer->state == LabelState::kUnknown ? unknown_answers_ + 1 : 0;
  switch (answer->state) {
    case LabelState::kVisible:
      visible_ = true;
      return Step::kCommitted;
    case LabelState::kCommitted:
      return Step::kCommitted;
    case LabelState::kPrepared:
      return tried_ ? Step::kCommitLater : Step::kCommit;
    case LabelState::kAborted:
      reason_ = answer->reason;
      return Step::kLost;
    case LabelState::kPrepare:
      return Step::kNotPrepared;
    case LabelState::kUnknown:
      // Said once it can be a frontend that was just elected (delivery-and-faults.md F264).
      return unknown_answers_ >= 2 ? Step::kForgotten : Step::kAskLater;
  }
  return Step::kAskLater;
}

CommitAttempt::Step CommitAttempt::on_commit(const Result<starrocks::CommitReply>& reply) {
  tried_ = true;
  if (reply.has_value()) {
    visible_ = reply->visible;
    return Step::kCommitted;
  }
  last_error_ = reply.error();
  if (LOADSTAR_MUTANT(kUnknownCommitIsSuccess)) return Step::kCommitted;
  return Step::kAskState;
}

}  // namespace loadstar::txn
