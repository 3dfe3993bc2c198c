#pragma once

#include "tests/emulator/server/backend.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace emulator {
inline namespace server {

/// One Stream Load on a BE while it runs, and the fields of its reply (4.6).
struct Backend::StreamLoad {
  std::string database;
  std::string table;
  std::string label;
  std::string load_id;
  Credentials credentials;
  std::optional<std::int64_t> timeout_seconds;
  bool merge_commit = false;

  std::int64_t transaction_id = -1;
  std::unique_ptr<LoadPlan> plan;

  std::string status = "Fail";
  std::string existing_job_status;
  std::string message;
  Counters counters;
  std::int64_t load_bytes = 0;
  std::int64_t begin_ms = 0;
  std::int64_t plan_ms = 0;
  std::int64_t read_ms = 0;
  std::int64_t write_ms = 0;
  std::int64_t commit_ms = 0;
  bool refused_in_head = true;  ///< LoadTimeMs is 0 then
  std::string error_url;
  std::string rejected_path;
  Stopwatch age;
};

}  // namespace server
}  // namespace emulator
