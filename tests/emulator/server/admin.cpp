#include "tests/emulator/server/admin.hpp"

#include "tests/emulator/server/runtime.hpp"

#include <utility>

namespace emulator {
inline namespace server {
namespace {

Response answer(int status, const Json& json) {
  Response response;
  response.status = status;
  response.headers = {{"content-type", "application/json"}};
  response.body = plain_json(json) + "\n";
  return response;
}

Response done() { return answer(200, {{"ok", true}}); }

Response refused(const std::string& text) { return answer(400, {{"ok", false}, {"error", text}}); }

}  // namespace

asio::awaitable<std::optional<Response>> Admin::handle(Exchange& exchange) {
  Response response;
  try {
    response = dispatch(exchange.request);
  } catch (const Json::exception& error) {
    response = refused(error.what());
  }
  co_return response;
}

Response Admin::dispatch(const Request& request) {
  const auto& segments = request.segments;
  if (segments.size() != 2 || segments[0] != "emulator")
    return answer(404, {{"error", "no such path"}});
  const std::string& what = segments[1];
  if (request.method == "GET" && what == "requests") return requests();
  if (request.method == "GET" && what == "transactions") return transactions();
  if (what == "faults") return faults(request);
  if (request.method != "POST") return answer(405, {{"error", "POST expected"}});
  if (what == "sql") return sql(request.body);
  const Json body = request.body.empty() ? Json::object() : Json::parse(request.body);
  if (what == "restart-be") return restart_backend(body);
  if (what == "config") return set_config(body);
  if (what == "listen") return listen(body);
  if (what == "leader-change") {
    runtime_.change_leader();
  } else if (what == "advance-clock") {
    runtime_.advance(milliseconds(body.at("ms").get<std::int64_t>()));
  } else if (what == "evict") {
    runtime_.transactions().evict();
  } else {
    return answer(404, {{"error", "no such path"}});
  }
  return done();
}

Response Admin::faults(const Request& request) {
  if (request.method == "DELETE") {
    runtime_.faults().clear();
    return done();
  }
  if (request.method != "POST") return answer(405, {{"error", "POST or DELETE expected"}});
  const Json body = Json::parse(request.body);
  const Json rules = body.is_array() ? body : Json::array({body});
  std::vector<FaultRule> parsed;
  for (const Json& json : rules) {
    std::string error;
    auto rule = parse_fault(json, error);
    if (!rule) return refused(error);
    parsed.push_back(std::move(*rule));
  }
  for (FaultRule& rule : parsed) runtime_.faults().add(std::move(rule));
  return done();
}

Response Admin::restart_backend(const Json& body) {
  const auto backend = body.value("backend", std::size_t{0});
  if (backend >= runtime_.backends()) return refused("no such backend");
  runtime_.restart_backend(backend, body.value("leader_notices", false));
  return done();
}

Response Admin::set_config(const Json& body) {
  for (const auto& [key, value] : body.items()) {
    const std::string text = value.is_string() ? value.get<std::string>() : value.dump();
    if (!runtime_.config().set(key, text)) return refused("no such key or bad value: " + key);
  }
  return done();
}

Response Admin::listen(const Json& body) {
  Server* const server = runtime_.server(body.at("server").get<std::string>());
  if (server == nullptr) return refused("no such server");
  server->set_listening(body.at("listening").get<bool>());
  return done();
}

Response Admin::sql(const std::string& body) {
  const Json json = Json::parse(body, nullptr, false);
  const bool structured = json.is_object() && json.contains("query");
  if (!structured) {
    const auto error = runtime_.engine().execute(body);
    return error ? refused(error->message) : done();
  }
  EngineError error;
  const auto result = runtime_.engine().query(json.at("query").get<std::string>(),
                                              json.value("database", std::string()), error);
  if (!result) return refused(error.message);
  Json rows = Json::array();
  for (const auto& row : result->rows) {
    Json cells = Json::array();
    for (const auto& value : row) cells.push_back(value ? Json(*value) : Json(nullptr));
    rows.push_back(std::move(cells));
  }
  return answer(200,
                {{"ok", true}, {"names", result->names}, {"types", result->types}, {"rows", rows}});
}

Response Admin::requests() const {
  Response response;
  response.headers = {{"content-type", "application/x-ndjson"}};
  for (const LoggedRequest& entry : runtime_.log().entries()) {
    response.body += plain_json(entry.to_json()) + "\n";
  }
  return response;
}

Response Admin::transactions() const {
  Json list = Json::array();
  for (const Transaction* transaction : runtime_.transactions().all()) {
    list.push_back({{"id", transaction->id},
                    {"database", transaction->database},
                    {"table", transaction->table},
                    {"label", transaction->label},
                    {"state", name_of(transaction->state)},
                    {"reason", transaction->reason}});
  }
  return answer(200, list);
}

}  // namespace server
}  // namespace emulator
