#include "core/txn/part_attempt.hpp"

#include "core/base/mutant.hpp"

#include <fmt/format.h>

#include <utility>

namespace loadstar::txn {
namespace {

/// Proved: no byte of the request has left this host.
bool nothing_was_sent(const Error& error) {
  const bool unsent = error.code == Errc::kConnectFailed || error.code == Errc::kCircuitOpen;
  return unsent && error.certainty == Certainty::kNotApplied;
}

/// `begin` was answered LABEL_ALREADY_EXISTS (Client::begin).
bool says_label_exists(const Error& error) {
  return error.code == Errc::kRejected && error.certainty == Certainty::kNotApplied;
}

}  // namespace

PartAttempt::Step PartAttempt::on_begin(const Result<std::int64_t>& reply) {
  if (reply.has_value()) {
    transaction_id_ = *reply;
    return Step::kFill;
  }
  error_ = reply.error();
  if (nothing_was_sent(error_)) return Step::kNotBegun;
  if (says_label_exists(error_)) {
    // Not rolled back: somebody else's decided transaction could be under it (R1).
    label_was_taken_ = true;
    return Step::kSpent;
  }
  if (LOADSTAR_MUTANT(kLoadAfterLostBegin) && error_.certainty == Certainty::kUnknown) {
    return Step::kFill;
  }
  return poison(reply.error());
}

PartAttempt::Step PartAttempt::on_load(const Result<std::uint64_t>& reply, std::uint64_t rows) {
  if (reply.has_value()) {
    rows_ += rows;
    return Step::kFill;
  }
  if (LOADSTAR_MUTANT(kPartLoadRepeated) && !std::exchange(repeated_, true)) return Step::kFill;
  if (LOADSTAR_MUTANT(kPreparedAlthoughLoadFailed)) {
    rows_ += rows;
    return Step::kFill;
  }
  return poison(reply.error());
}

PartAttempt::Step PartAttempt::on_prepare(starrocks::LoadOutcome outcome, bool may_filter,
                                          bool may_unselect) {
  if (outcome.verdict != starrocks::LoadVerdict::kDone) {
    error_url_ = std::move(outcome.error_url);
    if (outcome.verdict != starrocks::LoadVerdict::kFailed) {
      return poison({Errc::kMalformedReply, Certainty::kUnknown, "not an answer to prepare"});
    }
    if (LOADSTAR_MUTANT(kLostPrepareIsSuccess) && outcome.error.certainty == Certainty::kUnknown) {
      counts_ = starrocks::LoadCounts{.total_rows = rows_, .loaded_rows = rows_};
      return Step::kPrepared;
    }
    // A lost reply leaves the count unproved: rolled back even if it is PREPARED (R3).
    return poison(std::move(outcome.error));
  }
  counts_ = outcome.counts;
  const Expectation expected{rows_, may_filter, may_unselect};
  const bool matches = counts_match(expected, outcome.counts);
  const bool believed =
      LOADSTAR_MUTANT(kCountIsNotCompared) || LOADSTAR_MUTANT(kPreparedAlthoughLoadFailed);
  if (matches || believed) return Step::kPrepared;
  count_mismatch_ = true;
  return poison({Errc::kRejected, Certainty::kNotApplied,
                 fmt::format("{} rows were sent; StarRocks counted {} ({} loaded, {} filtered, {} "
                             "unselected)",
                             rows_, outcome.counts.total_rows, outcome.counts.loaded_rows,
                             outcome.counts.filtered_rows, outcome.counts.unselected_rows)});
}

PartAttempt::Step PartAttempt::poison(Error error) {
  error_ = std::move(error);
  return Step::kRollback;
}

}  // namespace loadstar::txn
