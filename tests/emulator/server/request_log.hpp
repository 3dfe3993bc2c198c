#pragma once

#include "tests/emulator/server/exchange.hpp"
#include "tests/emulator/server/json.hpp"

#include <cstdint>
#include <deque>
#include <fstream>
#include <string>

namespace emulator {
inline namespace server {

/// One request as it was seen and answered (trap E18). Credentials are never in it.
struct LoggedRequest {
  std::int64_t time_ms = 0;  ///< emulated time at which it was finished with
  std::string server;        ///< "fe1", "fe2", "be1", ...
  std::string operation;
  std::string label;
  std::string database;
  std::string table;
  std::string method;
  std::string target;
  std::int64_t body_bytes = 0;
  Headers headers;
  int http_status = 0;     ///< 0: no answer
  std::string outcome;     ///< Status or status of the answer, "no reply", ...
  std::string faults;      ///< actions that struck, comma separated
  bool duplicate = false;  ///< a second delivery of an earlier request (E17)

  [[nodiscard]] Json to_json() const;
};

/// Append-only log of all requests, in memory and in a file of JSON lines. Confined to the
/// emulator's thread.
class RequestLog {
 public:
  /// `path` may be empty.
  explicit RequestLog(const std::string& path);

  void append(LoggedRequest entry);
  [[nodiscard]] const std::deque<LoggedRequest>& entries() const { return entries_; }

 private:
  std::deque<LoggedRequest> entries_;
  std::ofstream file_;
};

/// The value of Status (or status) in an answer's JSON text; empty if there is none.
[[nodiscard]] std::string status_word_of(const std::string& body);

}  // namespace server
}  // namespace emulator
