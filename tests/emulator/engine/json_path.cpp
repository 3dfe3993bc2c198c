#include "tests/emulator/engine/json_path.hpp"

#include <charconv>

namespace emulator {

namespace {

/// Reads `[0][1]` off the front of `text` into `step`; false if it is malformed.
bool read_indexes(std::string_view& text, JsonStep& step) {
  while (!text.empty() && text[0] == '[') {
    std::size_t index = 0;
    const char* const begin = text.data() + 1;
    const auto [end, error] = std::from_chars(begin, text.data() + text.size(), index);
    const auto used = static_cast<std::size_t>(end - text.data());
    if (error != std::errc{} || used >= text.size() || text[used] != ']') return false;
    step.indexes.push_back(index);
    text.remove_prefix(used + 1);
  }
  return true;
}

/// Reads `.key` or `."key"` off the front of `text`.
bool read_key(std::string_view& text, JsonStep& step) {
  if (text.empty() || text[0] != '.') return false;
  text.remove_prefix(1);
  if (!text.empty() && text[0] == '"') {
    const std::size_t close = text.find('"', 1);
    if (close == std::string_view::npos) return false;
    step.key = text.substr(1, close - 1);
    text.remove_prefix(close + 1);
  } else {
    const std::size_t end = std::min(text.find_first_of(".["), text.size());
    step.key = text.substr(0, end);
    text.remove_prefix(end);
  }
  return !step.key.empty();
}

}  // namespace

std::optional<JsonPath> parse_json_path(std::string_view text) {
  if (text.empty() || text[0] != '$') return std::nullopt;
  text.remove_prefix(1);
  JsonPath path(1);
  if (!read_indexes(text, path[0])) return std::nullopt;
  while (!text.empty()) {
    JsonStep& step = path.emplace_back();
    if (!read_key(text, step) || !read_indexes(text, step)) return std::nullopt;
  }
  return path;
}

const Json* find_json(const Json& value, const JsonPath& path) {
  const Json* at = &value;
  for (const JsonStep& step : path) {
    if (!step.key.empty()) {
      if (at->kind != Json::Kind::kObject) return nullptr;
      at = json_member(*at, step.key);
      if (at == nullptr) return nullptr;
    }
    for (const std::size_t index : step.indexes) {
      if (at->kind != Json::Kind::kArray || index >= at->items.size()) return nullptr;
      at = &at->items[index];
    }
  }
  return at;
}

}  // namespace emulator
