#include "core/txn/candidates.hpp"

#include "core/starrocks/label.hpp"

#include <algorithm>

namespace loadstar::txn {

using starrocks::LabelState;

CandidateRange candidates_after(const ResumeToken& token, std::uint64_t last_epoch,
                                std::uint64_t max_pending) {
  CandidateRange range;
  range.prefix = token.prefix;
  range.writer = token.writer;
  range.database = token.database;
  range.first_epoch = std::max<std::uint64_t>(token.epoch, 1);
  range.last_epoch = last_epoch;
  range.after_checkpoint = token.checkpoint;
  range.max_pending = max_pending;
  return range;
}

std::optional<std::uint64_t> ProbeChain::next() const {
  if (unknown_ >= kEnough || part_ > starrocks::kMaxPart) return std::nullopt;
  return part_;
}

void ProbeChain::on_state(LabelState state) {
  unknown_ = state == LabelState::kUnknown ? unknown_ + 1 : 0;
  ++part_;
}

std::vector<ProbeChain> chains_of(const CandidateRange& range, std::size_t limit) {
  std::vector<ProbeChain> chains;
  for (std::uint64_t epoch = range.last_epoch; epoch >= range.first_epoch && epoch > 0; --epoch) {
    for (std::uint64_t ahead = 1; ahead <= range.max_pending; ++ahead) {
      if (chains.size() >= limit) return chains;
      chains.emplace_back(epoch, range.after_checkpoint + ahead);
    }
  }
  return chains;
}

CandidateAction action_for(LabelState state) {
  switch (state) {
    case LabelState::kUnknown:
    case LabelState::kAborted:
      return CandidateAction::kNothing;
    case LabelState::kPrepare:
    case LabelState::kPrepared:
      return CandidateAction::kRollBack;
    case LabelState::kCommitted:
    case LabelState::kVisible:
      return CandidateAction::kStale;
  }
  return CandidateAction::kNothing;
}

}  // namespace loadstar::txn
