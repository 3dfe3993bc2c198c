#pragma once

#include "core/base/clock.hpp"
#include "core/base/log.hpp"
#include "core/base/slice.hpp"
#include "server/read_ahead.hpp"

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <atomic>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <utility>

namespace loadstar::server {

namespace asio = boost::asio;

/// Why a read brought no message.
enum class ReadEnd : std::uint8_t {
  kNone,        ///< it did bring one
  kHalfClosed,  ///< the client has closed its side, and nothing else
  kCancelled,   ///< the call is gone: cancelled, broken, or already finished by us
};

/// A bidirectional call of raw messages whose body is a coroutine (style-anchors.md 2.8).
///
/// Messages are read ahead as far as ReadAhead allows, which is counted until read() hands them
/// over.
///
/// The body starts on a strand of its own and may go on on another: read() and write() resume the
/// coroutine that awaits them where it runs. The methods for it are never called by two threads at
/// once. gRPC's threads only hand over. Made with `new` by the service method and owned by itself:
/// it is deleted once gRPC is done with the call and the body has ended, whichever is last.
class StreamCall final  // NOLINT(cppcoreguidelines-virtual-class-destructor): it deletes itself
    : public grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  using Body = std::function<asio::awaitable<void>(StreamCall&)>;

  /// Starts `body` on a new strand over `executor`. If it ends without finish(), or by an exception
  /// (our own mistake, logged), the client is told INTERNAL.
  /// `read_ahead` outlives the call.
  StreamCall(const asio::any_io_executor& executor, grpc::CallbackServerContext& context,
             ReadAhead& read_ahead, Logger logger, Body body);

  /// Moves the next message to `into`. One read at a time. Ends when the call does; is not
  /// cancelled otherwise. Whether an end is a half-close or a cancelled call, which look alike on
  /// the wire of the API, is asked of the call itself (architecture.md 7).
  asio::awaitable<ReadEnd> read(SliceList& into);

  /// Since when a read() has been waiting for a message; unset if none is.
  [[nodiscard]] std::optional<Clock::time_point> waiting_since() const { return waiting_since_; }

  /// Sends one message; false if the call is gone. One write at a time; waits while the client does
  /// not read.
  asio::awaitable<bool> write(grpc::ByteBuffer message);

  /// Ends the call with `status`; later calls do nothing. A read that is waiting ends with
  /// kCancelled. While a write is waiting, the client takes nothing in: the call is cancelled, and
  /// the body ends as it does for a client that went away.
  void finish(const grpc::Status& status);

  /// `reaction` runs, on any thread and without blocking it, when the call is cancelled or breaks;
  /// at once if it has already. Dropped when the body ends.
  void on_cancel(const std::function<void()>& reaction);

  [[nodiscard]] bool cancelled() const;

 private:
  /// A coroutine that waits for gRPC, and where it runs.
  struct Waiter {
    Waiter(asio::any_io_executor where, asio::any_completion_handler<void(bool)> what)
        : executor(std::move(where)), handler(std::move(what)) {}
    asio::any_io_executor executor;
    asio::any_completion_handler<void(bool)> handler;
  };

  ~StreamCall() override;

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

  asio::awaitable<bool> more(const asio::any_io_executor& here);
  void take_inbox();
  asio::awaitable<bool> send(const asio::any_io_executor& here);
  void messages_end(bool by_cancel);
  void mark_cancelled();
  void body_ended(const std::exception_ptr& failure);
  void release();

  asio::any_io_executor strand_;
  grpc::CallbackServerContext& context_;
  ReadAhead& read_ahead_;
  Logger logger_;
  Body body_;

  // Of the body.
  std::deque<SliceList> taken_;  // read ahead, not yet asked for
  std::optional<Clock::time_point> waiting_since_;
  grpc::ByteBuffer outgoing_;
  bool finished_ = false;

  // Of gRPC's reads, which do not overlap.
  grpc::ByteBuffer incoming_;
  bool asked_again_ = false;  // after a read that failed

  mutable std::mutex mutex_;  // for what follows
  std::deque<SliceList> inbox_;
  std::size_t inbox_bytes_ = 0;
  bool reading_ = false;  // gRPC has been asked for a message
  bool ended_ = false;    // no message comes any more
  std::optional<Waiter> reader_;
  std::optional<Waiter> writer_;
  std::function<void()> on_cancel_;
  bool cancelled_ = false;

  std::atomic<int> holders_{2};  // gRPC and the body
};

}  // namespace loadstar::server
