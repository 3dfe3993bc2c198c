#pragma once

#include "core/base/clock.hpp"
#include "core/base/log.hpp"

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/strand.hpp>
#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <functional>
#include <optional>

namespace loadstar::server {

namespace asio = boost::asio;

/// Why a read brought no message.
enum class ReadEnd : std::uint8_t {
  kNone,        ///< it did bring one
  kHalfClosed,  ///< the client has closed its side, and nothing else
  kCancelled,   ///< the call is gone: cancelled, broken, or already finished by us
};

/// A bidirectional call of raw messages whose body is a coroutine on a strand of its own
/// (style-anchors.md 2.8).
///
/// Confined to: its strand, on which the body runs. Made with `new` by the service method and owned
/// by itself: it is deleted once gRPC is done with the call and the body has ended, whichever is
/// last. gRPC's threads only hand over.
class StreamCall final : public grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  using Body = std::function<asio::awaitable<void>(StreamCall&)>;

  /// Starts `body` on a new strand over `executor`. If it ends without finish(), or by an exception
  /// (our own mistake, logged), the client is told INTERNAL.
  StreamCall(asio::any_io_executor executor, grpc::CallbackServerContext& context, Logger logger,
             Body body);

  /// Reads one message into `into`, which lives until then. One read at a time. Ends when the call
  /// does; is not cancelled otherwise. Whether an end is a half-close or a cancelled call, which
  /// look alike on the wire of the API, is asked of the call itself (architecture.md 7).
  asio::awaitable<ReadEnd> read(grpc::ByteBuffer& into);

  /// Sends one message; false if the call is gone. One write at a time; waits while the client does
  /// not read.
  asio::awaitable<bool> write(grpc::ByteBuffer message);

  /// Ends the call with `status`; later calls do nothing. A read that is waiting ends with
  /// kCancelled. While a write is waiting, the client takes nothing in: the call is cancelled, and
  /// the body ends as it does for a client that went away.
  void finish(const grpc::Status& status);

  /// `reaction` runs on the strand when the call is cancelled or breaks, at once if it has already;
  /// dropped when the body ends.
  void on_cancel(std::function<void()> reaction);

  [[nodiscard]] bool cancelled() const { return cancelled_; }
  [[nodiscard]] asio::any_io_executor strand() const { return strand_; }

 private:
  template <class Result>
  using Waiter = std::optional<asio::any_completion_handler<void(Result)>>;

  ~StreamCall() override = default;

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

  void doubt_half_close();
  void resume_reader(ReadEnd end);
  void mark_cancelled();
  void body_ended(const std::exception_ptr& failure);
  void release();

  asio::strand<asio::any_io_executor> strand_;
  grpc::CallbackServerContext& context_;
  Logger logger_;
  Body body_;
  Waiter<ReadEnd> reader_;
  Waiter<bool> writer_;
  grpc::ByteBuffer outgoing_;
  grpc::ByteBuffer nothing_;
  bool asked_again_ = false;  // of OnReadDone, whose calls do not overlap
  std::optional<Timer> doubt_;
  std::function<void()> on_cancel_;
  bool cancelled_ = false;
  bool finished_ = false;
  int holders_ = 2;  // gRPC and the body
};

}  // namespace loadstar::server
