#include "server/probes.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace loadstar::server {

bool ProbeResult::ok() const {
  return std::all_of(checks.begin(), checks.end(), [](const auto& check) { return check.ok; });
}

ProbeResult Probes::startup() const {
  const Phase phase = state_.phase();
  return {{{"started", phase != Phase::kStarting, std::string(to_string(phase))}}};
}

ProbeResult Probes::live() const {
  const Clock::duration silence = heartbeat_.silence();
  const double seconds = std::chrono::duration<double>(silence).count();
  return {{{"event_loop", silence < options_.livez_stall,
            fmt::format("turned {:.1f} s ago", seconds)}}};
}

ProbeResult Probes::ready() const {
  const Phase phase = state_.phase();
  ProbeResult result{{{"serving", phase == Phase::kServing, std::string(to_string(phase))}}};
  if (options_.readiness_requires_starrocks) {
    const bool up = state_.starrocks_up();
    result.checks.push_back({"starrocks", up, up ? "a frontend answers" : "no frontend answers"});
  }
  return result;
}

}  // namespace loadstar::server
