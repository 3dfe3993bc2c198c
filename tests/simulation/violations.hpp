#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace loadstar::simulation {

/// What a run did against the contract. Each entry starts with the name of the invariant
/// (delivery-and-faults.md 2.6: V1 to V15; ingest-api.md 4.4: R1 to R8) and a colon.
class Violations {
 public:
  void add(std::string_view invariant, std::string text) {
    if (list_.size() < kMost) list_.push_back(std::string(invariant) + ": " + std::move(text));
  }
  [[nodiscard]] const std::vector<std::string>& list() const { return list_; }

 private:
  static constexpr std::size_t kMost = 50;
  std::vector<std::string> list_;
};

/// The name of the invariant that `violation` is about.
[[nodiscard]] inline std::string invariant_of(const std::string& violation) {
  return violation.substr(0, violation.find(':'));
}

}  // namespace loadstar::simulation
