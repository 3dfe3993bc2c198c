#pragma once

#include "core/starrocks/label.hpp"
#include "core/txn/api.hpp"
#include "core/txn/resume_token.hpp"
#include "tests/simulation/client_record.hpp"
#include "tests/simulation/exactly_once_plan.hpp"
#include "tests/simulation/operation_log.hpp"
#include "tests/simulation/transaction_model.hpp"
#include "tests/simulation/violations.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace loadstar::simulation {

/// One row of a source that can be read again from any position (ingest-api.md 4.6 A4).
struct SourceRow {
  std::string table;
  std::string text;
  bool bad = false;   ///< StarRocks refuses it
  bool lane = false;  ///< sent with another property than its neighbours
};

/// What outlives every client of one writer: its source and its durable record.
struct SimulatedWriter {
  std::string name;
  std::vector<SourceRow> rows;
  ClientRecordStore store;
  bool leaves_out_bad = false;  ///< rows were rejected once: bad ones are left out from now on
  bool finished = false;        ///< every row is committed, says its client
  bool lost = false;            ///< CHECKPOINT_LOST or OUTCOME_UNKNOWN: a person has to decide
  std::size_t durable = 0;      ///< the farthest position in the record so far
  std::size_t committed = 0;    ///< the farthest position that was answered as committed
};

/// The oracle of exactly-once delivery: what clients decided and were told, compared with what is
/// in the tables, at every commit and at the end (delivery-and-faults.md 2.6). Beside it
/// OperationLog has V10 and V12. Not here: V7 (scenario.cpp, at-least-once only) and what of V14
/// needs a process (RSS, fds: rings R2 and R3).
class ExactlyOnceOracle {
 public:
  ExactlyOnceOracle(const ExactlyOncePlan& plan, TransactionModel& model, OperationLog& log,
                    Violations& violations);

  [[nodiscard]] std::vector<std::unique_ptr<SimulatedWriter>>& writers() { return writers_; }
  /// One more, with a source of its own.
  SimulatedWriter& add_writer();
  [[nodiscard]] Violations& violations() { return violations_; }
  [[nodiscard]] OperationLog& log() { return log_; }
  [[nodiscard]] TransactionModel& model() { return model_; }

  /// A batch of `checkpoint` leaves a client.
  void sent(const SimulatedWriter& writer, std::uint64_t epoch, std::uint64_t checkpoint) {
    with_rows_.insert({writer.name, epoch, checkpoint});
  }
  /// The record of `writer` was saved.
  void saved(SimulatedWriter& writer);
  /// Commit of `token`, which covers the source up to `position`, was answered OK. V8, V9.
  void committed(SimulatedWriter& writer, const std::string& token, std::size_t position,
                 bool visible);
  /// An Ack says that everything up to `position` is committed. V8.
  void acknowledged(SimulatedWriter& writer, std::size_t position);
  /// Commit or Open was answered CHECKPOINT_LOST or OUTCOME_UNKNOWN. V8, V9.
  void lost(SimulatedWriter& writer, const Refusal& refusal);

  /// An Open that met no fault was answered: it began at `since` with the record's epoch and
  /// `token`. V11.
  void recovered(const SimulatedWriter& writer, std::uint64_t epoch, const std::string& token,
                 Clock::time_point since, std::uint64_t max_pending);

  /// An Abort, sent at `since`, was answered OK: what `token` does not name is absent for good. V8,
  /// V9.
  void aborted(const SimulatedWriter& writer, std::uint64_t epoch, const std::string& token,
               Clock::time_point since, std::uint64_t max_pending);

  /// V1, V2, V3, V4, V5 on the tables; V11 and R7 on the labels.
  void check_end();
  /// Transactions of ours that are still in PREPARE or PREPARED; checked by check_end().
  [[nodiscard]] std::uint64_t lingering() const { return lingering_; }
  /// Of the tables: equal runs have equal digests.
  [[nodiscard]] std::uint64_t digest() const;
  [[nodiscard]] std::uint64_t rows() const;

 private:
  void on_commit(const std::string& label, const TransactionModel::Transaction& transaction,
                 bool one_phase);
  void check_rows(const SimulatedWriter& writer, std::size_t end);
  /// Labels of `writer` in PREPARE or PREPARED, begun before `since`, in epochs from that of
  /// `token` to `last_epoch` and up to `max_pending` checkpoints after it, that a search comes to.
  [[nodiscard]] std::vector<std::string> left_open(const SimulatedWriter& writer,
                                                   std::uint64_t last_epoch,
                                                   const std::string& token,
                                                   Clock::time_point since,
                                                   std::uint64_t max_pending) const;
  void check_lingering(const SimulatedWriter& writer);
  void check_begun();
  /// Whether a search part by part, which stops after two unknown ones, comes to `label`.
  [[nodiscard]] bool is_reached(const starrocks::PartLabel& label) const;

  const ExactlyOncePlan& plan_;
  TransactionModel& model_;
  OperationLog& log_;
  Violations& violations_;
  Random random_;
  std::vector<std::unique_ptr<SimulatedWriter>> writers_;
  std::map<std::string, std::pair<SimulatedWriter*, std::size_t>>
      known_;                                  // row -> where it is from
  std::map<std::string, std::size_t> newest_;  // "writer table" -> index + 1 of its newest row
  std::set<std::tuple<std::string, std::uint64_t, std::uint64_t>> with_rows_;  // checkpoints
  std::set<std::string> published_;                                            // labels
  std::set<std::string> told_committed_;                                       // labels
  std::uint64_t lingering_ = 0;
};

}  // namespace loadstar::simulation
