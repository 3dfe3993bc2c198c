#include "tests/simulation/exactly_once_scenario.hpp"
#include "tests/simulation/violations.hpp"

#include <algorithm>
#include <functional>
#include <iterator>
#include <utility>

namespace loadstar::simulation {
namespace {

/// Tries plans, keeping each that still breaks the invariant.
class Shrinker {
 public:
  Shrinker(ExactlyOncePlan plan, std::string invariant, unsigned runs)
      : best_(std::move(plan)), invariant_(std::move(invariant)), runs_(runs) {}

  [[nodiscard]] bool still_fails(const ExactlyOncePlan& plan) {
    if (runs_ == 0) return false;
    --runs_;
    const auto report = run_exactly_once(plan);
    return std::any_of(report.violations.begin(), report.violations.end(),
                       [this](const auto& text) { return invariant_of(text) == invariant_; });
  }

  bool attempt(const std::function<void(ExactlyOncePlan&)>& change) {
    ExactlyOncePlan plan = best_;
    change(plan);
    if (!still_fails(plan)) return false;
    best_ = std::move(plan);
    return true;
  }

  /// Halves a number as long as it helps.
  void halve(unsigned ExactlyOncePlan::*number, unsigned least) {
    while (best_.*number > least) {
      const unsigned smaller = std::max(least, best_.*number / 2);
      if (!attempt([&](ExactlyOncePlan& plan) { plan.*number = smaller; })) return;
    }
  }

  /// Leaves out pieces of a map of faults: halves, quarters, ..., single ones (ddmin).
  template <class Map>
  void thin(std::optional<Map> ExactlyOncePlan::*faults) {
    for (std::size_t piece = (best_.*faults)->size(); piece > 0; piece /= 2) {
      for (std::size_t at = 0; at < (best_.*faults)->size() && runs_ > 0;) {
        const bool gone = attempt([&](ExactlyOncePlan& plan) {
          Map& map = *(plan.*faults);
          const auto first = std::next(map.begin(), static_cast<std::ptrdiff_t>(at));
          const auto length = std::min(piece, map.size() - at);
          map.erase(first, std::next(first, static_cast<std::ptrdiff_t>(length)));
        });
        if (!gone) at += piece;
      }
    }
  }

  void run() {
    attempt([](ExactlyOncePlan& plan) { plan.least_exchanges = 0; });
    halve(&ExactlyOncePlan::writers, 1);
    for (std::size_t i = best_.ends.size(); i-- > 0;) {
      attempt([i](ExactlyOncePlan& plan) {
        plan.ends.erase(plan.ends.begin() + static_cast<std::ptrdiff_t>(i));
      });
    }
    thin(&ExactlyOncePlan::network);
    thin(&ExactlyOncePlan::clients);
    halve(&ExactlyOncePlan::tables, 1);
    halve(&ExactlyOncePlan::rows, 1);
    halve(&ExactlyOncePlan::incarnations, 1);
    halve(&ExactlyOncePlan::empty_percent, 0);
    if (best_.pipelined) attempt([](ExactlyOncePlan& plan) { plan.pipelined = false; });
    if (best_.lanes) attempt([](ExactlyOncePlan& plan) { plan.lanes = false; });
    thin(&ExactlyOncePlan::network);
    thin(&ExactlyOncePlan::clients);
  }

  [[nodiscard]] const ExactlyOncePlan& best() const { return best_; }

 private:
  ExactlyOncePlan best_;
  std::string invariant_;
  unsigned runs_;
};

}  // namespace

ExactlyOncePlan shrink(const ExactlyOnceReport& report, unsigned runs) {
  ExactlyOncePlan plan = report.plan;
  Shrinker shrinker(plan, invariant_of(report.violations.front()), runs);
  // From what is drawn to a script of what struck, if that still fails.
  plan.network = report.network;
  plan.clients = report.mishaps;
  if (!shrinker.still_fails(plan)) return report.plan;
  Shrinker scripted(std::move(plan), invariant_of(report.violations.front()), runs);
  scripted.run();
  return scripted.best();
}

}  // namespace loadstar::simulation
