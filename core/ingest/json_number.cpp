#include "core/ingest/json_number.hpp"

#include <charconv>
#include <cstdint>
#include <system_error>

namespace loadstar::ingest {
namespace {

constexpr std::string_view kInNumber = "+-.0123456789Ee";

template <class Number>
bool fits(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

bool kept(std::string_view number) {
  const bool integer = number.find_first_of(".eE") == std::string_view::npos;
  if (!integer) return fits<double>(number);
  return number.front() == '-' ? fits<std::int64_t>(number) : fits<std::uint64_t>(number);
}

/// Offset behind the string that begins at `at`.
std::size_t skip_string(std::string_view json, std::size_t at) {
  for (++at; json[at] != '"'; ++at) {
    if (json[at] == '\\') ++at;
  }
  return at + 1;
}

}  // namespace

std::string_view number_not_kept(std::string_view json) {
  std::size_t at = 0;
  while (at < json.size()) {
    const char c = json[at];
    if (c == '"') {
      at = skip_string(json, at);
    } else if (c == '-' || (c >= '0' && c <= '9')) {
      const auto found = json.find_first_not_of(kInNumber, at);
      const std::size_t end = found == std::string_view::npos ? json.size() : found;
      const std::string_view number = json.substr(at, end - at);
      if (!kept(number)) return number;
      at = end;
    } else {
      ++at;
    }
  }
  return {};
}

}  // namespace loadstar::ingest
