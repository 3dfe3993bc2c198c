#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/log.hpp"
#include "core/base/metrics.hpp"
#include "core/base/signal.hpp"
#include "core/base/task_group.hpp"
#include "core/ingest/memory_budget.hpp"
#include "core/ingest/table_encoder.hpp"
#include "core/options.hpp"
#include "core/txn/api.hpp"
#include "core/txn/batch_window.hpp"
#include "core/txn/table_directory.hpp"

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

/// One at-least-once writer: the order, the numbering and the watermarks of its batches, and the one
/// stream that may be attached to it (ingest-api.md 3.1).
///
/// Lives on a strand of its own; every method is called on it, except number(), id() and strand().
/// Owned by the registry; streams share it.
class Writer : public std::enable_shared_from_this<Writer> {
 public:
  /// `on_gone` is called once, on the strand, when the writer has ended and nothing of it is held.
  Writer(WriterServices services, std::uint64_t number, const OpenRequest& open,
         std::function<void()> on_gone);

  [[nodiscard]] std::uint64_t number() const { return number_; }
  [[nodiscard]] const std::string& id() const { return id_; }
  [[nodiscard]] const std::string& database() const { return database_; }
  [[nodiscard]] const asio::any_io_executor& strand() const { return strand_; }

  /// Attaches a stream; a stream that was attached ends with STREAM_REPLACED. nullopt if the writer has
  /// ended meanwhile: make a new one. Returns the stream's number.
  struct Attachment {
    std::uint64_t stream = 0;
    Opened opened;
  };
  [[nodiscard]] std::optional<Attachment> attach(const OpenRequest& open);

  /// The calls of WriteStream, for stream number `stream`.
  asio::awaitable<Answer<Done>> append(std::uint64_t stream, SliceList message);
  void half_close(std::uint64_t stream);
  void disconnect(std::uint64_t stream);
  asio::awaitable<StreamEvent> next_event(std::uint64_t stream);

  /// Flush barrier (transaction_service.proto, Checkpoint).
  asio::awaitable<Answer<Done>> checkpoint(std::uint64_t last_sequence, Deadline deadline);

  /// Tells the client, reads no more, flushes what was received; the stream ends with DRAINING once all
  /// of it is final.
  void drain(std::chrono::milliseconds grace);

  /// Waits until the writer is gone or `deadline`.
  asio::awaitable<void> wait_gone(Deadline deadline);

  /// Ends the stream with DRAINING at once, and all waits. What is held is given up: it was never
  /// acknowledged as committed.
  asio::awaitable<void> stop();

  /// A load gave outcomes for batches of this writer.
  void on_outcomes(std::vector<BatchOutcome> outcomes);

  [[nodiscard]] WriterReport report() const;
  [[nodiscard]] std::uint64_t pending_batches() const { return window_.pending_batches(); }
  [[nodiscard]] std::uint64_t pending_rows() const { return window_.pending_rows(); }
  [[nodiscard]] std::uint64_t committed_batches() const { return window_.committed(); }

 private:
  /// The stream that is, or was last, attached.
  struct Stream {
    std::uint64_t number = 0;
    bool attached = false;               ///< the call is there
    bool half_closed = false;
    bool ended = false;                  ///< `refusal` or a graceful end is to be told
    std::optional<Refusal> refusal;
    std::optional<bool> numbered;        ///< unset until the first batch
    bool draining_untold = false;
    bool ack_again = false;              ///< a batch came again: tell the watermarks again
    Ack last_ack;
    Clock::time_point last_ack_at{};
  };
  /// Encoder of one table, made from what was known then.
  struct Encoder {
    std::shared_ptr<const TableInfo> info;
    std::unique_ptr<ingest::TableEncoder> encoder;
    std::shared_ptr<TableQueue> queue;
    TableMetrics* metrics = nullptr;
  };
  /// Why no more batches are read, in the order of precedence.
  enum class Ending { kNo, kGraceful, kRejected, kDraining };

  [[nodiscard]] bool reads(std::uint64_t stream) const;
  [[nodiscard]] Refusal over(std::uint64_t stream) const;
  /// What append() does once the message is charged; true if the batch was received.
  asio::awaitable<Answer<bool>> take(std::uint64_t stream, SliceList message,
                                     Clock::time_point arrived);
  [[nodiscard]] std::optional<Refusal> number_batch(ingest::Batch& batch, bool& duplicate);
  asio::awaitable<Answer<Encoder*>> encoder_for(std::uint64_t stream, const std::string& table,
                                                Clock::duration max_age);
  asio::awaitable<Answer<ingest::EncodedBatch>> encode(std::uint64_t stream,
                                                       const ingest::Batch& batch);
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
  void become_gone();
  [[nodiscard]] Ack ack() const;
  [[nodiscard]] Refusal rejection() const;
  void note_error(const Refusal& refusal);

  WriterServices services_;
  asio::any_io_executor strand_;
  std::uint64_t number_;
  std::string id_;  // empty: anonymous
  std::string database_;
  std::string client_name_;
  std::function<void()> on_gone_;
  std::shared_ptr<ingest::MemoryBudget::Account> account_;
  BatchWindow window_;
  std::uint64_t filtered_rows_ = 0;
  std::map<std::string, Encoder> encoders_;
  Stream stream_;
  Ending ending_ = Ending::kNo;
  std::optional<Refusal> mismatch_;  // ROW_COUNT_MISMATCH of rows that are committed
  std::chrono::milliseconds drain_grace_{0};
  bool gone_ = false;
  bool stopping_ = false;
  std::string stall_reason_;
  std::string last_error_;
  std::optional<std::chrono::system_clock::time_point> last_error_time_;
  Signal changed_;  // watermarks, stream, ending
  std::shared_ptr<Signal> room_;  // the budget may have room; shared with its wake-up calls
  TaskGroup tasks_;
};

}  // namespace loadstar::txn
