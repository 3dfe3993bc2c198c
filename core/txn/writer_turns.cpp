#include "core/txn/writer_turns.hpp"

#include <algorithm>

namespace loadstar::txn {

asio::awaitable<bool> WriterTurns::take(std::string writer, Kind kind, Deadline deadline) {
  const auto place = waiting_.emplace(writer, kind);
  while (busy_.contains(writer) && !stopped_ && Clock::now() < deadline) {
    co_await freed_.wait_until(deadline);
  }
  waiting_.erase(place);
  if (stopped_ || busy_.contains(writer)) co_return false;
  busy_.insert(writer);
  co_return true;
}

void WriterTurns::give_back(const std::string& writer) {
  busy_.erase(writer);
  freed_.notify();
}

bool WriterTurns::is_wanted_to_roll_back(const std::string& writer) const {
  const auto [first, last] = waiting_.equal_range(writer);
  return std::any_of(first, last,
                     [](const auto& entry) { return entry.second == Kind::kRollBack; });
}

void WriterTurns::stop() {
  stopped_ = true;
  freed_.notify();
}

}  // namespace loadstar::txn
