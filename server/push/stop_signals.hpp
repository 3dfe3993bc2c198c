#pragma once

#include <atomic>
#include <chrono>
#include <csignal>
#include <functional>
#include <thread>

namespace loadstar::server {

/// SIGINT and SIGTERM of a command that has something to bring to an end. Made before all other
/// threads, which inherit that these signals are blocked; a thread of its own waits for them.
class StopSignals {
 public:
  struct Handlers {
    std::function<void()> stop;     ///< the first signal came
    std::function<void()> give_up;  ///< `grace` has passed since
  };

  /// Both handlers run on the thread of this object, each once at most. A second signal ends the
  /// process at once, with kExitUnfinished.
  StopSignals(std::chrono::milliseconds grace, Handlers handlers);
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;
  /// Waits for a handler that is at work, and gives the signals back.
  ~StopSignals();

 private:
  void watch();
  [[nodiscard]] bool wait_for_signal(std::chrono::milliseconds time);

  std::chrono::milliseconds grace_;
  Handlers handlers_;
  sigset_t signals_{};
  sigset_t before_{};  // the mask of the thread that made this
  std::atomic<bool> ended_{false};
  std::thread thread_;
};

}  // namespace loadstar::server
