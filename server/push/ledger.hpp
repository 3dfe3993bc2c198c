#pragma once

#include "server/push/row_chunker.hpp"

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace loadstar::server {

/// What has become of the rows of a push.
struct PushTotals {
  std::uint64_t committed_rows = 0;
  std::uint64_t committed_bytes = 0;
  std::uint64_t committed_batches = 0;
  std::uint64_t rejected_rows = 0;
  std::uint64_t rejected_batches = 0;
  std::uint64_t filtered_rows = 0;  ///< among the committed ones: dropped by max_filter_ratio
};

/// Rows that are not in the table and will not be, and why.
struct RejectedRows {
  std::uint64_t first_line = 0;
  std::uint64_t last_line = 0;
  std::uint64_t rows = 0;
  std::string reason;
};

/// The batches of a push that are not final: their numbers on the present stream, what has to be
/// sent (again), and what became of those that are final. At-least-once, as ingest_service.proto
/// has it: a batch is kept until `committed_sequence` passes it, and after a broken stream goes on
/// from Opened.next_sequence. Pure.
class PushLedger {
 public:
  struct Batch {
    Chunk chunk;
    std::uint64_t sequence = 0;  ///< 0 until the stream is open
    bool sent = false;           ///< on the present stream, or received by an earlier one
  };

  /// A new batch, to be sent after all others.
  void add(Chunk chunk);

  /// Opened came: numbers what is held. Not attached: all of it, from `next_sequence`. Attached:
  /// what the daemon has not received.
  void on_opened(bool attached, std::uint64_t next_sequence);

  void on_ack(std::uint64_t received, std::uint64_t committed, std::uint64_t filtered_rows);

  /// The stream ended with ROWS_REJECTED. `sequences`: the refused batches, such as "5,9-11".
  /// `settled_up_to`: all other batches up to here are committed; 0 if the daemon did not say.
  void on_rejected(std::string_view sequences, std::uint64_t settled_up_to,
                   const std::string& reason);

  /// The stream ended because of one batch that was not received (BAD_PAYLOAD, ...).
  void on_refused(std::uint64_t sequence, const std::string& reason);

  /// The next batch to send, marked as sent; nullptr if there is none. Valid until the next call.
  const Batch* send_next();

  /// The first line of the file that is not final: where the next push of the file has to go on.
  [[nodiscard]] std::uint64_t next_line() const;

  [[nodiscard]] bool settled() const { return held_.empty(); }
  [[nodiscard]] std::uint64_t held_bytes() const { return held_bytes_; }
  [[nodiscard]] std::uint64_t held_rows() const;
  /// Bytes that were sent and not received (Limits.max_unacked_bytes).
  [[nodiscard]] std::uint64_t unreceived_bytes() const;
  [[nodiscard]] const PushTotals& totals() const { return totals_; }
  [[nodiscard]] const std::vector<RejectedRows>& rejected() const { return rejected_; }

 private:
  void commit_front();
  std::deque<Batch>::iterator reject(const std::deque<Batch>::iterator& batch,
                                     const std::string& reason);

  std::deque<Batch> held_;
  std::uint64_t held_bytes_ = 0;
  std::uint64_t final_line_ = 0;     // the last line of a batch that is final
  std::uint64_t next_sequence_ = 0;  // of the next batch that is added; 0 before Opened
  std::uint64_t received_ = 0;
  std::uint64_t filtered_before_ = 0;  // by writers before the present one
  std::uint64_t filtered_now_ = 0;
  PushTotals totals_;
  std::vector<RejectedRows> rejected_;
};

/// Reads "5,9-11" into ranges, both ends included; what is no number is left out.
[[nodiscard]] std::vector<std::pair<std::uint64_t, std::uint64_t>> parse_ranges(
    std::string_view text);

}  // namespace loadstar::server
