#include "tests/emulator/server/coordinator_memory.hpp"

namespace emulator {
inline namespace server {

std::size_t CoordinatorMemory::capacity() const {
  if (!expires_) return 512 * nodes_;
  return static_cast<std::size_t>(config_.transaction_stream_load_coordinator_cache_capacity);
}

void CoordinatorMemory::remember(const std::string& label, std::size_t backend) {
  const auto known = by_label_.find(label);
  if (known != by_label_.end()) by_use_.erase(known->second);
  by_label_[label] = by_use_.insert(by_use_.end(), {label, backend, clock_.now()});
  while (by_use_.size() > capacity()) {
    by_label_.erase(by_use_.front().label);
    by_use_.pop_front();
  }
}

std::optional<std::size_t> CoordinatorMemory::find(const std::string& label) {
  const auto known = by_label_.find(label);
  if (known == by_label_.end()) return std::nullopt;
  const auto entry = known->second;
  const auto life =
      std::chrono::seconds(config_.transaction_stream_load_coordinator_cache_expire_seconds);
  if (expires_ && clock_.now() - entry->used > life) {
    by_use_.erase(entry);
    by_label_.erase(known);
    return std::nullopt;
  }
  entry->used = clock_.now();
  by_use_.splice(by_use_.end(), by_use_, entry);
  return entry->backend;
}

void CoordinatorMemory::clear() {
  by_use_.clear();
  by_label_.clear();
}

}  // namespace server
}  // namespace emulator
