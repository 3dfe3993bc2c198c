#pragma once

#include "core/starrocks/client.hpp"
#include "core/txn/resume_token.hpp"

#include <cstdint>
#include <optional>
#include <set>
#include <tuple>
#include <vector>

namespace loadstar::txn {

/// Labels that earlier sessions of a writer may have left behind, found without a listing
/// (ingest-api.md 4.3): all of them follow from the token, because every session since then started
/// from it and none ran further ahead than `max_pending` checkpoints.
struct CandidateRange {
  std::string prefix;
  std::string writer;
  std::string database;
  std::uint64_t first_epoch = 1;
  std::uint64_t last_epoch = 0;  ///< below first_epoch: nothing to search
  std::uint64_t after_checkpoint = 0;
  std::uint64_t max_pending = 8;
};

/// The range for Open{epoch, token} (epochs below `epoch`) or Abort (up to `epoch`): `last_epoch`
/// says which. `token` may be empty: all epochs from 1.
[[nodiscard]] CandidateRange candidates_after(const ResumeToken& token, std::uint64_t last_epoch,
                                              std::uint64_t max_pending);

/// One (epoch, checkpoint), whose parts are probed one after the other: since parts are begun
/// strictly in turn, two UNKNOWN ones in a row are the end.
class ProbeChain {
 public:
  ProbeChain(std::uint64_t epoch, std::uint64_t checkpoint)
      : epoch_(epoch), checkpoint_(checkpoint) {}

  [[nodiscard]] std::uint64_t epoch() const { return epoch_; }
  [[nodiscard]] std::uint64_t checkpoint() const { return checkpoint_; }
  /// Number of the next part to ask for; nullopt: this chain is done.
  [[nodiscard]] std::optional<std::uint64_t> next() const;
  /// The state of part next(); `known`: the token names it, so it was not asked for.
  void on_state(starrocks::LabelState state);
  void skip() { on_state(starrocks::LabelState::kPrepared); }
  /// No answer: the rest of this chain is left to its timeout.
  void give_up() { unknown_ = kEnough; }

 private:
  static constexpr unsigned kEnough = 2;

  std::uint64_t epoch_;
  std::uint64_t checkpoint_;
  std::uint64_t part_ = 0;
  unsigned unknown_ = 0;
};

/// All chains of a range, newest epochs first, at most `limit` of them.
[[nodiscard]] std::vector<ProbeChain> chains_of(const CandidateRange& range, std::size_t limit);

/// What to do with a candidate that was found in `state`.
enum class CandidateAction { kNothing, kRollBack, kStale };
[[nodiscard]] CandidateAction action_for(starrocks::LabelState state);

}  // namespace loadstar::txn
