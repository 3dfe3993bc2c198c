#pragma once

#include "tests/simulation/client_faults.hpp"
#include "tests/simulation/exactly_once_plan.hpp"
#include "tests/simulation/faults.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace loadstar::simulation {

/// What one run came to.
struct ExactlyOnceReport {
  ExactlyOncePlan plan;
  std::vector<std::string> violations;
  Grid grid;
  ClientGrid clients;
  std::uint64_t exchanges = 0;
  std::uint64_t rows = 0;
  std::uint64_t incarnations = 0;
  std::uint64_t epochs = 0;
  std::uint64_t kills = 0;
  std::uint64_t drains = 0;
  std::uint64_t lost = 0;       ///< writers that ended with CHECKPOINT_LOST or OUTCOME_UNKNOWN
  std::uint64_t lingering = 0;  ///< transactions of ours that were left to their timeouts
  std::uint64_t digest = 0;
  double virtual_seconds = 0;
  // What struck, to be replayed in part.
  FaultPlan::Script network;
  MishapPlan::Script mishaps;
};

/// Runs two daemons with all of core/ against one simulated StarRocks, with exactly-once clients
/// that crash, pause, come back and overlap, in one thread and virtual time; everything follows
/// from the plan. At the end faults heal, one incarnation of each client finishes, and the
/// invariants are checked on the rows.
[[nodiscard]] ExactlyOnceReport run_exactly_once(const ExactlyOncePlan& plan);

/// The smallest plan found that still breaks the invariant that `report` breaks first: without
/// faults, ends of daemons, writers, tables, rows and incarnations that it does not need. At most
/// `runs` runs.
[[nodiscard]] ExactlyOncePlan shrink(const ExactlyOnceReport& report, unsigned runs);

}  // namespace loadstar::simulation
