#pragma once

#include "core/base/clock.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <utility>

namespace loadstar::simulation {

/// Whether LOADSTAR_TRACE asks for a line per event; together with LOADSTAR_SEED it tells a run.
inline bool tracing() {
  static const bool kTracing = std::getenv("LOADSTAR_TRACE") != nullptr;
  return kTracing;
}

/// One line with the virtual time.
template <class... Args>
void trace(fmt::format_string<Args...> format, Args&&... args) {
  if (!tracing()) return;
  const std::chrono::duration<double> now =
      Clock::now().time_since_epoch() - std::chrono::hours(1000);
  fmt::print("{:10.3f} {}\n", now.count(), fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace loadstar::simulation
