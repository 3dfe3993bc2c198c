#pragma once

#include "core/starrocks/outcome.hpp"
#include "core/starrocks/reply.hpp"

namespace loadstar::starrocks {

/// What the reply to a load with `enable_merge_commit` means (starrocks-load-protocol.md 9). Pure,
/// total over all replies.
///
/// It has no counts, and the label of the request is only a request id: the transaction has a label
/// of StarRocks' own, which the reply names and LoadOutcome::transaction_label carries. `Success`
/// is committed and visible, since only synchronous merge commit is asked for. `Fail` without a
/// transaction, or with an aborted one, is not applied; every other `Fail` is unknown, also "has
/// not been published before timeout", which is committed: the state of the transaction says so.
[[nodiscard]] LoadOutcome judge_merge_commit(const Reply& reply, const Expectation& expected);

}  // namespace loadstar::starrocks
