#include "core/txn/load_permits.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace loadstar::txn {

namespace asio = boost::asio;

struct LoadPermits::Waiter {
  explicit Waiter(const asio::any_io_executor& strand) : executor(strand), timer(strand, kNever) {}

  asio::any_io_executor executor;
  Timer timer;           // cancelled, on the executor, when the permit is there
  bool granted = false;  // guarded by the mutex of the permits
};

asio::awaitable<bool> LoadPermits::acquire() {
  auto executor = co_await asio::this_coro::executor;
  const auto waiter = std::make_shared<Waiter>(executor);
  {
    const std::lock_guard lock(mutex_);
    if (free_ > 0) {
      --free_;
      co_return true;
    }
    waiters_.push_back(waiter);
  }
  // Cancelled either by release(), or because our task is to end: `granted` tells which.
  auto [ec] = co_await waiter->timer.async_wait(asio::as_tuple(asio::use_awaitable));
  static_cast<void>(ec);
  const std::lock_guard lock(mutex_);
  if (waiter->granted) co_return true;
  std::erase(waiters_, waiter);
  co_return false;
}

void LoadPermits::release() {
  std::shared_ptr<Waiter> next;
  {
    const std::lock_guard lock(mutex_);
    if (waiters_.empty()) {
      ++free_;
      return;
    }
    next = waiters_.front();
    waiters_.pop_front();
    next->granted = true;
  }
  auto wake = [next] { next->timer.cancel(); };
  asio::post(next->executor, std::move(wake));
}

}  // namespace loadstar::txn
