#pragma once

#include "core/base/reason.hpp"

#include <cstdint>
#include <map>
#include <optional>

namespace loadstar::txn {

/// Which batch belongs to which checkpoint of one exactly-once writer, and which checkpoint may be
/// closed (data.proto Batch.checkpoint_id; ingest-api.md 3.2). Knows numbers only. Pure.
class CheckpointLedger {
 public:
  /// The writer starts after `checkpoint`, which ended with batch `last_sequence` and is committed.
  CheckpointLedger(std::uint64_t checkpoint, std::uint64_t last_sequence,
                   std::uint64_t max_pending);

  /// Whether batch `sequence`, which is the next one, may carry `checkpoint`. CHECKPOINT_CONFLICT,
  /// TOO_MANY_PENDING_CHECKPOINTS, BAD_REQUEST.
  [[nodiscard]] std::optional<Refusal> judge(std::uint64_t sequence,
                                             std::uint64_t checkpoint) const;

  /// Batch received()+1 is received; judge() had no objection.
  void receive(std::uint64_t checkpoint);

  enum class Close {
    kNew,    ///< closed now: prepare it
    kAgain,  ///< closed before with the same last_sequence: join, or repeat the answer
  };
  /// A Checkpoint call. CHECKPOINT_CONFLICT, TOO_MANY_PENDING_CHECKPOINTS, BAD_REQUEST.
  [[nodiscard]] Answer<Close> close(std::uint64_t checkpoint, std::uint64_t last_sequence);

  /// All checkpoints up to this one are committed.
  void commit(std::uint64_t checkpoint, std::uint64_t last_sequence);

  [[nodiscard]] std::uint64_t received() const { return received_; }
  [[nodiscard]] std::uint64_t committed() const { return committed_; }
  [[nodiscard]] std::uint64_t committed_sequence() const { return committed_sequence_; }
  /// Smallest checkpoint that the next batch may carry (Opened.next_checkpoint_id).
  [[nodiscard]] std::uint64_t next_checkpoint() const;
  /// Last batch of a closed checkpoint; nullopt if it is not closed, or long committed.
  [[nodiscard]] std::optional<std::uint64_t> last_sequence(std::uint64_t checkpoint) const;
  [[nodiscard]] std::uint64_t newest_closed() const { return closed_.rbegin()->first; }

 private:
  [[nodiscard]] std::optional<Refusal> too_far_ahead(std::uint64_t checkpoint) const;

  std::uint64_t max_pending_;
  std::uint64_t committed_;
  std::uint64_t committed_sequence_;
  std::uint64_t received_;
  std::uint64_t newest_;                           // of the batches received
  std::map<std::uint64_t, std::uint64_t> closed_;  // checkpoint -> its last sequence; never empty
  std::map<std::uint64_t, std::uint64_t>
      received_of_;  // checkpoint that is not closed -> last received
};

}  // namespace loadstar::txn
