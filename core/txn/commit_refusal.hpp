#pragma once

#include "core/base/reason.hpp"
#include "core/starrocks/client.hpp"
#include "core/txn/commit_attempt.hpp"

#include <string>

namespace loadstar::txn {

/// What a client is told of a transaction that its token names and that cannot be committed, by the
/// step at which `attempt` ended: CHECKPOINT_LOST (kLost), OUTCOME_UNKNOWN (kForgotten,
/// kNotPrepared); at every other step DATABASE_NOT_FOUND. Pure; metadata `label`, `table`.
[[nodiscard]] Refusal commit_refusal(const starrocks::TableName& table, const std::string& label,
                                     CommitAttempt::Step step, const CommitAttempt& attempt);

}  // namespace loadstar::txn
