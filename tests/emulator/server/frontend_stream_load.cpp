#include "tests/emulator/server/frontend.hpp"
#include "tests/emulator/server/text.hpp"

#include <algorithm>
#include <utility>

// Stream Load on the FE: authenticate, redirect (starrocks-load-protocol.md 3), and merge commit
// (9).

namespace emulator {
inline namespace server {

Response Frontend::stream_load(const Exchange& exchange, const Credentials& who) {
  Response response;
  const Request& request = exchange.request;
  const bool value_checked = cluster_.since({{3, 1, 16}, {3, 2, 13}, {3, 3, 7}, {3, 4, 0}});
  const bool expects = value_checked ? request.minor_version == 0 || request.expects_continue()
                                     : request.headers.contains("expect");
  const bool merges = cluster_.since({{3, 4, 0}}) &&
                      equals_ignoring_case(request.header("enable_merge_commit"), "true");
  if (!expects) {
    response = failed("com.starrocks.common.DdlException", "There is no 100-continue header");
  } else if (merges && !leader()) {
    response = redirect_to_leader(request);
  } else if (exchange.route.database.empty()) {
    response = failed("com.starrocks.common.DdlException", "No database selected.");
  } else if (exchange.route.table.empty()) {
    response = failed("com.starrocks.common.DdlException", "No table selected.");
  } else if (!cluster_.access.may_insert(who.user, exchange.route.database, exchange.route.table)) {
    response = unauthorized(privilege_message(who.user));
  } else if (merges) {
    response = merge_commit(exchange);
  } else {
    response = redirect_stream_load(exchange);
  }
  if (cluster_.since({{3, 1, 16}, {3, 2, 13}, {3, 3, 6}, {3, 4, 0}})) response.close = true;
  return response;
}

Response Frontend::redirect_stream_load(const Exchange& exchange) {
  const Request& request = exchange.request;
  const std::string warehouse = request.header("warehouse");
  const auto& known = cluster_.warehouses;
  if (!warehouse.empty() && cluster_.since({{3, 4, 0}}) &&
      std::find(known.begin(), known.end(), warehouse) == known.end()) {
    const std::string text = "Warehouse name: " + warehouse + " not exist.";
    Response response = rest(Json::object(), false, text);
    response.status = 500;
    response.headers = {{"content-type", "text/html"}};
    return response;
  }
  const auto backend = choose_backend();
  if (!backend) return failed("com.starrocks.common.DdlException", "No backend alive.");
  return redirect_to_backend(request, *backend);
}

/// The REST envelope of merge commit, whose `code` is a status name (9).
Response Frontend::envelope(const std::string& code, const std::string& text) const {
  return json_reply(
      fe_compact_json({{"code", code}, {"status", "FAILED"}, {"msg", text}, {"message", text}}));
}

std::optional<std::string> Frontend::refuse_merge_commit(const Request& request) const {
  const std::pair<const char*, const char*> required[] = {
      {"merge_commit_interval_ms", "Batch write interval must be set positive, but is "},
      {"merge_commit_parallel", "Batch write parallel must be set positive, but is "}};
  for (const auto& [name, text] : required) {
    const std::string value = request.header(name);
    if (parse_long(value).value_or(0) > 0) continue;
    return text + (value.empty() ? "null" : value);
  }
  return std::nullopt;
}

Response Frontend::merge_commit(const Exchange& exchange) {
  const auto refusal = refuse_merge_commit(exchange.request);
  if (refusal) return envelope("INVALID_ARGUMENT", *refusal);
  // One coordinator per table, so that concurrent requests meet.
  for (std::size_t i = 0; i < cluster_.backends.size(); ++i) {
    if (cluster_.backends[i].alive) return redirect_to_backend(exchange.request, i);
  }
  return envelope("SERVICE_UNAVAILABLE",
                  "Can't find available backends, db: " + exchange.route.database +
                      ", table: " + exchange.route.table +
                      ", warehouse: default_warehouse, load id: " + random_uuid());
}

Response Frontend::stream_load_meta(const Exchange& exchange) {
  const Request& request = exchange.request;
  if (!leader()) return redirect_to_leader(request);
  Json json = Json::object();
  if (equals_ignoring_case(request.header("enable_merge_commit"), "true")) {
    const auto refusal = refuse_merge_commit(request);
    if (refusal) return envelope("INVALID_ARGUMENT", *refusal);
    const auto parallel = parse_long(request.header("merge_commit_parallel")).value_or(1);
    std::string nodes;
    std::int64_t listed = 0;
    for (const BackendInfo& backend : cluster_.backends) {
      if (!backend.alive || listed == parallel) continue;
      ++listed;
      nodes += (nodes.empty() ? "" : ",") + backend.http.text();
    }
    json["nodes"] = {{"http", nodes}};
  }
  json["status"] = "OK";
  json["code"] = "OK";
  json["msg"] = "";
  json["message"] = "";
  return json_reply(fe_compact_json(json));
}

}  // namespace server
}  // namespace emulator
