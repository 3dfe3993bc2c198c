#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>

namespace loadstar::server {

/// Where everybody who may end the daemon says so (SIGTERM, SIGINT, AdminService.Drain), and the
/// main thread waits. Thread-safe.
class StopSwitch {
 public:
  /// `grace`: the time that the caller allows, instead of the configured one. The first call
  /// counts.
  void stop(std::optional<std::chrono::milliseconds> grace) {
    {
      const std::lock_guard lock(mutex_);
      if (stopped_) return;
      stopped_ = true;
      grace_ = grace;
    }
    changed_.notify_all();
  }

  /// Waits for stop(); returns its grace.
  std::optional<std::chrono::milliseconds> wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return stopped_; });
    return grace_;
  }

  /// Waits for stop() or for the end of `time`; true if stopped.
  bool wait_for(std::chrono::milliseconds time) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, time, [this] { return stopped_; });
  }

 private:
  std::mutex mutex_;  // guards the two below
  bool stopped_ = false;
  std::optional<std::chrono::milliseconds> grace_;
  std::condition_variable changed_;
};

}  // namespace loadstar::server
