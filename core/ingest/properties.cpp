#include "core/ingest/properties.hpp"

#include "core/base/ascii.hpp"
#include "core/base/load_property.hpp"
#include "core/ingest/time_zone.hpp"
#include "core/ingest/utf8.hpp"
#include "core/ingest/violations.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace loadstar::ingest {
namespace {

std::string member(std::string_view name) {
  const std::string shown = quote_name(name);
  return fmt::format("properties[{}]", std::string_view(shown).substr(1, shown.size() - 2));
}

bool is_separator(std::string_view name) {
  return name == "column_separator" || name == "row_delimiter";
}

/// A separator that a program wrote as control bytes ("\t") is taken; it goes out in hexadecimal.
/// With control bytes among others it is an attempt to smuggle something in (delivery-and-faults.md
/// T01).
bool is_smuggled(std::string_view separator) {
  const bool only_control = is_control_text(separator);
  return separator.find('\0') != std::string_view::npos ||
         (!only_control && !is_printable(separator));
}

/// What is wrong with a property, or nothing.
std::optional<std::string> judge(const std::string& name, const std::string& value) {
  const LoadProperty* property = find_load_property(name);
  if (property == nullptr) {
    const auto why = why_not_a_property(name);
    return why ? std::string(*why) : std::string("is not a load property that may be set");
  }
  if (!is_utf8(value)) return "is not valid UTF-8";
  if (is_separator(name) && is_smuggled(value)) {
    return "has control bytes; write the separator in hexadecimal, such as \\x01";
  }
  auto problem = check_property_value(*property, value);
  if (problem || property->syntax != PropertySyntax::kTimeZone) return problem;
  if (is_known_time_zone(value)) return std::nullopt;
  return "is no time zone that this daemon knows; write +08:00 or a region such as Asia/Shanghai";
}

/// Takes over properties of one source; what is wrong with them goes to `wrong`.
void take(const std::map<std::string, std::string>& source, std::string_view source_name,
          PropertySet& set, Violations& wrong) {
  std::set<std::string> names;
  for (const auto& [key, value] : source) {
    std::string name = to_lower(key);
    if (auto problem = judge(name, value)) {
      wrong.add(member(key), *problem + std::string(source_name));
    } else if (!names.insert(name).second) {
      wrong.add(member(key), "is given twice; the names differ in case only");
    } else {
      // One spelling for one separator, and one that header parsing cannot spoil.
      std::string sent =
          is_separator(name) ? encode_separator(decode_separator(value).bytes) : value;
      set.values.insert_or_assign(std::move(name), std::move(sent));
    }
  }
}

void judge_pairs(const PropertySet& set, Violations& wrong, Violations& unsupported) {
  for (const PropertyConflict& conflict : find_property_conflicts(set.values)) {
    Violations& list = conflict.breaks_promise ? unsupported : wrong;
    list.add(member(conflict.name), conflict.message);
  }
  const std::string column = set.separator("column_separator", "\t");
  const std::string row = set.separator("row_delimiter", "\n");
  for (const std::string name : {"enclose", "escape"}) {
    const std::string* value = set.find(name);
    if (value != nullptr && (value->front() == column.front() || value->front() == row.front())) {
      wrong.add(member(name), "begins a separator; fields could not be told apart");
    }
  }
}

}  // namespace

const std::string* PropertySet::find(const std::string& name) const {
  const auto found = values.find(name);
  return found == values.end() ? nullptr : &found->second;
}

bool PropertySet::is_true(const std::string& name) const { return is_property_true(values, name); }

std::string PropertySet::separator(const std::string& name, std::string_view fallback) const {
  const std::string* value = find(name);
  return value == nullptr ? std::string(fallback) : decode_separator(*value).bytes;
}

Answer<PropertySet> merge_properties(const std::map<std::string, std::string>& batch,
                                     const TableOptions& options, const std::string& path) {
  PropertySet set;
  PropertySet given;
  PropertySet pinned;
  Violations wrong(path);
  Violations unsupported(path);
  set.values.emplace("strict_mode", "true");
  take(options.properties, " (set in the table's configuration)", set, wrong);
  take(batch, "", given, wrong);
  take(options.pinned, " (pinned in the table's configuration)", pinned, wrong);
  for (auto& [name, value] : given.values) {
    const std::string* fixed = pinned.find(name);
    if (fixed != nullptr && *fixed != value) {
      wrong.add(member(name), "is pinned by the table's configuration and cannot be overridden");
    }
    set.from_batch.insert(name);
    set.values.insert_or_assign(name, std::move(value));
  }
  for (auto& [name, value] : pinned.values) set.values.insert_or_assign(name, std::move(value));
  if (wrong.empty()) judge_pairs(set, wrong, unsupported);
  if (!wrong.empty()) return wrong.refusal();
  if (!unsupported.empty()) return unsupported.refusal(Reason::kUnsupportedCombination);
  return set;
}

}  // namespace loadstar::ingest
