#pragma once

#include "core/base/clock.hpp"

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace loadstar {

/// The oldest of many instants that come and go: since when something is held, by many holders.
/// Thread-safe; costs a lock when an entry changes, so entries stand for queues, not for rows.
class Oldest {
  struct Instants {
    std::mutex mutex;
    std::map<Clock::time_point, unsigned> count;  // guarded by mutex
  };

 public:
  /// One holder's instant; gone with the entry. Confined to one thread or strand at a time, and may
  /// outlive the Oldest.
  class Entry {
   public:
    explicit Entry(const Oldest& oldest) : instants_(oldest.instants_) {}
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;
    ~Entry() { set(std::nullopt); }

    /// `since` from now on; nullopt: nothing is held.
    void set(std::optional<Clock::time_point> since) {
      if (since == since_) return;
      const std::lock_guard lock(instants_->mutex);
      if (since_) {
        const auto found = instants_->count.find(*since_);
        if (--found->second == 0) instants_->count.erase(found);
      }
      if (since) ++instants_->count[*since];
      since_ = since;
    }

    [[nodiscard]] const std::optional<Clock::time_point>& since() const { return since_; }

   private:
    std::shared_ptr<Instants> instants_;
    std::optional<Clock::time_point> since_;
  };

  /// nullopt if nobody holds anything.
  [[nodiscard]] std::optional<Clock::time_point> get() const {
    const std::lock_guard lock(instants_->mutex);
    if (instants_->count.empty()) return std::nullopt;
    return instants_->count.begin()->first;
  }

 private:
  std::shared_ptr<Instants> instants_ = std::make_shared<Instants>();
};

}  // namespace loadstar
