#pragma once

#include "core/options.hpp"
#include "tests/simulation/client_faults.hpp"
#include "tests/simulation/faults.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace loadstar::simulation {

/// How a client departs from ingest-api.md 3.11; all but the first must be caught (4.8).
enum class ClientVariant : std::uint8_t {
  kAsSpecified,
  kEpochNotDurable,  ///< the epoch is not saved before Open
  kEpochProbed,      ///< the first epoch without a trace in StarRocks, instead of the next one
  kNoCompareAndSet,  ///< the record is overwritten
  kNeverReattaches,  ///< no Open carries reattach (a breach that the daemon's probe is to find)
};

/// The daemon that makes exchange number `exchange` is ended at it.
struct DaemonEnd {
  enum class Kind : std::uint8_t {
    kKilledBefore,  ///< SIGKILL before the request leaves
    kKilledAfter,   ///< SIGKILL when it was processed, before its answer is read
    kDrained,       ///< SIGTERM: drain, then stop
  };
  std::uint64_t exchange = 0;
  Kind kind = Kind::kKilledBefore;
};
[[nodiscard]] std::string_view to_string(DaemonEnd::Kind kind);

/// Everything that one run is made of. The same plan gives the same run.
struct ExactlyOncePlan {
  std::uint64_t seed = 0;
  unsigned writers = 1;
  unsigned tables = 2;
  unsigned rows = 30;                   ///< of each writer
  unsigned rows_per_batch = 4;          ///< at most
  unsigned checkpoint_percent = 30;     ///< chance per batch that a checkpoint ends with it
  unsigned empty_percent = 0;           ///< of checkpoints: another one without rows follows
  bool pipelined = true;                ///< batches of the next checkpoints are sent meanwhile
  bool bad_rows = false;                ///< some rows are refused until the client leaves them out
  bool lanes = false;                   ///< batches of one table differ in their properties
  unsigned incarnations = 6;            ///< of each writer's client while faults last
  std::uint64_t least_exchanges = 200;  ///< further writers come until there are so many
  std::uint64_t most_exchanges = 900;   ///< then faults end
  /// A3 is broken: prepared transactions run out after this, and committed labels may be forgotten.
  std::optional<std::chrono::seconds> prepared_for;
  ClientVariant variant = ClientVariant::kAsSpecified;
  bool network_faults = true;
  bool mishaps = true;
  std::vector<DaemonEnd> ends;
  // Instead of faults drawn from the seed, exactly these.
  std::optional<FaultPlan::Script> network;
  std::optional<MishapPlan::Script> clients;
};

/// The plan of a seed.
[[nodiscard]] ExactlyOncePlan plan_for(std::uint64_t seed);

/// The daemons' options in this run.
[[nodiscard]] CoreOptions options_for(const ExactlyOncePlan& plan);

/// For people: what is in it, one thing per line.
[[nodiscard]] std::string describe(const ExactlyOncePlan& plan);

}  // namespace loadstar::simulation
