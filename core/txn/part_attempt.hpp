#pragma once

#include "core/base/error.hpp"
#include "core/starrocks/client.hpp"
#include "core/txn/load_attempt.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace loadstar::txn {

/// One StarRocks transaction of an exactly-once part, from begin to prepared, as a state machine
/// without I/O (ingest-api.md 4.4, rules R1 to R3). An attempt is replaced, never repaired (D3):
/// what is not a proved success is rolled back, and the same rows are driven again under the next
/// label.
class PartAttempt {
 public:
  enum class Step {
    kBegin,
    kFill,  ///< open: the next rows may be loaded; when there are no more, kPrepare
    kPrepare,
    kRollback,  ///< poisoned: nothing is loaded or prepared any more
    kPrepared,
    kSpent,     ///< over; the label is used up and is not rolled back by us
    kNotBegun,  ///< over; no request has left, so the label may be begun later
  };

  [[nodiscard]] static Step start() { return Step::kBegin; }
  [[nodiscard]] Step on_begin(const Result<std::int64_t>& reply);
  /// One `load` with `rows` rows was answered.
  [[nodiscard]] Step on_load(const Result<std::uint64_t>& reply, std::uint64_t rows);
  /// Every row is loaded and the checkpoint is closed.
  [[nodiscard]] static Step on_sealed() { return Step::kPrepare; }
  [[nodiscard]] Step on_prepare(starrocks::LoadOutcome outcome, bool may_filter, bool may_unselect);
  [[nodiscard]] static Step on_rollback() { return Step::kSpent; }

  [[nodiscard]] std::int64_t transaction_id() const { return transaction_id_; }
  [[nodiscard]] std::uint64_t rows() const { return rows_; }
  /// Why it was not prepared; set with kRollback, kSpent, kNotBegun.
  [[nodiscard]] const Error& error() const { return error_; }
  [[nodiscard]] const std::string& error_url() const { return error_url_; }
  /// StarRocks' counts, once prepare() has told them.
  [[nodiscard]] const std::optional<starrocks::LoadCounts>& counts() const { return counts_; }
  /// The counts are not those of the rows that were sent.
  [[nodiscard]] bool count_mismatch() const { return count_mismatch_; }
  /// The label was taken by somebody else: a breach of assumption A1 or A5 (ingest-api.md 4.6).
  [[nodiscard]] bool label_was_taken() const { return label_was_taken_; }

 private:
  Step poison(Error error);

  std::int64_t transaction_id_ = -1;
  std::uint64_t rows_ = 0;
  Error error_;
  std::string error_url_;
  std::optional<starrocks::LoadCounts> counts_;
  bool count_mismatch_ = false;
  bool label_was_taken_ = false;
  bool repeated_ = false;  // of a mutant
};

}  // namespace loadstar::txn
