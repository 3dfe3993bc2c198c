#pragma once

#include "tests/emulator/server/access.hpp"
#include "tests/emulator/server/clock.hpp"
#include "tests/emulator/server/options.hpp"
#include "tests/emulator/server/transactions.hpp"
#include "tests/emulator/server/version.hpp"

#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace emulator {
inline namespace server {

/// Where a server of the cluster can be reached.
struct Endpoint {
  std::string host;
  std::uint16_t port = 0;

  [[nodiscard]] std::string text() const { return host + ":" + std::to_string(port); }
};

/// A BE as the FEs know it.
struct BackendInfo {
  Endpoint http;
  bool alive = true;
};

/// An FE as its peers know it.
struct FrontendInfo {
  Endpoint http;
  bool alive = true;
};

/// What frontends and backends of one emulated cluster know together: the storage, the leader's
/// transactions, the members. Confined to the emulator's thread.
struct Cluster {
  asio::io_context& io;
  Clock& clock;
  Config& config;
  Version version;
  std::string version_text;
  Engine& engine;
  Access& access;
  Transactions& transactions;
  std::vector<std::string> warehouses;
  std::vector<BackendInfo> backends;
  std::vector<FrontendInfo> frontends;
  std::size_t leader = 0;

  [[nodiscard]] bool since(std::initializer_list<Version> firsts) const {
    return version.has(firsts);
  }
};

}  // namespace server
}  // namespace emulator
