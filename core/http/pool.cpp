#include "core/http/pool.hpp"

#include "core/base/assert.hpp"
#include "core/base/run_on.hpp"
#include "core/base/task_group.hpp"
#include "core/http/cancellation.hpp"
#include "core/http/connection.hpp"
#include "core/http/exchange_end.hpp"
#include "core/http/pool_policy.hpp"
#include "core/http/tls.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <map>
#include <optional>
#include <utility>

namespace loadstar::http {
namespace {

namespace ssl = asio::ssl;

Error not_applied(Errc code, const Endpoint& endpoint, const std::string& why) {
  return Error{code, Certainty::kNotApplied, to_string(endpoint) + ": " + why};
}

}  // namespace

/// Everything about the pool that is confined to its strand. Requests run here as coroutines of
/// their callers; only the sweeper of idle connections is the pool's own.
class Pool::Impl {
 public:
  Impl(const asio::any_io_executor& executor, PoolOptions options, ssl::context tls)
      : executor_(executor),
        strand_(asio::make_strand(executor)),
        options_(std::move(options)),
        tls_(std::move(tls)),
        tasks_(strand_),
        sweep_at_(strand_, kNever),
        all_returned_(strand_, kNever) {}

  [[nodiscard]] asio::any_io_executor strand() const { return strand_; }

  asio::awaitable<Result<Response>> send(Endpoint endpoint, Request request, Deadline deadline) {
    co_await asio::this_coro::throw_if_cancelled(false);
    ++requests_;
    auto result = co_await send_counted(endpoint, request, deadline);
    --requests_;
    if (requests_ == 0) all_returned_.cancel();
    co_return result;
  }

  asio::awaitable<bool> stop() {
    co_await asio::this_coro::throw_if_cancelled(false);
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    stopping_ = true;
    for (auto& [endpoint, host] : hosts_) {
      close_all(host, host.policy.take_all_idle());
      for (auto& [id, waiter] : host.waiters) waiter->wake.cancel();
    }
    tasks_.cancel();
    co_await tasks_.join();
    while (requests_ > 0) {
      auto [ec] = co_await all_returned_.async_wait(asio::as_tuple(asio::use_awaitable));
      static_cast<void>(ec);
    }
    LOADSTAR_ASSERT(hosts_.empty() || counts().idle == 0, "a stopped pool holds no connection");
    co_return true;
  }

  [[nodiscard]] PoolCounts counts() const {
    PoolCounts sum;
    sum.hosts = hosts_.size();
    for (const auto& [endpoint, host] : hosts_) {
      sum.in_use += host.policy.taken();
      sum.idle += host.policy.idle();
      sum.waiting += host.policy.waiting();
    }
    return sum;
  }

 private:
  /// A request that waits; lives in its coroutine. `wake` is the condition variable and the
  /// deadline.
  struct Waiter {
    Waiter(const asio::any_io_executor& strand, Deadline deadline) : wake(strand, deadline) {}
    Timer wake;
    std::optional<PoolDecision> granted;
  };

  struct Host {
    explicit Host(const PoolOptions& options) : policy(options) {}
    PoolPolicy policy;
    std::map<ConnectionId, std::unique_ptr<Connection>> idle;
    std::map<WaiterId, Waiter*> waiters;
  };

  /// A connection in the hands of a request.
  struct Lease {
    std::unique_ptr<Connection> connection;  // null: to be opened
    bool reused = false;
  };

  asio::awaitable<Result<Response>> send_counted(const Endpoint& endpoint, const Request& request,
                                                 Deadline deadline) {
    auto leased = co_await acquire(endpoint, deadline);
    if (!leased) co_return leased.error();
    Lease lease = std::move(*leased);
    if (!lease.connection) {
      const auto opened = co_await open(lease, endpoint, deadline);
      if (!opened) {
        give_back(endpoint, std::move(lease), false);
        co_return opened.error();
      }
    }
    auto end = co_await exchange(lease, request, deadline);
    const bool again = lease.reused && may_go_again(end, request);
    if (again) {
      lease = Lease{};
      const auto opened = co_await open(lease, endpoint, deadline);
      if (opened) end = co_await exchange(lease, request, deadline);
    }
    give_back(endpoint, std::move(lease), end.reusable);
    co_return std::move(end.result);
  }

  /// Whether the peer closed an idle connection just when it was used again, and nothing speaks
  /// against another try.
  static bool may_go_again(const ExchangeEnd& end, const Request& request) {
    const bool stale = end.result.has_error() && !end.reply_started &&
                       end.result.error().code == Errc::kConnectionLost;
    return stale && (end.result.error().certainty == Certainty::kNotApplied ||
                     request.method == "GET" || request.method == "HEAD");
  }

  asio::awaitable<Result<void>> open(Lease& lease, const Endpoint& endpoint, Deadline deadline) {
    lease.connection = std::make_unique<Connection>(executor_, endpoint, tls_);
    const bool cancelled = co_await is_cancelled();
    if (cancelled) co_return not_applied(Errc::kCancelled, endpoint, "cancelled");
    if (stopping_) co_return not_applied(Errc::kCancelled, endpoint, "the pool is stopping");
    auto work = lease.connection->connect(options_, deadline);
    auto result = co_await run_on(lease.connection->executor(), std::move(work));
    co_return result;
  }

  asio::awaitable<ExchangeEnd> exchange(Lease& lease, const Request& request, Deadline deadline) {
    const bool cancelled = co_await is_cancelled();
    if (cancelled || Clock::now() >= deadline) {
      // Nothing was sent, so the connection is as good as before.
      const Errc code = cancelled ? Errc::kCancelled : Errc::kDeadlineExceeded;
      ExchangeEnd unused{Error{code, Certainty::kNotApplied, "before the request was sent"}, true};
      co_return unused;
    }
    auto work = lease.connection->exchange(request, options_, deadline);
    auto end = co_await run_on(lease.connection->executor(), std::move(work));
    co_return end;
  }

  asio::awaitable<Result<Lease>> acquire(const Endpoint& endpoint, Deadline deadline) {
    if (stopping_) co_return not_applied(Errc::kCancelled, endpoint, "the pool is stopping");
    Host& host = hosts_.try_emplace(endpoint, options_).first->second;
    close_all(host, host.policy.expire(Clock::now()));
    const WaiterId id = next_id_++;
    const PoolDecision decision = host.policy.acquire(id, Clock::now());
    switch (decision.action) {
      case PoolAction::kReuse:
      case PoolAction::kOpen:
        co_return carry_out(host, decision);
      case PoolAction::kRefuse:
        co_return not_applied(Errc::kConnectFailed, endpoint,
                              "too many requests wait for a connection");
      case PoolAction::kWait:
        break;
    }
    Waiter waiter(strand_, deadline);
    host.waiters.emplace(id, &waiter);
    auto [ec] = co_await waiter.wake.async_wait(asio::as_tuple(asio::use_awaitable));
    static_cast<void>(ec);   // granted, stopped, cancelled or too late
    host.waiters.erase(id);  // the host stays as long as someone waits
    if (waiter.granted) co_return carry_out(host, *waiter.granted);
    host.policy.withdraw(id);
    forget_if_empty(endpoint);
    const bool cancelled = co_await is_cancelled();
    if (cancelled) co_return not_applied(Errc::kCancelled, endpoint, "cancelled while waiting");
    if (stopping_) co_return not_applied(Errc::kCancelled, endpoint, "the pool is stopping");
    co_return not_applied(Errc::kDeadlineExceeded, endpoint, "no connection became free in time");
  }

  Lease carry_out(Host& host, PoolDecision decision) {
    while (decision.action == PoolAction::kReuse) {
      auto node = host.idle.extract(decision.connection);
      LOADSTAR_ASSERT(!node.empty(), "the policy names connections that exist");
      if (node.mapped()->is_alive()) return Lease{std::move(node.mapped()), true};
      decision = host.policy.replace(Clock::now());
    }
    return Lease{};
  }

  void give_back(const Endpoint& endpoint, Lease lease, bool reusable) {
    Host& host = hosts_.at(endpoint);
    std::optional<PoolGrant> grant;
    if (reusable && !stopping_) {
      const ConnectionId id = next_id_++;
      host.idle.emplace(id, std::move(lease.connection));
      grant = host.policy.release(id, Clock::now());
      if (!grant) wake_sweeper();
    } else {
      lease.connection.reset();
      grant = host.policy.drop();
    }
    if (grant) {
      Waiter& waiter = *host.waiters.at(grant->waiter);
      waiter.granted = grant->decision;
      waiter.wake.cancel();
    }
    forget_if_empty(endpoint);
  }

  void forget_if_empty(const Endpoint& endpoint) {
    const auto found = hosts_.find(endpoint);
    if (found != hosts_.end() && found->second.policy.empty()) hosts_.erase(found);
  }

  static void close_all(Host& host, const std::vector<ConnectionId>& connections) {
    for (const ConnectionId id : connections) host.idle.erase(id);
  }

  void wake_sweeper() {
    if (tasks_.size() == 0) {
      tasks_.spawn(sweep());
    } else {
      sweep_at_.cancel();
    }
  }

  /// Closes idle connections when they get old; ends when there is none.
  asio::awaitable<void> sweep() {
    co_await asio::this_coro::throw_if_cancelled(false);
    while (!stopping_) {
      Deadline next = kNever;
      for (auto& [endpoint, host] : hosts_) {
        close_all(host, host.policy.expire(Clock::now()));
        next = std::min(next, host.policy.next_expiry());
      }
      std::erase_if(hosts_, [](const auto& entry) { return entry.second.policy.empty(); });
      if (next == kNever) co_return;
      sweep_at_.expires_at(next);
      auto [ec] = co_await sweep_at_.async_wait(asio::as_tuple(asio::use_awaitable));
      static_cast<void>(ec);
    }
  }

  const asio::any_io_executor executor_;
  const asio::any_io_executor strand_;
  const PoolOptions options_;
  ssl::context tls_;
  std::map<Endpoint, Host> hosts_;
  std::uint64_t next_id_ = 1;
  std::size_t requests_ = 0;
  bool stopping_ = false;
  TaskGroup tasks_;
  Timer sweep_at_;
  Timer all_returned_;  // condition variable of stop()
};

Result<std::unique_ptr<Pool>> Pool::create(asio::any_io_executor executor, PoolOptions options) {
  LOADSTAR_ASSERT(options.max_connections_per_host >= 1, "validated options");
  auto tls = make_tls_context(options.tls);
  if (!tls) return tls.error();
  auto impl = std::make_unique<Impl>(executor, std::move(options), std::move(*tls));
  return std::unique_ptr<Pool>(new Pool(std::move(impl)));
}

Pool::Pool(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Pool::~Pool() = default;

asio::awaitable<Result<Response>> Pool::send(Endpoint endpoint, Request request,
                                             Deadline deadline) {
  const auto checked = check(request);
  if (!checked) co_return checked.error();
  const bool cancelled = co_await is_cancelled();
  if (cancelled) co_return not_applied(Errc::kCancelled, endpoint, "cancelled");
  auto work = impl_->send(std::move(endpoint), std::move(request), deadline);
  auto result = co_await run_on(impl_->strand(), std::move(work));
  co_return result;
}

asio::awaitable<void> Pool::stop() {
  auto work = impl_->stop();
  const bool stopped = co_await run_on(impl_->strand(), std::move(work));
  static_cast<void>(stopped);
}

asio::awaitable<PoolCounts> Pool::counts() {
  auto look = [](Impl& impl) -> asio::awaitable<PoolCounts> { co_return impl.counts(); };
  auto work = look(*impl_);
  auto counts = co_await run_on(impl_->strand(), std::move(work));
  co_return counts;
}

}  // namespace loadstar::http
