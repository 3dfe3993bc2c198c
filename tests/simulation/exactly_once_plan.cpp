#include "tests/simulation/exactly_once_plan.hpp"

#include "tests/simulation/simulated_starrocks.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace loadstar::simulation {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::string_view to_string(DaemonEnd::Kind kind) {
  switch (kind) {
    case DaemonEnd::Kind::kKilledBefore:
      return "killed before";
    case DaemonEnd::Kind::kKilledAfter:
      return "killed after";
    case DaemonEnd::Kind::kDrained:
      return "drained at";
  }
  return "";
}

ExactlyOncePlan plan_for(std::uint64_t seed) {
  Random random(seed * 2'654'435'761U + 17);
  ExactlyOncePlan plan;
  plan.seed = seed;
  plan.writers = 1 + static_cast<unsigned>(random.below(3));
  plan.tables = 1 + static_cast<unsigned>(random.below(3));
  plan.rows = 10 + static_cast<unsigned>(random.below(60 / plan.writers));
  plan.rows_per_batch = 1 + static_cast<unsigned>(random.below(6));
  plan.checkpoint_percent = 15 + static_cast<unsigned>(random.below(70));
  plan.empty_percent = random.chance(30) ? 25 : 0;
  plan.pipelined = random.chance(70);
  plan.bad_rows = random.chance(8);
  plan.lanes = random.chance(15);
  plan.incarnations = 2 + static_cast<unsigned>(random.below(5));
  // Each twentieth run is calm; the others have faults of the network, of clients and daemons, or
  // both.
  const bool calm = seed % 20 == 0;
  const auto kind = random.below(10);
  plan.network_faults = !calm && kind < 8;
  plan.mishaps = !calm && kind >= 2;
  if (!calm && random.chance(5)) plan.prepared_for = seconds(20 + random.below(200));
  if (!calm && random.chance(50)) {
    const auto count = 1 + random.below(3);
    for (std::uint64_t i = 0; i < count; ++i) {
      plan.ends.push_back({1 + random.below(400), static_cast<DaemonEnd::Kind>(random.below(3))});
    }
  }
  return plan;
}

CoreOptions options_for(const ExactlyOncePlan& plan) {
  Random random(plan.seed * 6'364'136'223'846'793'005U + 1);
  CoreOptions options;
  options.starrocks.load_urls = {{false, SimulatedStarrocks::kFrontend, 8030},
                                 {false, SimulatedStarrocks::kFollower, 8030}};
  options.starrocks.user = "loader";
  options.starrocks.password = [] { return Secret("secret"); };
  options.starrocks.redirect_allow = {"be1:8040", "be2:8040", "dead1:8040", "fe1:8030", "fe2:8030"};
  options.starrocks.request_timeout = seconds(30 + random.below(300));
  options.starrocks.publish_timeout = seconds(5 + random.below(25));
  options.starrocks.query_timeout = seconds(3 + random.below(8));
  options.allow_unknown_tables = true;
  options.times.transaction_timeout = seconds(60 + random.below(3600));
  options.times.prepared_timeout = seconds(86'400);
  // No refusal for bad luck: a fault that strikes ten times is still a fault.
  options.defaults.retry.max_attempts = 1000;
  options.defaults.retry.initial_interval = milliseconds(100 + random.below(1000));
  options.limits.max_pending_checkpoints = 1 + static_cast<std::uint32_t>(random.below(4));
  options.limits.memory = Bytes{random.chance(15) ? 200 + random.below(2000) : 1'000'000};
  options.limits.memory_soft_percent = 100;
  options.limits.session_grace = milliseconds(1000 + random.below(60'000));
  return options;
}

std::string describe(const ExactlyOncePlan& plan) {
  std::string text = fmt::format(
      "seed {}: {} writer(s), {} table(s), {} rows each, up to {} in a batch, {} incarnation(s), "
      "{} "
      "exchanges{}{}{}{}",
      plan.seed, plan.writers, plan.tables, plan.rows, plan.rows_per_batch, plan.incarnations,
      plan.most_exchanges, plan.pipelined ? ", pipelined" : "", plan.bad_rows ? ", bad rows" : "",
      plan.lanes ? ", lanes" : "", plan.prepared_for ? ", prepared transactions run out" : "");
  for (const DaemonEnd& end : plan.ends) {
    text += fmt::format("\n  daemon {} exchange {}", to_string(end.kind), end.exchange);
  }
  if (plan.network) {
    for (const auto& [number, fault] : *plan.network) {
      text += fmt::format("\n  exchange {}: {}", number, to_string(fault));
    }
  }
  if (plan.clients) {
    for (const auto& [number, mishap] : *plan.clients) {
      text += fmt::format("\n  client step {}: {}", number, to_string(mishap));
    }
  }
  return text;
}

}  // namespace loadstar::simulation
