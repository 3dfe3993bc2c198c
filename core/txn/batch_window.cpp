#include "core/txn/batch_window.hpp"

#include "core/base/assert.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace loadstar::txn {

void BatchWindow::receive(Entry entry) {
  ++received_;
  ++pending_;
  pending_rows_ += entry.rows;
  slots_.push_back({entry, State::kPending});
}

std::optional<BatchWindow::Entry> BatchWindow::commit(std::uint64_t sequence) {
  const auto entry = finish(sequence, State::kCommitted);
  while (!slots_.empty() && slots_.front().state == State::kCommitted) {
    slots_.pop_front();
    ++committed_;
  }
  return entry;
}

std::optional<BatchWindow::Entry> BatchWindow::reject(std::uint64_t sequence, Refusal refusal) {
  const auto entry = finish(sequence, State::kRejected);
  if (entry) rejected_.push_back({sequence, std::move(refusal)});
  return entry;
}

std::optional<BatchWindow::Entry> BatchWindow::finish(std::uint64_t sequence, State state) {
  LOADSTAR_ASSERT(sequence <= received_, "only what was received becomes final");
  if (sequence <= committed_) return std::nullopt;
  Slot& slot = slots_[sequence - committed_ - 1];
  if (slot.state != State::kPending) return std::nullopt;
  slot.state = state;
  --pending_;
  pending_rows_ -= slot.entry.rows;
  return slot.entry;
}

std::vector<std::uint64_t> BatchWindow::rejected_for(Reason reason) const {
  std::vector<std::uint64_t> sequences;
  for (const Rejected& batch : rejected_) {
    if (batch.refusal.reason == reason) sequences.push_back(batch.sequence);
  }
  std::sort(sequences.begin(), sequences.end());
  return sequences;
}

std::string ranges_text(const std::vector<std::uint64_t>& sequences, std::size_t max_bytes) {
  std::string text;
  for (std::size_t i = 0; i < sequences.size();) {
    std::size_t last = i;
    while (last + 1 < sequences.size() && sequences[last + 1] == sequences[last] + 1) ++last;
    const auto range = last == i ? fmt::format("{}", sequences[i])
                                 : fmt::format("{}-{}", sequences[i], sequences[last]);
    if (text.size() + range.size() + 4 > max_bytes) return text + ",...";
    if (!text.empty()) text += ',';
    text += range;
    i = last + 1;
  }
  return text;
}

}  // namespace loadstar::txn
