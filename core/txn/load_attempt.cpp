#include "core/txn/load_attempt.hpp"

#include "core/base/assert.hpp"
#include "core/base/mutant.hpp"

#include <fmt/format.h>

#include <utility>

namespace loadstar::txn {

using starrocks::LabelState;
using starrocks::LabelStatus;
using starrocks::LoadCounts;
using starrocks::LoadOutcome;
using starrocks::LoadVerdict;

bool counts_match(const Expectation& expected, const LoadCounts& counts) {
  if (counts.total_rows != expected.rows) return false;
  if (counts.filtered_rows > 0 && !expected.may_filter) return false;
  return counts.unselected_rows == 0 || expected.may_unselect;
}

StateInquiry::Finding StateInquiry::on_state(const Result<LabelStatus>& answer) {
  if (!answer.has_value()) return Finding::kAskAgain;
  const LabelState state = answer->state;
  prepare_answers_ = state == LabelState::kPrepare ? prepare_answers_ + 1 : 0;
  unknown_answers_ = state == LabelState::kUnknown ? unknown_answers_ + 1 : 0;
  switch (state) {
    case LabelState::kUnknown:
      return unknown_answers_ >= 2 ? Finding::kForgotten : Finding::kAskAgain;
    case LabelState::kPrepare:
      return Finding::kAskAgain;
    case LabelState::kPrepared:
      return Finding::kPrepared;
    case LabelState::kVisible:
      visible_ = true;
      return Finding::kCommitted;
    case LabelState::kCommitted:
      return Finding::kCommitted;
    case LabelState::kAborted:
      reason_ = answer->reason;
      return Finding::kAborted;
  }
  return Finding::kAskAgain;
}

// --- StreamLoadAttempt ---------------------------------------------------------------------------

StreamLoadAttempt::Step StreamLoadAttempt::on_reply(LoadOutcome outcome) {
  switch (outcome.verdict) {
    case LoadVerdict::kDone:
      if (!outcome.counted) return finish_committed(outcome.visible);
      result_.counts = outcome.counts;
      // With plain Stream Load the rows are committed by now, whatever was counted (data.proto,
      // Batch.row_count).
      result_.count_mismatch = !counts_match(expected_, outcome.counts);
      return finish_committed(outcome.visible);
    case LoadVerdict::kLabelFinished:
      return finish_committed(true);
    case LoadVerdict::kLabelRunning:
      result_.error = {Errc::kRejected, Certainty::kUnknown, "the label is still running"};
      return Step::kAskState;
    case LoadVerdict::kFailed:
      break;
  }
  result_.error = std::move(outcome.error);
  result_.error_url = std::move(outcome.error_url);
  if (LOADSTAR_MUTANT(kUnknownIsAborted)) result_.error.certainty = Certainty::kNotApplied;
  if (result_.error.certainty != Certainty::kUnknown) return Step::kFinished;
  merged_label_ = std::move(outcome.transaction_label);
  if (!expected_.merged || !merged_label_.empty()) return Step::kAskState;
  // Nobody can say what became of the rows; at-least-once is all that is left of the promise.
  result_.error.certainty = Certainty::kNotApplied;
  result_.possible_duplicate = true;
  return Step::kFinished;
}

StreamLoadAttempt::Step StreamLoadAttempt::on_state(const Result<LabelStatus>& answer) {
  switch (inquiry_.on_state(answer)) {
    case StateInquiry::Finding::kCommitted:
      return finish_committed(inquiry_.visible());
    case StateInquiry::Finding::kAborted:
      result_.error.certainty = Certainty::kNotApplied;
      if (!inquiry_.reason().empty()) {
        result_.error.detail += fmt::format("; aborted: {}", inquiry_.reason());
      }
      return Step::kFinished;
    case StateInquiry::Finding::kForgotten:
      result_.error.certainty = Certainty::kNotApplied;
      result_.possible_duplicate = true;
      return Step::kFinished;
    case StateInquiry::Finding::kPrepared:
    case StateInquiry::Finding::kAskAgain:
      break;
  }
  if (expected_.merged) return Step::kAskState;
  if (inquiry_.prepare_answers() > 0 && inquiry_.prepare_answers() % kPatience == 0) {
    return Step::kCancel;
  }
  return Step::kAskState;
}

StreamLoadAttempt::Step StreamLoadAttempt::on_cancel() { return Step::kAskState; }

StreamLoadAttempt::Step StreamLoadAttempt::finish_committed(bool visible) {
  result_.committed = true;
  result_.visible = visible;
  return Step::kFinished;
}

// --- TransactionAttempt --------------------------------------------------------------------------

TransactionAttempt::TransactionAttempt(Expectation expected, std::size_t loads)
    : expected_(expected), loads_(loads) {
  LOADSTAR_ASSERT(loads >= 1, "a transaction without rows begins nothing (R7)");
}

TransactionAttempt::Step TransactionAttempt::on_begin(const Result<std::int64_t>& reply) {
  if (reply.has_value()) return Step::kLoad;
  result_.error = reply.error();
  // Refused: nothing is there, or the label is somebody else's, who keeps it (R1). No answer: it
  // may be there, so it is rolled back blindly.
  if (result_.error.certainty == Certainty::kNotApplied) return Step::kFinished;
  return poison(reply.error());
}

TransactionAttempt::Step TransactionAttempt::on_load(const Result<std::uint64_t>& reply) {
  if (LOADSTAR_MUTANT(kLoadRepeatedWhenBroken) && !reply.has_value() &&
      result_.error.detail.empty()) {
    result_.error.detail = "repeated";
    return Step::kLoad;
  }
  if (!reply.has_value()) return poison(reply.error());
  ++next_load_;
  return next_load_ < loads_ ? Step::kLoad : Step::kPrepare;
}

TransactionAttempt::Step TransactionAttempt::on_prepare(LoadOutcome outcome) {
  if (outcome.verdict != LoadVerdict::kDone) {
    result_.error_url = std::move(outcome.error_url);
    if (outcome.verdict != LoadVerdict::kFailed) {
      return poison({Errc::kMalformedReply, Certainty::kUnknown, "not an answer to prepare"});
    }
    // A lost reply leaves the count unproved: rolled back even if it is PREPARED (R3).
    return poison(std::move(outcome.error));
  }
  result_.counts = outcome.counts;
  if (!counts_match(expected_, outcome.counts)) {
    result_.count_mismatch = true;
    return poison(
        {Errc::kRejected, Certainty::kNotApplied,
         fmt::format("{} rows were sent; StarRocks counted {} ({} loaded, {} filtered, {} "
                     "unselected)",
                     expected_.rows, outcome.counts.total_rows, outcome.counts.loaded_rows,
                     outcome.counts.filtered_rows, outcome.counts.unselected_rows)});
  }
  prepared_ = true;
  return Step::kCommit;
}

TransactionAttempt::Step TransactionAttempt::on_commit(
    const Result<starrocks::CommitReply>& reply) {
  LOADSTAR_ASSERT(prepared_, "only a prepared transaction is committed (F6)");
  if (reply.has_value()) return finish_committed(reply->visible);
  result_.error = reply.error();
  if (LOADSTAR_MUTANT(kUnknownIsAborted)) {
    result_.error.certainty = Certainty::kNotApplied;
    return Step::kFinished;
  }
  return Step::kAskState;
}

TransactionAttempt::Step TransactionAttempt::on_state(const Result<LabelStatus>& answer) {
  switch (inquiry_.on_state(answer)) {
    case StateInquiry::Finding::kCommitted:
      return finish_committed(inquiry_.visible());
    case StateInquiry::Finding::kPrepared:
      return Step::kCommit;
    case StateInquiry::Finding::kAborted:
      result_.error.certainty = Certainty::kNotApplied;
      return Step::kFinished;
    case StateInquiry::Finding::kForgotten:
      result_.error.certainty = Certainty::kNotApplied;
      result_.possible_duplicate = true;
      return Step::kFinished;
    case StateInquiry::Finding::kAskAgain:
      break;
  }
  return Step::kAskState;
}

TransactionAttempt::Step TransactionAttempt::on_rollback() { return Step::kFinished; }

TransactionAttempt::Step TransactionAttempt::poison(Error error) {
  result_.error = std::move(error);
  // Only a commit makes rows visible, and none was sent: whatever the server made of the request,
  // the rows of this label never appear.
  result_.error.certainty = Certainty::kNotApplied;
  return Step::kRollback;
}

TransactionAttempt::Step TransactionAttempt::finish_committed(bool visible) {
  result_.committed = true;
  result_.visible = visible;
  return Step::kFinished;
}

}  // namespace loadstar::txn
