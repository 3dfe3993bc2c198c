#pragma once

#include "core/base/clock.hpp"
#include "core/base/metrics.hpp"
#include "core/ingest/flush_policy.hpp"
#include "core/ingest/lane.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

namespace loadstar::ingest {

/// One encoded batch on its way, and whose it is.
struct BufferedBatch {
  std::uint64_t writer = 0;    ///< number of the writer in this process
  std::uint64_t sequence = 0;  ///< in that writer
  EncodedBatch encoded;
  Clock::time_point received_at;
  std::uint64_t charged = 0;  ///< bytes that the memory budget counts for it
};

/// Batches of one lane that are loaded together.
struct LoadGroup {
  std::uint64_t id = 0;
  std::shared_ptr<const LaneSpec> lane;
  std::vector<BufferedBatch> batches;  ///< in the order they came
  std::uint64_t bytes = 0;             ///< of payload
  std::uint64_t charged = 0;           ///< to the memory budget
  std::uint64_t rows = 0;
  Clock::time_point oldest;
  std::optional<FlushTrigger> due;  ///< why it is to be loaded; unset while it still fills
};

/// The at-least-once lanes of one table: decides which batches share a load and which load is next.
///
/// Groups stand in a queue. A batch joins the youngest group of its lane that still fills, unless a
/// later group holds rows of the same writer (its rows must stay in sequence order), else it starts
/// a group at the end. Groups start in queue order, so a due group makes all before it due. Up to
/// `parallelism` are in flight; above 1 the order of rows is given up, as configured.
///
/// Pure: no I/O, no clock. Confined to the strand of its table.
class LaneBuffer {
 public:
  LaneBuffer(FlushLimits limits, unsigned parallelism);

  /// `now` is when the batch was received. May make groups due by bytes or rows.
  void add(BufferedBatch batch);

  /// Makes everything due that is older than the (possibly stretched) age limit.
  void tick(Clock::time_point now, Clock::duration max_age);

  /// Makes due what holds batches of `writer` up to `sequence`, and everything before it.
  void flush_writer(std::uint64_t writer, std::uint64_t sequence, FlushTrigger trigger);

  /// Makes everything due.
  void flush_all(FlushTrigger trigger);

  /// The next group to load, moved out; nullopt if none is due or `parallelism` are in flight.
  [[nodiscard]] std::optional<LoadGroup> start_next();

  /// A group that start_next() gave is final.
  void finished();

  /// When tick() has something to do next; nullopt if nothing fills.
  [[nodiscard]] std::optional<Clock::time_point> next_tick(Clock::duration max_age) const;

  /// When the oldest batch that is not in flight was received; nullopt if there is none.
  [[nodiscard]] std::optional<Clock::time_point> oldest() const;

  /// What the memory budget counts for batches that are not being loaded.
  [[nodiscard]] std::uint64_t waiting_bytes() const { return waiting_bytes_; }
  [[nodiscard]] bool empty() const { return groups_.empty() && in_flight_ == 0; }
  [[nodiscard]] unsigned in_flight() const { return in_flight_; }
  [[nodiscard]] const FlushLimits& limits() const { return limits_; }

 private:
  [[nodiscard]] LoadGroup& group_for(const BufferedBatch& batch);
  [[nodiscard]] static bool fits(const LoadGroup& group, const BufferedBatch& batch,
                                 const FlushLimits& limits);
  void make_due(std::size_t last, FlushTrigger trigger);

  FlushLimits limits_;
  unsigned parallelism_;
  std::deque<LoadGroup> groups_;  // oldest first; those in flight were moved out
  unsigned in_flight_ = 0;
  std::uint64_t next_id_ = 1;
  std::uint64_t waiting_bytes_ = 0;
};

}  // namespace loadstar::ingest
