#include "core/starrocks/frontends.hpp"

#include "core/base/assert.hpp"

#include <algorithm>

namespace loadstar::starrocks {

Frontends::Frontends(std::size_t count, std::size_t first, CircuitBreakerOptions options)
    : options_(options), breakers_(count), next_(first % std::max<std::size_t>(count, 1)) {
  LOADSTAR_ASSERT(count >= 1, "there is at least one frontend");
  LOADSTAR_ASSERT(options_.failures >= 1, "circuit_breaker.failures is at least 1");
  LOADSTAR_ASSERT(options_.open_for.count() > 0 && options_.open_for <= options_.max_open_for,
                  "circuit_breaker.open_for is between 0 and max_open_for");
}

std::optional<std::size_t> Frontends::pick(Clock::time_point now, const std::vector<bool>& tried) {
  LOADSTAR_ASSERT(tried.size() == breakers_.size(), "one flag for each frontend");
  const auto index = all_open() ? first_due(now, tried) : next_in_turn(now, tried);
  if (!index) return std::nullopt;
  Breaker& breaker = breakers_[*index];
  if (breaker.open) {
    breaker.probing = true;
    breaker.early = now < breaker.try_again_at;
    breaker.last_tried_at = now;
    breaker.try_again_at = now + breaker.period;  // one probe for each period
  }
  next_ = (*index + 1) % breakers_.size();
  return index;
}

std::optional<std::size_t> Frontends::next_in_turn(Clock::time_point now,
                                                   const std::vector<bool>& tried) const {
  for (std::size_t i = 0; i < breakers_.size(); ++i) {
    const std::size_t index = (next_ + i) % breakers_.size();
    const Breaker& breaker = breakers_[index];
    if (tried[index] || (breaker.open && now < due_at(breaker, false))) continue;
    return index;
  }
  return std::nullopt;
}

std::optional<std::size_t> Frontends::first_due(Clock::time_point now,
                                                const std::vector<bool>& tried) const {
  if (outcome_expected_by(now)) return std::nullopt;
  std::optional<std::size_t> first;
  for (std::size_t i = 0; i < breakers_.size(); ++i) {
    const std::size_t index = (next_ + i) % breakers_.size();
    const Clock::time_point due = due_at(breakers_[index], true);
    if (tried[index] || now < due) continue;
    if (!first || due < due_at(breakers_[*first], true)) first = index;
  }
  return first;
}

Clock::time_point Frontends::due_at(const Breaker& breaker, bool all_open) const {
  if (!all_open) return breaker.try_again_at;
  return std::min<Clock::time_point>(breaker.try_again_at,
                                     breaker.last_tried_at + options_.open_for);
}

bool Frontends::on_success(std::size_t index) {
  const bool was_open = breakers_.at(index).open;
  breakers_[index] = Breaker{};
  return was_open;
}

bool Frontends::on_failure(std::size_t index, Clock::time_point now) {
  Breaker& breaker = breakers_.at(index);
  if (breaker.open && !breaker.probing) return false;
  if (!breaker.open && ++breaker.failures < options_.failures) return false;
  const Clock::duration longest = options_.max_open_for;
  if (!breaker.open) {
    breaker.period = options_.open_for;
  } else if (!breaker.early) {
    breaker.period = std::min(breaker.period * 2, longest);
  }
  breaker.open = true;
  breaker.probing = false;
  breaker.last_tried_at = now;
  breaker.try_again_at = now + breaker.period;
  return true;
}

void Frontends::on_given_up(std::size_t index) { breakers_.at(index).probing = false; }

std::optional<Clock::time_point> Frontends::outcome_expected_by(Clock::time_point now) const {
  if (!all_open()) return std::nullopt;
  std::optional<Clock::time_point> last;
  for (const Breaker& breaker : breakers_) {
    if (!breaker.probing) continue;
    // One that hangs does not keep the others from trying for longer than that.
    const Clock::time_point until = breaker.last_tried_at + options_.open_for;
    if (now < until && (!last || until > *last)) last = until;
  }
  return last;
}

void Frontends::hurry(Clock::time_point now) {
  constexpr std::chrono::seconds kHurriedPeriod{1};
  options_.open_for = std::min<std::chrono::milliseconds>(options_.open_for, kHurriedPeriod);
  options_.max_open_for =
      std::min<std::chrono::milliseconds>(options_.max_open_for, kHurriedPeriod);
  for (Breaker& breaker : breakers_) {
    breaker.period = std::min<Clock::duration>(breaker.period, kHurriedPeriod);
    if (breaker.open) breaker.try_again_at = std::min(breaker.try_again_at, now);
  }
}

std::size_t Frontends::open_count() const {
  const auto open = std::count_if(breakers_.begin(), breakers_.end(),
                                  [](const Breaker& breaker) { return breaker.open; });
  return static_cast<std::size_t>(open);
}

std::optional<Clock::time_point> Frontends::next_probe() const {
  const bool all = all_open();
  std::optional<Clock::time_point> first;
  for (const Breaker& breaker : breakers_) {
    if (!breaker.open) continue;
    const Clock::time_point due = due_at(breaker, all);
    if (!first || due < *first) first = due;
  }
  return first;
}

}  // namespace loadstar::starrocks
