#include "core/ingest/lane_buffer.hpp"

#include "core/base/assert.hpp"

#include <algorithm>
#include <utility>

namespace loadstar::ingest {
namespace {

bool holds_writer(const LoadGroup& group, std::uint64_t writer) {
  return std::any_of(group.batches.begin(), group.batches.end(),
                     [writer](const BufferedBatch& batch) { return batch.writer == writer; });
}

bool counts_rows(const LaneSpec& lane) { return lane.protocol == Protocol::kStreamLoad; }

}  // namespace

LaneBuffer::LaneBuffer(FlushLimits limits, unsigned parallelism)
    : limits_(limits), parallelism_(parallelism) {
  LOADSTAR_ASSERT(parallelism >= 1, "config/validate refuses parallelism 0");
}

void LaneBuffer::add(BufferedBatch batch) {
  LoadGroup& group = group_for(batch);
  if (group.batches.empty()) group.oldest = batch.received_at;
  const std::uint64_t bytes = batch.encoded.payload.size();
  group.bytes += bytes;
  group.charged += batch.charged;
  group.rows += batch.encoded.rows;
  waiting_bytes_ += batch.charged;
  group.batches.push_back(std::move(batch));
  const Buffered buffered{group.bytes, group.rows, Clock::duration::zero()};
  const auto trigger = flush_due(limits_, buffered, counts_rows(*group.lane));
  if (!trigger) return;
  const auto position = std::find_if(groups_.begin(), groups_.end(),
                                     [&](const LoadGroup& other) { return other.id == group.id; });
  make_due(static_cast<std::size_t>(position - groups_.begin()), *trigger);
}

LoadGroup& LaneBuffer::group_for(const BufferedBatch& batch) {
  const LaneSpec& lane = *batch.encoded.lane;
  for (auto group = groups_.rbegin(); group != groups_.rend(); ++group) {
    if (group->lane->key == lane.key && !group->due) {
      if (fits(*group, batch, limits_)) return *group;
      // Full: it goes as it is, and what comes now starts the next one.
      make_due(static_cast<std::size_t>(groups_.rend() - group) - 1, FlushTrigger::kBytes);
      break;
    }
    if (holds_writer(*group, batch.writer)) break;
  }
  LoadGroup& fresh = groups_.emplace_back();
  fresh.id = next_id_++;
  fresh.lane = batch.encoded.lane;
  return fresh;
}

bool LaneBuffer::fits(const LoadGroup& group, const BufferedBatch& batch,
                      const FlushLimits& limits) {
  // Dropped rows are told to the writer that asked for dropping (Ack.filtered_rows), so such a load
  // has the rows of one writer only.
  if (group.lane->max_filter_ratio > 0 && !holds_writer(group, batch.writer)) return false;
  if (group.bytes + batch.encoded.payload.size() > limits.max_bytes) return false;
  return !counts_rows(*group.lane) || group.rows + batch.encoded.rows <= limits.max_rows;
}

void LaneBuffer::make_due(std::size_t last, FlushTrigger trigger) {
  for (std::size_t i = 0; i <= last; ++i) {
    if (!groups_[i].due) groups_[i].due = i == last ? trigger : FlushTrigger::kOrder;
  }
}

void LaneBuffer::tick(Clock::time_point now, Clock::duration max_age) {
  for (std::size_t i = groups_.size(); i-- > 0;) {
    if (groups_[i].due || now - groups_[i].oldest < max_age) continue;
    make_due(i, limits_.age_trigger);
    return;
  }
}

void LaneBuffer::flush_writer(std::uint64_t writer, std::uint64_t sequence, FlushTrigger trigger) {
  for (std::size_t i = groups_.size(); i-- > 0;) {
    const auto& batches = groups_[i].batches;
    const bool holds = std::any_of(batches.begin(), batches.end(), [&](const BufferedBatch& batch) {
      return batch.writer == writer && batch.sequence <= sequence;
    });
    if (!holds) continue;
    make_due(i, trigger);
    return;
  }
}

void LaneBuffer::flush_all(FlushTrigger trigger) {
  if (!groups_.empty()) make_due(groups_.size() - 1, trigger);
}

std::optional<LoadGroup> LaneBuffer::start_next() {
  if (groups_.empty() || !groups_.front().due || in_flight_ >= parallelism_) return std::nullopt;
  LoadGroup group = std::move(groups_.front());
  groups_.pop_front();
  waiting_bytes_ -= group.charged;
  ++in_flight_;
  return group;
}

void LaneBuffer::finished() {
  LOADSTAR_ASSERT(in_flight_ > 0, "finished() answers a start_next()");
  --in_flight_;
}

std::optional<Clock::time_point> LaneBuffer::next_tick(Clock::duration max_age) const {
  std::optional<Clock::time_point> next;
  for (const LoadGroup& group : groups_) {
    if (group.due) continue;
    const auto at = group.oldest + max_age;
    if (!next || at < *next) next = at;
  }
  return next;
}

std::optional<Clock::time_point> LaneBuffer::oldest() const {
  std::optional<Clock::time_point> oldest;
  for (const LoadGroup& group : groups_) {
    if (!oldest || group.oldest < *oldest) oldest = group.oldest;
  }
  return oldest;
}

}  // namespace loadstar::ingest
