#pragma once

#include <chrono>
#include <string>

namespace loadstar::server {

/// What this process says about itself.
struct DaemonInfo {
  std::string version;    ///< of the program
  std::string revision;   ///< of the sources
  std::string daemon_id;  ///< instance id and a nonce: another at each start (loadstar.v1.Opened)
  std::chrono::system_clock::time_point start_time;
};

}  // namespace loadstar::server
