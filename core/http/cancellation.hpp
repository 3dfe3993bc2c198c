#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/this_coro.hpp>

namespace loadstar::http {

/// Whether the coroutine that asks has been cancelled. Code that turns cancellation into a value
/// asks after each operation, and before it starts one that a cancellation of the past would not
/// end.
inline boost::asio::awaitable<bool> is_cancelled() {
  const auto state = co_await boost::asio::this_coro::cancellation_state;
  co_return state.cancelled() != boost::asio::cancellation_type::none;
}

}  // namespace loadstar::http
