#include "core/txn/commit_refusal.hpp"

#include <fmt/format.h>

namespace loadstar::txn {
namespace {

using Step = CommitAttempt::Step;

Refusal by_step(const std::string& transaction, Step step, const CommitAttempt& attempt) {
  switch (step) {
    case Step::kLost: {
      Refusal refusal =
          refuse(Reason::kCheckpointLost,
                 fmt::format("{} was aborted by StarRocks{}{}; its rows are gone", transaction,
                             attempt.reason().empty() ? "" : ": ", attempt.reason()));
      refusal.metadata["reason"] = attempt.reason();
      return refusal;
    }
    case Step::kForgotten:
      return refuse(Reason::kOutcomeUnknown,
                    fmt::format("StarRocks does not remember {}; whether its rows are there cannot "
                                "be known",
                                transaction));
    case Step::kNotPrepared:
      // A label of a token that is not prepared: a breach of A1 or A5. Never committed (F6).
      return refuse(
          Reason::kOutcomeUnknown,
          fmt::format("{} is not prepared although the token names it; it is not committed",
                      transaction));
    default:
      return refuse(
          Reason::kDatabaseNotFound,
          fmt::format("{} cannot be committed: {}", transaction, describe(attempt.last_error())));
  }
}

}  // namespace

Refusal commit_refusal(const starrocks::TableName& table, const std::string& label, Step step,
                       const CommitAttempt& attempt) {
  Refusal refusal = by_step(
      fmt::format("transaction {} of {}.{}", label, table.database, table.table), step, attempt);
  refusal.metadata["label"] = label;
  refusal.metadata["table"] = table.table;
  return refusal;
}

}  // namespace loadstar::txn
