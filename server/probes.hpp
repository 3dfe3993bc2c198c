#pragma once

#include "core/base/clock.hpp"
#include "server/daemon_state.hpp"
#include "server/heartbeat.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace loadstar::server {

/// One thing that a probe looked at.
struct ProbeCheck {
  std::string name;
  bool ok = true;
  std::string text;
};

/// Answer of one probe: good if all its checks are.
struct ProbeResult {
  std::vector<ProbeCheck> checks;

  [[nodiscard]] bool ok() const;
};

/// What Kubernetes asks (operations.md 1.2, architecture.md 7). Thread-safe.
class Probes {
 public:
  struct Options {
    Clock::duration livez_stall = std::chrono::seconds(60);
    /// /readyz fails while no frontend answers; off by default, because a sidecar's readiness is
    /// part of its pod's (operations.md 0, rule 2).
    bool readiness_requires_starrocks = false;
  };

  Probes(Options options, const DaemonState& state, const Heartbeat& heartbeat)
      : options_(options), state_(state), heartbeat_(heartbeat) {}

  /// Has start-up ended? Stays good afterwards, also while draining.
  [[nodiscard]] ProbeResult startup() const;

  /// Does the event loop turn? Nothing external, and good all through the drain: a drain that is
  /// killed for its liveness loses what it was about to save.
  [[nodiscard]] ProbeResult live() const;

  /// May clients be sent here? No while starting and draining.
  [[nodiscard]] ProbeResult ready() const;

 private:
  Options options_;
  const DaemonState& state_;
  const Heartbeat& heartbeat_;
};

}  // namespace loadstar::server
