#pragma once

#include "core/base/log.hpp"
#include "core/base/metrics.hpp"
#include "core/base/signal.hpp"
#include "core/base/task_group.hpp"
#include "core/ingest/memory_budget.hpp"
#include "core/options.hpp"
#include "core/txn/api.hpp"
#include "core/txn/batch_encoder.hpp"
#include "core/txn/batch_window.hpp"
#include "core/txn/stream_slot.hpp"
#include "core/txn/table_directory.hpp"
#include "core/txn/writer_handle.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace loadstar::txn {

/// What all writers share. References outlive the writers.
struct WriterServices {
  asio::any_io_executor executor;
  TableDirectory& tables;
  ingest::MemoryBudget& budget;
  const IngestLimits& limits;
  Metrics& metrics;
  Logger logger;
};

/// One at-least-once writer: the order, the numbering and the watermarks of its batches, and what
/// becomes of it with and without a stream (ingest-api.md 3.1).
class Writer final : public WriterHandle {
 public:
  /// `on_gone` is called once, on the strand, when the writer has ended and nothing of it is held.
  Writer(WriterServices services, std::uint64_t number, const OpenRequest& open,
         std::function<void()> on_gone);

  /// Attaches a stream; a stream that was attached ends with STREAM_REPLACED. nullopt if the writer
  /// has ended meanwhile: make a new one.
  struct Attachment {
    std::uint64_t stream = 0;
    Opened opened;
  };
  [[nodiscard]] std::optional<Attachment> attach(const OpenRequest& open);

  asio::awaitable<Answer<Done>> append(std::uint64_t stream, SliceList message) override;
  void half_close(std::uint64_t stream) override;
  void disconnect(std::uint64_t stream) override;
  asio::awaitable<StreamEvent> next_event(std::uint64_t stream) override;

  /// Flush barrier (transaction_service.proto, Checkpoint).
  asio::awaitable<Answer<Done>> checkpoint(std::uint64_t last_sequence, Deadline deadline);

  void drain(std::chrono::milliseconds grace) override;
  asio::awaitable<void> wait_gone(Deadline deadline) override;
  asio::awaitable<void> stop() override;

  /// A load gave outcomes for batches of this writer.
  void on_outcomes(std::vector<BatchOutcome> outcomes);

  [[nodiscard]] WriterReport report() const override;
  [[nodiscard]] std::uint64_t pending_batches() const override { return window_.pending_batches(); }
  [[nodiscard]] std::uint64_t pending_rows() const override { return window_.pending_rows(); }

 private:
  /// Why no more batches are read, in the order of precedence.
  enum class Ending { kNo, kGraceful, kRejected, kDraining };

  [[nodiscard]] bool reads(std::uint64_t stream) const;
  [[nodiscard]] Refusal over(std::uint64_t stream) const;
  /// What append() does once the message is charged; true if the batch was received.
  asio::awaitable<Answer<bool>> take(std::uint64_t stream, SliceList message,
                                     Clock::time_point arrived);
  [[nodiscard]] std::optional<Refusal> number_batch(ingest::Batch& batch, bool& duplicate);
  asio::awaitable<void> wait_for_room(std::uint64_t stream);
  Refusal end_stream(Refusal refusal);
  void finish_ending();
  void flush(std::uint64_t sequence, FlushTrigger trigger);
  void release(const BatchWindow::Entry& entry);
  void release_bytes(std::uint64_t bytes);
  /// The stream is over, the writer is not: what happens to it without a stream.
  void left_alone();
  asio::awaitable<void> outlive_stream(std::uint64_t stream);
  asio::awaitable<void> limit_rejection_wait();
  asio::awaitable<void> end_stream_after(std::chrono::milliseconds grace);
  void become_gone();
  [[nodiscard]] Ack ack() const;
  [[nodiscard]] Refusal rejection() const;
  void note_error(const Refusal& refusal);

  WriterServices services_;
  std::string client_name_;
  std::function<void()> on_gone_;
  std::shared_ptr<ingest::MemoryBudget::Account> account_;
  BatchWindow window_;
  std::uint64_t filtered_rows_ = 0;
  Signal changed_;                // watermarks, stream, ending
  std::shared_ptr<Signal> room_;  // the budget may have room; shared with its wake-up calls
  BatchEncoder encoder_;
  StreamSlot slot_;
  Ending ending_ = Ending::kNo;
  std::optional<Refusal> mismatch_;  // ROW_COUNT_MISMATCH of rows that are committed
  bool gone_ = false;
  bool stopping_ = false;
  std::string stall_reason_;  // why reading is held; the encoder has its own
  std::string last_error_;
  std::optional<std::chrono::system_clock::time_point> last_error_time_;
  TaskGroup tasks_;
};

}  // namespace loadstar::txn
