#include "core/txn/writer.hpp"

#include "core/base/deadline.hpp"
#include "core/base/mutant.hpp"
#include "core/ingest/batch_reader.hpp"

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <fmt/format.h>

#include <utility>

namespace loadstar::txn {
namespace {

/// Paused streams look at the budget again after this, though they are woken by each release.
constexpr std::chrono::seconds kRoomCheck{1};
/// A stream that ends with ROWS_REJECTED waits so long for the fate of its other batches.
constexpr std::chrono::seconds kRejectionWait{30};
/// Bytes of `rejectedSequences` in ErrorInfo; all details of a status have at most 3 KiB.
constexpr std::size_t kMaxRangesText = 1024;

}  // namespace

Writer::Writer(WriterServices services, std::uint64_t number, const OpenRequest& open,
               std::function<void()> on_gone)
    : WriterHandle(asio::make_strand(services.executor), number, open.writer_id, open.database),
      services_(std::move(services)),
      on_gone_(std::move(on_gone)),
      changed_(strand()),
      room_(std::make_shared<Signal>(strand())),
      encoder_(services_.tables, services_.metrics, changed_, database(), false),
      slot_(changed_, services_.limits),
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

std::optional<Writer::Attachment> Writer::attach(const OpenRequest& open) {
  if (gone_ || stopping_ || ending_ != Ending::kNo) return std::nullopt;
  Attachment attachment;
  attachment.opened.attached = slot_.number() > 0;
  attachment.opened.next_sequence = window_.next_sequence();
  attachment.stream = slot_.attach(ack());
  client_name_ = open.client_name;
  room_->notify();
  return attachment;
}

bool Writer::reads(std::uint64_t stream) const {
  return slot_.open(stream) && ending_ == Ending::kNo && !stopping_;
}

Refusal Writer::over(std::uint64_t stream) const {
  if (!slot_.is_current(stream)) {
    return refuse(Reason::kStreamReplaced, "a newer stream of this writer took over");
  }
  if (slot_.refusal()) return *slot_.refusal();
  if (ending_ == Ending::kRejected) return rejection();
  return draining_refusal();
}

asio::awaitable<Answer<Done>> Writer::append(std::uint64_t stream, SliceList message) {
  co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  if (!reads(stream)) co_return over(stream);
  const std::uint64_t size = message.size();
  services_.budget.charge(*account_, size);
  services_.metrics.memory_reserved.Set(static_cast<double>(services_.budget.used()));
  const auto arrived = Clock::now();
  auto taken = co_await take(stream, std::move(message), arrived);
  if (!taken.ok()) {
    release_bytes(size);
    co_return taken.refusal();
  }
  if (!taken.value()) release_bytes(size);
  if (!services_.budget.may_read(account_)) co_await wait_for_room(stream);
  if (!reads(stream)) co_return over(stream);
  co_return Done{};
}

asio::awaitable<Answer<bool>> Writer::take(std::uint64_t stream, SliceList message,
                                           Clock::time_point arrived) {
  const std::uint64_t size = message.size();
  auto read = ingest::read_batch(message, services_.limits);
  if (!read.ok()) co_return end_stream(read.refusal());
  ingest::Batch batch = std::move(read.value());
  bool duplicate = false;
  auto misnumbered = number_batch(batch, duplicate);
  if (misnumbered) co_return end_stream(std::move(*misnumbered));
  if (duplicate) {
    // Only a table that was written to has series: a name alone must not make some.
    const auto table = encoder_.tables().find(batch.table);
    if (table != encoder_.tables().end() && table->second.metrics != nullptr) {
      table->second.metrics->duplicate_batches.Increment();
    }
    slot_.tell_again();
    co_return false;
  }
  const auto wanted = [this, stream] { return reads(stream); };
  auto encoded = co_await encoder_.encode(batch, wanted);
  if (!reads(stream)) co_return over(stream);
  if (!encoded.ok()) co_return end_stream(encoded.refusal());
  const BatchEncoder::Table& table = *encoded.value().table;
  // Typed rows can grow when they become JSON; what is held is what counts (D6).
  const std::uint64_t held = std::max(size, encoded.value().batch.payload.size());
  services_.budget.charge(*account_, held - size);
  table.metrics->ingest_batches.Increment();
  table.metrics->ingest_rows.Increment(static_cast<double>(batch.row_count));
  table.metrics->ingest_bytes.Increment(static_cast<double>(size));
  table.metrics->buffer_bytes.Increment(static_cast<double>(held));
  table.metrics->buffer_rows.Increment(static_cast<double>(batch.row_count));
  window_.receive({held, batch.row_count, arrived, table.metrics});
  services_.metrics.ack_received.Observe(
      std::chrono::duration<double>(Clock::now() - arrived).count());
  const bool dropped =
      LOADSTAR_MUTANT(kDropOnBackpressure) && services_.budget.used() >= services_.budget.limit();
  if (encoded.value().batch.rows == 0 || dropped) {
    // Nothing to load, for example old images only: final at once.
    const auto entry = window_.commit(batch.sequence);
    if (entry) release(*entry);
  } else {
    table.queue->submit(
        {number(), batch.sequence, std::move(encoded.value().batch), arrived, held});
  }
  changed_.notify();
  co_return true;
}

std::optional<Refusal> Writer::number_batch(ingest::Batch& batch, bool& duplicate) {
  auto mixed = slot_.check_numbering(batch.sequence);
  if (mixed) return mixed;
  if (batch.sequence == 0) {
    batch.sequence = window_.next_sequence();
    return std::nullopt;
  }
  if (batch.sequence <= window_.received()) {
    duplicate = true;
    return std::nullopt;
  }
  if (batch.sequence == window_.next_sequence()) return std::nullopt;
  Refusal refusal =
      refuse(Reason::kSequenceGap, fmt::format("batch {} came, {} is next; go on from there",
                                               batch.sequence, window_.next_sequence()));
  refusal.metadata["expectedSequence"] = std::to_string(window_.next_sequence());
  return refusal;
}

asio::awaitable<void> Writer::wait_for_room(std::uint64_t stream) {
  const auto began = Clock::now();
  while (reads(stream) && !services_.budget.may_read(account_) &&
         !LOADSTAR_MUTANT(kReadsOnWithoutRoom)) {
    if (services_.budget.over_share(*account_)) {
      stall_reason_ = "the writer holds its share of the memory budget";
      flush(window_.received(), FlushTrigger::kMemory);
    } else {
      stall_reason_ = "the memory budget is used up";
      services_.tables.relieve_memory(services_.budget.limit());
    }
    const Deadline again = Clock::now() + kRoomCheck;
    co_await room_->wait_until(again);
  }
  stall_reason_.clear();
  services_.budget.forget(account_);
  services_.metrics.backpressure_seconds.Increment(
      std::chrono::duration<double>(Clock::now() - began).count());
}

void Writer::half_close(std::uint64_t stream) {
  if (!slot_.is_current(stream) || slot_.ended() || stopping_) return;
  slot_.set_half_closed();
  if (ending_ == Ending::kNo) ending_ = Ending::kGraceful;
  flush(window_.received(), FlushTrigger::kClient);
  finish_ending();
}

void Writer::disconnect(std::uint64_t stream) {
  if (!slot_.detach(stream)) return;
  left_alone();
  room_->notify();
}

Refusal Writer::end_stream(Refusal refusal) {
  if (slot_.end(refusal)) {
    note_error(refusal);
    left_alone();
  }
  return refusal;
}

void Writer::left_alone() {
  if (ending_ != Ending::kNo || gone_ || stopping_) return;
  if (id().empty()) {
    // Nobody can come back to an anonymous writer; what was received is still loaded.
    ending_ = Ending::kGraceful;
    flush(window_.received(), FlushTrigger::kClient);
    finish_ending();
    return;
  }
  tasks_.spawn(outlive_stream(slot_.number()), shared_from_this());
}

asio::awaitable<void> Writer::outlive_stream(std::uint64_t stream) {
  co_await asio::this_coro::throw_if_cancelled(false);
  const Deadline end = Clock::now() + services_.limits.session_grace;
  while (Clock::now() < end) {
    if (!slot_.is_current(stream) || ending_ != Ending::kNo || stopping_) co_return;
    co_await changed_.wait_until(end);
  }
  if (!slot_.is_current(stream) || ending_ != Ending::kNo || stopping_) co_return;
  services_.logger.info("session grace is over, what was received is loaded",
                        {{"batches", std::to_string(pending_batches())}});
  ending_ = Ending::kGraceful;
  flush(window_.received(), FlushTrigger::kClient);
  finish_ending();
}

asio::awaitable<StreamEvent> Writer::next_event(std::uint64_t stream) {
  co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  auto current = [this] { return ack(); };
  auto refusal = [this, stream] { return over(stream); };
  auto event = co_await slot_.next_event(stream, std::move(current), std::move(refusal));
  co_return event;
}

// --- outcomes ------------------------------------------------------------------------------------

void Writer::on_outcomes(std::vector<BatchOutcome> outcomes) {
  if (gone_) return;
  const auto now = Clock::now();
  for (BatchOutcome& outcome : outcomes) {
    filtered_rows_ += outcome.filtered_rows;
    std::optional<BatchWindow::Entry> entry;
    if (outcome.committed) {
      entry = window_.commit(outcome.sequence);
      if (entry) {
        services_.metrics.ack_committed.Observe(
            std::chrono::duration<double>(now - entry->received_at).count());
      }
      if (outcome.refusal && !mismatch_) mismatch_ = std::move(outcome.refusal);
    } else {
      entry = window_.reject(outcome.sequence, std::move(*outcome.refusal));
    }
    if (entry) release(*entry);
  }
  const bool refused = mismatch_.has_value() || !window_.rejected().empty();
  if (refused && ending_ != Ending::kRejected) {
    // The client learns the fate of all it sent: the rest is loaded before the stream ends.
    const bool first = ending_ == Ending::kNo;
    ending_ = Ending::kRejected;
    note_error(rejection());
    flush(window_.received(), FlushTrigger::kClient);
    if (first && !window_.settled()) tasks_.spawn(limit_rejection_wait(), shared_from_this());
  }
  finish_ending();
  changed_.notify();
  room_->notify();
}

asio::awaitable<void> Writer::limit_rejection_wait() {
  co_await asio::this_coro::throw_if_cancelled(false);
  const Deadline end = Clock::now() + kRejectionWait;
  while (Clock::now() < end && !slot_.ended() && !stopping_) co_await changed_.wait_until(end);
  if (slot_.ended() || stopping_) co_return;
  slot_.end(rejection());
}

void Writer::finish_ending() {
  if (ending_ == Ending::kNo || !window_.settled() || gone_) return;
  if (mismatch_ || !window_.rejected().empty()) {
    slot_.end(rejection());
  } else if (ending_ == Ending::kDraining) {
    slot_.end(draining_refusal());
  } else {
    slot_.end(std::nullopt);
  }
  become_gone();
}

void Writer::become_gone() {
  gone_ = true;
  services_.budget.forget(account_);
  changed_.notify();
  room_->notify();
  // The registry lets go of the writer now; who called us still holds it.
  const auto tell = std::exchange(on_gone_, nullptr);
  tell();
}

Refusal Writer::rejection() const {
  if (window_.rejected().empty()) {
    if (mismatch_) return *mismatch_;
    return draining_refusal();
  }
  Refusal refusal = window_.rejected().front().refusal;
  // Batches that were refused for another reason are not named: a client gives up those with bad
  // rows, and must send again those that StarRocks had no time for.
  const auto sequences = window_.rejected_for(refusal.reason);
  std::uint64_t first = window_.rejected().front().sequence;
  std::uint64_t last = first;
  for (const auto sequence : sequences) {
    if (sequence == last + 1) last = sequence;
  }
  for (auto sequence = sequences.rbegin(); sequence != sequences.rend(); ++sequence) {
    if (*sequence + 1 == first) first = *sequence;
  }
  const std::string ranges = ranges_text(sequences, kMaxRangesText);
  refusal.metadata["firstSequence"] = std::to_string(first);
  refusal.metadata["lastSequence"] = std::to_string(last);
  refusal.metadata["rejectedSequences"] = ranges;
  // Only if all is final and named: every other batch up to here is committed.
  const bool all_named = sequences.size() == window_.rejected().size() && !ranges.ends_with("...");
  if (window_.settled() && all_named) {
    refusal.metadata["receivedSequence"] = std::to_string(window_.received());
  }
  refusal.message = fmt::format("batch {}: {}", first, refusal.message);
  return refusal;
}

void Writer::flush(std::uint64_t sequence, FlushTrigger trigger) {
  for (const auto& [name, table] : encoder_.tables()) {
    if (table.queue) table.queue->flush_writer(number(), sequence, trigger);
  }
}

void Writer::release(const BatchWindow::Entry& entry) {
  if (entry.table != nullptr) {
    entry.table->buffer_bytes.Decrement(static_cast<double>(entry.bytes));
    entry.table->buffer_rows.Decrement(static_cast<double>(entry.rows));
  }
  release_bytes(entry.bytes);
}

void Writer::release_bytes(std::uint64_t bytes) {
  services_.budget.release(*account_, bytes);
  services_.metrics.memory_reserved.Set(static_cast<double>(services_.budget.used()));
}

// --- control -------------------------------------------------------------------------------------

asio::awaitable<Answer<Done>> Writer::checkpoint(std::uint64_t last_sequence, Deadline deadline) {
  co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  bool flushed = false;
  while (window_.committed() < last_sequence) {
    for (const auto& batch : window_.rejected()) {
      if (batch.sequence <= last_sequence) co_return rejection();
    }
    if (stopping_ || ending_ == Ending::kDraining) co_return draining_refusal();
    if (window_.received() < last_sequence && ending_ != Ending::kNo) {
      Refusal refusal =
          refuse(Reason::kBadRequest,
                 fmt::format("the writer has ended with batch {}", window_.received()));
      refusal.violations.push_back(
          {"last_sequence",
           fmt::format("is {}; at most {} can be reached", last_sequence, window_.received())});
      co_return refusal;
    }
    if (gone_) co_return refuse(Reason::kWriterNotOpen, "the writer has ended");
    if (Clock::now() >= deadline) {
      const bool here = window_.received() >= last_sequence;
      co_return refuse_for_now(
          Reason::kStarrocksUnavailable,
          fmt::format("batch {} {} (received {}, committed {}); {}call again", last_sequence,
                      here ? "is not committed yet" : "has not come", window_.received(),
                      window_.committed(), here ? "the load goes on, " : "send it, and "));
    }
    if (!flushed && window_.received() >= last_sequence) {
      flushed = true;
      flush(last_sequence, FlushTrigger::kClient);
    }
    co_await changed_.wait_until(deadline);
  }
  co_return Done{};
}

void Writer::drain(std::chrono::milliseconds grace) {
  if (gone_ || stopping_) return;
  slot_.tell_draining(grace);
  if (ending_ == Ending::kNo) ending_ = Ending::kDraining;
  tasks_.spawn(end_stream_after(grace), shared_from_this());
  flush(window_.received(), FlushTrigger::kDrain);
  finish_ending();
  changed_.notify();
  room_->notify();
}

/// What is not final by then never will be: the client is told so while there is a server to tell
/// it, and sends those batches again elsewhere.
asio::awaitable<void> Writer::end_stream_after(std::chrono::milliseconds grace) {
  co_await asio::this_coro::throw_if_cancelled(false);
  const Deadline over = Clock::now() + grace;
  while (Clock::now() < over && !gone_ && !stopping_) co_await changed_.wait_until(over);
  slot_.end(rejection());
}

asio::awaitable<void> Writer::wait_gone(Deadline deadline) {
  co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  while (!gone_ && !stopping_ && Clock::now() < deadline) co_await changed_.wait_until(deadline);
}

asio::awaitable<void> Writer::stop() {
  stopping_ = true;
  slot_.end(draining_refusal());
  changed_.notify();
  room_->notify();
  tasks_.cancel();
  co_await tasks_.join();
}

Ack Writer::ack() const {
  const std::uint64_t committed =
      LOADSTAR_MUTANT(kAckAtReceive) ? window_.received() : window_.committed();
  return {window_.received(), committed, filtered_rows_};
}

void Writer::note_error(const Refusal& refusal) {
  last_error_ = refusal.message;
  last_error_time_ = wall_now();
}

WriterReport Writer::report() const {
  WriterReport report;
  report.writer_id = id();
  report.database = database();
  report.connected = slot_.attached() && !slot_.ended();
  report.client_name = client_name_;
  report.ack = ack();
  report.buffered_bytes = services_.budget.held(*account_);
  report.stall_reason = encoder_.stall_reason().empty() ? stall_reason_ : encoder_.stall_reason();
  report.last_error = last_error_;
  report.last_error_time = last_error_time_;
  return report;
}

}  // namespace loadstar::txn
