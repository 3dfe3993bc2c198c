#pragma once

#include <ctime>

namespace loadstar::bench {

/// Wall clock and CPU time (user and system, all threads) of this process since start().
class Stopwatch {
 public:
  Stopwatch() { start(); }

  void start() {
    wall_ = now(CLOCK_MONOTONIC);
    cpu_ = now(CLOCK_PROCESS_CPUTIME_ID);
  }

  [[nodiscard]] double seconds() const { return now(CLOCK_MONOTONIC) - wall_; }
  [[nodiscard]] double cpu_seconds() const { return now(CLOCK_PROCESS_CPUTIME_ID) - cpu_; }

 private:
  [[nodiscard]] static double now(clockid_t clock) {
    timespec time{};
    ::clock_gettime(clock, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
  }

  double wall_ = 0;
  double cpu_ = 0;
};

}  // namespace loadstar::bench
