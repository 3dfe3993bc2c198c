#pragma once

#include "core/base/metrics.hpp"

#include <atomic>
#include <cstdint>
#include <string_view>

namespace loadstar::server {

/// Life of the daemon, in this order: label `state` of loadstar_state.
enum class Phase : std::uint8_t { kStarting, kServing, kDraining, kDrained };

/// Name for metrics, probes and the page: "starting", ...
[[nodiscard]] std::string_view to_string(Phase phase);

/// What probes and the page ask about the whole daemon; written by App alone. Thread-safe.
class DaemonState {
 public:
  explicit DaemonState(Metrics& metrics) : metrics_(metrics) { enter(Phase::kStarting); }

  void enter(Phase phase) {
    phase_.store(phase);
    metrics_.state(to_string(phase));
  }
  [[nodiscard]] Phase phase() const { return phase_.load(); }

  /// Whether a frontend has answered the last question (background probe).
  void set_starrocks_up(bool up) {
    starrocks_up_.store(up);
    metrics_.starrocks_up.Set(up ? 1 : 0);
  }
  [[nodiscard]] bool starrocks_up() const { return starrocks_up_.load(); }

 private:
  Metrics& metrics_;
  std::atomic<Phase> phase_{Phase::kStarting};
  std::atomic<bool> starrocks_up_{false};
};

inline std::string_view to_string(Phase phase) {
  switch (phase) {
    case Phase::kStarting:
      return "starting";
    case Phase::kServing:
      return "serving";
    case Phase::kDraining:
      return "draining";
    case Phase::kDrained:
      return "drained";
  }
  return "";
}

}  // namespace loadstar::server
