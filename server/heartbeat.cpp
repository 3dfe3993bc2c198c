#include "server/heartbeat.hpp"

#include "core/base/deadline.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>

namespace loadstar::server {
namespace {

constexpr std::chrono::seconds kPeriod{1};

}  // namespace

Heartbeat::Heartbeat(const asio::any_io_executor& executor)
    : strand_(asio::make_strand(executor)), tasks_(strand_) {}

void Heartbeat::start() {
  last_.store(Clock::now().time_since_epoch().count());
  auto begin = [this] { tasks_.spawn(beat()); };
  asio::dispatch(strand_, std::move(begin));
}

asio::awaitable<void> Heartbeat::beat() {
  for (;;) {
    last_.store(Clock::now().time_since_epoch().count());
    const bool passed = co_await sleep_for(kPeriod);
    if (!passed) co_return;
  }
}

asio::awaitable<void> Heartbeat::stop() {
  co_await asio::co_spawn(strand_, end(), asio::use_awaitable);
}

asio::awaitable<void> Heartbeat::end() {
  tasks_.cancel();
  co_await tasks_.join();
}

Clock::duration Heartbeat::silence() const {
  const Clock::rep last = last_.load();
  if (last == 0) return Clock::duration::zero();
  return Clock::now() - Clock::time_point(Clock::duration(last));
}

}  // namespace loadstar::server
