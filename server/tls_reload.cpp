#include "server/tls_reload.hpp"

#include "core/base/deadline.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace loadstar::server {

TlsReload::TlsReload(const asio::any_io_executor& executor, ServerTls& tls,
                     std::chrono::milliseconds interval)
    : strand_(asio::make_strand(executor)), tls_(tls), interval_(interval), tasks_(strand_) {}

void TlsReload::start() {
  auto begin = [this] { tasks_.spawn(run()); };
  asio::dispatch(strand_, std::move(begin));
}

asio::awaitable<void> TlsReload::run() {
  for (;;) {
    const bool passed = co_await sleep_for(interval_);
    if (!passed) co_return;
    tls_.reload();
  }
}

asio::awaitable<void> TlsReload::stop() {
  co_await asio::co_spawn(strand_, end(), asio::use_awaitable);
}

asio::awaitable<void> TlsReload::end() {
  tasks_.cancel();
  co_await tasks_.join();
}

}  // namespace loadstar::server
