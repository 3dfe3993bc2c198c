#pragma once

#include "core/base/clock.hpp"
#include "core/base/error.hpp"
#include "core/http/cancellation.hpp"
#include "core/http/exchange_end.hpp"
#include "core/http/message.hpp"
#include "core/http/reply_parser.hpp"
#include "core/http/request_body.hpp"
#include "core/http/request_head.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace loadstar::http {

namespace asio = boost::asio;

/// Limits of one exchange; see PoolOptions for what each means.
struct ExchangeLimits {
  ReplyLimits reply;
  std::chrono::milliseconds expect_continue_timeout{10'000};
  std::chrono::milliseconds send_stall_timeout{30'000};
};

/// Closes a stream, so that every operation pending on it ends now.
template <class Stream>
void hang_up(Stream& stream) {
  boost::system::error_code ignored;
  if constexpr (requires { stream.lowest_layer(); }) {
    stream.lowest_layer().close(ignored);
  } else {
    stream.close();
  }
}

/// One request and its reply on one stream, as three coroutines on the stream's strand: one writes,
/// one reads from the first moment (so that an early final reply is seen), one watches the clock
/// and the cancellation. Whoever knows the end first sets it; the stream is closed if another part
/// is still at work, which ends it whatever the stream knows about cancellation.
///
/// Owned by one run(); `stream` and `request` outlive it. Template on the stream, so that tests run
/// it over boost::beast::test::stream; only connection.cpp instantiates it for sockets.
/// Source: starrocks-load-protocol.md 2.4, 4.5; delivery-and-faults.md 3.2 E, F.
template <class Stream>
class Exchange {
 public:
  Exchange(Stream& stream, const Endpoint& endpoint, const Request& request, ExchangeLimits limits)
      : stream_(stream),
        head_(request_head(endpoint, request)),
        body_(request.body, request.framing, request.compression),
        bytes_written_(request.bytes_written.get()),
        parser_(limits.reply, request.method == "HEAD"),
        limits_(limits),
        // A receiver of `Content-Length: 0` has nothing to ask for, and may act on the head alone.
        waits_for_continue_(request.expect_continue && !body_.done()) {}
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  /// Runs the exchange to its end; call once. Errors and their certainty as Transport::send() says.
  /// Cancelling (terminal) closes the stream and gives kCancelled.
  asio::awaitable<ExchangeEnd> run(Deadline deadline) {
    using namespace asio::experimental::
        awaitable_operators;  // NOLINT(google-build-using-namespace)
    co_await asio::this_coro::throw_if_cancelled(false);
    auto executor = co_await asio::this_coro::executor;
    const bool too_late = co_await ended_by_cancel();
    if (too_late) co_return take_end();
    deadline_ = deadline;
    gate_.emplace(executor, kNever);
    watch_timer_.emplace(executor, kNever);
    co_await (write_side() && read_side() && watch());
    co_return take_end();
  }

 private:
  /// A peer that is near answers before the end of our last write has come round to us. So long may
  /// a write last after the reply and leave the connection usable; it changes nothing in the
  /// result.
  static constexpr std::chrono::milliseconds kWriteAfterReply{20};

  /// After a failed write the reply may already lie in our receive buffer: the receiver refused,
  /// answered and closed. It is read if it comes within this time.
  static constexpr std::chrono::seconds kReplyAfterFailedWrite{1};

  static auto token() { return asio::as_tuple(asio::use_awaitable); }

  asio::awaitable<void> write_side() {
    co_await asio::this_coro::throw_if_cancelled(false);
    note_progress();
    bool ok = co_await write_head();
    if (ok && waits_for_continue_) ok = co_await wait_for_continue();
    if (ok) co_await write_body();
    writing_ = false;
    if (reply_) end_with_reply();
    wake_watch();
  }

  /// False if the exchange is over or the stream is broken.
  asio::awaitable<bool> write_head() {
    while (head_sent_ < head_.size()) {
      const auto rest = asio::buffer(head_) + head_sent_;
      auto [ec, bytes] = co_await stream_.async_write_some(rest, token());
      head_sent_ += bytes;
      if (outcome_) co_return false;
      if (ec) {
        co_await write_failed(ec);
        co_return false;
      }
      note_progress();
    }
    co_return true;
  }

  asio::awaitable<bool> wait_for_continue() {
    continue_until_ = Clock::now() + limits_.expect_continue_timeout;
    wake_watch();
    while (!continued_ && !stop_sending_ && !outcome_) {
      auto [ec] = co_await gate_->async_wait(token());
      static_cast<void>(ec);  // woken by open_gate()
    }
    continue_until_ = kNever;
    note_progress();
    wake_watch();  // the stall limit may come before the one that the watch sleeps for
    co_return continued_ && !stop_sending_ && !outcome_;
  }

  asio::awaitable<void> write_body() {
    while (!body_.done() && !stop_sending_ && !outcome_) {
      auto [ec, bytes] = co_await stream_.async_write_some(body_.window(), token());
      body_sent_ += bytes;
      if (bytes_written_ != nullptr) *bytes_written_ += bytes;
      body_.consume(bytes);
      if (ec) {
        co_await write_failed(ec);
        co_return;
      }
      note_progress();
    }
  }

  asio::awaitable<void> read_side() {
    co_await asio::this_coro::throw_if_cancelled(false);
    std::array<char, 16384> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init)
    while (!outcome_ && !reply_) {
      auto [ec, bytes] = co_await stream_.async_read_some(asio::buffer(buffer), token());
      if (outcome_) break;
      auto progress = ec == asio::error::eof ? parser_.end_of_stream()
                                             : parser_.feed(std::string_view(buffer.data(), bytes));
      if (ec && ec != asio::error::eof) {
        const bool ended = co_await ended_by_cancel();
        if (!ended) finish(lost("reading: " + ec.message()));
      } else if (!progress) {
        finish(progress.error());
      } else {
        take(*progress);
      }
    }
  }

  void take(ReplyProgress progress) {
    switch (progress) {
      case ReplyProgress::kMore:
        return;
      case ReplyProgress::kContinue:
        continued_ = true;
        open_gate();
        return;
      case ReplyProgress::kHead:
        stop_sending_ = true;
        open_gate();
        return;
      case ReplyProgress::kComplete:
        keep_alive_ = parser_.keep_alive();
        reply_ = parser_.take();
        stop_sending_ = true;
        open_gate();
        write_ends_until_ = Clock::now() + kWriteAfterReply;
        if (!writing_) end_with_reply();
        wake_watch();
        return;
    }
  }

  asio::awaitable<void> watch() {
    co_await asio::this_coro::throw_if_cancelled(false);
    while (!outcome_) {
      watch_timer_->expires_at(next_limit());
      auto [ec] = co_await watch_timer_->async_wait(token());
      static_cast<void>(ec);  // expired, or a limit changed, or cancelled: look at all of them
      if (outcome_) break;
      const bool ended = co_await ended_by_cancel();
      if (!ended) check_limits(Clock::now());
    }
  }

  /// A cancellation reaches all three coroutines; the first that looks calls it by its name.
  asio::awaitable<bool> ended_by_cancel() {
    const bool cancelled = co_await is_cancelled();
    if (!cancelled) co_return false;
    if (reply_) end_with_reply();
    finish(Error{Errc::kCancelled, Certainty::kUnknown, "cancelled during the exchange"});
    co_return true;
  }

  [[nodiscard]] Deadline stall_limit() const {
    const bool waiting = continue_until_ != kNever;
    return writing_ && !waiting ? progress_at_ + limits_.send_stall_timeout : kNever;
  }

  [[nodiscard]] Deadline next_limit() const {
    return std::min({deadline_, continue_until_, stall_limit(), reply_until_, write_ends_until_});
  }

  void check_limits(Deadline now) {
    if (reply_) {
      if (now >= std::min(write_ends_until_, deadline_)) end_with_reply();
    } else if (now >= deadline_) {
      finish(late("no complete reply in time"));
    } else if (now >= continue_until_) {
      finish(late("no 100 Continue in time"));
    } else if (now >= stall_limit()) {
      finish(late("sending stalled"));
    } else if (now >= reply_until_) {
      finish(lost("sending: " + write_error_));
    }
  }

  /// Bytes moved: the stall limit starts anew. The watch need not wake for that, it will see.
  void note_progress() { progress_at_ = Clock::now(); }

  asio::awaitable<void> write_failed(boost::system::error_code ec) {
    const bool ended = co_await ended_by_cancel();
    if (ended) co_return;
    write_error_ = ec.message();
    reply_until_ = Clock::now() + kReplyAfterFailedWrite;
  }

  // Certainty is filled in by run().
  static Error lost(std::string detail) {
    return Error{Errc::kConnectionLost, Certainty::kUnknown, std::move(detail)};
  }
  static Error late(std::string detail) {
    return Error{Errc::kDeadlineExceeded, Certainty::kUnknown, std::move(detail)};
  }

  void open_gate() {
    if (gate_) gate_->cancel();
  }
  void wake_watch() {
    if (watch_timer_) watch_timer_->cancel();
  }

  /// What the reply says stands, whatever became of the rest of the request; whether the connection
  /// can be used again depends on it.
  void end_with_reply() {
    if (outcome_) return;
    reusable_ = !writing_ && write_error_.empty() && body_.done() && keep_alive_;
    finish(std::move(*reply_));
  }

  /// Sets the end, once, and stops whatever still runs.
  void finish(Result<Response> outcome) {
    if (outcome_) return;
    outcome_ = std::move(outcome);
    if (!reusable_) hang_up(stream_);
    open_gate();
    wake_watch();
  }

  /// Only now, with no write pending any more, is it known what was written.
  ExchangeEnd take_end() {
    if (outcome_->has_error()) {
      Error error = outcome_->error();
      error.certainty = certainty();
      outcome_ = Result<Response>(std::move(error));
    } else {
      (*outcome_)->body_started = body_sent_ > 0;
    }
    return ExchangeEnd{std::move(*outcome_), reusable_, parser_.started()};
  }

  [[nodiscard]] Certainty certainty() const {
    const bool proved = waits_for_continue_ ? body_sent_ == 0 : head_sent_ == 0;
    return proved ? Certainty::kNotApplied : Certainty::kUnknown;
  }

  Stream& stream_;
  const std::string head_;
  RequestBody body_;
  std::atomic<std::uint64_t>* const bytes_written_;
  ReplyParser parser_;
  const ExchangeLimits limits_;
  const bool waits_for_continue_;

  Deadline deadline_ = kNever;
  Deadline continue_until_ = kNever;
  Deadline reply_until_ = kNever;
  Deadline write_ends_until_ = kNever;
  Deadline progress_at_{};
  std::optional<Timer> gate_;         // condition variable of the writer
  std::optional<Timer> watch_timer_;  // its expiry, or cancelled when a limit changed

  std::size_t head_sent_ = 0;
  std::uint64_t body_sent_ = 0;
  bool continued_ = false;
  bool stop_sending_ = false;  // a final reply has begun
  bool writing_ = true;
  bool keep_alive_ = false;  // of reply_
  bool reusable_ = false;
  std::string write_error_;
  std::optional<Response> reply_;  // complete, while a write is still under way
  std::optional<Result<Response>> outcome_;
};

}  // namespace loadstar::http
