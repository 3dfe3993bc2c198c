#pragma once

#include "config/options.hpp"
#include "core/base/log.hpp"

#include <memory>
#include <string>

namespace loadstar::server {

/// The daemon: the one place where everything is put together, started in order and ended in the
/// reverse order (architecture.md 3).
///
/// Start: HTTP doors (the probes answer from the beginning), HTTP pool, StarRocks client, writers,
/// gRPC, control socket. End, at SIGTERM, SIGINT or AdminService.Drain: health says NOT_SERVING,
/// the writers are drained within the deadline, the gRPC servers end, then core, and the HTTP doors
/// last. A second signal ends the process at once.
class App {
 public:
  /// `options` have passed config::validate(). `config_hash` is for loadstar_config_info.
  App(config::Options options, const std::string& config_hash, Logger logger);
  App(const App&) = delete;
  App& operator=(const App&) = delete;
  ~App();

  /// Serves until told to stop. Returns the exit status (server/exit_status.hpp); the last log line
  /// says the same in words.
  int run();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace loadstar::server
