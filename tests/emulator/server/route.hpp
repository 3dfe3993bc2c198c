#pragma once

#include "tests/emulator/server/http.hpp"

#include <string>

namespace emulator {
inline namespace server {

/// What a request asks for, read from method and path alone. `operation` is the name by which fault
/// rules and the request log know it: stream_load, begin, load, prepare, commit, rollback, list,
/// get_load_state, cancel, schema, schema_v2, partitions_v2, stream_load_meta, health, feature,
/// sql, error_log, transaction (an unknown transaction operation), unknown.
struct Route {
  std::string operation = "unknown";
  std::string database;
  std::string table;
  std::string label;
  std::string word;  ///< transaction operation as written in the path
};

/// `flavor` decides which paths exist. Methods are not looked at, except where two servers differ
/// by them.
[[nodiscard]] Route classify(const Request& request, Flavor flavor);

}  // namespace server
}  // namespace emulator
