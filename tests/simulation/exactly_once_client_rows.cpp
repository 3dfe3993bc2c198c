#include "tests/simulation/exactly_once_client.hpp"
#include "tests/support/wire_writer.hpp"

#include <string>
#include <utility>

// How an exactly-once client cuts its source into batches and checkpoints.

namespace loadstar::simulation {
namespace {

constexpr std::uint64_t kCsv = 2;  // loadstar.v1.FORMAT_CSV

}  // namespace

/// The next batch: neighbours of one table. False if there is none to make now.
bool ExactlyOnceClient::cut_batch() {
  const auto& rows = writer_.rows;
  // Batches may run ahead of what is committed, within the daemon's limit (and now and then
  // beyond).
  const std::uint64_t ahead = world_.plan.pipelined ? max_pending() : 1;
  const std::uint64_t limit = committed_ + ahead + (random_.chance(5) ? 1 : 0);
  if (checkpoint_ > limit) return false;
  while (position_ < rows.size() && rows[position_].bad && writer_.leaves_out_bad) ++position_;
  if (position_ >= rows.size()) {
    // What is left is an empty checkpoint, if bad rows at the end were left out.
    const std::size_t covered = cuts_.empty() ? record_.position : cuts_.back().end;
    if (covered < rows.size() || (!kept_.empty() && kept_.back().checkpoint == checkpoint_)) {
      end_checkpoint();
    }
    return false;
  }
  const std::size_t first = position_;
  const auto most = 1 + random_.below(world_.plan.rows_per_batch);
  std::size_t end = first;
  while (end < rows.size() && end - first < most && rows[end].table == rows[first].table &&
         rows[end].lane == rows[first].lane && !(rows[end].bad && writer_.leaves_out_bad)) {
    ++end;
  }
  Kept batch;
  batch.sequence = next_sequence_++;
  batch.checkpoint = checkpoint_;
  batch.end = end;
  position_ = end;
  batch.message = message_of(batch, first);
  ends_[batch.sequence] = end;
  kept_.push_back(std::move(batch));
  if (end == rows.size() || random_.chance(world_.plan.checkpoint_percent)) {
    end_checkpoint();
    if (random_.chance(world_.plan.empty_percent)) end_checkpoint();
  }
  return true;
}

void ExactlyOnceClient::end_checkpoint() {
  cuts_.push_back({checkpoint_, next_sequence_ - 1, position_});
  ++checkpoint_;
  wake();
}

std::string ExactlyOnceClient::message_of(const Kept& batch, std::size_t first) const {
  const SourceRow& row = writer_.rows[first];
  std::string data;
  for (std::size_t i = first; i < batch.end; ++i) data += writer_.rows[i].text + "\n";
  test::WireWriter inner;
  inner.varint(1, batch.sequence);
  inner.varint(2, batch.checkpoint);
  inner.text(3, row.table);
  inner.varint(5, batch.end - first);
  inner.varint(6, kCsv);
  if (row.lane) {
    test::WireWriter property;
    property.text(1, "timezone");
    property.text(2, "UTC");
    inner.text(8, property.bytes());
  }
  inner.text(15, data);
  test::WireWriter outer;
  outer.text(2, inner.bytes());
  return outer.bytes();
}

}  // namespace loadstar::simulation
