#include "tests/emulator/server/route.hpp"

#include "tests/emulator/server/text.hpp"

#include <array>
#include <string_view>

namespace emulator {
inline namespace server {
namespace {

constexpr std::array<std::string_view, 6> kTransactionOperations = {"begin",  "load",     "prepare",
                                                                    "commit", "rollback", "list"};

void classify_transaction(const Request& request, Route& route) {
  route.operation = "transaction";
  route.word = request.segments[2];
  const std::string lower = to_lower(route.word);
  for (const std::string_view known : kTransactionOperations) {
    if (lower == known) route.operation = lower;
  }
  route.database = request.header("db");
  route.table = request.header("table");
  route.label = request.header("label");
}

/// /api/v2/catalogs/{catalog}/databases/{db}/tables/{table}/{schema|partition}
bool classify_v2_table(const std::vector<std::string>& s, Route& route) {
  if (s.size() != 9 || s[1] != "v2" || s[2] != "catalogs" || s[4] != "databases" ||
      s[6] != "tables") {
    return false;
  }
  if (s[8] == "schema") route.operation = "schema_v2";
  if (s[8] == "partition") route.operation = "partitions_v2";
  route.database = s[5];
  route.table = s[7];
  return true;
}

/// /api/v1/catalogs/{catalog}/sql, /api/v1/catalogs/{catalog}/databases/{db}/sql,
/// /api/v2/{catalog}/{db}/sql
bool classify_sql(const std::vector<std::string>& s, Route& route) {
  if (s.back() != "sql") return false;
  if (s.size() == 5 && s[1] == "v1" && s[2] == "catalogs") {
    route.operation = "sql";
    return true;
  }
  if (s.size() == 7 && s[1] == "v1" && s[2] == "catalogs" && s[4] == "databases") {
    route.operation = "sql";
    route.database = s[5];
    return true;
  }
  if (s.size() == 5 && s[1] == "v2") {
    route.operation = "sql";
    route.database = s[3];
    return true;
  }
  return false;
}

void classify_frontend(const Request& request, Route& route) {
  const std::vector<std::string>& s = request.segments;
  if (s.size() == 2 && s[1] == "health") {
    route.operation = "health";
  } else if (s.size() == 3 && s[1] == "v2" && s[2] == "feature") {
    route.operation = "feature";
  } else if (classify_v2_table(s, route) || classify_sql(s, route)) {
    return;
  } else if (s.size() == 3 && s[2] == "get_load_state") {
    route.operation = "get_load_state";
    route.database = request.parameter("db").value_or(s[1]);
    route.label = request.parameter("label").value_or("");
  } else if (s.size() == 4 && s[3] == "_cancel") {
    route.operation = "cancel";
    route.database = request.parameter("db").value_or(s[1]);
    route.label = request.parameter("label").value_or(s[2]);
  } else if (s.size() == 4 && (s[3] == "_schema" || s[3] == "_stream_load_meta")) {
    route.operation = s[3].substr(1);
    route.database = request.parameter("db").value_or(s[1]);
    route.table = request.parameter("table").value_or(s[2]);
  }
}

}  // namespace

Route classify(const Request& request, Flavor flavor) {
  Route route;
  const std::vector<std::string>& s = request.segments;
  if (s.size() < 2 || s[0] != "api") return route;
  if (s.size() == 3 && s[1] == "transaction") {
    classify_transaction(request, route);
  } else if (s.size() == 4 && s[3] == "_stream_load") {
    route.operation = "stream_load";
    route.database = s[1];
    route.table = s[2];
    route.label = request.header("label");
  } else if (flavor == Flavor::kFrontend) {
    classify_frontend(request, route);
  } else if (s.size() == 2 && s[1] == "health") {
    route.operation = "health";
  } else if (s.size() == 2 && s[1] == "_load_error_log") {
    route.operation = "error_log";
  }
  return route;
}

}  // namespace server
}  // namespace emulator
