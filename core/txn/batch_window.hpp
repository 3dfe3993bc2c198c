#pragma once

#include "core/base/clock.hpp"
#include "core/base/metrics.hpp"
#include "core/base/reason.hpp"

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace loadstar::txn {

/// What becomes of the batches of one writer, by sequence: from them follow the two watermarks
/// (ingest-api.md 2.1). `committed` moves over a batch only after its rows and those of all batches
/// before it are committed. Pure.
class BatchWindow {
 public:
  /// One batch that was received.
  struct Entry {
    std::uint64_t bytes = 0;  ///< charged to the budget
    std::uint64_t rows = 0;
    Clock::time_point received_at;
    TableMetrics* table = nullptr;  ///< series of its table; nullptr in tests that do not look
  };

  /// A batch that StarRocks refused, and why.
  struct Rejected {
    std::uint64_t sequence = 0;
    Refusal refusal;
  };

  [[nodiscard]] std::uint64_t received() const { return received_; }
  [[nodiscard]] std::uint64_t committed() const { return committed_; }
  [[nodiscard]] std::uint64_t next_sequence() const { return received_ + 1; }

  /// Batch next_sequence() is received.
  void receive(Entry entry);

  /// Batch `sequence` is final. Returns its entry, whose bytes are released now; nullopt if it was
  /// final already.
  std::optional<Entry> commit(std::uint64_t sequence);
  std::optional<Entry> reject(std::uint64_t sequence, Refusal refusal);

  /// True if every received batch is final.
  [[nodiscard]] bool settled() const { return pending_ == 0; }
  [[nodiscard]] std::uint64_t pending_batches() const { return pending_; }
  [[nodiscard]] std::uint64_t pending_rows() const { return pending_rows_; }
  /// Refused batches, in the order they became known.
  [[nodiscard]] const std::vector<Rejected>& rejected() const { return rejected_; }

  /// Sequences of those that were refused for `reason`, in order.
  [[nodiscard]] std::vector<std::uint64_t> rejected_for(Reason reason) const;

 private:
  enum class State : std::uint8_t { kPending, kCommitted, kRejected };
  struct Slot {
    Entry entry;
    State state = State::kPending;
  };

  std::optional<Entry> finish(std::uint64_t sequence, State state);

  std::uint64_t received_ = 0;
  std::uint64_t committed_ = 0;
  std::uint64_t pending_ = 0;
  std::uint64_t pending_rows_ = 0;
  std::deque<Slot> slots_;  // of committed_ + 1 ... received_
  std::vector<Rejected> rejected_;
};

/// Sequences in order as text, ranges joined: "5,9-11"; at most `max_bytes` long, cut with "...".
[[nodiscard]] std::string ranges_text(const std::vector<std::uint64_t>& sequences,
                                      std::size_t max_bytes);

}  // namespace loadstar::txn
