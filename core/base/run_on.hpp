#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <exception>
#include <memory>
#include <utility>

namespace loadstar {

namespace asio = boost::asio;

/// Runs `task` on `executor` (another object's strand) and resumes on the caller's executor with
/// its result; an exception of the task is rethrown. T is default-constructible. Terminal
/// cancellation of the caller is posted to `executor` and reaches the task there; the result is
/// still awaited.
///
/// Use it instead of `co_await co_spawn(other_strand, task, use_awaitable)`: in Boost 1.81 the
/// cancellation handler of co_spawn hands a raw pointer into the caller's slot to the other strand,
/// where it may be used after the caller has gone on (asio/impl/co_spawn.hpp,
/// co_spawn_cancellation_handler). Drop with a Boost that shares the signal.
template <class T>
asio::awaitable<T> run_on(asio::any_io_executor executor, asio::awaitable<T> task) {
  auto home = co_await asio::this_coro::executor;
  auto initiate = [executor, home](auto handler, asio::awaitable<T> work) {
    const auto signal = std::make_shared<asio::cancellation_signal>();
    auto slot = asio::get_associated_cancellation_slot(handler);
    if (slot.is_connected()) {
      slot.assign([executor, signal](asio::cancellation_type type) {
        asio::post(executor, [signal, type] { signal->emit(type); });
      });
    }
    auto guard = asio::prefer(home, asio::execution::outstanding_work.tracked);
    auto finish = [guard, signal, handler = std::move(handler)](std::exception_ptr failure,
                                                                T value) mutable {
      auto resume = [handler = std::move(handler), failure = std::move(failure),
                     value = std::move(value)]() mutable {
        std::move(handler)(std::move(failure), std::move(value));
      };
      asio::dispatch(guard, std::move(resume));
    };
    asio::co_spawn(executor, std::move(work),
                   asio::bind_cancellation_slot(signal->slot(),
                                                asio::bind_executor(executor, std::move(finish))));
  };
  auto token = asio::use_awaitable;
  T result = co_await asio::async_initiate<decltype(token), void(std::exception_ptr, T)>(
      std::move(initiate), token, std::move(task));
  co_return result;
}

/// The same for a task without a result.
inline asio::awaitable<void> run_on(asio::any_io_executor executor, asio::awaitable<void> task) {
  struct Nothing {};
  auto wrap = [](asio::awaitable<void> inner) -> asio::awaitable<Nothing> {
    co_await std::move(inner);
    co_return Nothing{};
  };
  auto wrapped = wrap(std::move(task));
  co_await run_on(std::move(executor), std::move(wrapped));
}

}  // namespace loadstar
