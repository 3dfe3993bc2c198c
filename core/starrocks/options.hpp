#pragma once

#include "core/base/secret.hpp"
#include "core/http/message.hpp"
#include "core/http/options.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace loadstar::starrocks {

/// Key `starrocks.redirect_policy` (architecture.md D8).
enum class RedirectPolicy : std::uint8_t {
  kFollowKnown,  ///< only hosts listed by the cluster or by the options below
  kMap,          ///< every redirect must be in redirect_map
  kProxyOnly,    ///< load_urls name an FE proxy; a redirect is an error
};

/// When a frontend is left alone. Key `starrocks.circuit_breaker`.
struct CircuitBreakerOptions {
  unsigned failures = 5;                       ///< in a row; 1..1000
  std::chrono::milliseconds open_for{10'000};  ///< first time; doubles up to max_open_for
  std::chrono::milliseconds max_open_for{300'000};
};

/// The cluster and how to talk to it. Keys: `starrocks.*` (operations.md 5).
struct ClientOptions {
  std::string name = "main";              ///< the metric label `cluster`
  std::vector<http::Endpoint> load_urls;  ///< frontends; at least one [load-url]
  std::string user;                       ///< [username]
  /// Called for each request, so that a password file that changed is read again [password].
  /// Thread-safe.
  std::function<Secret()> password;
  RedirectPolicy redirect_policy = RedirectPolicy::kFollowKnown;
  std::map<std::string, std::string>
      redirect_map;                         ///< "host:port" of Location -> "host:port" to use
  std::vector<std::string> redirect_allow;  ///< "host:port", "*.suffix:port", "10.0.0.0/8:port"
  CircuitBreakerOptions circuit_breaker;
  std::chrono::milliseconds request_timeout{600'000};  ///< whole request; header `timeout` of loads
  std::chrono::milliseconds publish_timeout{
      30'000};  ///< COMMITTED but not visible counts as done after it
  std::chrono::milliseconds query_timeout{10'000};  ///< state, schema, SQL, version, health
};

}  // namespace loadstar::starrocks
