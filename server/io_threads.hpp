#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <thread>
#include <utility>
#include <vector>

namespace loadstar::server {

namespace asio = boost::asio;

/// An event loop with its threads (architecture.md D5). An exception that leaves a handler ends the
/// process: it is our own mistake, and nothing durable lives here.
class IoThreads {
 public:
  explicit IoThreads(unsigned threads) : io_(static_cast<int>(threads)), work_(io_.get_executor()) {
    threads_.reserve(threads);
    for (unsigned i = 0; i < threads; ++i) {
      threads_.emplace_back([this]() noexcept { io_.run(); });
    }
  }
  IoThreads(const IoThreads&) = delete;
  IoThreads& operator=(const IoThreads&) = delete;
  ~IoThreads() { join(); }

  [[nodiscard]] asio::io_context::executor_type executor() { return io_.get_executor(); }

  /// Runs `task` on the loop and waits for it on the calling thread, which is not one of the
  /// loop's.
  template <class T>
  T wait(asio::awaitable<T> task) {
    return asio::co_spawn(io_, std::move(task), asio::use_future).get();
  }

  /// Returns when nothing is left to do. What still waits must have been cancelled before.
  void join() {
    work_.reset();
    for (std::thread& thread : threads_) {
      if (thread.joinable()) thread.join();
    }
  }

 private:
  asio::io_context io_;
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  std::vector<std::thread> threads_;
};

}  // namespace loadstar::server
