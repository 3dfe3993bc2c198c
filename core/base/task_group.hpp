#pragma once

#include "core/base/clock.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/strand.hpp>

#include <cstddef>
#include <exception>
#include <list>
#include <memory>

namespace loadstar {

namespace asio = boost::asio;

/// Owns coroutines: whoever starts one here also cancels and joins it; nothing is ever detached.
/// The tree of groups is the tree of ownership (style-anchors.md 2.7.5).
///
/// Confined to: the strand (or single-threaded executor) given to the constructor; every method is
/// called on it. The destructor asserts that the group is empty, so join() first.
class TaskGroup {
 public:
  explicit TaskGroup(asio::any_io_executor strand);
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;
  ~TaskGroup();

  /// Starts `task` on the group's strand. An exception that escapes it is our own mistake: it is
  /// rethrown by join(). `owner` is kept until the task has ended and is no longer counted here:
  /// give the object that holds this group if nothing else outlives its tasks. (A parameter of the
  /// task is not enough: the frame, and with it the last reference, goes before the end is noted.)
  void spawn(asio::awaitable<void> task, std::shared_ptr<const void> owner = nullptr);

  /// Asks all running tasks to stop (cancellation type `terminal`).
  void cancel();

  /// Waits until no task runs. Tasks spawned meanwhile are waited for as well. Ignores
  /// cancellation.
  asio::awaitable<void> join();

  [[nodiscard]] std::size_t size() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace loadstar
