#include "tests/emulator/server/version.hpp"

#include <array>
#include <charconv>
#include <tuple>

namespace emulator {
inline namespace server {

Version Version::parse(std::string_view text) {
  std::array<int, 3> numbers{};
  for (int& number : numbers) {
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc()) break;
    text.remove_prefix(static_cast<std::size_t>(stop - text.data()));
    if (text.empty() || text.front() != '.') break;
    text.remove_prefix(1);
  }
  return {numbers[0], numbers[1], numbers[2]};
}

bool Version::has(std::initializer_list<Version> firsts) const {
  bool newer_line_than_all = true;
  for (const Version& first : firsts) {
    if (std::tie(major, minor) == std::tie(first.major, first.minor)) return patch >= first.patch;
    if (std::tie(major, minor) < std::tie(first.major, first.minor)) newer_line_than_all = false;
  }
  return newer_line_than_all;
}

}  // namespace server
}  // namespace emulator
