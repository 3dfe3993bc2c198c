#pragma once

#include "core/base/clock.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <utility>
#include <variant>

namespace loadstar {

namespace asio = boost::asio;

/// Why before() has no result of the operation.
enum class Expiry { kDeadline, kCancelled };

/// Runs `op` until it ends or the deadline passes; the loser is cancelled and awaited.
///
/// `op` must report expected failures as values: an exception would stay hidden until the deadline.
/// A connection whose exchange lost against a deadline is closed, never used again, because what
/// the peer still sends belongs to nobody. Source: style-anchors.md 2.7.3.
template <class T>
asio::awaitable<std::variant<T, Expiry>> before(Deadline deadline, asio::awaitable<T> op) {
  using namespace asio::experimental::awaitable_operators;  // NOLINT(google-build-using-namespace)
  auto executor = co_await asio::this_coro::executor;
  Timer timer(executor, deadline);
  auto winner = co_await (std::move(op) || timer.async_wait(asio::as_tuple(asio::use_awaitable)));
  if (winner.index() == 0) co_return std::get<0>(std::move(winner));
  const auto state = co_await asio::this_coro::cancellation_state;
  const bool cancelled = state.cancelled() != asio::cancellation_type::none;
  co_return cancelled ? Expiry::kCancelled : Expiry::kDeadline;
}

/// Waits until `deadline`. False if the wait was cancelled.
inline asio::awaitable<bool> sleep_until(Deadline deadline) {
  auto executor = co_await asio::this_coro::executor;
  Timer timer(executor, deadline);
  auto [ec] = co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
  co_return !ec;
}

/// Waits for `length`. False if the wait was cancelled.
inline asio::awaitable<bool> sleep_for(Clock::duration length) {
  return sleep_until(Clock::now() + length);
}

}  // namespace loadstar
