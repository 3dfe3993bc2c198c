#pragma once

#include "core/base/clock.hpp"
#include "core/http/options.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

namespace loadstar::http {

/// Name of an idle connection, given by the pool; never used twice.
using ConnectionId = std::uint64_t;
/// Name of a request that waits for a connection, given by the pool; never used twice.
using WaiterId = std::uint64_t;

/// What a request does that wants a connection.
enum class PoolAction : std::uint8_t {
  kReuse,   ///< take the idle connection `connection`
  kOpen,    ///< open a new one
  kWait,    ///< wait until a release names it
  kRefuse,  ///< too many wait already
};

/// An answer of the policy. kReuse and kOpen give the request a place among the connections of the
/// host, which it keeps until release() or drop().
struct PoolDecision {
  PoolAction action = PoolAction::kOpen;
  ConnectionId connection = 0;  ///< of kReuse

  friend bool operator==(const PoolDecision&, const PoolDecision&) = default;
};

/// The oldest waiter, and what it does now.
struct PoolGrant {
  WaiterId waiter = 0;
  PoolDecision decision;

  friend bool operator==(const PoolGrant&, const PoolGrant&) = default;
};

/// Which connection a request to one host gets: the freshest idle one, else a new one, else it
/// waits in order of arrival. Pure: counts and ages in, decisions out; the pool carries them out.
///
/// What always holds: places taken + idle connections <= max_connections_per_host; as long as
/// someone waits, no connection is idle.
class PoolPolicy {
 public:
  explicit PoolPolicy(const PoolOptions& options);

  /// A request wants a connection; after kWait it is called `waiter`.
  [[nodiscard]] PoolDecision acquire(WaiterId waiter, Clock::time_point now);

  /// The idle connection that a request was given has turned out to be closed by the peer: another
  /// one, or open one in its place. Never kWait or kRefuse.
  [[nodiscard]] PoolDecision replace(Clock::time_point now);

  /// A request is done, and `connection` can be used again. Goes to the oldest waiter, or is idle.
  [[nodiscard]] std::optional<PoolGrant> release(ConnectionId connection, Clock::time_point now);

  /// A request is done, and has closed its connection or never had one.
  [[nodiscard]] std::optional<PoolGrant> drop();

  /// `waiter` does not wait any longer. It must be waiting.
  void withdraw(WaiterId waiter);

  /// The idle connections that are idle_timeout old at `now`; they are forgotten here.
  [[nodiscard]] std::vector<ConnectionId> expire(Clock::time_point now);

  /// When expire() has something to do next; kNever if nothing is idle.
  [[nodiscard]] Deadline next_expiry() const;

  /// Forgets all idle connections, for the end of the pool.
  [[nodiscard]] std::vector<ConnectionId> take_all_idle();

  [[nodiscard]] std::size_t taken() const { return taken_; }
  [[nodiscard]] std::size_t idle() const { return idle_.size(); }
  [[nodiscard]] std::size_t waiting() const { return waiters_.size(); }
  /// Nothing is left to remember about this host.
  [[nodiscard]] bool empty() const { return taken_ == 0 && idle_.empty() && waiters_.empty(); }

 private:
  struct Idle {
    ConnectionId connection = 0;
    Clock::time_point since;
  };

  std::optional<ConnectionId> take_freshest(Clock::time_point now);

  const std::size_t max_connections_;
  const std::size_t max_waiting_;
  const Clock::duration idle_timeout_;
  std::size_t taken_ = 0;
  std::deque<Idle> idle_;  // oldest first
  std::deque<WaiterId> waiters_;
};

}  // namespace loadstar::http
