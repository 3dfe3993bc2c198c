#pragma once

#include "core/base/random.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace loadstar::simulation {

/// Steps of an exactly-once client (ingest-api.md 3.11).
enum class Step : std::uint8_t { kClaim, kOpen, kAppend, kCheckpoint, kSave, kCommit, kAbort };
inline constexpr std::array kSteps{Step::kClaim, Step::kOpen,   Step::kAppend, Step::kCheckpoint,
                                   Step::kSave,  Step::kCommit, Step::kAbort};
[[nodiscard]] std::string_view to_string(Step step);

/// What can happen to a client at a step.
enum class Mishap : std::uint8_t {
  kNone,
  kRequestLost,    ///< the call never reaches the daemon
  kReplyLost,      ///< it is carried out, and the client does not learn how it ended
  kRepeated,       ///< it arrives a second time, up to two minutes later, perhaps at another daemon
  kShortDeadline,  ///< the client gives up soon and calls again
  kOtherDaemon,    ///< it goes to another daemon than the last one
  kStreamBreaks,
  kCrashBefore,
  kCrashAfter,
  kPauseBefore,  ///< SIGSTOP for up to two minutes: meanwhile a successor may start
  kPauseAfter,
  kDeclined,      ///< the checkpoint is not made durable
  kNotCommitted,  ///< the notice to commit is lost
  kGivesUp,       ///< Abort, then exit
};
inline constexpr std::size_t kMishaps = 14;
[[nodiscard]] std::string_view to_string(Mishap mishap);

/// Whether the mishap can happen at the step.
[[nodiscard]] bool applies(Mishap mishap, Step step);

/// How often each mishap struck each step, over all runs.
class ClientGrid {
 public:
  void hit(Mishap mishap, Step step) { ++hits_[{mishap, step}]; }
  void add(const ClientGrid& other);
  [[nodiscard]] std::string table() const;
  [[nodiscard]] std::vector<std::string> unexplained_zeros() const;

 private:
  [[nodiscard]] std::uint64_t hits(Mishap mishap, Step step) const;
  std::map<std::pair<Mishap, Step>, std::uint64_t> hits_;
};

/// The mishaps of one run, as FaultPlan for the network.
class MishapPlan {
 public:
  /// Number of a step of any client (the first is 1) and what happens at it.
  using Script = std::map<std::uint64_t, Mishap>;

  MishapPlan(Random& random, bool any);
  explicit MishapPlan(Script script) : random_(0), scripted_(true), script_(std::move(script)) {}

  [[nodiscard]] Mishap draw(Step step);
  void heal() { healed_ = true; }
  [[nodiscard]] bool healed() const { return healed_; }
  [[nodiscard]] const Script& struck() const { return struck_; }
  [[nodiscard]] const ClientGrid& grid() const { return grid_; }

 private:
  Random random_;
  std::vector<Mishap> chosen_;
  std::uint64_t percent_ = 0;
  bool healed_ = false;
  bool scripted_ = false;
  Script script_;
  Script struck_;
  std::uint64_t drawn_ = 0;
  ClientGrid grid_;
};

}  // namespace loadstar::simulation
