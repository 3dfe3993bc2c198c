#include "core/starrocks/version.hpp"

#include <fmt/format.h>

#include <charconv>

namespace loadstar::starrocks {
namespace {

/// Reads a number of at most four digits off the front of `text`.
std::optional<int> take_number(std::string_view& text) {
  constexpr std::ptrdiff_t kMaxDigits = 4;
  int number = 0;
  const char* const begin = text.data();
  const auto [end, error] = std::from_chars(begin, begin + text.size(), number);
  if (error != std::errc() || number < 0 || *begin == '-' || end - begin > kMaxDigits) {
    return std::nullopt;
  }
  text.remove_prefix(static_cast<std::size_t>(end - begin));
  return number;
}

bool take_dot(std::string_view& text) {
  if (text.empty() || text.front() != '.') return false;
  text.remove_prefix(1);
  return true;
}

}  // namespace

std::optional<Version> parse_version(std::string_view text) {
  Version version;
  const auto major = take_number(text);
  if (!major || !take_dot(text)) return std::nullopt;
  const auto minor = take_number(text);
  if (!minor) return std::nullopt;
  version.major = *major;
  version.minor = *minor;
  if (take_dot(text)) version.patch = take_number(text).value_or(0);
  return version;
}

std::string to_string(const Version& version) {
  return fmt::format("{}.{}.{}", version.major, version.minor, version.patch);
}

}  // namespace loadstar::starrocks
