#include "core/http/pool_policy.hpp"

#include "core/base/assert.hpp"

#include <algorithm>

namespace loadstar::http {

PoolPolicy::PoolPolicy(const PoolOptions& options)
    : max_connections_(options.max_connections_per_host),
      max_waiting_(options.max_waiting_per_host),
      idle_timeout_(options.idle_timeout) {
  LOADSTAR_ASSERT(max_connections_ >= 1, "a host may have at least one connection");
}

PoolDecision PoolPolicy::acquire(WaiterId waiter, Clock::time_point now) {
  if (const auto connection = take_freshest(now)) {
    ++taken_;
    return {PoolAction::kReuse, *connection};
  }
  // Idle connections that are too old still count until expire() has named them.
  if (taken_ + idle_.size() < max_connections_) {
    ++taken_;
    return {PoolAction::kOpen};
  }
  if (waiters_.size() >= max_waiting_) return {PoolAction::kRefuse};
  waiters_.push_back(waiter);
  return {PoolAction::kWait};
}

PoolDecision PoolPolicy::replace(Clock::time_point now) {
  LOADSTAR_ASSERT(taken_ > 0, "only a place that was taken can get another connection");
  if (const auto connection = take_freshest(now)) return {PoolAction::kReuse, *connection};
  return {PoolAction::kOpen};
}

std::optional<PoolGrant> PoolPolicy::release(ConnectionId connection, Clock::time_point now) {
  LOADSTAR_ASSERT(taken_ > 0, "only a place that was taken is given back");
  if (!waiters_.empty()) {
    const WaiterId waiter = waiters_.front();
    waiters_.pop_front();
    return PoolGrant{waiter, {PoolAction::kReuse, connection}};
  }
  --taken_;
  idle_.push_back(Idle{connection, now});
  return std::nullopt;
}

std::optional<PoolGrant> PoolPolicy::drop() {
  LOADSTAR_ASSERT(taken_ > 0, "only a place that was taken is given back");
  if (!waiters_.empty()) {
    const WaiterId waiter = waiters_.front();
    waiters_.pop_front();
    return PoolGrant{waiter, {PoolAction::kOpen}};
  }
  --taken_;
  return std::nullopt;
}

void PoolPolicy::withdraw(WaiterId waiter) {
  const auto found = std::find(waiters_.begin(), waiters_.end(), waiter);
  LOADSTAR_ASSERT(found != waiters_.end(), "only one that waits can stop waiting");
  waiters_.erase(found);
}

std::vector<ConnectionId> PoolPolicy::expire(Clock::time_point now) {
  std::vector<ConnectionId> expired;
  while (!idle_.empty() && now >= idle_.front().since + idle_timeout_) {
    expired.push_back(idle_.front().connection);
    idle_.pop_front();
  }
  return expired;
}

Deadline PoolPolicy::next_expiry() const {
  return idle_.empty() ? kNever : idle_.front().since + idle_timeout_;
}

std::vector<ConnectionId> PoolPolicy::take_all_idle() {
  std::vector<ConnectionId> all;
  for (const Idle& idle : idle_) all.push_back(idle.connection);
  idle_.clear();
  return all;
}

/// The freshest one is the least likely to have been closed by the peer meanwhile.
std::optional<ConnectionId> PoolPolicy::take_freshest(Clock::time_point now) {
  if (idle_.empty() || now >= idle_.back().since + idle_timeout_) return std::nullopt;
  const ConnectionId connection = idle_.back().connection;
  idle_.pop_back();
  return connection;
}

}  // namespace loadstar::http
