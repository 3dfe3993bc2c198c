#pragma once

#include "core/base/clock.hpp"
#include "core/starrocks/options.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace loadstar::starrocks {

/// Which frontend is asked next: round robin over those whose circuit breaker is closed.
///
/// A breaker opens after `failures` failures in a row, for `open_for`, doubling up to
/// `max_open_for`. When that time is over one caller may try (half-open); the next may try one
/// period later, so that a probe that never reports back does no harm. One success closes the
/// breaker.
///
/// A breaker is there so that another frontend is used. When every one is open it protects nobody:
/// then each frontend is tried again `open_for` after its last try at the latest, however long its
/// period, and such a try does not lengthen the period. One call tries at a time; the others can
/// wait for what becomes of it.
///
/// Pure: no clock, no randomness; time comes in. Not thread-safe; the owner has a lock.
class Frontends {
 public:
  /// `count` frontends, at least one; `first` spreads daemons over them.
  Frontends(std::size_t count, std::size_t first, CircuitBreakerOptions options);

  /// Index of a frontend that may be asked now and is not in `tried` (one flag for each frontend);
  /// nullopt if there is none. Picking a half-open one uses up its probe. When every breaker is
  /// open: the frontend that is due first.
  [[nodiscard]] std::optional<std::size_t> pick(Clock::time_point now,
                                                const std::vector<bool>& tried);

  /// The frontend answered; true if that closed its breaker.
  bool on_success(std::size_t index);
  /// It did not answer, or without sense (5xx); true if that opened its breaker (again).
  bool on_failure(std::size_t index, Clock::time_point now);

  /// Whoever asked it gave up before it could answer.
  void on_given_up(std::size_t index);

  /// Until when it is worth waiting for a try that somebody else makes: every breaker is open and a
  /// probe is out. nullopt: nobody tries now.
  [[nodiscard]] std::optional<Clock::time_point> outcome_expected_by(Clock::time_point now) const;

  /// Who has little time left tries again now, and every second from here on.
  void hurry(Clock::time_point now);

  /// Frontends whose breaker is open or half-open.
  [[nodiscard]] std::size_t open_count() const;
  /// When the first open breaker lets somebody try; nullopt if none is open.
  [[nodiscard]] std::optional<Clock::time_point> next_probe() const;

 private:
  struct Breaker {
    unsigned failures = 0;
    bool open = false;
    bool probing = false;      ///< somebody tries; requests begun before the opening do not count
    bool early = false;        ///< that try came before the period was over
    Clock::duration period{};  ///< current length of being open
    Clock::time_point try_again_at{};
    Clock::time_point last_tried_at{};
  };

  [[nodiscard]] bool all_open() const { return open_count() == breakers_.size(); }
  /// When an open one may be tried.
  [[nodiscard]] Clock::time_point due_at(const Breaker& breaker, bool all_open) const;
  [[nodiscard]] std::optional<std::size_t> first_due(Clock::time_point now,
                                                     const std::vector<bool>& tried) const;
  [[nodiscard]] std::optional<std::size_t> next_in_turn(Clock::time_point now,
                                                        const std::vector<bool>& tried) const;

  CircuitBreakerOptions options_;
  std::vector<Breaker> breakers_;
  std::size_t next_;
};

}  // namespace loadstar::starrocks
