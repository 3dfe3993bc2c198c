#include "server/stream_call.hpp"

#include "core/base/assert.hpp"
#include "core/base/deadline.hpp"
#include "server/byte_buffer.hpp"

#include <boost/asio/async_result.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <exception>
#include <utility>

namespace loadstar::server {
namespace {

/// How long a half-close is doubted before it is believed.
constexpr std::chrono::milliseconds kHalfCloseDoubt{50};

/// Resumes a coroutine on `executor`, where it runs. Never in place: gRPC's threads have other
/// things to do.
void resume(const asio::any_io_executor& executor, asio::any_completion_handler<void(bool)> handler,
            bool result) {
  auto call = [handler = std::move(handler), result]() mutable { std::move(handler)(result); };
  asio::post(executor, std::move(call));
}

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

StreamCall::StreamCall(const asio::any_io_executor& executor, grpc::CallbackServerContext& context,
                       ReadAhead& read_ahead, Logger logger, Body body)
    : strand_(asio::make_strand(executor)),
      context_(context),
      read_ahead_(read_ahead),
      logger_(std::move(logger)),
      body_(std::move(body)) {
  auto start = [this]() -> asio::awaitable<void> { return body_(*this); };
  auto on_exit = [this](const std::exception_ptr& failure) { body_ended(failure); };
  asio::co_spawn(strand_, std::move(start), std::move(on_exit));
}

StreamCall::~StreamCall() {
  for (const SliceList& message : taken_) read_ahead_.remove(message.size());
  for (const SliceList& message : inbox_) read_ahead_.remove(message.size());
}

asio::awaitable<ReadEnd> StreamCall::read(SliceList& into) {
  if (finished_) co_return ReadEnd::kCancelled;
  if (taken_.empty()) {
    waiting_since_ = Clock::now();
    auto here = co_await asio::this_coro::executor;
    const bool come = co_await more(here);
    waiting_since_.reset();
    if (come) take_inbox();
  }
  if (finished_) co_return ReadEnd::kCancelled;
  if (!taken_.empty()) {
    into = std::move(taken_.front());
    taken_.pop_front();
    read_ahead_.remove(into.size());
    co_return ReadEnd::kNone;
  }
  if (cancelled()) co_return ReadEnd::kCancelled;
  // Even the second look of OnReadDone() can come before gRPC has told that the call is over;
  // OnCancel comes soon then. Taking a broken call for a half-close would end the writer.
  co_await sleep_for(kHalfCloseDoubt);
  const bool gone = cancelled() || finished_;
  co_return gone ? ReadEnd::kCancelled : ReadEnd::kHalfClosed;
}

/// Waits for what is read, always over the executor's queue: the sender, who shares the strand, has
/// its turn between what is read ahead and what is read ahead after that. False at the end.
asio::awaitable<bool> StreamCall::more(const asio::any_io_executor& here) {
  auto initiate = [this, here](auto handler) {
    LOADSTAR_ASSERT(!reader_.has_value(), "one read at a time");
    bool start = false;
    {
      const std::lock_guard lock(mutex_);
      if (!inbox_.empty() || ended_) {
        resume(here, std::move(handler), !inbox_.empty());
        return;
      }
      reader_.emplace(here, std::move(handler));
      start = !std::exchange(reading_, true);
    }
    if (start) StartRead(&incoming_);
  };
  return asio::async_initiate<const asio::use_awaitable_t<>, void(bool)>(std::move(initiate),
                                                                         asio::use_awaitable);
}

/// What was read becomes the body's, and makes room for more.
void StreamCall::take_inbox() {
  bool start = false;
  {
    const std::lock_guard lock(mutex_);
    taken_.swap(inbox_);
    inbox_bytes_ = 0;
    // After finish() gRPC may be done with the call: nothing of it is touched any more.
    if (!finished_ && !ended_) start = !std::exchange(reading_, true);
  }
  if (start) StartRead(&incoming_);
}

asio::awaitable<bool> StreamCall::write(grpc::ByteBuffer message) {
  if (finished_) co_return false;
  auto here = co_await asio::this_coro::executor;
  outgoing_.Swap(&message);
  const bool sent = co_await send(here);
  co_return sent;
}

/// Sends what is in `outgoing_`.
asio::awaitable<bool> StreamCall::send(const asio::any_io_executor& here) {
  auto initiate = [this, here](auto handler) {
    {
      const std::lock_guard lock(mutex_);
      LOADSTAR_ASSERT(!writer_.has_value(), "one write at a time");
      writer_.emplace(here, std::move(handler));
    }
    StartWrite(&outgoing_);
  };
  return asio::async_initiate<const asio::use_awaitable_t<>, void(bool)>(std::move(initiate),
                                                                         asio::use_awaitable);
}

void StreamCall::finish(const grpc::Status& status) {
  if (finished_) return;
  bool unread = false;
  {
    const std::lock_guard lock(mutex_);
    unread = writer_.has_value();
  }
  if (unread) {
    // The client takes nothing in, so it would not read the status either. The write fails, and the
    // call ends as one that the client has cancelled.
    context_.TryCancel();
    return;
  }
  finished_ = true;
  Finish(status);
}

void StreamCall::on_cancel(const std::function<void()>& reaction) {
  bool now = false;
  {
    const std::lock_guard lock(mutex_);
    on_cancel_ = reaction;
    now = cancelled_;
  }
  if (now && reaction) reaction();
}

bool StreamCall::cancelled() const {
  const std::lock_guard lock(mutex_);
  return cancelled_;
}

// Reactions run on gRPC's threads and must not block. None of them touches this object after
// OnDone, the last one.

void StreamCall::OnReadDone(bool ok) {
  // Where gRPC itself ends the call (a message above the limit), the context learns of it right
  // after the failed read. A second read fails after that; whatever the first one meant, it brings
  // nothing.
  if (!ok && !asked_again_ && !context_.IsCancelled()) {
    asked_again_ = true;
    StartRead(&incoming_);
    return;
  }
  if (asked_again_ || !ok) {
    // The context knows about a cancelled call by now, and lives until OnDone.
    messages_end(context_.IsCancelled());
    return;
  }
  SliceList message = take_slices(incoming_);
  std::optional<Waiter> reader;
  bool again = false;
  {
    const std::lock_guard lock(mutex_);
    inbox_bytes_ += message.size();
    read_ahead_.add(message.size());
    inbox_.push_back(std::move(message));
    reader.swap(reader_);
    again = read_ahead_.allows(inbox_bytes_);
    reading_ = again;
  }
  if (again) StartRead(&incoming_);
  if (reader) resume(reader->executor, std::move(reader->handler), true);
}

void StreamCall::messages_end(bool by_cancel) {
  if (by_cancel) mark_cancelled();
  std::optional<Waiter> reader;
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    reader.swap(reader_);
  }
  if (reader) resume(reader->executor, std::move(reader->handler), false);
}

void StreamCall::OnWriteDone(bool ok) {
  outgoing_.Clear();
  std::optional<Waiter> writer;
  {
    const std::lock_guard lock(mutex_);
    writer.swap(writer_);
  }
  resume(writer->executor, std::move(writer->handler), ok);
}

void StreamCall::OnCancel() { mark_cancelled(); }

void StreamCall::OnDone() { release(); }

void StreamCall::mark_cancelled() {
  std::function<void()> reaction;
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(cancelled_, true)) return;
    reaction = on_cancel_;
  }
  if (reaction) reaction();
}

void StreamCall::body_ended(const std::exception_ptr& failure) {
  if (failure) {
    logger_.error("a Write call ended by an exception", {{"error", describe(failure)}});
  }
  finish(grpc::Status(grpc::StatusCode::INTERNAL, "internal error"));
  on_cancel(nullptr);
  release();
}

void StreamCall::release() {
  if (holders_.fetch_sub(1) == 1) delete this;
}

}  // namespace loadstar::server
