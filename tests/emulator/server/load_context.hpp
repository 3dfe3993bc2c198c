#pragma once

#include "tests/emulator/engine/engine.hpp"
#include "tests/emulator/server/clock.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace emulator {
inline namespace server {

/// Real milliseconds since it was made, for the *TimeMs fields of replies.
class Stopwatch {
 public:
  [[nodiscard]] std::int64_t ms() const {
    return std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - start_)
        .count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// What a BE keeps of an open transaction (5.4 to 5.11): the running plan and the lock. It dies
/// with the BE (trap E5) and is known to no other BE (E3).
struct LoadContext {
  std::string label;
  std::string database;
  std::string table;
  std::int64_t transaction_id = -1;
  std::string id;  ///< the load id that error texts show

  std::unique_ptr<LoadPlan> plan;   ///< set by the first accepted load
  Headers parameters;               ///< honoured headers of the first load (E12)
  std::int64_t declared_bytes = 0;  ///< sum of Content-Length over all loads (5.5)
  std::int64_t load_bytes = 0;
  std::int64_t plan_ms = 0;
  std::int64_t receive_ms = 0;
  Counters counters;

  milliseconds begun{0};
  milliseconds last_active{0};
  std::optional<milliseconds> timeout;
  std::optional<milliseconds> idle_timeout;

  bool locked = false;      ///< a load, prepare or commit is running (E13)
  bool failed = false;      ///< every later request gets ABORTED
  bool timing_out = false;  ///< the timeout scan is aborting it right now
  Stopwatch age;
};

/// The non-blocking lock of a transaction (5.10). Old releases leak it when a load breaks (5.5).
class ContextLock {
 public:
  explicit ContextLock(std::shared_ptr<LoadContext> context) : context_(std::move(context)) {
    context_->locked = true;
  }
  ContextLock(const ContextLock&) = delete;
  ContextLock& operator=(const ContextLock&) = delete;
  ~ContextLock() {
    if (!leaked_) context_->locked = false;
  }
  void leak() { leaked_ = true; }

 private:
  std::shared_ptr<LoadContext> context_;
  bool leaked_ = false;
};

}  // namespace server
}  // namespace emulator
