#include "config/origins.hpp"

#include <algorithm>

namespace loadstar::config {
namespace {

/// "a.b" for "a.b.c" and for "a.b[2]"; empty at the top.
std::string_view parent_of(std::string_view key) {
  const std::size_t end = key.find_last_of(".[");
  return end == std::string_view::npos ? std::string_view() : key.substr(0, end);
}

bool is_below(std::string_view key, std::string_view parent) {
  return key.size() > parent.size() && key.starts_with(parent) &&
         (key[parent.size()] == '.' || key[parent.size()] == '[');
}

}  // namespace

bool Origins::is_broken(const std::string& key) const {
  return std::any_of(places_.begin(), places_.end(), [&key](const auto& entry) {
    const auto& [other, place] = entry;
    return place.broken && (other == key || is_below(other, key) || is_below(key, other));
  });
}

bool Origins::is_interpolated(const std::string& key) const {
  const auto found = places_.find(key);
  return found != places_.end() && found->second.interpolated;
}

Mark Origins::locate(std::string_view key) const {
  for (std::string_view at = key; !at.empty(); at = parent_of(at)) {
    const auto found = places_.find(std::string(at));
    if (found != places_.end() && found->second.mark.line != 0) return found->second.mark;
  }
  return {1, 1};
}

}  // namespace loadstar::config
