#pragma once

#include "core/base/error.hpp"
#include "core/http/message.hpp"
#include "core/starrocks/host_pattern.hpp"
#include "core/starrocks/options.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace loadstar::starrocks {

/// A node as the cluster lists it (SHOW FRONTENDS / BACKENDS / COMPUTE NODES).
struct ClusterNode {
  std::string host;
  std::uint16_t http_port = 0;
  bool frontend = false;

  friend auto operator<=>(const ClusterNode&, const ClusterNode&) = default;
};

/// Most redirects that one request follows: follower, leader, BE is two (2.3).
inline constexpr unsigned kMaxRedirects = 3;

/// What to do with a redirect.
struct RedirectDecision {
  enum class Verdict : std::uint8_t {
    kFollow,    ///< to `target`
    kUnlisted,  ///< only the cluster's node list can say: read it and decide again; then `error`
    kRefuse,    ///< `error` says why
  };
  Verdict verdict = Verdict::kRefuse;
  http::Endpoint target;
  bool leader = false;  ///< of kFollow: the target is a frontend
  bool mapped = false;  ///< of kFollow: by redirect_map
  Error error;          ///< of the others; kRedirectRefused, kRedirectFailed or kMalformedReply
};

/// The facts of one redirect.
struct RedirectFacts {
  unsigned status = 0;                       ///< 3xx
  std::optional<std::string_view> location;  ///< header as received
  http::Endpoint from;                       ///< who answered
  bool from_frontend = true;                 ///< `from` is known to be an FE
  bool body_started = false;                 ///< bytes of our body had left before the answer
  unsigned followed = 0;                     ///< redirects followed before this one
};

/// Where a load may be redirected to, and with that, who is given the credentials (architecture.md
/// D8).
///
/// Only 307 and 308 are followed. Of `Location` only scheme, host and port are used: path and query
/// of a StarRocks redirect are those of the request (2.3), and the caller repeats its own. A target
/// is known if redirect_map or redirect_allow names it, if it is one of load_urls, or if the
/// cluster lists it; loopback counts as listed only if the FE itself is on loopback, link-local
/// addresses never (F070). https never falls to http: behind an https FE the scheme stays https for
/// targets that the options name, and any other http target is refused.
///
/// Pure and immutable; safe on several threads.
class RedirectRules {
 public:
  /// Asserts that redirect_map and redirect_allow parse, as config/validate has checked.
  explicit RedirectRules(const ClientOptions& options);

  [[nodiscard]] RedirectDecision decide(const RedirectFacts& facts,
                                        std::span<const ClusterNode> nodes) const;

  /// Whether `endpoint` is one of load_urls.
  [[nodiscard]] bool is_load_url(const http::Endpoint& endpoint) const;

  /// Where an `ErrorURL` at `endpoint` may be fetched: the endpoint itself, or what redirect_map
  /// makes of it (F240). kUnlisted and errors as for redirects, whatever the policy.
  [[nodiscard]] RedirectDecision decide_error_url(const http::Endpoint& endpoint,
                                                  std::span<const ClusterNode> nodes) const;

 private:
  [[nodiscard]] RedirectDecision choose(http::Endpoint named, const http::Endpoint& from,
                                        std::span<const ClusterNode> nodes) const;

  RedirectPolicy policy_;
  std::vector<http::Endpoint> load_urls_;
  std::map<std::string, http::Endpoint> map_;  ///< by host_port()
  std::vector<HostPattern> allow_;
};

}  // namespace loadstar::starrocks
