#include "core/txn/checkpoint_ledger.hpp"

#include "core/starrocks/label.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace loadstar::txn {
namespace {

Refusal bad_field(std::string field, std::string description) {
  Refusal refusal = refuse(Reason::kBadRequest, fmt::format("{} {}", field, description));
  refusal.violations.push_back({std::move(field), std::move(description)});
  return refusal;
}

}  // namespace

CheckpointLedger::CheckpointLedger(std::uint64_t checkpoint, std::uint64_t last_sequence,
                                   std::uint64_t max_pending)
    : max_pending_(max_pending),
      committed_(checkpoint),
      committed_sequence_(last_sequence),
      received_(last_sequence),
      newest_(checkpoint),
      closed_{{checkpoint, last_sequence}} {}

std::optional<Refusal> CheckpointLedger::too_far_ahead(std::uint64_t checkpoint) const {
  if (checkpoint <= committed_ + max_pending_) return std::nullopt;
  Refusal refusal = refuse(
      Reason::kTooManyPendingCheckpoints,
      fmt::format("checkpoint {} is more than {} ahead of {}, the last committed one; commit first",
                  checkpoint, max_pending_, committed_));
  refusal.metadata["committedCheckpointId"] = std::to_string(committed_);
  return refusal;
}

std::optional<Refusal> CheckpointLedger::judge(std::uint64_t sequence,
                                               std::uint64_t checkpoint) const {
  if (checkpoint == 0 || checkpoint > starrocks::kMaxCheckpoint) {
    return bad_field(
        "batch.checkpoint_id",
        fmt::format("is {}; exactly-once batches carry the number of their checkpoint, "
                    "from {} on",
                    checkpoint, next_checkpoint()));
  }
  if (checkpoint < newest_) {
    return refuse(Reason::kCheckpointConflict,
                  fmt::format("batch {} carries checkpoint {}, but an earlier batch carried {}",
                              sequence, checkpoint, newest_));
  }
  for (const auto& [closed, last] : closed_) {
    if ((sequence <= last) == (checkpoint <= closed)) continue;
    Refusal refusal = refuse(
        Reason::kCheckpointConflict,
        fmt::format("batch {} carries checkpoint {}, but checkpoint {} was closed with batch {}",
                    sequence, checkpoint, closed, last));
    refusal.metadata["closedCheckpointId"] = std::to_string(closed);
    return refusal;
  }
  return too_far_ahead(checkpoint);
}

void CheckpointLedger::receive(std::uint64_t checkpoint) {
  ++received_;
  newest_ = checkpoint;
  if (!closed_.contains(checkpoint)) received_of_[checkpoint] = received_;
}

Answer<CheckpointLedger::Close> CheckpointLedger::close(std::uint64_t checkpoint,
                                                        std::uint64_t last_sequence) {
  const auto known = closed_.find(checkpoint);
  if (known != closed_.end()) {
    if (known->second == last_sequence) return Close::kAgain;
    return refuse(Reason::kCheckpointConflict,
                  fmt::format("checkpoint {} was closed with last_sequence {}, not {}", checkpoint,
                              known->second, last_sequence));
  }
  const auto [newest, newest_last] = *closed_.rbegin();
  if (checkpoint != newest + 1) {
    Refusal refusal =
        refuse(Reason::kCheckpointConflict,
               fmt::format("checkpoint {} is out of turn; the next is {}", checkpoint, newest + 1));
    refusal.metadata["expectedCheckpointId"] = std::to_string(newest + 1);
    return refusal;
  }
  auto far = too_far_ahead(checkpoint);
  if (far) return std::move(*far);
  // Batches of this checkpoint end with `own`; later ones, if any came already, begin right after
  // it.
  const auto mine = received_of_.find(checkpoint);
  const std::uint64_t own = mine == received_of_.end() ? newest_last : mine->second;
  if (last_sequence < own) {
    return bad_field(
        "last_sequence",
        fmt::format("is {}, but batch {} belongs to this checkpoint, or to the one before",
                    last_sequence, own));
  }
  if (newest_ > checkpoint && last_sequence != own) {
    return bad_field("last_sequence",
                     fmt::format("is {}, but batch {} carries a later checkpoint; it must be {}",
                                 last_sequence, own + 1, own));
  }
  closed_[checkpoint] = last_sequence;
  received_of_.erase(checkpoint);
  return Close::kNew;
}

void CheckpointLedger::commit(std::uint64_t checkpoint, std::uint64_t last_sequence) {
  if (checkpoint <= committed_) return;
  committed_ = checkpoint;
  committed_sequence_ = std::max(committed_sequence_, last_sequence);
  // The last committed one stays: a repeated Checkpoint call still finds it. So does the last one
  // at all, whatever another daemon of this epoch may have had committed.
  closed_.erase(closed_.begin(), closed_.lower_bound(std::min(checkpoint, newest_closed())));
}

std::uint64_t CheckpointLedger::next_checkpoint() const {
  for (const auto& [closed, last] : closed_) {
    if (last > received_) return std::max(newest_, closed);
  }
  return std::max(newest_, newest_closed() + 1);
}

std::optional<std::uint64_t> CheckpointLedger::last_sequence(std::uint64_t checkpoint) const {
  const auto found = closed_.find(checkpoint);
  if (found == closed_.end()) return std::nullopt;
  return found->second;
}

}  // namespace loadstar::txn
