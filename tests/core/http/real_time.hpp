#pragma once

#include "core/base/assert.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <memory>
#include <thread>
#include <vector>

namespace loadstar::http::test {

namespace asio = boost::asio;

/// For tests over real sockets: an io_context run by two threads on the real clock. Tests wait for
/// events, never for time; a wait that lasts half a minute is a failure.
class RealTimeTest : public ::testing::Test {
 protected:
  static constexpr std::chrono::seconds kPatience{30};

  RealTimeTest() : work_(io_.get_executor()) {
    for (int i = 0; i < 2; ++i) threads_.emplace_back([this] { io_.run(); });
  }

  ~RealTimeTest() override {
    work_.reset();
    io_.stop();
    for (auto& thread : threads_) thread.join();
  }

  template <class T>
  static T wait(std::future<T>& future) {
    const auto status = future.wait_for(kPatience);
    LOADSTAR_ASSERT(status == std::future_status::ready, "the task under test ends");
    return future.get();
  }

  /// The task runs on no strand: it may only wait for what others do on theirs (run_on()).
  template <class T>
  std::future<T> start(asio::awaitable<T> task) {
    return asio::co_spawn(io_, std::move(task), asio::use_future);
  }

  template <class T>
  T run(asio::awaitable<T> task) {
    auto future = start(std::move(task));
    return wait(future);
  }

  asio::io_context io_;

 private:
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  std::vector<std::thread> threads_;
};

}  // namespace loadstar::http::test
