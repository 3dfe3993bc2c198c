#include "core/starrocks/redirect.hpp"

#include "core/base/assert.hpp"
#include "core/starrocks/server_url.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace loadstar::starrocks {
namespace {

using Verdict = RedirectDecision::Verdict;

RedirectDecision refuse(Errc code, Certainty certainty, std::string detail) {
  RedirectDecision decision;
  decision.error = Error{code, certainty, std::move(detail)};
  return decision;
}

bool same_host(const http::Endpoint& left, const http::Endpoint& right) {
  return left.host == right.host && left.port == right.port;
}

RedirectDecision not_known(const http::Endpoint& target) {
  const std::string name = host_port(target);
  return refuse(
      Errc::kRedirectRefused, Certainty::kNotApplied,
      fmt::format("redirect to {} refused: no known host of the cluster; if it is one, add "
                  "\"{}\" to starrocks.redirect_allow",
                  name, name));
}

RedirectDecision downgrade(const http::Endpoint& target) {
  const std::string name = host_port(target);
  return refuse(
      Errc::kRedirectRefused, Certainty::kNotApplied,
      fmt::format("redirect from https to http://{} refused; if the host speaks TLS on this "
                  "port, add \"{}\" to starrocks.redirect_allow",
                  name, name));
}

/// Whether the cluster's own list is enough to trust this address (F070).
bool may_be_listed(const http::Endpoint& target, const http::Endpoint& from) {
  if (is_never_a_backend(target.host)) return false;
  return !is_loopback(target.host) || is_loopback(from.host);
}

}  // namespace

RedirectRules::RedirectRules(const ClientOptions& options)
    : policy_(options.redirect_policy), load_urls_(options.load_urls) {
  for (const auto& [from, to] : options.redirect_map) {
    const auto key = parse_host_port(from, false);
    const auto value = parse_host_port(to, false);
    LOADSTAR_ASSERT(key.has_value() && value.has_value(), "redirect_map holds host:port pairs");
    map_.emplace(host_port(*key), *value);
  }
  for (const std::string& text : options.redirect_allow) {
    auto pattern = HostPattern::parse(text);
    LOADSTAR_ASSERT(pattern.has_value(), "redirect_allow holds patterns of hosts");
    allow_.push_back(std::move(*pattern));
  }
}

bool RedirectRules::is_load_url(const http::Endpoint& endpoint) const {
  return std::find(load_urls_.begin(), load_urls_.end(), endpoint) != load_urls_.end();
}

RedirectDecision RedirectRules::decide(const RedirectFacts& facts,
                                       std::span<const ClusterNode> nodes) const {
  constexpr unsigned kTemporaryRedirect = 307;
  constexpr unsigned kPermanentRedirect = 308;
  if (facts.status != kTemporaryRedirect && facts.status != kPermanentRedirect) {
    // 301 to 303 ask for a GET, and a 303 may follow an operation that was carried out (F067).
    return refuse(Errc::kRedirectFailed, Certainty::kUnknown,
                  fmt::format("HTTP status {} is no redirect of a load", facts.status));
  }
  if (facts.body_started && !facts.from_frontend) {
    // An FE ingests nothing; whoever else took body bytes may have (F069).
    return refuse(Errc::kRedirectFailed, Certainty::kUnknown,
                  "redirect by a server that had taken bytes of the body");
  }
  if (policy_ == RedirectPolicy::kProxyOnly) {
    return refuse(Errc::kRedirectRefused, Certainty::kNotApplied,
                  "redirect from a load_url that redirect_policy proxy_only declares an FE proxy");
  }
  if (facts.followed >= kMaxRedirects) {
    return refuse(Errc::kRedirectFailed, Certainty::kNotApplied,
                  fmt::format("more than {} redirects", kMaxRedirects));
  }
  if (!facts.location) {
    return refuse(Errc::kRedirectFailed, Certainty::kNotApplied, "redirect without Location");
  }
  auto url = parse_server_url(*facts.location);
  if (!url) return refuse(url.error().code, url.error().certainty, url.error().detail);
  return choose(std::move(url->endpoint), facts.from, nodes);
}

RedirectDecision RedirectRules::choose(http::Endpoint named, const http::Endpoint& from,
                                       std::span<const ClusterNode> nodes) const {
  RedirectDecision follow;
  follow.verdict = Verdict::kFollow;
  follow.target = named;
  const auto mapped = map_.find(host_port(named));
  if (mapped != map_.end()) {
    follow.target = mapped->second;
    follow.target.tls = from.tls || named.tls;
    follow.mapped = true;
    return follow;
  }
  const auto is_named = [&named](const http::Endpoint& url) { return same_host(url, named); };
  const auto load_url = std::find_if(load_urls_.begin(), load_urls_.end(), is_named);
  if (load_url != load_urls_.end()) {
    follow.target.tls = load_url->tls || named.tls;
    follow.leader = true;
    return from.tls && !follow.target.tls ? downgrade(named) : follow;
  }
  if (policy_ == RedirectPolicy::kMap) {
    const std::string name = host_port(named);
    return refuse(Errc::kRedirectRefused, Certainty::kNotApplied,
                  fmt::format("redirect to {} refused: not in starrocks.redirect_map, and "
                              "redirect_policy is map",
                              name));
  }
  const auto allows = [&named](const HostPattern& pattern) { return pattern.matches(named); };
  if (std::any_of(allow_.begin(), allow_.end(), allows)) {
    follow.target.tls = from.tls || named.tls;
    return follow;
  }
  if (!may_be_listed(named, from)) return not_known(named);
  if (from.tls && !named.tls) return downgrade(named);
  const auto is_listed = [&named](const ClusterNode& node) {
    return node.host == named.host && node.http_port == named.port;
  };
  const auto node = std::find_if(nodes.begin(), nodes.end(), is_listed);
  if (node == nodes.end()) {
    RedirectDecision unlisted = not_known(named);
    unlisted.verdict = Verdict::kUnlisted;
    unlisted.target = std::move(named);
    return unlisted;
  }
  follow.leader = node->frontend;
  return follow;
}

RedirectDecision RedirectRules::decide_error_url(const http::Endpoint& endpoint,
                                                 std::span<const ClusterNode> nodes) const {
  // The URL names the BE's own address with scheme http (4.8) and is read without credentials, so
  // that it is judged as if an http FE had redirected to it; loopback is known if an FE is there.
  http::Endpoint from;
  const bool local = std::any_of(load_urls_.begin(), load_urls_.end(),
                                 [](const http::Endpoint& url) { return is_loopback(url.host); });
  from.host = local ? "localhost" : "frontend";
  return choose(endpoint, from, nodes);
}

}  // namespace loadstar::starrocks
