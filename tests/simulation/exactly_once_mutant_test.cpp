#include "core/base/mutant.hpp"
#include "tests/simulation/exactly_once_scenario.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>

namespace loadstar::simulation {
namespace {

/// A rule broken on purpose: in core, in the client, or in both.
struct Broken {
  const char* name;
  Mutant mutant;
  ClientVariant variant;
  std::uint64_t seeds;  ///< within so many it must be caught
};

void PrintTo(const Broken& broken, std::ostream* out) { *out << broken.name; }

class ExactlyOnceMutantTest : public ::testing::TestWithParam<Broken> {
 protected:
  void TearDown() override { active_mutant() = Mutant::kNone; }
};

// A checker that catches no mutant proves nothing (architecture.md 5). F090 is R8.
TEST_P(ExactlyOnceMutantTest, IsCaught) {
  active_mutant() = GetParam().mutant;
  for (std::uint64_t seed = 1; seed <= GetParam().seeds; ++seed) {
    ExactlyOncePlan plan = plan_for(seed);
    plan.variant = GetParam().variant;
    const ExactlyOnceReport report = run_exactly_once(plan);
    if (report.violations.empty()) continue;
    fmt::print("{} caught by seed {}: {}\n", GetParam().name, seed, report.violations.front());
    return;
  }
  FAIL() << GetParam().name << " survives " << GetParam().seeds << " seeds";
}

constexpr auto kSpecified = ClientVariant::kAsSpecified;

INSTANTIATE_TEST_SUITE_P(
    Rules, ExactlyOnceMutantTest,
    ::testing::Values(
        Broken{"R1LoadAfterLostBegin", Mutant::kLoadAfterLostBegin, kSpecified, 400},
        Broken{"R1aUnheldEpochIsReattached", Mutant::kUnheldEpochIsReattached, kSpecified, 2000},
        Broken{"R2PartLoadRepeated", Mutant::kPartLoadRepeated, kSpecified, 400},
        Broken{"R2PreparedAlthoughLoadFailed", Mutant::kPreparedAlthoughLoadFailed, kSpecified,
               400},
        Broken{"R3LostPrepareIsSuccess", Mutant::kLostPrepareIsSuccess, kSpecified, 400},
        Broken{"R3CountIsNotCompared", Mutant::kCountIsNotCompared, kSpecified, 2000},
        Broken{"R4CommitAtCheckpoint", Mutant::kCommitAtCheckpoint, kSpecified, 400},
        Broken{"R5RollBackPreparedAtEnd", Mutant::kRollBackPreparedAtEnd, kSpecified, 400},
        Broken{"R6UnknownCommitIsSuccess", Mutant::kUnknownCommitIsSuccess, kSpecified, 400},
        Broken{"R7EmptyCheckpointBegins", Mutant::kEmptyCheckpointBegins, kSpecified, 400},
        // F090
        Broken{"R8TwoRequestsPerLabel", Mutant::kTwoRequestsPerLabel, kSpecified, 400},
        Broken{"V8AbortDoesNotLook", Mutant::kAbortDoesNotLook, kSpecified, 2000},
        Broken{"V14ReadsOnWithoutRoom", Mutant::kReadsOnWithoutRoom, kSpecified, 2000},
        Broken{"LabelWithoutEpoch", Mutant::kLabelWithoutEpoch, kSpecified, 400},
        Broken{"TokenIsNotCumulative", Mutant::kTokenIsNotCumulative, kSpecified, 400}),
    [](const auto& broken) { return std::string(broken.param.name); });

// The clients of ingest-api.md 4.8, which leave out what is theirs to do.
INSTANTIATE_TEST_SUITE_P(
    Clients, ExactlyOnceMutantTest,
    ::testing::Values(
        Broken{"EpochNotDurableBeforeOpen", Mutant::kNone, ClientVariant::kEpochNotDurable, 2000},
        Broken{"EpochIsProbed", Mutant::kNone, ClientVariant::kEpochProbed, 2000},
        Broken{"NoCompareAndSet", Mutant::kNone, ClientVariant::kNoCompareAndSet, 2000},
        Broken{"EpochIsNotProbedForAClientThatNeverReattaches", Mutant::kEpochIsNotProbed,
               ClientVariant::kNeverReattaches, 2000}),
    [](const auto& broken) { return std::string(broken.param.name); });

}  // namespace
}  // namespace loadstar::simulation
