#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace loadstar::starrocks {

/// A StarRocks release, for example 3.5.4; text after the numbers is ignored ("3.5.4-rc1 abcdef").
struct Version {
  int major = 0;
  int minor = 0;
  int patch = 0;

  friend auto operator<=>(const Version&, const Version&) = default;
};

/// nullopt unless the text starts with major.minor[.patch].
[[nodiscard]] std::optional<Version> parse_version(std::string_view text);
[[nodiscard]] std::string to_string(const Version& version);

}  // namespace loadstar::starrocks
