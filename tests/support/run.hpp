#pragma once

#include "core/base/assert.hpp"
#include "core/base/clock.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <exception>
#include <optional>
#include <utility>

namespace loadstar::test {

/// Runs everything that is ready now, and asserts that it comes to rest.
void run_until_idle(boost::asio::io_context& io);

/// Moves the fake clock by `length` in steps of `step`, running what becomes ready after each.
void pass_time(boost::asio::io_context& io, Clock::duration length,
               Clock::duration step = std::chrono::milliseconds(100));

/// Runs `task` on `io` under the fake clock until it ends, moving time while nothing is ready;
/// gives up (and fails by assertion) after a virtual day.
template <class T>
T run(boost::asio::io_context& io, boost::asio::awaitable<T> task) {
  std::optional<T> value;
  std::exception_ptr failure;
  bool ended = false;
  auto on_exit = [&](std::exception_ptr error, T result) {
    failure = std::move(error);
    value.emplace(std::move(result));
    ended = true;
  };
  boost::asio::co_spawn(io, std::move(task), std::move(on_exit));
  const auto limit = Clock::now() + std::chrono::hours(24);
  run_until_idle(io);
  while (!ended) {
    LOADSTAR_ASSERT(Clock::now() < limit, "the task under test ends within a virtual day");
    pass_time(io, std::chrono::milliseconds(100));
  }
  if (failure) std::rethrow_exception(failure);
  return std::move(*value);
}

/// The same for a task without a result.
inline void run(boost::asio::io_context& io, boost::asio::awaitable<void> task) {
  struct Nothing {};
  auto wrap = [](boost::asio::awaitable<void> inner) -> boost::asio::awaitable<Nothing> {
    co_await std::move(inner);
    co_return Nothing{};
  };
  auto wrapped = wrap(std::move(task));
  run(io, std::move(wrapped));
}

}  // namespace loadstar::test
