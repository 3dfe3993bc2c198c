#include "core/txn/stream_slot.hpp"

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>
#include <fmt/format.h>

#include <utility>

namespace loadstar::txn {

std::uint64_t StreamSlot::attach(const Ack& ack) {
  Stream stream;
  stream.number = stream_.number + 1;
  stream.attached = true;
  stream.last_ack = ack;
  stream_ = std::move(stream);
  changed_.notify();
  return stream_.number;
}

bool StreamSlot::detach(std::uint64_t stream) {
  if (!is_current(stream) || !stream_.attached) return false;
  stream_.attached = false;
  changed_.notify();
  return true;
}

bool StreamSlot::end(std::optional<Refusal> refusal) {
  if (stream_.ended) return false;
  stream_.ended = true;
  stream_.refusal = std::move(refusal);
  changed_.notify();
  return true;
}

void StreamSlot::tell_draining(std::chrono::milliseconds grace) {
  if (stream_.attached && !stream_.ended) stream_.draining_untold = grace;
  changed_.notify();
}

void StreamSlot::tell_again() {
  stream_.ack_again = true;
  changed_.notify();
}

std::optional<Refusal> StreamSlot::check_numbering(std::uint64_t sequence) {
  const bool numbered = sequence != 0;
  if (!stream_.numbered) stream_.numbered = numbered;
  if (*stream_.numbered == numbered) return std::nullopt;
  Refusal refusal;
  refusal.reason = Reason::kBadRequest;
  refusal.message = "a stream numbers all of its batches or none";
  refusal.violations.push_back(
      {"batch.sequence", fmt::format("is {}; earlier batches of this stream were {}", sequence,
                                     numbered ? "not numbered" : "numbered")});
  return refusal;
}

bool StreamSlot::moved(const Ack& current) const {
  return current != stream_.last_ack || stream_.ack_again;
}

Deadline StreamSlot::event_due(std::uint64_t stream, const Ack& current) const {
  const bool over = !is_current(stream) || !stream_.attached || stream_.ended;
  if (over || stream_.draining_untold) return Clock::now();
  if (moved(current)) return stream_.last_ack_at + limits_.ack_min_interval;
  if (current.received_sequence > current.committed_sequence) {
    return stream_.last_ack_at + limits_.ack_interval;
  }
  return kNever;
}

asio::awaitable<StreamEvent> StreamSlot::next_event(std::uint64_t stream, std::function<Ack()> ack,
                                                    std::function<Refusal()> over) {
  co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  while (true) {
    if (!is_current(stream)) co_return Ended{over()};
    if (!stream_.attached && !stream_.ended) co_return Ended{};
    if (stream_.draining_untold) {
      const Draining draining{*std::exchange(stream_.draining_untold, std::nullopt)};
      co_return draining;
    }
    const Ack current = ack();
    if (stream_.ended && !moved(current)) co_return Ended{stream_.refusal};
    const Deadline due = event_due(stream, current);
    if (due <= Clock::now()) {
      stream_.last_ack = current;
      stream_.last_ack_at = Clock::now();
      stream_.ack_again = false;
      co_return current;
    }
    // Every batch moves the watermarks; an ack that waits for its time is not sooner due for it.
    auto sooner = [this, stream, &ack, due] { return event_due(stream, ack()) < due; };
    co_await changed_.wait_until(due, std::move(sooner));
  }
}

}  // namespace loadstar::txn
