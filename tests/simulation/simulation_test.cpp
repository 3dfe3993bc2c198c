#include "core/base/mutant.hpp"
#include "tests/simulation/environment.hpp"
#include "tests/simulation/scenario.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

namespace loadstar {

Mutant& active_mutant() {
  static Mutant mutant = Mutant::kNone;
  return mutant;
}

namespace simulation {
namespace {

/// Seeds of a CI run; LOADSTAR_SEEDS asks for more (tests/soak.sh), LOADSTAR_SEED replays one.
constexpr std::uint64_t kSeeds = 1000;
/// A mutant that lives longer than this is not caught.
constexpr std::uint64_t kMutantSeeds = 400;
/// Every so many seeds one is run twice and must end the same.
constexpr std::uint64_t kReplayEvery = 100;

std::string violations_of(const RunReport& report) {
  std::string text = fmt::format("seed {} ({} exchanges):", report.seed, report.exchanges);
  for (std::size_t i = 0; i < report.violations.size() && i < 10; ++i) {
    text += "\n  " + report.violations[i];
  }
  return text;
}

TEST(SimulationTest, AcknowledgedRowsAreInTheTableWhateverFails) {
  const std::uint64_t first = number_from("LOADSTAR_SEED", 1);
  const std::uint64_t count =
      std::getenv("LOADSTAR_SEED") != nullptr ? 1 : number_from("LOADSTAR_SEEDS", kSeeds);
  Grid grid;
  std::uint64_t rows = 0;
  std::uint64_t exchanges = 0;
  std::uint64_t duplicates = 0;
  std::uint64_t kills = 0;
  std::uint64_t failed = 0;
  double virtual_hours = 0;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    const RunReport report = run_seed(seed);
    EXPECT_TRUE(report.violations.empty()) << violations_of(report);
    EXPECT_GE(report.exchanges, 200U) << "seed " << seed;
    if (!report.violations.empty() && ++failed >= 5) break;
    if (seed % kReplayEvery == 0) {
      const RunReport again = run_seed(seed);
      EXPECT_EQ(report.digest, again.digest) << "seed " << seed << " does not replay";
      EXPECT_EQ(report.exchanges, again.exchanges) << "seed " << seed << " does not replay";
    }
    grid.add(report.grid);
    rows += report.rows;
    exchanges += report.exchanges;
    duplicates += report.duplicates;
    kills += report.kills;
    virtual_hours += report.virtual_seconds / 3600;
  }
  fmt::print(
      "{} seeds, {} exchanges, {} rows, {} duplicates (all explained), {} kills, {:.0f} virtual "
      "hours\n{}",
      count, exchanges, rows, duplicates, kills, virtual_hours,
      grid.table(at_least_once_operations()));
  if (count < kSeeds) return;
  for (const auto& zero : grid.unexplained_zeros(at_least_once_operations()))
    ADD_FAILURE() << "never hit: " << zero;
}

class MutantTest : public ::testing::TestWithParam<std::pair<Mutant, const char*>> {
 protected:
  void TearDown() override { active_mutant() = Mutant::kNone; }
};

// A checker that catches no mutant proves nothing (architecture.md 5).
TEST_P(MutantTest, IsCaught) {
  active_mutant() = GetParam().first;
  for (std::uint64_t seed = 1; seed <= kMutantSeeds; ++seed) {
    const RunReport report = run_seed(seed);
    if (report.violations.empty()) continue;
    fmt::print("mutant {} caught by seed {}: {}\n", GetParam().second, seed,
               report.violations.front());
    return;
  }
  FAIL() << "mutant " << GetParam().second << " survives " << kMutantSeeds << " seeds";
}

INSTANTIATE_TEST_SUITE_P(
    Mutants, MutantTest,
    ::testing::Values(std::pair(Mutant::kHttp200IsSuccess, "Http200IsSuccess"),
                      std::pair(Mutant::kLoadRepeatedWhenBroken, "LoadRepeatedWhenBroken"),
                      std::pair(Mutant::kUnknownIsAborted, "UnknownIsAborted"),
                      std::pair(Mutant::kAckAtReceive, "AckAtReceive"),
                      std::pair(Mutant::kDropOnBackpressure, "DropOnBackpressure")),
    [](const auto& mutant) { return std::string(mutant.param.second); });

}  // namespace
}  // namespace simulation
}  // namespace loadstar
