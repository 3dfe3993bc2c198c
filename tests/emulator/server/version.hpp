#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

namespace emulator {
inline namespace server {

/// A StarRocks release, for behaviour that starrocks-load-protocol.md dates (section 12).
struct Version {
  int major = 0;
  int minor = 0;
  int patch = 0;

  /// Parses "3.5.0"; text after the numbers is ignored, missing numbers are 0.
  static Version parse(std::string_view text);

  /// True if this release is at least one of `firsts`, the first releases of each line that have a
  /// feature: a line that is listed is compared by patch, a newer line than all listed ones has it.
  [[nodiscard]] bool has(std::initializer_list<Version> firsts) const;
};

}  // namespace server
}  // namespace emulator
