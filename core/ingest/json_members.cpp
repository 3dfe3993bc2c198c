#include "core/ingest/json_members.hpp"

#include <simdjson.h>

#include <algorithm>
#include <vector>

namespace loadstar::ingest {
namespace {

// NOLINTNEXTLINE(misc-no-recursion): is_json() limits the depth
bool repeats(const simdjson::dom::element& element) {
  simdjson::dom::array array;
  if (element.get(array) == simdjson::SUCCESS) {
    return std::any_of(array.begin(), array.end(), repeats);
  }
  simdjson::dom::object object;
  if (element.get(object) != simdjson::SUCCESS) return false;
  std::vector<std::string_view> names;
  for (const auto member : object) {
    if (repeats(member.value)) return true;
    names.push_back(member.key);
  }
  std::sort(names.begin(), names.end());
  return std::adjacent_find(names.begin(), names.end()) != names.end();
}

}  // namespace

bool has_repeated_member(std::string_view json) {
  if (json.find('{') == std::string_view::npos) return false;
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  const auto error = parser.parse(json.data(), json.size()).get(root);
  return error == simdjson::SUCCESS && repeats(root);
}

}  // namespace loadstar::ingest
