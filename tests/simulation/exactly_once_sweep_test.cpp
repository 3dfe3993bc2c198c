#include "tests/simulation/exactly_once_scenario.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>

namespace loadstar::simulation {
namespace {

/// One writer, two tables, three checkpoints (one of them empty), no chance: the same exchanges
/// each time.
ExactlyOncePlan small_plan() {
  ExactlyOncePlan plan;
  plan.seed = 20;
  plan.rows = 8;
  plan.rows_per_batch = 2;
  plan.checkpoint_percent = 50;
  plan.empty_percent = 50;
  plan.pipelined = false;
  plan.network_faults = false;
  plan.mishaps = false;
  plan.most_exchanges = 100'000;
  return plan;
}

void expect_whole(const ExactlyOnceReport& report) {
  std::string text = describe(report.plan);
  for (const auto& violation : report.violations) text += "\n  " + violation;
  EXPECT_TRUE(report.violations.empty()) << text;
  EXPECT_EQ(report.lost, 0U) << text;
}

/// What a run without faults asks StarRocks for.
constexpr Operation kCalmOperations[] = {Operation::kBegin, Operation::kLoad, Operation::kPrepare,
                                         Operation::kCommit, Operation::kQuery};

/// Fails the n-th exchange in each way, for every n that there is: open, begin, load, prepare,
/// commit.
class NetworkSweep : public ::testing::TestWithParam<Fault> {};

TEST_P(NetworkSweep, EveryExchangeMayFail) {
  const std::uint64_t calm = run_exactly_once(small_plan()).exchanges;
  ASSERT_GT(calm, 40U);
  std::uint64_t runs = 0;
  Grid grid;
  for (std::uint64_t n = 1;; ++n) {
    ExactlyOncePlan plan = small_plan();
    plan.network = FaultPlan::Script{{n, GetParam()}};
    const ExactlyOnceReport report = run_exactly_once(plan);
    expect_whole(report);
    ++runs;
    grid.add(report.grid);
    if (n > report.exchanges || ::testing::Test::HasFailure()) break;
  }
  EXPECT_GE(runs, calm);
  // It has struck whatever it can strike: not only drawn, but done by the simulated StarRocks.
  std::string hits;
  for (const Operation operation : kCalmOperations) {
    if (!applies(GetParam(), operation)) continue;
    EXPECT_GT(grid.hits(GetParam(), operation), 0U)
        << to_string(GetParam()) << " has never struck " << to_string(operation);
    hits += fmt::format(" {} {}", grid.hits(GetParam(), operation), to_string(operation));
  }
  EXPECT_FALSE(hits.empty()) << "it strikes none of them";
  fmt::print("{}: {} runs, struck{}\n", to_string(GetParam()), runs, hits);
}

INSTANTIATE_TEST_SUITE_P(Faults, NetworkSweep,
                         ::testing::Values(Fault::kRefused, Fault::kResetBefore, Fault::kTornBody,
                                           Fault::kResetAfter, Fault::kTimeoutBefore,
                                           Fault::kTimeoutAfter, Fault::kServerError,
                                           Fault::kMalformedReply, Fault::kFailedWord,
                                           Fault::kLeaderChange, Fault::kBackendRestart,
                                           Fault::kDelayedDuplicate, Fault::kDeliveredLate,
                                           Fault::kTransactionTimeout, Fault::kSlowPublish),
                         [](const auto& fault) {
                           std::string name;
                           for (const char character : to_string(fault.param)) {
                             if (std::isalnum(static_cast<unsigned char>(character)) != 0)
                               name += character;
                           }
                           return name;
                         });

/// Ends the daemon at its n-th exchange, in each way.
class DaemonSweep : public ::testing::TestWithParam<DaemonEnd::Kind> {};

TEST_P(DaemonSweep, TheDaemonMayEndAtEveryExchange) {
  std::uint64_t ended = 0;
  for (std::uint64_t n = 1;; ++n) {
    ExactlyOncePlan plan = small_plan();
    plan.ends = {{n, GetParam()}};
    const ExactlyOnceReport report = run_exactly_once(plan);
    expect_whole(report);
    ended += report.kills + report.drains;
    if (n > report.exchanges || ::testing::Test::HasFailure()) break;
  }
  EXPECT_GT(ended, 40U);
  fmt::print("daemon {} each of {} exchanges\n", to_string(GetParam()), ended);
}

INSTANTIATE_TEST_SUITE_P(Ends, DaemonSweep,
                         ::testing::Values(DaemonEnd::Kind::kKilledBefore,
                                           DaemonEnd::Kind::kKilledAfter,
                                           DaemonEnd::Kind::kDrained),
                         [](const auto& kind) {
                           return fmt::format("Kind{}", static_cast<int>(kind.param));
                         });

/// Lets each mishap strike the client at its n-th step.
class ClientSweep : public ::testing::TestWithParam<Mishap> {};

TEST_P(ClientSweep, EveryStepMayFail) {
  std::uint64_t struck = 0;
  std::uint64_t idle = 0;
  // Not every mishap applies to every step; several steps in a row without it mean that there are
  // no more.
  for (std::uint64_t n = 1; idle < 40; ++n) {
    ExactlyOncePlan plan = small_plan();
    plan.pipelined =
        true;  // who declines a checkpoint, or forgets to commit it, goes on with the next
    plan.clients = MishapPlan::Script{{n, GetParam()}};
    const ExactlyOnceReport report = run_exactly_once(plan);
    expect_whole(report);
    if (::testing::Test::HasFailure()) break;
    struck += report.mishaps.size();
    idle = report.mishaps.empty() ? idle + 1 : 0;
  }
  EXPECT_GT(struck, 0U);
  fmt::print("{}: struck {} steps\n", to_string(GetParam()), struck);
}

INSTANTIATE_TEST_SUITE_P(
    Mishaps, ClientSweep,
    ::testing::Values(Mishap::kRequestLost, Mishap::kReplyLost, Mishap::kRepeated,
                      Mishap::kShortDeadline, Mishap::kOtherDaemon, Mishap::kStreamBreaks,
                      Mishap::kCrashBefore, Mishap::kCrashAfter, Mishap::kPauseBefore,
                      Mishap::kPauseAfter, Mishap::kDeclined, Mishap::kNotCommitted,
                      Mishap::kGivesUp),
    [](const auto& mishap) { return fmt::format("Mishap{}", static_cast<int>(mishap.param)); });

}  // namespace
}  // namespace loadstar::simulation
