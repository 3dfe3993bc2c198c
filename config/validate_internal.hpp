#pragma once

#include "config/options.hpp"
#include "config/origins.hpp"
#include "config/problem.hpp"

#include <algorithm>
#include <initializer_list>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace loadstar::config {

/// Collects what the rules find; shared by validate.cpp and validate_tables.cpp.
class Findings {
 public:
  explicit Findings(const Origins& origins) : origins_(origins) {}

  /// A rule about `keys`: the first is named, the first that the file sets is shown. Nothing is
  /// said if one of them has a problem of its own already, since the rule would judge a value that
  /// nobody wrote.
  void error_unless(bool holds, std::initializer_list<std::string> keys, std::string message) {
    if (!holds) add(Severity::kError, {keys.begin(), keys.end()}, std::move(message));
  }
  void warn_if(bool applies, std::initializer_list<std::string> keys, std::string message) {
    if (applies) add(Severity::kWarning, {keys.begin(), keys.end()}, std::move(message));
  }

  void add(Severity severity, const std::vector<std::string>& keys, std::string message) {
    const bool known = std::any_of(keys.begin(), keys.end(), [this](const std::string& key) {
      return origins_.is_broken(key);
    });
    if (known) return;
    const auto written = std::find_if(
        keys.begin(), keys.end(), [this](const std::string& key) { return origins_.is_set(key); });
    const Mark mark = origins_.locate(written == keys.end() ? keys.front() : *written);
    problems_.push_back({severity, {}, mark, keys.front(), std::move(message), {}});
  }

  [[nodiscard]] const Origins& origins() const { return origins_; }

  [[nodiscard]] std::vector<Problem> take() { return std::move(problems_); }

 private:
  const Origins& origins_;
  std::vector<Problem> problems_;
};

/// Names and values of one map of properties. Entries of `inherited` were judged where they are
/// set.
void validate_properties(const std::string& path, bool pinned,
                         const std::map<std::string, std::string>& properties,
                         const std::map<std::string, std::string>* inherited, Findings& findings);

/// The column list of `defaults` or of a table. StarRocks would refuse each load of a list that is
/// wrong, and the batch in it would get the blame.
void validate_columns(const std::string& path, const std::string& columns, Findings& findings);

/// Rules about `defaults` and each of `tables`.
void validate_tables(const Options& options, Findings& findings);

}  // namespace loadstar::config
