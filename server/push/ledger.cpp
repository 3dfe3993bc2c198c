#include "server/push/ledger.hpp"

#include <algorithm>
#include <charconv>

namespace loadstar::server {

void PushLedger::add(Chunk chunk) {
  held_bytes_ += chunk.data.size();
  Batch batch{std::move(chunk), 0, false};
  if (next_sequence_ != 0) batch.sequence = next_sequence_++;
  held_.push_back(std::move(batch));
}

void PushLedger::on_opened(bool attached, std::uint64_t next_sequence) {
  received_ = next_sequence - 1;
  next_sequence_ = next_sequence;
  if (!attached) {
    filtered_before_ += filtered_now_;
    filtered_now_ = 0;
  }
  for (Batch& batch : held_) {
    const bool received = attached && batch.sequence != 0 && batch.sequence < next_sequence;
    if (received) continue;
    batch.sequence = next_sequence_++;
    batch.sent = false;
  }
}

void PushLedger::on_ack(std::uint64_t received, std::uint64_t committed,
                        std::uint64_t filtered_rows) {
  received_ = std::max(received_, received);
  filtered_now_ = std::max(filtered_now_, filtered_rows);
  totals_.filtered_rows = filtered_before_ + filtered_now_;
  while (!held_.empty() && held_.front().sequence != 0 && held_.front().sequence <= committed) {
    commit_front();
  }
}

void PushLedger::commit_front() {
  const Chunk& chunk = held_.front().chunk;
  totals_.committed_rows += chunk.rows;
  totals_.committed_bytes += chunk.data.size();
  ++totals_.committed_batches;
  final_line_ = std::max(final_line_, chunk.last_line);
  held_bytes_ -= chunk.data.size();
  held_.pop_front();
}

std::deque<PushLedger::Batch>::iterator PushLedger::reject(const std::deque<Batch>::iterator& batch,
                                                           const std::string& reason) {
  const Chunk& chunk = batch->chunk;
  totals_.rejected_rows += chunk.rows;
  ++totals_.rejected_batches;
  final_line_ = std::max(final_line_, chunk.last_line);
  rejected_.push_back({chunk.first_line, chunk.last_line, chunk.rows, reason});
  held_bytes_ -= chunk.data.size();
  return held_.erase(batch);
}

void PushLedger::on_rejected(std::string_view sequences, std::uint64_t settled_up_to,
                             const std::string& reason) {
  const auto ranges = parse_ranges(sequences);
  const auto is_rejected = [&](std::uint64_t sequence) {
    return std::any_of(ranges.begin(), ranges.end(), [&](const auto& range) {
      return range.first <= sequence && sequence <= range.second;
    });
  };
  for (auto batch = held_.begin(); batch != held_.end();) {
    batch =
        batch->sequence != 0 && is_rejected(batch->sequence) ? reject(batch, reason) : batch + 1;
  }
  // A list that was cut says nothing about the batches behind its end.
  const bool complete = !sequences.ends_with("...");
  while (complete && !held_.empty() && held_.front().sequence != 0 &&
         held_.front().sequence <= settled_up_to) {
    commit_front();
  }
}

void PushLedger::on_refused(std::uint64_t sequence, const std::string& reason) {
  const auto found = std::find_if(held_.begin(), held_.end(), [sequence](const Batch& batch) {
    return batch.sequence == sequence;
  });
  if (found != held_.end()) reject(found, reason);
}

const PushLedger::Batch* PushLedger::send_next() {
  if (next_sequence_ == 0) return nullptr;
  const auto found =
      std::find_if(held_.begin(), held_.end(), [](const Batch& batch) { return !batch.sent; });
  if (found == held_.end()) return nullptr;
  found->sent = true;
  return &*found;
}

std::uint64_t PushLedger::next_line() const {
  return held_.empty() ? final_line_ + 1 : held_.front().chunk.first_line;
}

std::uint64_t PushLedger::held_rows() const {
  std::uint64_t rows = 0;
  for (const Batch& batch : held_) rows += batch.chunk.rows;
  return rows;
}

std::uint64_t PushLedger::unreceived_bytes() const {
  std::uint64_t bytes = 0;
  for (const Batch& batch : held_) {
    if (batch.sent && batch.sequence > received_) bytes += batch.chunk.data.size();
  }
  return bytes;
}

std::vector<std::pair<std::uint64_t, std::uint64_t>> parse_ranges(std::string_view text) {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    const std::string_view item = text.substr(0, comma);
    const char* const end = item.data() + item.size();
    std::uint64_t first = 0;
    const auto [rest, error] = std::from_chars(item.data(), end, first);
    std::uint64_t last = first;
    bool good = error == std::errc();
    if (good && rest != end && *rest == '-') {
      const auto [after, second_error] = std::from_chars(rest + 1, end, last);
      good = second_error == std::errc() && after == end;
    } else if (rest != end) {
      good = false;  // "...": the list was cut
    }
    if (good && first <= last) ranges.emplace_back(first, last);
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return ranges;
}

}  // namespace loadstar::server
