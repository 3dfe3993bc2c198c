#include "core/base/mutant.hpp"
#include "tests/simulation/environment.hpp"
#include "tests/simulation/scenario.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <ctime>
#include <string>

namespace loadstar {

Mutant& active_mutant() {
  static Mutant mutant = Mutant::kNone;
  return mutant;
}

namespace simulation {
namespace {

/// Seeds of a CI run; LOADSTAR_SEEDS asks for more (tests/soak.sh), LOADSTAR_SEED replays one.
constexpr std::uint64_t kSeeds = 2'000;
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

void run_seeds(const Seeds& seeds) {
  if (seeds.first == seeds.end) GTEST_SKIP() << "the seed is in the other half";
  const std::clock_t began = std::clock();
  Grid grid;
  std::uint64_t rows = 0;
  std::uint64_t exchanges = 0;
  std::uint64_t duplicates = 0;
  std::uint64_t kills = 0;
  std::uint64_t failed = 0;
  double virtual_hours = 0;
  for (std::uint64_t seed = seeds.first; seed < seeds.end; ++seed) {
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
      "{} seeds in {:.1f} s of CPU, {} exchanges, {} rows, {} duplicates (all explained), {} "
      "kills, {:.0f} virtual "
      "hours\n{}",
      seeds.end - seeds.first, static_cast<double>(std::clock() - began) / CLOCKS_PER_SEC,
      exchanges, rows, duplicates, kills, virtual_hours, grid.table(at_least_once_operations()));
  if (!seeds.complete) return;
  for (const auto& zero : grid.unexplained_zeros(at_least_once_operations()))
    ADD_FAILURE() << "never hit: " << zero;
}

TEST(SimulationTest, AcknowledgedRowsAreInTheTableWhateverFails) {
  run_seeds(half_of_seeds(0, kSeeds));
}

TEST(SimulationTest, AcknowledgedRowsAreInTheTableInTheSecondHalf) {
  run_seeds(half_of_seeds(1, kSeeds));
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
                      std::pair(Mutant::kDropOnBackpressure, "DropOnBackpressure"),
                      std::pair(Mutant::kReadsOnWithoutRoom, "ReadsOnWithoutRoom")),
    [](const auto& mutant) { return std::string(mutant.param.second); });

}  // namespace
}  // namespace simulation
}  // namespace loadstar
