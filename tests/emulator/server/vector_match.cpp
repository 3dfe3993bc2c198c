#include "tests/emulator/server/vector_match.hpp"

#include <regex>
#include <vector>

namespace emulator::testing {
namespace {

std::string pattern_of(const std::string& placeholder) {
  if (placeholder == "int") return "[0-9]+";
  if (placeholder == "uuid") return "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}";
  if (placeholder == "class") return "[A-Za-z0-9_.$]+";
  return "[^]*";
}

std::string escaped(const std::string& literal) {
  std::string out;
  for (const char c : literal) {
    if (std::string("\\^$.|?*+()[]{}").find(c) != std::string::npos) out.push_back('\\');
    out.push_back(c);
  }
  return out;
}

bool timing_key(const std::string& key) { return key.ends_with("TimeMs"); }

}  // namespace

bool text_matches(const std::string& expected, const std::string& actual) {
  std::string pattern;
  std::size_t at = 0;
  for (;;) {
    const std::size_t open = expected.find("{{", at);
    pattern += escaped(expected.substr(at, open == std::string::npos ? open : open - at));
    if (open == std::string::npos) break;
    const std::size_t close = expected.find("}}", open);
    pattern += pattern_of(expected.substr(open + 2, close - open - 2));
    at = close + 2;
  }
  return std::regex_match(actual, std::regex(pattern));
}

std::string json_mismatch(const Json& expected, const Json& actual, JsonStrictness strictness) {
  if (expected == "{{any}}") return "";
  if (expected == "{{int}}") {
    const bool fits = actual.is_number_integer() && actual.get<std::int64_t>() >= 0;
    return fits ? "" : "not an integer: " + actual.dump();
  }
  if (expected.is_string()) {
    const bool fits = actual.is_string() && text_matches(expected, actual);
    return fits ? "" : "expected " + expected.dump() + ", got " + actual.dump();
  }
  if (expected.is_array()) {
    if (!actual.is_array() || actual.size() != expected.size()) return "array: " + actual.dump();
    for (std::size_t i = 0; i < expected.size(); ++i) {
      const std::string problem = json_mismatch(expected[i], actual[i], strictness);
      if (!problem.empty()) return "[" + std::to_string(i) + "] " + problem;
    }
    return "";
  }
  if (!expected.is_object()) {
    return expected == actual ? "" : "expected " + expected.dump() + ", got " + actual.dump();
  }
  if (!actual.is_object()) return "not an object: " + actual.dump();
  std::vector<std::string> expected_keys;
  std::vector<std::string> actual_keys;
  for (const auto& [key, value] : actual.items()) {
    if (expected.contains(key)) {
      actual_keys.push_back(key);
    } else if (!strictness.more_keys) {
      return "unexpected key " + key;
    }
  }
  for (const auto& [key, value] : expected.items()) {
    expected_keys.push_back(key);
    if (!actual.contains(key)) return "missing key " + key;
    const Json& got = actual.at(key);
    // Literal sample timings stand for any duration.
    const bool sample = value.is_number() && timing_key(key);
    if (sample && got.is_number_integer() && got.get<std::int64_t>() >= 0) continue;
    const std::string problem = json_mismatch(value, got, strictness);
    if (!problem.empty()) return key + ": " + problem;
  }
  if (strictness.key_order && expected_keys != actual_keys) return "keys in another order";
  return "";
}

}  // namespace emulator::testing
