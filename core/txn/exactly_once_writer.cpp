#include "core/txn/exactly_once_writer.hpp"

#include "core/base/deadline.hpp"
#include "core/base/mutant.hpp"
#include "core/ingest/batch_reader.hpp"

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

// Streams, batches and the end of an exactly-once writer; exactly_once_checkpoint.cpp has the rest.

namespace loadstar::txn {
namespace {

/// Paused streams look at the budget again after this, though they are woken by each release.
constexpr std::chrono::seconds kRoomCheck{1};

}  // namespace

ExactlyOnceWriter::ExactlyOnceWriter(WriterServices services, ExactlyOnceServices shared,
                                     std::uint64_t number, const OpenRequest& open,
                                     ResumeToken token, std::function<void()> on_gone,
                                     std::uint64_t random_seed)
    : WriterHandle(asio::make_strand(services.executor), number, open.writer_id, open.database),
      services_(std::move(services)),
      shared_(std::move(shared)),
      epoch_(open.epoch),
      base_(std::move(token)),
      on_gone_(std::move(on_gone)),
      random_(random_seed),
      changed_(strand()),
      room_(std::make_shared<Signal>(strand())),
      slot_(changed_, services_.limits),
      encoder_(services_.tables, services_.metrics, changed_, open.database, true),
      ledger_(base_.checkpoint, base_.last_sequence, services_.limits.max_pending_checkpoints),
      tasks_(strand()) {
  auto wake = [strand = strand(), room = std::weak_ptr<Signal>(room_)] {
    auto notify = [room] {
      if (const auto signal = room.lock()) signal->notify();
    };
    asio::post(strand, std::move(notify));
  };
  account_ = std::make_shared<ingest::MemoryBudget::Account>(std::move(wake));
}

// --- streams -------------------------------------------------------------------------------------

Refusal ExactlyOnceWriter::over(std::uint64_t stream) const {
  if (!slot_.is_current(stream)) {
    return refuse(Reason::kStreamReplaced, "a newer stream of this writer took over");
  }
  if (slot_.refusal()) return *slot_.refusal();
  if (failure_) return *failure_;
  return draining_refusal();
}

asio::awaitable<Answer<Done>> ExactlyOnceWriter::append(std::uint64_t stream, SliceList message) {
  co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  if (!slot_.open(stream) || ending_) co_return over(stream);
  const std::uint64_t size = message.size();
  services_.budget.charge(*account_, size);
  services_.metrics.memory_reserved.Set(static_cast<double>(services_.budget.used()));
  auto taken = co_await take(stream, std::move(message));
  const bool held = taken.ok() && taken.value();
  if (!held) {
    services_.budget.release(*account_, size);
    services_.metrics.memory_reserved.Set(static_cast<double>(services_.budget.used()));
  }
  if (!taken.ok()) co_return taken.refusal();
  if (!services_.budget.may_read(account_)) co_await wait_for_room(stream);
  if (!slot_.open(stream) || ending_) co_return over(stream);
  co_return Done{};
}

/// True if the batch is held now; its bytes are released by its part.
asio::awaitable<Answer<bool>> ExactlyOnceWriter::take(std::uint64_t stream, SliceList message) {
  const auto arrived = Clock::now();
  const std::uint64_t size = message.size();
  auto read = ingest::read_batch(message, services_.limits);
  if (!read.ok()) co_return end_stream(read.refusal());
  const ingest::Batch batch = std::move(read.value());
  if (batch.sequence == 0) {
    Refusal refusal = refuse(Reason::kBadRequest, "batches of an exactly-once writer are numbered");
    refusal.violations.push_back(
        {"batch.sequence", fmt::format("is 0; the next is {}", ledger_.received() + 1)});
    co_return end_stream(refusal);
  }
  if (batch.sequence <= ledger_.received()) {
    slot_.tell_again();
    co_return false;
  }
  auto objection = co_await judge(batch);
  if (objection) co_return end_stream(std::move(*objection));
  auto wanted = [this, stream] { return slot_.open(stream) && !ending_; };
  auto encoded = co_await encoder_.encode(batch, wanted);
  if (!wanted()) co_return over(stream);
  if (!encoded.ok()) co_return end_stream(encoded.refusal());
  // A Checkpoint may have closed the interval while the batch was encoded.
  auto conflict = ledger_.judge(batch.sequence, batch.checkpoint_id);
  if (conflict) co_return end_stream(std::move(*conflict));
  ledger_.receive(batch.checkpoint_id);
  const BatchEncoder::Table& table = *encoded.value().table;
  TableMetrics& series = *table.metrics;
  series.ingest_batches.Increment();
  series.ingest_rows.Increment(static_cast<double>(batch.row_count));
  series.ingest_bytes.Increment(static_cast<double>(size));
  services_.metrics.ack_received.Observe(
      std::chrono::duration<double>(Clock::now() - arrived).count());
  const bool has_rows = encoded.value().batch.rows > 0;
  if (has_rows) {
    // Typed rows can grow when they become JSON; what is held is what counts (D6).
    const std::uint64_t held = std::max(size, encoded.value().batch.payload.size());
    services_.budget.charge(*account_, held - size);
    series.buffer_bytes.Increment(static_cast<double>(held));
    series.buffer_rows.Increment(static_cast<double>(batch.row_count));
    Part& part = part_for(batch.checkpoint_id, table, encoded.value().batch.lane);
    part.add(batch.sequence, held, std::move(encoded.value().batch));
  }
  seal_closed();
  changed_.notify();
  co_return has_rows;
}

asio::awaitable<std::optional<Refusal>> ExactlyOnceWriter::judge(const ingest::Batch& batch) {
  if (batch.sequence != ledger_.received() + 1) {
    Refusal refusal =
        refuse(Reason::kSequenceGap, fmt::format("batch {} came, {} is next; go on from there",
                                                 batch.sequence, ledger_.received() + 1));
    refusal.metadata["expectedSequence"] = std::to_string(ledger_.received() + 1);
    co_return refusal;
  }
  auto objection = ledger_.judge(batch.sequence, batch.checkpoint_id);
  if (objection && objection->reason == Reason::kTooManyPendingCheckpoints) {
    co_await ask_what_is_committed(kNever);
    objection = ledger_.judge(batch.sequence, batch.checkpoint_id);
  }
  co_return objection;
}

Part& ExactlyOnceWriter::part_for(std::uint64_t checkpoint, const BatchEncoder::Table& table,
                                  const std::shared_ptr<const ingest::LaneSpec>& lane) {
  // The newest part of the table in this checkpoint; another lane seals it, so that rows of a table
  // are committed in the order they came (ingest-api.md 3.1).
  for (auto it = parts_.rbegin(); it != parts_.rend() && (*it)->checkpoint() >= checkpoint; ++it) {
    Part& part = **it;
    if (part.checkpoint() != checkpoint || part.lane().table != lane->table || part.sealed())
      continue;
    if (part.lane().key == lane->key) return part;
    part.seal();
    break;
  }
  auto part = std::make_unique<Part>(strand(), *this, shared_.parts, table.info->options, lane,
                                     checkpoint, random_.below(UINT64_MAX));
  Part& made = *part;
  const auto behind = std::find_if(parts_.begin(), parts_.end(), [checkpoint](const auto& other) {
    return other->checkpoint() > checkpoint;
  });
  parts_.insert(behind, std::move(part));
  made.start();
  return made;
}

asio::awaitable<void> ExactlyOnceWriter::wait_for_room(std::uint64_t stream) {
  const auto began = Clock::now();
  while (slot_.open(stream) && !ending_ && !services_.budget.may_read(account_) &&
         !LOADSTAR_MUTANT(kReadsOnWithoutRoom)) {
    const bool own = services_.budget.over_share(*account_);
    stall_reason_ =
        own ? "the writer holds its share of the memory budget" : "the memory budget is used up";
    relieve();
    if (!own) shared_.relieve_memory();
    const Deadline again = Clock::now() + kRoomCheck;
    co_await room_->wait_until(again);
  }
  stall_reason_.clear();
  services_.budget.forget(account_);
  services_.metrics.backpressure_seconds.Increment(
      std::chrono::duration<double>(Clock::now() - began).count());
}

void ExactlyOnceWriter::relieve() {
  for (const auto& part : parts_) {
    part->stop_retaining();
    part->hurry();
  }
}

void ExactlyOnceWriter::half_close(std::uint64_t stream) {
  if (!slot_.is_current(stream) || slot_.ended() || ending_ || stopping_) return;
  slot_.set_half_closed();
  half_closed_ = true;
  tasks_.spawn(wind_up(), shared_from_this());
}

/// The graceful end: checkpoints that were asked for are finished, everything later is rolled back.
asio::awaitable<void> ExactlyOnceWriter::wind_up() {
  co_await asio::this_coro::throw_if_cancelled(false);
  const std::uint64_t last = ledger_.newest_closed();
  while (!ending_ && !stopping_ && !answers_.contains(last) && last > base_.checkpoint &&
         ledger_.received() >= *ledger_.last_sequence(last)) {
    co_await changed_.wait();
  }
  if (ending_ || stopping_) co_return;
  end(std::nullopt);
}

void ExactlyOnceWriter::disconnect(std::uint64_t stream) {
  if (!slot_.detach(stream)) return;
  left_alone();
  changed_.notify();
  room_->notify();
}

Refusal ExactlyOnceWriter::end_stream(Refusal refusal) {
  if (slot_.end(refusal)) {
    last_error_ = refusal.message;
    last_error_time_ = wall_now();
    left_alone();
  }
  return refusal;
}

void ExactlyOnceWriter::left_alone() {
  if (ending_ || half_closed_ || gone_ || stopping_) return;
  if (draining_) {
    finish_if_drained();
    return;
  }
  left_alone_at_ = Clock::now();
  tasks_.spawn(outlive_stream(slot_.number()), shared_from_this());
}

asio::awaitable<void> ExactlyOnceWriter::outlive_stream(std::uint64_t stream) {
  co_await asio::this_coro::throw_if_cancelled(false);
  while (true) {
    if (!slot_.is_current(stream) || ending_ || stopping_) co_return;
    // A client whose Open is still at work has come back.
    const Deadline grace_end =
        attaching_ > 0 ? kNever : left_alone_at_ + services_.limits.session_grace;
    if (Clock::now() >= grace_end) break;
    co_await changed_.wait_until(grace_end);
  }
  services_.logger.info("session grace is over, what is not prepared is rolled back",
                        {{"epoch", std::to_string(epoch_)}});
  end(refuse(Reason::kWriterNotOpen, "the writer's stream was broken for longer than its grace"));
}

asio::awaitable<StreamEvent> ExactlyOnceWriter::next_event(std::uint64_t stream) {
  auto current = [this] { return ack(); };
  auto why = [this, stream] { return over(stream); };
  return slot_.next_event(stream, std::move(current), std::move(why));
}

// --- the end -------------------------------------------------------------------------------------

/// Ends the writer: `refusal` for the stream and for all who wait, nullopt for a graceful end. What
/// is not prepared is rolled back; what is prepared may be decided, and is left alone (R5).
void ExactlyOnceWriter::end(std::optional<Refusal> refusal) {
  if (ending_ || gone_) return;
  ending_ = true;
  if (refusal) {
    failure_ = *refusal;
    last_error_ = refusal->message;
    last_error_time_ = wall_now();
  }
  slot_.end(std::move(refusal));
  changed_.notify();
  room_->notify();
  if (!stopping_) tasks_.spawn(stop_parts(), shared_from_this());
}

asio::awaitable<void> ExactlyOnceWriter::stop_parts() {
  co_await asio::this_coro::throw_if_cancelled(false);
  std::list<std::unique_ptr<Part>> parts = std::move(parts_);
  parts_.clear();
  co_await discard(std::move(parts));
  become_gone();
}

/// Stops parts side by side, so that rolling back many takes no longer than rolling back one.
asio::awaitable<void> ExactlyOnceWriter::discard(std::list<std::unique_ptr<Part>> parts) {
  TaskGroup group(strand());
  for (const auto& part : parts) group.spawn(part->stop());
  co_await group.join();
  if (!LOADSTAR_MUTANT(kRollBackPreparedAtEnd)) co_return;
  for (const auto& part : parts) {
    if (part->state() != Part::State::kPrepared) continue;
    const starrocks::TableName table{database(), part->lane().table};
    const Deadline deadline = Clock::now() + std::chrono::seconds(10);
    const auto ignored = co_await shared_.parts.client.rollback(table, part->label(), deadline);
    static_cast<void>(ignored);
  }
}

void ExactlyOnceWriter::fence(std::uint64_t by_epoch) {
  const std::string why =
      by_epoch == epoch_
          ? fmt::format("epoch {} of the writer was aborted", epoch_)
          : fmt::format("epoch {} owns the writer now; this one, {}, is over", by_epoch, epoch_);
  Refusal refusal = refuse(Reason::kWriterFenced, why);
  refusal.metadata["epoch"] = std::to_string(by_epoch);
  aborted_ = by_epoch == epoch_;
  end(std::move(refusal));
}

void ExactlyOnceWriter::drain(std::chrono::milliseconds grace) {
  if (ending_ || gone_ || stopping_) return;
  draining_ = true;
  slot_.tell_draining(grace);
  tasks_.spawn(end_after(grace), shared_from_this());
  finish_if_drained();
  changed_.notify();
}

/// Checkpoint and Commit are served until the grace is over; then the stream ends and what is open
/// is rolled back (ingest-api.md 3.5).
asio::awaitable<void> ExactlyOnceWriter::end_after(std::chrono::milliseconds grace) {
  co_await asio::this_coro::throw_if_cancelled(false);
  const Deadline over = Clock::now() + grace;
  while (Clock::now() < over && !ending_ && !stopping_) co_await changed_.wait_until(over);
  end(draining_refusal());
}

void ExactlyOnceWriter::finish_if_drained() {
  if (!draining_ || ending_ || something_unprepared()) return;
  // Prepared and not committed: the client is about to, and this daemon still serves it.
  if (slot_.attached() && !parts_.empty()) return;
  end(draining_refusal());
}

asio::awaitable<void> ExactlyOnceWriter::wait_gone(Deadline deadline) {
  co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  while (!gone_ && !stopping_ && !waiters_released_ && Clock::now() < deadline) {
    co_await changed_.wait_until(deadline);
  }
}

void ExactlyOnceWriter::release_waiters() {
  waiters_released_ = true;
  changed_.notify();
}

asio::awaitable<void> ExactlyOnceWriter::stop() {
  co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  stopping_ = true;
  ending_ = true;
  slot_.end(draining_refusal());
  changed_.notify();
  room_->notify();
  std::list<std::unique_ptr<Part>> parts = std::move(parts_);
  parts_.clear();
  co_await discard(std::move(parts));
  co_await tasks_.join();
}

void ExactlyOnceWriter::become_gone() {
  if (std::exchange(gone_, true)) return;
  services_.budget.forget(account_);
  changed_.notify();
  room_->notify();
  // The registry lets go of the writer here; tasks_ keeps it until this task has ended.
  const auto told = std::move(on_gone_);
  told();
}

void ExactlyOnceWriter::release(std::uint64_t bytes, std::uint64_t rows, TableMetrics& table) {
  table.buffer_bytes.Decrement(static_cast<double>(bytes));
  table.buffer_rows.Decrement(static_cast<double>(rows));
  services_.budget.release(*account_, bytes);
  services_.metrics.memory_reserved.Set(static_cast<double>(services_.budget.used()));
}

Ack ExactlyOnceWriter::ack() const {
  return {ledger_.received(), ledger_.committed_sequence(), filtered_rows_};
}

WriterReport ExactlyOnceWriter::report() const {
  WriterReport report;
  report.writer_id = id();
  report.database = database();
  report.delivery = Delivery::kExactlyOnce;
  report.epoch = epoch_;
  report.connected = slot_.attached() && !slot_.ended();
  report.client_name = client_name_;
  report.ack = ack();
  report.buffered_bytes = services_.budget.held(*account_);
  report.stall_reason = stall_reason_.empty() ? encoder_.stall_reason() : stall_reason_;
  report.last_error = last_error_;
  report.last_error_time = last_error_time_;
  for (const auto& part : parts_) {
    if (part->label().empty()) continue;
    TransactionReport transaction;
    transaction.label = part->label();
    transaction.table = part->lane().table;
    transaction.begin_time = part->begun_at();
    if (part->rolling_back()) {
      transaction.state = TransactionState::kAborting;
    } else if (part->state() == Part::State::kPrepared) {
      transaction.state = TransactionState::kPrepared;
    }
    report.transactions.push_back(std::move(transaction));
  }
  return report;
}

}  // namespace loadstar::txn
