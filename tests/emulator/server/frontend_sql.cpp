#include "tests/emulator/server/frontend.hpp"
#include "tests/emulator/server/text.hpp"

#include <array>
#include <regex>
#include <utility>

// SQL over HTTP (starrocks-load-protocol.md 8.7): newline-delimited JSON. What only a cluster knows
// is answered here; everything else is the engine's.

namespace emulator {
inline namespace server {
namespace {

/// Trimmed, without the last semicolon.
std::string normalized(std::string query) {
  const auto blank = [](char c) {
    return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == ';';
  };
  while (!query.empty() && blank(query.back())) query.pop_back();
  std::size_t start = 0;
  while (start < query.size() && blank(query[start])) ++start;
  return query.substr(start);
}

bool matches(const std::string& query, const char* pattern) {
  return std::regex_match(query, std::regex(pattern, std::regex::icase));
}

QueryResult text_table(std::vector<std::string> names) {
  QueryResult result;
  result.types.assign(names.size(), "varchar");
  result.names = std::move(names);
  return result;
}

QueryResult show_frontends(const Cluster& cluster) {
  QueryResult result = text_table({"Id", "Name", "IP", "EditLogPort", "HttpPort", "QueryPort",
                                   "RpcPort", "Role", "Alive", "Version"});
  for (std::size_t i = 0; i < cluster.frontends.size(); ++i) {
    const FrontendInfo& frontend = cluster.frontends[i];
    result.rows.push_back({std::to_string(i + 1), "fe" + std::to_string(i + 1), frontend.http.host,
                           "9010", std::to_string(frontend.http.port), "9030", "9020",
                           i == cluster.leader ? "LEADER" : "FOLLOWER",
                           frontend.alive ? "true" : "false", cluster.version_text});
  }
  return result;
}

QueryResult show_backends(const Cluster& cluster) {
  QueryResult result = text_table(
      {"BackendId", "IP", "HeartbeatPort", "BePort", "HttpPort", "BrpcPort", "Alive", "Version"});
  for (std::size_t i = 0; i < cluster.backends.size(); ++i) {
    const BackendInfo& backend = cluster.backends[i];
    result.rows.push_back({std::to_string(10002 + i), backend.http.host, "9050", "9060",
                           std::to_string(backend.http.port), "8060",
                           backend.alive ? "true" : "false", cluster.version_text});
  }
  return result;
}

/// `SHOW PROC '/transactions'`: the databases.
QueryResult show_transaction_databases(const Cluster& cluster) {
  QueryResult result = text_table({"DbId", "DbName"});
  for (const std::string& database : cluster.engine.databases()) {
    result.rows.push_back({std::to_string(cluster.transactions.database_id(database)), database});
  }
  return result;
}

/// `SHOW PROC '/transactions/<id or name>/running'`.
QueryResult show_running(const Cluster& cluster, const std::string& database) {
  QueryResult result = text_table({"TransactionId", "Label", "Coordinator", "TransactionStatus",
                                   "LoadJobSourceType", "PrepareTime"});
  for (const Transaction* const transaction : cluster.transactions.all()) {
    const bool here =
        transaction->database == database ||
        std::to_string(cluster.transactions.database_id(transaction->database)) == database;
    if (!here || !transaction->running()) continue;
    result.rows.push_back({std::to_string(transaction->id), transaction->label,
                           transaction->coordinator_type + ": 127.0.0.1",
                           std::string(name_of(transaction->state)), "BACKEND_STREAMING",
                           std::to_string(transaction->begun.count())});
  }
  return result;
}

/// `ADMIN SHOW FRONTEND CONFIG [LIKE 'prefix%']`: a kind of SHOW to the frontend. That SQL over
/// HTTP takes it is UNCONFIRMED (starrocks-load-protocol.md 8.7 lists kinds of statements only).
QueryResult show_config(const Cluster& cluster, const std::string& prefix) {
  QueryResult result = text_table({"Key", "AliasNames", "Value", "Type", "IsMutable", "Comment"});
  const auto add = [&result, &prefix](const std::string& key, std::int64_t value) {
    if (key.starts_with(prefix))
      result.rows.push_back({key, "[]", std::to_string(value), "int", "true", ""});
  };
  add("label_keep_max_num", cluster.config.label_keep_max_num);
  add("label_keep_max_second", cluster.config.label_keep_max_second);
  return result;
}

std::optional<QueryResult> cluster_query(const std::string& query, const Cluster& cluster) {
  if (matches(query, "show\\s+frontends")) return show_frontends(cluster);
  if (matches(query, "show\\s+backends")) return show_backends(cluster);
  if (matches(query, "show\\s+compute\\s+nodes")) {
    return text_table({"ComputeNodeId", "IP", "HeartbeatPort", "BePort", "HttpPort", "BrpcPort",
                       "Alive", "Version"});
  }
  if (matches(query, "show\\s+proc\\s+'/transactions/?'"))
    return show_transaction_databases(cluster);
  std::smatch running;
  const std::regex running_pattern("show\\s+proc\\s+'/transactions/([^/']+)/running'",
                                   std::regex::icase);
  if (std::regex_match(query, running, running_pattern)) return show_running(cluster, running[1]);
  static const std::regex config("admin\\s+show\\s+frontend\\s+config(?:\\s+like\\s+'([^'%]*)%?')?",
                                 std::regex::icase);
  std::smatch setting;
  if (std::regex_match(query, setting, config)) return show_config(cluster, setting[1]);
  static const std::regex version("select\\s+current_version\\s*\\(\\s*\\)(?:\\s+as\\s+(\\w+))?",
                                  std::regex::icase);
  std::smatch found;
  if (std::regex_match(query, found, version)) {
    QueryResult result = text_table({found[1].matched ? found[1].str() : "current_version()"});
    result.rows.push_back({cluster.version_text + " emulated"});
    return result;
  }
  return std::nullopt;
}

/// A value as the server writes it: numbers bare, everything else as a string.
Json cell(const std::optional<std::string>& value, const std::string& type) {
  static constexpr std::array<std::string_view, 6> kNumeric = {"tinyint", "smallint", "int",
                                                               "bigint",  "float",    "double"};
  if (!value) return nullptr;
  const std::string lower = to_lower(type.substr(0, type.find('(')));
  for (const std::string_view numeric : kNumeric) {
    if (lower != numeric) continue;
    const Json parsed = Json::parse(*value, nullptr, false);
    if (parsed.is_number()) return parsed;
  }
  return *value;
}

}  // namespace

Response Frontend::sql(const Exchange& exchange) {
  const auto error = [this](int status, const std::string& text) {
    Response response = rest(Json::object(), false, text);
    response.status = status;
    return response;
  };
  const Json body = Json::parse(exchange.request.body, nullptr, false);
  if (!body.is_object() || !body.contains("query") || !body["query"].is_string()) {
    return error(400, "malformed json [ " + exchange.request.body.substr(0, 256) + " ]");
  }
  const std::string query = normalized(body["query"].get<std::string>());
  if (query.empty()) return error(400, "\"query can not be empty\"");
  if (!matches(query, "\\(*\\s*(select|with|show|explain|desc|describe|kill)\\b[^]*") &&
      !matches(query, "admin\\s+show\\s+frontend\\s+config\\b[^]*")) {
    return error(500, "http query only support SELECT, SHOW, EXPLAIN, DESC, KILL statement");
  }
  const std::string& database = exchange.route.database;
  if (!database.empty() && database != "information_schema" &&
      !cluster_.engine.has_database(database)) {
    return error(500, "Unknown database '" + database + "'");
  }
  std::optional<QueryResult> result = cluster_query(query, cluster_);
  const bool about_cluster = matches(
      query,
      "(admin\\s+)?show\\s+(frontends|backends|frontend\\s+config|compute\\s+nodes|proc)\\b[^]*");
  const auto who = Access::parse_frontend(exchange.request);
  if (about_cluster && who && !cluster_.access.may_operate(who->user)) {
    return error(
        500,
        "Access denied; you need (at least one of) the OPERATE/NODE privilege(s) on SYSTEM "
        "for this operation.");
  }
  if (!result) {
    EngineError failure;
    result = cluster_.engine.query(query, database, failure);
    if (!result) return error(500, failure.message);
  }
  Json first = Json::object();
  first["connectionId"] = ++connection_id_;
  std::string out = plain_json(first) + "\n";
  Json meta = Json::array();
  for (std::size_t i = 0; i < result->names.size(); ++i) {
    meta.push_back({{"name", result->names[i]}, {"type", to_lower(result->types[i])}});
  }
  Json head = Json::object();
  head["meta"] = std::move(meta);
  out += plain_json(head) + "\n";
  for (const auto& row : result->rows) {
    Json cells = Json::array();
    for (std::size_t i = 0; i < row.size(); ++i) cells.push_back(cell(row[i], result->types[i]));
    Json line = Json::object();
    line["data"] = std::move(cells);
    out += plain_json(line) + "\n";
  }
  const Json statistics = {
      {"scanRows", result->rows.size()}, {"scanBytes", 0}, {"returnRows", result->rows.size()}};
  Json last = Json::object();
  last["statistics"] = statistics;
  out += plain_json(last) + "\n";
  Response response;
  response.headers = {{"content-type", "application/x-ndjson; charset=utf-8"}};
  response.body = std::move(out);
  return response;
}

}  // namespace server
}  // namespace emulator
