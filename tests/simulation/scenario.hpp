#pragma once

#include "tests/simulation/faults.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace loadstar::simulation {

/// What one run came to.
struct RunReport {
  std::uint64_t seed = 0;
  std::vector<std::string> violations;
  Grid grid;
  std::uint64_t exchanges = 0;
  std::uint64_t rows = 0;
  std::uint64_t duplicates = 0;  ///< rows more than once, each of them explained
  std::uint64_t kills = 0;
  std::uint64_t digest = 0;  ///< of the tables at the end: equal runs have equal digests
  double virtual_seconds = 0;
};

/// Runs all of core/ against a simulated StarRocks with simulated clients, in one thread and
/// virtual time; everything that happens follows from the seed (architecture.md D2, 5). At least
/// two writers, two tables and 200 exchanges. Checks the invariants of at-least-once delivery at
/// the end.
[[nodiscard]] RunReport run_seed(std::uint64_t seed);

}  // namespace loadstar::simulation
