#include "core/base/task_group.hpp"

#include "core/base/assert.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <utility>

namespace loadstar {

/// Shared with the completion handlers of the tasks, which can run after the group was destroyed
/// only in a program whose io_context is being torn down.
struct TaskGroup::State {
  explicit State(const asio::any_io_executor& strand) : executor(strand), idle(strand, kNever) {}

  asio::any_io_executor executor;
  std::list<std::shared_ptr<asio::cancellation_signal>> signals;  // one per running task
  Timer idle;  // condition variable: cancelled when the last task ends
  std::exception_ptr failure;
};

TaskGroup::TaskGroup(asio::any_io_executor strand) : state_(std::make_shared<State>(strand)) {}

TaskGroup::~TaskGroup() {
  LOADSTAR_ASSERT(state_->signals.empty(), "a TaskGroup is joined before it is destroyed");
}

void TaskGroup::spawn(asio::awaitable<void> task, std::shared_ptr<const void> owner) {
  const auto signal = std::make_shared<asio::cancellation_signal>();
  state_->signals.push_back(signal);
  const auto position = std::prev(state_->signals.end());
  auto on_exit = [state = state_, position,
                  owner = std::move(owner)](const std::exception_ptr& failure) {
    if (failure && !state->failure) state->failure = failure;
    state->signals.erase(position);
    if (state->signals.empty()) state->idle.cancel();
  };
  asio::co_spawn(state_->executor, std::move(task),
                 asio::bind_cancellation_slot(
                     signal->slot(), asio::bind_executor(state_->executor, std::move(on_exit))));
}

void TaskGroup::cancel() {
  // A task may end inside emit() and take its signal out of the list, hence the copy.
  const auto signals = state_->signals;
  for (const auto& signal : signals) signal->emit(asio::cancellation_type::terminal);
}

asio::awaitable<void> TaskGroup::join() {
  auto state = state_;
  co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  while (!state->signals.empty()) {
    auto [ec] = co_await state->idle.async_wait(asio::as_tuple(asio::use_awaitable));
    static_cast<void>(ec);
  }
  if (state->failure) std::rethrow_exception(std::exchange(state->failure, nullptr));
}

std::size_t TaskGroup::size() const { return state_->signals.size(); }

}  // namespace loadstar
