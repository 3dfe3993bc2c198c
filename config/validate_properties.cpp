#include "config/document.hpp"
#include "config/problem.hpp"
#include "config/scalar.hpp"
#include "config/suggest.hpp"
#include "config/validate_internal.hpp"
#include "core/base/load_property.hpp"
#include "core/ingest/column_list.hpp"

#include <fmt/format.h>

#include <map>
#include <string>
#include <vector>

namespace loadstar::config {

void validate_properties(const std::string& path, bool pinned,
                         const std::map<std::string, std::string>& properties,
                         const std::map<std::string, std::string>* inherited, Findings& findings) {
  for (const auto& [name, value] : properties) {
    if (inherited != nullptr) {
      const auto above = inherited->find(name);
      if (above != inherited->end() && above->second == value) continue;
    }
    const std::string key = join_key(path, name);
    const LoadProperty* property = find_load_property(name);
    if (property != nullptr) {
      const auto error = check_property_value(*property, value);
      const std::string shown =
          findings.origins().is_interpolated(key) ? "the value" : quote(value);
      findings.error_unless(!error, {key}, fmt::format("{} {}", shown, error.value_or("")));
    } else if (pinned && (name == "format" || name == "columns")) {
      findings.error_unless(false, {key}, "cannot be pinned: a batch says it itself");
    } else if (const auto why = why_not_a_property(name)) {
      findings.error_unless(false, {key}, fmt::format("{} {}", quote(name), *why));
    } else {
      std::vector<std::string> names;
      if (!pinned) names = {"format", "columns"};
      for (const LoadProperty& each : load_properties()) names.emplace_back(each.name);
      const auto near = suggest(name, names);
      findings.error_unless(false, {key},
                            near ? fmt::format("unknown property; did you mean `{}`?", *near)
                                 : fmt::format("unknown property; StarRocks' load headers are: {}",
                                               fmt::join(names, ", ")));
    }
  }
}

void validate_columns(const std::string& path, const std::string& columns, Findings& findings) {
  const std::string key = join_key(path, "properties.columns");
  if (has_control_byte(columns)) {
    findings.error_unless(false, {key}, "has a control byte, which no header can carry");
    return;
  }
  const bool hidden = findings.origins().is_interpolated(key);
  for (const ingest::ColumnListProblem& each : ingest::check_column_list(columns)) {
    const std::string shown =
        hidden || each.text.empty() ? std::string() : fmt::format(", {},", quote(each.text));
    findings.error_unless(false, {key},
                          fmt::format("item {}{} {}", each.item, shown, each.problem));
  }
}

}  // namespace loadstar::config
