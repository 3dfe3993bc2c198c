#pragma once

#include "tests/emulator/server/cluster_fixture.hpp"
#include "tests/emulator/server/http_client.hpp"
#include "tests/emulator/server/json.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace emulator::testing {

/// One vector while it is replayed.
struct VectorRun {
  const Json& vector;
  RequestText request;
  std::unique_ptr<TestCluster> cluster;

  /// The listener that gets the request.
  [[nodiscard]] std::uint16_t port();
};

/// What a vector needs beside its own text. All members are optional.
struct VectorPlay {
  /// Changes the cluster before it starts (version, followers, ...).
  std::function<void(Options&)> options;
  /// Brings about the precondition; may change the request.
  std::function<void(VectorRun&)> prepare;
  /// The body, where `body_summary` describes it instead of spelling it out.
  std::optional<std::string> body;
  /// Sends and receives in a special way; default: exchange().
  std::function<std::optional<Reply>(VectorRun&)> play;
  /// Looks at what the vector's notes say about the state afterwards.
  std::function<void(VectorRun&)> check;
};

/// The play of every vector that can be replayed, by name.
[[nodiscard]] const std::map<std::string, VectorPlay>& vector_plays();

}  // namespace emulator::testing
