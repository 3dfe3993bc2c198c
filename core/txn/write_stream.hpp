#pragma once

#include "core/base/reason.hpp"
#include "core/base/slice.hpp"
#include "core/txn/api.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <memory>

namespace loadstar::txn {

namespace asio = boost::asio;

/// One Write call attached to its writer. Two coroutines of the call use it: the reader appends
/// messages, the sender takes events; both may run on any executor, and best on executor(). The
/// call owns it and says goodbye by half_close() or disconnect(); destroying it without either
/// counts as disconnect().
class WriteStream {
 public:
  WriteStream() = default;
  WriteStream(const WriteStream&) = delete;
  WriteStream& operator=(const WriteStream&) = delete;
  virtual ~WriteStream() = default;

  /// Answer to the Open.
  [[nodiscard]] virtual const Opened& opened() const = 0;

  /// The writer's strand: a coroutine that runs on it calls append() and next_event() without a
  /// hop to another thread and back, which for small messages costs more than all the rest. Those
  /// calls leave cancellation disabled in the coroutine.
  [[nodiscard]] virtual asio::any_io_executor executor() const = 0;

  /// Takes one message (a WriteRequest with a Batch) and returns when the next may be read: at
  /// once, or when the memory budget has room again (D6). A refusal means: read no more, the
  /// sender's Ended says why. Not cancelled half-way; ends early when the stream is over.
  virtual asio::awaitable<Answer<Done>> append(SliceList message) = 0;

  /// The client closed its side: everything received is flushed, the last Ack and Ended follow.
  virtual void half_close() = 0;

  /// The call is gone (broken, cancelled): the writer is kept for session_grace, or, if anonymous,
  /// flushed. next_event() then gives Ended.
  virtual void disconnect() = 0;

  /// Waits for the next event; acks are coalesced (ingest-api.md 3.1). One call at a time. After
  /// Ended it is not called again.
  virtual asio::awaitable<StreamEvent> next_event() = 0;
};

}  // namespace loadstar::txn
