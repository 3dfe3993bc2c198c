#include "tests/emulator/server/faults.hpp"

#include "tests/emulator/server/text.hpp"

#include <array>
#include <utility>

namespace emulator {
inline namespace server {
namespace {

constexpr std::array<std::pair<std::string_view, FaultAction>, 19> kActions = {{
    {"reset", FaultAction::kReset},
    {"drop_reply", FaultAction::kDropReply},
    {"refuse", FaultAction::kRefuse},
    {"delay", FaultAction::kDelay},
    {"duplicate", FaultAction::kDuplicate},
    {"half_body", FaultAction::kHalfBody},
    {"http_status", FaultAction::kHttpStatus},
    {"malformed_json", FaultAction::kMalformedJson},
    {"truncated_json", FaultAction::kTruncatedJson},
    {"wrong_content_type", FaultAction::kWrongContentType},
    {"redirect_dead", FaultAction::kRedirectDead},
    {"redirect_loop", FaultAction::kRedirectLoop},
    {"redirect_foreign", FaultAction::kRedirectForeign},
    {"status_word", FaultAction::kStatusWord},
    {"label_exists", FaultAction::kLabelExists},
    {"too_many_versions", FaultAction::kTooManyVersions},
    {"slow_drip", FaultAction::kSlowDrip},
    {"hang", FaultAction::kHang},
    {"publish_delay", FaultAction::kPublishDelay},
}};

constexpr std::array<std::pair<std::string_view, FaultPhase>, 3> kPhases = {{
    {"before", FaultPhase::kBefore},
    {"body", FaultPhase::kBody},
    {"after", FaultPhase::kAfter},
}};

template <class Table, class Value>
bool look_up(const Table& table, std::string_view name, Value& value) {
  for (const auto& [known, meaning] : table) {
    if (known != name) continue;
    value = meaning;
    return true;
  }
  return false;
}

}  // namespace

std::optional<FaultRule> parse_fault(const Json& json, std::string& error) {
  if (!json.is_object()) {
    error = "a fault is a JSON object";
    return std::nullopt;
  }
  FaultRule rule;
  try {
    for (const auto& [key, value] : json.items()) {
      if (key == "operation") {
        rule.operation = value.get<std::string>();
      } else if (key == "label") {
        rule.label = value.get<std::string>();
      } else if (key == "nth") {
        rule.nth = value.get<std::int64_t>();
      } else if (key == "times") {
        rule.times = value.get<std::int64_t>();
      } else if (key == "delay_ms") {
        rule.delay = std::chrono::milliseconds(value.get<std::int64_t>());
      } else if (key == "after_bytes") {
        rule.after_bytes = value.get<std::int64_t>();
      } else if (key == "status") {
        rule.status = value.get<int>();
      } else if (key == "text") {
        rule.text = value.get<std::string>();
      } else if (key == "phase" && look_up(kPhases, value.get<std::string>(), rule.phase)) {
        continue;
      } else if (key == "action" && look_up(kActions, value.get<std::string>(), rule.action)) {
        continue;
      } else {
        error = "unknown key or value: " + key;
        return std::nullopt;
      }
    }
  } catch (const Json::exception&) {
    error = "a value has the wrong type";
    return std::nullopt;
  }
  return rule;
}

std::string_view name_of(FaultAction action) {
  for (const auto& [name, known] : kActions) {
    if (known == action) return name;
  }
  return "";
}

void Faults::add(FaultRule rule) { rules_.push_back({std::move(rule), 0}); }

void Faults::clear() { rules_.clear(); }

std::vector<FaultRule> Faults::strike(std::string_view server, const Route& route) {
  std::vector<FaultRule> struck;
  const std::string full = std::string(server) + "." + route.operation;
  for (Counted& counted : rules_) {
    const FaultRule& rule = counted.rule;
    const bool named =
        glob_match(rule.operation, route.operation) || glob_match(rule.operation, full);
    if (!named || !glob_match(rule.label, route.label)) continue;
    ++counted.hits;
    if (counted.hits < rule.nth) continue;
    if (rule.times == 0 || counted.hits < rule.nth + rule.times) struck.push_back(rule);
  }
  return struck;
}

}  // namespace server
}  // namespace emulator
