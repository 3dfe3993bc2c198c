#include "core/http/pool_policy.hpp"

#include "core/base/random.hpp"

#include <gtest/gtest.h>

#include <set>

namespace loadstar::http {
namespace {

using namespace std::chrono_literals;

constexpr Clock::time_point kStart{1000h};

PoolOptions options(std::size_t connections, std::size_t waiting) {
  PoolOptions result;
  result.max_connections_per_host = connections;
  result.max_waiting_per_host = waiting;
  result.idle_timeout = 20s;
  return result;
}

PoolDecision reuse(ConnectionId connection) { return {PoolAction::kReuse, connection}; }
PoolDecision action(PoolAction what) { return {what, 0}; }

TEST(PoolPolicyTest, OpensUpToTheLimitThenWaitsThenRefuses) {
  PoolPolicy policy(options(2, 2));
  EXPECT_EQ(policy.acquire(1, kStart), action(PoolAction::kOpen));
  EXPECT_EQ(policy.acquire(2, kStart), action(PoolAction::kOpen));
  EXPECT_EQ(policy.acquire(3, kStart), action(PoolAction::kWait));
  EXPECT_EQ(policy.acquire(4, kStart), action(PoolAction::kWait));
  EXPECT_EQ(policy.acquire(5, kStart), action(PoolAction::kRefuse));
  EXPECT_EQ(policy.taken(), 2U);
  EXPECT_EQ(policy.waiting(), 2U);
}

TEST(PoolPolicyTest, TheOldestWaiterGetsTheConnection) {
  PoolPolicy policy(options(1, 3));
  static_cast<void>(policy.acquire(1, kStart));
  static_cast<void>(policy.acquire(2, kStart));
  static_cast<void>(policy.acquire(3, kStart));
  EXPECT_EQ(policy.release(70, kStart), (PoolGrant{2, reuse(70)}));
  EXPECT_EQ(policy.drop(), (PoolGrant{3, action(PoolAction::kOpen)}));
  EXPECT_EQ(policy.release(71, kStart), std::nullopt);
  EXPECT_EQ(policy.idle(), 1U);
}

TEST(PoolPolicyTest, OneThatWithdrewIsPassedOver) {
  PoolPolicy policy(options(1, 3));
  static_cast<void>(policy.acquire(1, kStart));
  static_cast<void>(policy.acquire(2, kStart));
  static_cast<void>(policy.acquire(3, kStart));
  policy.withdraw(2);
  EXPECT_EQ(policy.release(70, kStart), (PoolGrant{3, reuse(70)}));
}

TEST(PoolPolicyTest, TheFreshestIdleConnectionIsReused) {
  PoolPolicy policy(options(3, 0));
  for (WaiterId id : {1U, 2U, 3U}) static_cast<void>(policy.acquire(id, kStart));
  static_cast<void>(policy.release(70, kStart));
  static_cast<void>(policy.release(71, kStart + 2s));
  static_cast<void>(policy.release(72, kStart + 1s));  // given back last, whatever its time
  EXPECT_EQ(policy.acquire(4, kStart + 3s), reuse(72));
  EXPECT_EQ(policy.acquire(5, kStart + 3s), reuse(71));
  EXPECT_EQ(policy.acquire(6, kStart + 3s), reuse(70));
}

TEST(PoolPolicyTest, ADeadIdleConnectionIsReplacedByTheNextOneThenByANewOne) {
  PoolPolicy policy(options(2, 0));
  for (WaiterId id : {1U, 2U}) static_cast<void>(policy.acquire(id, kStart));
  static_cast<void>(policy.release(70, kStart));
  static_cast<void>(policy.release(71, kStart));
  EXPECT_EQ(policy.acquire(3, kStart), reuse(71));
  EXPECT_EQ(policy.replace(kStart), reuse(70));
  EXPECT_EQ(policy.replace(kStart), action(PoolAction::kOpen));
  EXPECT_EQ(policy.taken(), 1U);
  EXPECT_EQ(policy.acquire(4, kStart), action(PoolAction::kOpen));  // the second place is free
}

TEST(PoolPolicyTest, AnOldIdleConnectionIsNamedOnceAndNeverReused) {
  PoolPolicy policy(options(2, 0));
  for (WaiterId id : {1U, 2U}) static_cast<void>(policy.acquire(id, kStart));
  static_cast<void>(policy.release(70, kStart));
  static_cast<void>(policy.release(71, kStart + 5s));
  EXPECT_EQ(policy.next_expiry(), kStart + 20s);
  EXPECT_TRUE(policy.expire(kStart + 20s - 1ns).empty());
  EXPECT_EQ(policy.expire(kStart + 20s), std::vector<ConnectionId>{70});
  EXPECT_TRUE(policy.expire(kStart + 20s).empty());
  EXPECT_EQ(policy.next_expiry(), kStart + 25s);
  EXPECT_EQ(policy.acquire(3, kStart + 25s), action(PoolAction::kOpen));  // not the old one
  EXPECT_EQ(policy.expire(kStart + 25s), std::vector<ConnectionId>{71});
  EXPECT_EQ(policy.next_expiry(), kNever);
}

TEST(PoolPolicyTest, TheEndNamesEveryIdleConnection) {
  PoolPolicy policy(options(2, 0));
  for (WaiterId id : {1U, 2U}) static_cast<void>(policy.acquire(id, kStart));
  static_cast<void>(policy.release(70, kStart));
  static_cast<void>(policy.release(71, kStart));
  EXPECT_EQ(policy.take_all_idle(), (std::vector<ConnectionId>{70, 71}));
  EXPECT_TRUE(policy.empty());
}

// Random histories: the limit holds, nobody waits while something is idle, waiters go in order, and
// no connection is handed out twice.
TEST(PoolPolicyTest, InvariantsHoldInRandomHistories) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Random random(seed);
    const std::size_t limit = 1 + random.below(4);
    PoolPolicy policy(options(limit, 5));
    Clock::time_point now = kStart;
    std::uint64_t next_id = 1;
    std::size_t holders = 0;
    std::deque<WaiterId> waiting;
    std::set<ConnectionId> idle;
    const auto take = [&](const PoolDecision& decision) {
      ++holders;
      if (decision.action == PoolAction::kReuse) {
        ASSERT_EQ(idle.erase(decision.connection), 1U);
      }
    };
    for (int step = 0; step < 300; ++step) {
      now += std::chrono::seconds(random.below(5));
      for (const ConnectionId id : policy.expire(now)) ASSERT_EQ(idle.erase(id), 1U) << seed;
      const auto dice = random.below(10);
      std::optional<PoolGrant> grant;
      if (dice < 5) {
        const WaiterId id = next_id++;
        const auto decision = policy.acquire(id, now);
        if (decision.action == PoolAction::kWait) waiting.push_back(id);
        if (decision.action == PoolAction::kReuse || decision.action == PoolAction::kOpen) {
          take(decision);
        }
        if (decision.action == PoolAction::kRefuse) {
          ASSERT_EQ(waiting.size(), 5U);
        }
      } else if (dice < 8 && holders > 0) {
        --holders;
        const ConnectionId id = next_id++;
        idle.insert(id);
        grant = policy.release(id, now);
      } else if (dice == 8 && holders > 0) {
        --holders;
        grant = policy.drop();
      } else if (!waiting.empty()) {
        const std::size_t which = random.below(waiting.size());
        policy.withdraw(waiting[which]);
        waiting.erase(waiting.begin() + static_cast<std::ptrdiff_t>(which));
      }
      if (grant) {
        ASSERT_EQ(grant->waiter, waiting.front()) << seed;
        waiting.pop_front();
        take(grant->decision);
      }
      ASSERT_EQ(policy.taken(), holders) << seed;
      ASSERT_EQ(policy.idle(), idle.size()) << seed;
      ASSERT_EQ(policy.waiting(), waiting.size()) << seed;
      ASSERT_LE(holders + idle.size(), limit) << seed;
      ASSERT_TRUE(waiting.empty() || idle.empty()) << seed;
    }
  }
}

}  // namespace
}  // namespace loadstar::http
