#pragma once

#include "tests/emulator/server/exchange.hpp"
#include "tests/emulator/server/json.hpp"

#include <optional>
#include <string>

namespace emulator {
inline namespace server {

class Runtime;

/// The emulator's own door, on its own port: faults, clock, failures, SQL and the request log over
/// HTTP.
///
///   POST   /emulator/faults         one rule or an array of rules (faults.hpp); DELETE removes all
///   POST   /emulator/restart-be     {"backend": 0, "leader_notices": false}
///   POST   /emulator/leader-change
///   POST   /emulator/advance-clock  {"ms": 1000}
///   POST   /emulator/evict
///   POST   /emulator/config         {"key": "value", ...}, StarRocks names
///   POST   /emulator/listen         {"server": "be1", "listening": false}
///   POST   /emulator/sql            {"query": "...", "database": "..."} or plain DDL text
///   GET    /emulator/requests       the request log, one JSON object a line
///   GET    /emulator/transactions   what the leader remembers
///
/// Confined to the emulator's thread.
class Admin final : public Handler {
 public:
  explicit Admin(Runtime& runtime) : runtime_(runtime) {}

  asio::awaitable<std::optional<Response>> handle(Exchange& exchange) override;

 private:
  Response dispatch(const Request& request);
  Response faults(const Request& request);
  Response restart_backend(const Json& body);
  Response set_config(const Json& body);
  Response listen(const Json& body);
  Response sql(const std::string& body);
  Response requests() const;
  Response transactions() const;

  Runtime& runtime_;
};

}  // namespace server
}  // namespace emulator
