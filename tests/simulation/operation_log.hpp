#pragma once

#include "core/http/message.hpp"
#include "tests/simulation/faults.hpp"
#include "tests/simulation/violations.hpp"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>

namespace loadstar::simulation {

/// What daemons ask StarRocks for, label by label, in the order in which the requests leave them,
/// and the rules that such a log must keep to:
///
///   V10  a label is begun with OK at most once; after a daemon decided to roll a label back it
///   sends no
///        begin, load, prepare or commit for it; commit goes only to labels of a token that its
///        client has made durable (R4); labels match the pattern.
///   V12  after a daemon answered Open(g) it sends no begin, load or prepare of an epoch below g.
///   R1   load and prepare go only to labels that this daemon has begun with an OK answer.
///   R2   a label whose load had no OK is neither loaded nor prepared any more.
///   R5   no rollback of a label that a durable token names.
///   R8   one request at a time per label and daemon.
class OperationLog {
 public:
  explicit OperationLog(Violations& violations) : violations_(violations) {}

  /// A request leaves daemon process `daemon`.
  void sent(unsigned daemon, Operation operation, const std::string& label);
  /// How a request ended, as its daemon sees it.
  enum class Outcome {
    kOk,       ///< the success word of the operation
    kNothing,  ///< a redirect, or proved not to have been carried out
    kOther,
  };
  void answered(unsigned daemon, Operation operation, const std::string& label, Outcome outcome);

  /// A client has made a token durable that names `label`.
  void durable(const std::string& label);
  /// `daemon` answered Open(epoch) of `writer`.
  void opened(unsigned daemon, const std::string& writer, std::uint64_t epoch);
  /// A prepared transaction may run out or be forgotten in this run (A3 is broken).
  void tolerate_rollback() { tolerates_rollback_ = true; }

  [[nodiscard]] const std::set<std::string>& durable_labels() const { return durable_; }
  /// Some daemon has sent a rollback of it.
  [[nodiscard]] bool rolled_back(const std::string& label) const {
    return rolled_back_.contains(label);
  }
  /// Labels that were begun with OK.
  [[nodiscard]] const std::map<std::string, unsigned>& begun() const { return begun_; }

 private:
  /// What one daemon did with one label.
  struct Story {
    bool begun = false;
    bool poisoned = false;
    bool given_up = false;
    unsigned under_way = 0;
  };

  Violations& violations_;
  bool tolerates_rollback_ = false;
  std::map<std::pair<unsigned, std::string>, Story> stories_;
  std::map<std::string, unsigned> begun_;
  std::set<std::string> durable_;
  std::set<std::string> rolled_back_;
  std::map<std::pair<unsigned, std::string>, std::uint64_t> opened_;  // daemon, writer -> epoch
};

/// Whether `response` says OK to `operation`, by a reading of its own: the log trusts no code of
/// core.
[[nodiscard]] bool says_ok(const http::Response& response);

}  // namespace loadstar::simulation
