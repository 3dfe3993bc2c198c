#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace loadstar::simulation {

/// What the clients of one run know: the oracle of at-least-once delivery
/// (delivery-and-faults.md 2.2).
struct Ledger {
  struct Row {
    std::string table;
    bool bad = false;  ///< StarRocks refuses it
    bool acknowledged = false;
    unsigned sendings = 0;  ///< in how many incarnations of a writer it was sent
  };
  std::map<std::string, Row> rows;
  std::vector<std::string> violations;

  void violate(std::string what) { violations.push_back(std::move(what)); }
};

}  // namespace loadstar::simulation
