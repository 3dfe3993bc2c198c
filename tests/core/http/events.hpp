#pragma once

#include "core/base/assert.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/experimental/concurrent_channel.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <vector>

namespace loadstar::http::test {

/// What happened on the server, in order, for a test that waits for it. Thread-safe.
class Events {
 public:
  void add(std::string what) {
    const std::lock_guard<std::mutex> lock(mutex_);
    list_.push_back(std::move(what));
    changed_.notify_all();
  }

  /// Blocks until `count` events have happened; returns them all.
  std::vector<std::string> wait(std::size_t count) {
    std::unique_lock<std::mutex> lock(mutex_);
    const bool happened =
        changed_.wait_for(lock, std::chrono::seconds(30), [&] { return list_.size() >= count; });
    LOADSTAR_ASSERT(happened, "the server gets where the test expects it");
    return list_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> list_;
};

/// Holds scripts back until the test lets them pass, one for each open(). Thread-safe.
class Gate {
 public:
  explicit Gate(boost::asio::io_context& io) : channel_(io, 1000) {}

  boost::asio::awaitable<void> pass() {
    co_await channel_.async_receive(boost::asio::use_awaitable);
  }
  void open(int times = 1) {
    for (int i = 0; i < times; ++i) {
      const bool sent = channel_.try_send(boost::system::error_code{});
      LOADSTAR_ASSERT(sent, "a gate is opened at most 1000 times ahead");
    }
  }

 private:
  boost::asio::experimental::concurrent_channel<void(boost::system::error_code)> channel_;
};

}  // namespace loadstar::http::test
