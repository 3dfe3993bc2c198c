#include "core/starrocks/single_flight.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <utility>

namespace loadstar::starrocks {

namespace asio = boost::asio;

bool SingleFlight::begin() {
  const std::lock_guard lock(mutex_);
  if (working_) return false;
  working_ = true;
  return true;
}

void SingleFlight::end() {
  std::vector<std::shared_ptr<Timer>> woken;
  {
    const std::lock_guard lock(mutex_);
    working_ = false;
    woken.swap(waiting_);
  }
  for (auto& timer : woken) {
    auto executor = timer->get_executor();
    asio::post(executor, [timer = std::move(timer)] { timer->cancel(); });
  }
}

asio::awaitable<void> SingleFlight::wait(Deadline deadline) {
  auto executor = co_await asio::this_coro::executor;
  // Shared with end(), which may run on another thread while this coroutine is given up.
  auto timer = std::make_shared<Timer>(executor, deadline);
  {
    const std::lock_guard lock(mutex_);
    if (!working_) co_return;
    waiting_.push_back(timer);
  }
  const auto token = asio::as_tuple(asio::use_awaitable);
  co_await timer->async_wait(token);
}

}  // namespace loadstar::starrocks
