#include "server/stream_call.hpp"

#include "core/base/assert.hpp"

#include <boost/asio/async_result.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <exception>
#include <utility>

namespace loadstar::server {
namespace {

/// How long a half-close is doubted before it is believed.
constexpr std::chrono::milliseconds kHalfCloseDoubt{50};

std::string describe(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const std::exception& error) {
    return error.what();
  } catch (...) {
    return "unknown exception";
  }
}

}  // namespace

StreamCall::StreamCall(asio::any_io_executor executor, grpc::CallbackServerContext& context,
                       Logger logger, Body body)
    : strand_(asio::make_strand(std::move(executor))),
      context_(context),
      logger_(std::move(logger)),
      body_(std::move(body)) {
  auto start = [this]() -> asio::awaitable<void> { return body_(*this); };
  auto on_exit = [this](const std::exception_ptr& failure) { body_ended(failure); };
  asio::co_spawn(strand_, std::move(start), std::move(on_exit));
}

asio::awaitable<ReadEnd> StreamCall::read(grpc::ByteBuffer& into) {
  LOADSTAR_ASSERT(!reader_.has_value(), "one read at a time");
  auto initiate = [this, &into](auto handler) {
    if (finished_) {
      // gRPC may be done with the call already: nothing of it is touched any more.
      auto refuse = [handler = std::move(handler)]() mutable {
        std::move(handler)(ReadEnd::kCancelled);
      };
      asio::post(strand_, std::move(refuse));
      return;
    }
    reader_.emplace(std::move(handler));
    StartRead(&into);
  };
  return asio::async_initiate<const asio::use_awaitable_t<>, void(ReadEnd)>(std::move(initiate),
                                                                            asio::use_awaitable);
}

asio::awaitable<bool> StreamCall::write(grpc::ByteBuffer message) {
  LOADSTAR_ASSERT(!writer_.has_value(), "one write at a time");
  // Not a coroutine: runs when called, so the message is in place before the await.
  outgoing_ = std::move(message);
  auto initiate = [this](auto handler) {
    if (finished_) {
      auto refuse = [handler = std::move(handler)]() mutable { std::move(handler)(false); };
      asio::post(strand_, std::move(refuse));
      return;
    }
    writer_.emplace(std::move(handler));
    StartWrite(&outgoing_);
  };
  return asio::async_initiate<const asio::use_awaitable_t<>, void(bool)>(std::move(initiate),
                                                                         asio::use_awaitable);
}

void StreamCall::finish(const grpc::Status& status) {
  if (finished_) return;
  if (writer_.has_value()) {
    // The client takes nothing in, so it would not read the status either. The write fails, and the
    // call ends as one that the client has cancelled.
    context_.TryCancel();
    return;
  }
  finished_ = true;
  Finish(status);
}

void StreamCall::on_cancel(std::function<void()> reaction) {
  on_cancel_ = std::move(reaction);
  if (cancelled_ && on_cancel_) on_cancel_();
}

// Reactions run on gRPC's threads and must not block: they only hop to the strand. The hops are in
// order, so the one of OnDone is the last to touch this object.

void StreamCall::OnReadDone(bool ok) {
  // Where gRPC itself ends the call (a message above the limit), the context learns of it right
  // after the failed read. A second read fails after that; whatever the first one meant, it brings
  // nothing.
  if (!ok && !asked_again_ && !context_.IsCancelled()) {
    asked_again_ = true;
    StartRead(&nothing_);
    return;
  }
  // The context knows about a cancelled call by now, and lives until OnDone.
  const ReadEnd end = ok                       ? ReadEnd::kNone
                      : context_.IsCancelled() ? ReadEnd::kCancelled
                                               : ReadEnd::kHalfClosed;
  auto resume = [this, end] {
    if (end == ReadEnd::kHalfClosed) return doubt_half_close();
    if (end == ReadEnd::kCancelled) mark_cancelled();
    resume_reader(end);
  };
  asio::post(strand_, std::move(resume));
}

/// Even the second look can come before gRPC has told that the call is over; OnCancel comes soon
/// then. Taking a broken call for a half-close would end the writer.
void StreamCall::doubt_half_close() {
  doubt_.emplace(strand_, Clock::now() + kHalfCloseDoubt);
  auto decide = [this](const boost::system::error_code&) {
    resume_reader(cancelled_ || finished_ ? ReadEnd::kCancelled : ReadEnd::kHalfClosed);
  };
  doubt_->async_wait(std::move(decide));
}

void StreamCall::resume_reader(ReadEnd end) {
  auto handler = std::move(*reader_);
  reader_.reset();
  std::move(handler)(end);
}

void StreamCall::OnWriteDone(bool ok) {
  auto resume = [this, ok] {
    auto handler = std::move(*writer_);
    writer_.reset();
    outgoing_.Clear();
    std::move(handler)(ok);
  };
  asio::post(strand_, std::move(resume));
}

void StreamCall::OnCancel() {
  auto mark = [this] { mark_cancelled(); };
  asio::post(strand_, std::move(mark));
}

void StreamCall::OnDone() {
  auto drop = [this] { release(); };
  asio::post(strand_, std::move(drop));
}

void StreamCall::mark_cancelled() {
  if (cancelled_) return;
  cancelled_ = true;
  if (on_cancel_) on_cancel_();
}

void StreamCall::body_ended(const std::exception_ptr& failure) {
  if (failure) {
    logger_.error("a Write call ended by an exception", {{"error", describe(failure)}});
  }
  finish(grpc::Status(grpc::StatusCode::INTERNAL, "internal error"));
  on_cancel_ = nullptr;
  release();
}

void StreamCall::release() {
  if (--holders_ == 0) delete this;
}

}  // namespace loadstar::server
