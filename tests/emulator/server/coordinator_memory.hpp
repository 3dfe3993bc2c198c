#pragma once

#include "tests/emulator/server/clock.hpp"
#include "tests/emulator/server/options.hpp"

#include <cstddef>
#include <list>
#include <map>
#include <optional>
#include <string>

namespace emulator {
inline namespace server {

/// The leader's memory of which BE was chosen for a label: keyed by the label alone, not by
/// database (5.3). Lost when the leader changes. Confined to the emulator's thread.
class CoordinatorMemory {
 public:
  /// `expires`: entries end some time after their last use (3.5.3 and later).
  CoordinatorMemory(const Clock& clock, const Config& config, bool expires, std::size_t nodes)
      : clock_(clock), config_(config), expires_(expires), nodes_(nodes) {}

  void remember(const std::string& label, std::size_t backend);
  /// Counts as a use.
  [[nodiscard]] std::optional<std::size_t> find(const std::string& label);
  void clear();

 private:
  struct Entry {
    std::string label;
    std::size_t backend;
    milliseconds used;
  };

  [[nodiscard]] std::size_t capacity() const;

  const Clock& clock_;
  const Config& config_;
  const bool expires_;
  const std::size_t nodes_;
  std::list<Entry> by_use_;  ///< least recently used first
  std::map<std::string, std::list<Entry>::iterator> by_label_;
};

}  // namespace server
}  // namespace emulator
