#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace loadstar {

/// Letters A to Z in lower case, every other byte as it is, whatever the locale: names of headers,
/// columns and options, and words of StarRocks, are compared so.
[[nodiscard]] constexpr char to_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

[[nodiscard]] inline std::string to_lower(std::string_view text) {
  std::string copy(text);
  for (char& c : copy) c = to_lower(c);
  return copy;
}

[[nodiscard]] constexpr bool equal_ignoring_case(std::string_view left, std::string_view right) {
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [](char a, char b) { return to_lower(a) == to_lower(b); });
}

[[nodiscard]] constexpr bool contains_ignoring_case(std::string_view text, std::string_view words) {
  return std::search(text.begin(), text.end(), words.begin(), words.end(),
                     [](char a, char b) { return to_lower(a) == to_lower(b); }) != text.end();
}

}  // namespace loadstar
