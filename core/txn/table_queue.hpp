#pragma once

#include "core/base/signal.hpp"
#include "core/base/task_group.hpp"
#include "core/ingest/flush_policy.hpp"
#include "core/ingest/lane_buffer.hpp"
#include "core/txn/load_driver.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <vector>

namespace loadstar::txn {

/// Outcomes of batches of one writer, as one load gave them.
using OutcomeSink = std::function<void(std::uint64_t writer, std::vector<BatchOutcome>)>;

/// The at-least-once lanes of one table, shared by all writers (architecture.md D5b): buffers
/// batches, decides when they become loads (LaneBuffer), runs the loads (LoadDriver).
///
/// Lives on a strand of its own. submit() and the flushes may be called from any thread; calls that
/// one strand makes are carried out in their order. Owned by TableDirectory.
class TableQueue : public std::enable_shared_from_this<TableQueue> {
 public:
  /// `outcomes` is called on the table's strand.
  TableQueue(const asio::any_io_executor& executor, LoadServices services,
             starrocks::TableName table, const TableOptions& options, std::uint64_t random_seed,
             OutcomeSink outcomes);

  /// Starts the clock of the age limits; once, before anything else.
  void start();

  /// Takes one batch. Its bytes are the budget's until its outcome is told.
  void submit(ingest::BufferedBatch batch);

  /// Loads what holds batches of `writer` up to `sequence`, and what stands before it.
  void flush_writer(std::uint64_t writer, std::uint64_t sequence, FlushTrigger trigger);

  /// Loads everything.
  void flush_all(FlushTrigger trigger);

  /// Bytes of the memory budget that wait and are not being loaded; an estimate from other threads.
  [[nodiscard]] std::uint64_t waiting_bytes() const { return waiting_bytes_; }
  /// Whether a load is under way; an estimate from other threads.
  [[nodiscard]] bool loading() const { return loading_; }

  /// Cancels all loads, without waiting for them. Batches that are not final get no outcome;
  /// rollbacks go on until `rollbacks_until`.
  void cancel(Deadline rollbacks_until);

  /// Waits until no load runs; after cancel().
  asio::awaitable<void> join();

 private:
  void pump();
  void note_held();
  asio::awaitable<void> load(ingest::LoadGroup group);
  asio::awaitable<void> keep_time();
  asio::awaitable<Done> join_on_strand();
  [[nodiscard]] Clock::duration max_age() const;

  asio::any_io_executor strand_;
  LoadServices services_;
  TableMetrics& metrics_;
  Oldest::Entry held_;
  std::multiset<Clock::time_point> loading_since_;  // the oldest batches of the loads in flight
  ingest::LaneBuffer buffer_;
  ingest::CongestionControl congestion_;
  LoadDriver driver_;
  OutcomeSink outcomes_;
  Signal changed_;
  TaskGroup tasks_;
  bool stopping_ = false;
  std::atomic<std::uint64_t> waiting_bytes_{0};
  std::atomic<bool> loading_{false};
};

}  // namespace loadstar::txn
