#include "tests/emulator/server/frontend.hpp"
#include "tests/emulator/server/text.hpp"

#include <algorithm>
#include <utility>

// State, schema, health and version (starrocks-load-protocol.md 8).

namespace emulator {
inline namespace server {
namespace {

Response with_status(Response response, int status) {
  response.status = status;
  return response;
}

}  // namespace

Response Frontend::get_load_state(const Exchange& exchange) const {
  const Request& request = exchange.request;
  if (!leader()) return redirect_to_leader(request);
  if (exchange.route.label.empty()) return rest(Json::object(), false, "No label selected.");
  const std::string& database = exchange.route.database;
  if (!cluster_.engine.has_database(database)) {
    return rest(Json::object(), false, "unknown database, database=" + database);
  }
  const Transaction* const transaction =
      cluster_.transactions.newest(database, exchange.route.label);
  Json json = Json::object();
  json["state"] = transaction == nullptr ? "UNKNOWN" : std::string(name_of(transaction->state));
  if (transaction != nullptr && cluster_.since({{3, 4, 0}})) {
    const bool aborted = transaction->state == TransactionState::kAborted;
    json["reason"] = aborted ? transaction->reason : "";
  }
  return rest(std::move(json), true, "");
}

Response Frontend::cancel(const Exchange& exchange) {
  if (!leader()) return redirect_to_leader(exchange.request);
  const std::string& label = exchange.route.label;
  const Transaction* const transaction =
      cluster_.transactions.newest(exchange.route.database, label);
  if (transaction == nullptr || transaction->state != TransactionState::kPrepare) {
    return rest(Json::object(), false, "transaction not found: " + label);
  }
  cluster_.transactions.abort(transaction->id, "user cancel");
  return rest(Json::object(), true, "");
}

Response Frontend::schema(const Exchange& exchange, const Credentials& who) const {
  const std::string& database = exchange.route.database;
  const std::string& name = exchange.route.table;
  const auto answer = [](int status, const Json& json) {
    Response response;
    response.status = status;
    response.headers = {{"content-type", "application/json"}};
    response.body = plain_json(json);
    return response;
  };
  if (database.empty() || name.empty()) {
    return answer(400, {{"status", 400}, {"exception", "No database or table selected."}});
  }
  if (!cluster_.access.may_select(who.user, database, name)) {
    return unauthorized(privilege_message(who.user));
  }
  if (!cluster_.engine.has_database(database)) {
    return answer(404,
                  {{"status", 404}, {"exception", "Database [" + database + "] does not exists"}});
  }
  const auto table = cluster_.engine.table(database, name);
  if (!table) {
    return answer(404, {{"status", 404}, {"exception", "Table [" + name + "] does not exists"}});
  }
  Json properties = Json::array();
  for (const ColumnInfo& column : table->columns) {
    Json item = {
        {"name", column.name}, {"type", column.primitive_type}, {"comment", column.comment}};
    if (column.precision) item["precision"] = std::to_string(*column.precision);
    if (column.scale) item["scale"] = std::to_string(*column.scale);
    properties.push_back(std::move(item));
  }
  return answer(200, {{"status", 200}, {"properties", properties}});
}

Response Frontend::schema_v2(const Exchange& exchange, const Credentials& who) const {
  const std::string& database = exchange.route.database;
  const std::string& name = exchange.route.table;
  const auto error = [this](int status, const std::string& text) {
    return with_status(
        json_reply(fe_compact_json({{"code", std::to_string(status)}, {"message", text}})), status);
  };
  if (!cluster_.access.may_select(who.user, database, name)) {
    return unauthorized(privilege_message(who.user));
  }
  if (!cluster_.engine.has_database(database))
    return error(404, "Unknown database '" + database + "'");
  const auto table = cluster_.engine.table(database, name);
  if (!table) return error(404, "Unknown table '" + name + "'");
  Json columns = Json::array();
  std::int64_t unique_id = 0;
  for (const ColumnInfo& column : table->columns) {
    Json type = {{"name", column.type.substr(0, column.type.find_first_of("(<"))}};
    if (column.precision) type["precision"] = *column.precision;
    if (column.scale) type["scale"] = *column.scale;
    Json item = {{"name", column.name},
                 {"type", std::move(type)},
                 {"aggregationType", column.aggregation.value_or("")},
                 {"isKey", column.key},
                 {"isAllowNull", column.nullable},
                 {"isAutoIncrement", column.auto_increment},
                 {"defaultValueType", column.default_value ? "CONST" : "NULL"}};
    if (column.default_value) item["defaultValue"] = *column.default_value;
    item["comment"] = column.comment;
    item["uniqueId"] = unique_id++;
    columns.push_back(std::move(item));
  }
  const Json result = {{"id", cluster_.transactions.database_id(database) + 100},
                       {"name", name},
                       {"tableType", "OLAP"},
                       {"keysType", table->keys_type},
                       {"comment", ""},
                       {"createTime", 0},
                       {"columns", std::move(columns)},
                       {"indexMetas", Json::array()},
                       {"partitionInfo", {{"type", "UNPARTITIONED"}}},
                       {"indexes", Json::array()},
                       {"maxColUniqueId", unique_id - 1},
                       {"properties", Json::object()}};
  return json_reply(fe_compact_json({{"code", "0"}, {"message", "OK"}, {"result", result}}));
}

Response Frontend::partitions_v2(const Exchange& exchange) const {
  const std::string& name = exchange.route.table;
  const auto table = cluster_.engine.table(exchange.route.database, name);
  if (!table) {
    return with_status(
        json_reply(fe_compact_json({{"code", "404"}, {"message", "Unknown table '" + name + "'"}})),
        404);
  }
  const Json item = {{"id", 1}, {"name", name}, {"bucketNum", 1}};
  const Json result = {{"pageNum", 0},
                       {"pageSize", 100},
                       {"pages", 1},
                       {"total", 1},
                       {"items", Json::array({item})}};
  return json_reply(fe_compact_json({{"code", "0"}, {"message", "OK"}, {"result", result}}));
}

Response Frontend::health() const {
  if (stopping_ && cluster_.since({{3, 4, 2}})) {
    Response response;
    response.status = 500;
    return response;
  }
  const auto online = std::count_if(cluster_.backends.begin(), cluster_.backends.end(),
                                    [](const BackendInfo& backend) { return backend.alive; });
  return json_reply(fe_compact_json({{"online_backend_num", online},
                                     {"total_backend_num", cluster_.backends.size()},
                                     {"status", "OK"}}));
}

Response Frontend::feature() const {
  return json_reply(fe_compact_json(
      {{"version", cluster_.version_text}, {"features", Json::array()}, {"status", "OK"}}));
}

}  // namespace server
}  // namespace emulator
