#pragma once

#include "core/base/signal.hpp"
#include "core/base/task_group.hpp"
#include "core/ingest/memory_budget.hpp"
#include "core/txn/api.hpp"
#include "core/txn/batch_encoder.hpp"
#include "core/txn/checkpoint_ledger.hpp"
#include "core/txn/part.hpp"
#include "core/txn/resume_token.hpp"
#include "core/txn/stream_slot.hpp"
#include "core/txn/transaction_control.hpp"
#include "core/txn/writer.hpp"
#include "core/txn/writer_handle.hpp"

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace loadstar::txn {

/// What exactly-once writers share beside WriterServices. References outlive the writers.
struct ExactlyOnceServices {
  TransactionControl& control;
  PartServices parts;
  std::string label_prefix;
  std::function<void()> relieve_memory;  ///< everybody makes room (D6); thread-safe
};

/// One epoch of an exactly-once writer: recovery, batches into the open transactions of their
/// checkpoints, phase one, and the token (ingest-api.md 3, 4).
///
/// Lives on a strand of its own; every method is called on it, except those of WriterHandle that
/// say otherwise. Owned by the registry; streams share it.
class ExactlyOnceWriter final : public WriterHandle, public PartHost {
 public:
  /// `token`: the decoded Open.resume_token, or one without parts and with checkpoint 0 for none.
  /// `on_gone` as for Writer.
  ExactlyOnceWriter(WriterServices services, ExactlyOnceServices shared, std::uint64_t number,
                    const OpenRequest& open, ResumeToken token, std::function<void()> on_gone,
                    std::uint64_t random_seed);

  [[nodiscard]] std::uint64_t epoch() const { return epoch_; }

  struct Attachment {
    std::uint64_t stream = 0;
    Opened opened;
  };
  /// Recovers, if that was not done yet (commit, roll back, probe: ingest-api.md 3.1), then
  /// attaches a stream. `token`: of this Open, committed also when re-attaching. EPOCH_USED if the
  /// writer has ended.
  asio::awaitable<Answer<Attachment>> attach(OpenRequest open, ResumeToken token);

  /// Phase one (ingest-api.md 3.2). STARROCKS_UNAVAILABLE at `deadline`: the work goes on.
  asio::awaitable<Answer<CheckpointOutcome>> checkpoint(CheckpointRequest request,
                                                        Deadline deadline);

  /// All transactions of `token` are committed.
  void on_committed(const ResumeToken& token);

  /// Whether this writer issued `token`, so that its transactions are known to be prepared.
  [[nodiscard]] bool issued(const ResumeToken& token) const;

  /// A higher epoch owns the writer, or an Abort: ends the stream with WRITER_FENCED and rolls back
  /// what is not prepared.
  void fence(std::uint64_t by_epoch);

  /// Loads what waits, and stops keeping what is loaded (D6).
  void relieve();

  // WriterHandle
  asio::awaitable<Answer<Done>> append(std::uint64_t stream, SliceList message) override;
  void half_close(std::uint64_t stream) override;
  void disconnect(std::uint64_t stream) override;
  asio::awaitable<StreamEvent> next_event(std::uint64_t stream) override;
  void drain(std::chrono::milliseconds grace) override;
  asio::awaitable<void> wait_gone(Deadline deadline) override;
  /// Ends wait_gone(), now and later: the daemon has no more time for it.
  void release_waiters();
  asio::awaitable<void> stop() override;
  [[nodiscard]] WriterReport report() const override;
  /// Rows of an exactly-once writer belong to its client until it commits them.
  [[nodiscard]] std::uint64_t pending_batches() const override { return 0; }
  [[nodiscard]] std::uint64_t pending_rows() const override { return 0; }

  // PartHost
  asio::awaitable<std::optional<std::uint64_t>> begin_turn(std::uint64_t checkpoint) override;
  void end_turn(std::uint64_t checkpoint, bool spent) override;
  [[nodiscard]] std::string label(std::uint64_t checkpoint, std::uint64_t number) const override;
  void release(std::uint64_t bytes, std::uint64_t rows, TableMetrics& table) override;
  void left_open(const std::string& label) override;
  void prepared(const Part& part, std::unique_ptr<OpenTransaction> gauge) override;
  void part_ended() override;

 private:
  enum class Recovery { kNeeded, kRunning, kDone };
  /// Part numbers of one checkpoint.
  struct Numbers {
    std::uint64_t next = 0;
    bool begin_under_way = false;
  };

  asio::awaitable<Answer<Attachment>> recover_and_attach(OpenRequest open, ResumeToken token);
  asio::awaitable<Answer<Done>> recover(ResumeToken token);
  asio::awaitable<Answer<bool>> take(std::uint64_t stream, SliceList message);
  asio::awaitable<std::optional<Refusal>> judge(const ingest::Batch& batch);
  asio::awaitable<void> ask_what_is_committed(Deadline deadline);
  asio::awaitable<void> wait_for_room(std::uint64_t stream);
  Part& part_for(std::uint64_t checkpoint, const BatchEncoder::Table& table,
                 const std::shared_ptr<const ingest::LaneSpec>& lane);
  void seal_closed();
  void answer_prepared();
  [[nodiscard]] bool prepared_up_to(std::uint64_t checkpoint) const;
  [[nodiscard]] CheckpointOutcome outcome_of(std::uint64_t checkpoint) const;
  [[nodiscard]] ResumeToken token_for(std::uint64_t checkpoint) const;
  [[nodiscard]] bool something_unprepared() const;
  [[nodiscard]] Refusal over(std::uint64_t stream) const;
  Refusal end_stream(Refusal refusal);
  void end(std::optional<Refusal> refusal);
  asio::awaitable<void> wind_up();
  asio::awaitable<void> outlive_stream(std::uint64_t stream);
  asio::awaitable<void> end_after(std::chrono::milliseconds grace);
  asio::awaitable<void> discard(std::list<std::unique_ptr<Part>> parts);
  asio::awaitable<void> stop_parts();
  void left_alone();
  void finish_if_drained();
  void become_gone();
  [[nodiscard]] Ack ack() const;
  [[nodiscard]] Clock::duration prepared_timeout() const;

  WriterServices services_;
  ExactlyOnceServices shared_;
  std::string client_name_;
  std::uint64_t epoch_;
  ResumeToken base_;  // of the Open; its parts are committed by recover()
  std::function<void()> on_gone_;
  Random random_;
  Signal changed_;
  std::shared_ptr<Signal> room_;
  std::shared_ptr<ingest::MemoryBudget::Account> account_;
  StreamSlot slot_;
  BatchEncoder encoder_;
  CheckpointLedger ledger_;
  Recovery recovery_ = Recovery::kNeeded;
  std::list<std::unique_ptr<Part>> parts_;  // by checkpoint, then in the order they were made
  std::map<std::uint64_t, Numbers> numbers_;
  std::map<std::uint64_t, CheckpointOutcome> answers_;  // of the checkpoints that are prepared
  std::uint64_t filtered_rows_ = 0;
  std::optional<Refusal> failure_;  // why the writer ended, for those who still ask
  unsigned attaching_ = 0;          // Opens that are at work
  Clock::time_point left_alone_at_{};
  bool aborted_ = false;  // by an Abort of this epoch
  bool ending_ = false;   // no batch is read any more
  bool half_closed_ = false;
  bool draining_ = false;
  bool stopping_ = false;
  bool gone_ = false;
  bool waiters_released_ = false;
  std::string stall_reason_;
  std::string last_error_;
  std::optional<std::chrono::system_clock::time_point> last_error_time_;
  TaskGroup tasks_;
};

}  // namespace loadstar::txn
