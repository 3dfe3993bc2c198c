#pragma once

#include "core/base/clock.hpp"
#include "core/base/reason.hpp"
#include "core/base/signal.hpp"
#include "core/options.hpp"
#include "core/txn/api.hpp"

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>

namespace loadstar::txn {

namespace asio = boost::asio;

/// The one stream that is, or was last, attached to a writer: whether its call is there, how it
/// numbers its batches, how it ended, and what of the writer's progress it was told
/// (ingest-api.md 3.1). What happens to the writer without a stream is the writer's to decide.
///
/// Confined to the writer's strand.
class StreamSlot {
 public:
  /// `changed` is the writer's signal: this notifies it, and next_event() waits for it.
  StreamSlot(Signal& changed, const IngestLimits& limits) : changed_(changed), limits_(limits) {}

  /// A new stream takes the slot; one that was there finds itself replaced. `ack` is what the
  /// client knows already from Opened. Returns the stream's number.
  std::uint64_t attach(const Ack& ack);

  /// Number of the current stream; 0 before the first.
  [[nodiscard]] std::uint64_t number() const { return stream_.number; }
  /// The call of the current stream is there.
  [[nodiscard]] bool attached() const { return stream_.attached; }
  /// A refusal or a graceful end of the current stream is to be told, or was.
  [[nodiscard]] bool ended() const { return stream_.ended; }
  [[nodiscard]] bool half_closed() const { return stream_.half_closed; }
  [[nodiscard]] bool is_current(std::uint64_t stream) const { return stream == stream_.number; }
  /// Current, attached and not ended: its messages are taken.
  [[nodiscard]] bool open(std::uint64_t stream) const {
    return is_current(stream) && stream_.attached && !stream_.ended;
  }
  /// Why the current stream ended; unset while it has not, and after a graceful end.
  [[nodiscard]] const std::optional<Refusal>& refusal() const { return stream_.refusal; }

  /// The call of `stream` is gone. True if it was current and there until now.
  bool detach(std::uint64_t stream);

  void set_half_closed() { stream_.half_closed = true; }

  /// Ends the current stream, gracefully or with a refusal. The first end wins: true if this is it.
  bool end(std::optional<Refusal> refusal);

  /// Draining is told once, if the stream is there to hear it.
  void tell_draining(std::chrono::milliseconds grace);

  /// A batch came again: the watermarks are told again although they did not move.
  void tell_again();

  /// A stream numbers all of its batches or none (0 is "not numbered"); BAD_REQUEST otherwise.
  [[nodiscard]] std::optional<Refusal> check_numbering(std::uint64_t sequence);

  /// WriteStream::next_event() of `stream`: acks are coalesced, Ended comes after the last of them.
  /// `ack`: the writer's watermarks now. `over`: what a stream that was replaced is told.
  asio::awaitable<StreamEvent> next_event(std::uint64_t stream, std::function<Ack()> ack,
                                          std::function<Refusal()> over);

 private:
  /// Whether there is progress that the client was not told of.
  [[nodiscard]] bool moved(const Ack& current) const;
  /// When next_event() has something to say if nothing else happens.
  [[nodiscard]] Deadline event_due(std::uint64_t stream, const Ack& current) const;

  struct Stream {
    std::uint64_t number = 0;
    bool attached = false;
    bool half_closed = false;
    bool ended = false;
    std::optional<Refusal> refusal;
    std::optional<bool> numbered;  ///< unset until the first batch
    std::optional<std::chrono::milliseconds> draining_untold;
    bool ack_again = false;
    Ack last_ack;
    Clock::time_point last_ack_at{};
  };

  Signal& changed_;
  const IngestLimits& limits_;
  Stream stream_;
};

}  // namespace loadstar::txn
