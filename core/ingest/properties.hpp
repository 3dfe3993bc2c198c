#pragma once

#include "core/base/reason.hpp"
#include "core/options.hpp"

#include <map>
#include <set>
#include <string>
#include <string_view>

namespace loadstar::ingest {

/// The load properties that are in force for one batch.
struct PropertySet {
  std::map<std::string, std::string> values;  ///< by lower-case name; separators in hexadecimal
  std::set<std::string> from_batch;           ///< names that the batch itself gave

  /// Value of `name`, or nullptr.
  [[nodiscard]] const std::string* find(const std::string& name) const;
  [[nodiscard]] bool is_true(const std::string& name) const;
  /// Decoded bytes of a separator property; `fallback` if it is not set.
  [[nodiscard]] std::string separator(const std::string& name, std::string_view fallback) const;
};

/// Merges the properties of a batch over the table's (which config/ has merged over the defaults);
/// pinned ones win (architecture.md 7, "Who wins"). `strict_mode` is `true` unless set: the
/// server's default turns bad values into NULL silently.
///
/// BAD_REQUEST, with paths `properties[name]` below `path`: a name that is not on the allow-list
/// (core/base/load_property.hpp), a bad value, a pinned property with another value, and pairs that
/// exclude each other. UNSUPPORTED_COMBINATION: what takes away a promise of the daemon
/// (`merge_commit_async`, merge commit with `max_filter_ratio`).
[[nodiscard]] Answer<PropertySet> merge_properties(const std::map<std::string, std::string>& batch,
                                                   const TableOptions& options,
                                                   const std::string& path);

}  // namespace loadstar::ingest
