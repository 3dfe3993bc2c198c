#include "tests/emulator/server/request_log.hpp"

#include <array>
#include <string_view>
#include <utility>

namespace emulator {
inline namespace server {
namespace {

/// Enough for any test; a benchmark keeps only the file.
constexpr std::size_t kMostInMemory = 200'000;

}  // namespace

Json LoggedRequest::to_json() const {
  Json json = {{"time", time_ms},          {"server", server},
               {"op", operation},          {"label", label},
               {"db", database},           {"table", table},
               {"method", method},         {"target", target},
               {"body_bytes", body_bytes}, {"http_status", http_status},
               {"outcome", outcome}};
  Json shown = Json::object();
  for (const auto& [name, value] : headers) {
    if (name != "authorization") shown[name] = value;
  }
  json["headers"] = std::move(shown);
  if (!faults.empty()) json["faults"] = faults;
  if (duplicate) json["duplicate"] = true;
  return json;
}

RequestLog::RequestLog(const std::string& path) {
  if (!path.empty()) file_.open(path, std::ios::app);
}

void RequestLog::append(LoggedRequest entry) {
  entry.headers.erase("authorization");
  if (file_.is_open()) file_ << plain_json(entry.to_json()) << std::endl;
  entries_.push_back(std::move(entry));
  if (entries_.size() > kMostInMemory) entries_.pop_front();
}

std::string status_word_of(const std::string& body) {
  static constexpr std::array<std::string_view, 4> kKeys = {"\"Status\": \"", "\"Status\":\"",
                                                            "\"status\": \"", "\"status\":\""};
  for (const std::string_view key : kKeys) {
    const auto found = body.find(key);
    if (found == std::string::npos) continue;
    const auto start = found + key.size();
    return body.substr(start, body.find('"', start) - start);
  }
  return "";
}

}  // namespace server
}  // namespace emulator
