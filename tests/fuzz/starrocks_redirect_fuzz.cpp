// A `Location` field to a redirect decision (delivery-and-faults.md 5.2, T04 to T07). The first
// byte chooses status, policy and TLS.

#include "core/base/assert.hpp"
#include "core/starrocks/redirect.hpp"
#include "core/starrocks/server_url.hpp"

#include <cstdint>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace loadstar;             // NOLINT(google-build-using-namespace)
  using namespace loadstar::starrocks;  // NOLINT(google-build-using-namespace)
  if (size < 1) return 0;
  const std::string_view location(reinterpret_cast<const char*>(data) + 1, size - 1);
  const bool tls = (data[0] & 1U) != 0;
  ClientOptions options;
  options.load_urls = {{tls, "fe1", 8030}, {false, "fe2", 8030}};
  options.redirect_allow = {"*.be.example.com:8040", "10.0.0.0/8:8040", "[fd00::/8]:8040"};
  options.redirect_map = {{"hidden:8040", "gateway:18040"}};
  options.redirect_policy = static_cast<RedirectPolicy>((data[0] >> 1U) % 3U);
  const std::vector<ClusterNode> nodes{{"be1", 8040, false}, {"127.0.0.1", 8040, false}};
  RedirectFacts facts;
  facts.status = (data[0] & 8U) != 0 ? 307 : 302;
  facts.location = location;
  facts.from = options.load_urls[0];
  facts.body_started = (data[0] & 16U) != 0;
  facts.from_frontend = (data[0] & 32U) != 0;
  facts.followed = (data[0] >> 6U);
  const RedirectRules rules(options);
  const RedirectDecision decision = rules.decide(facts, nodes);
  const auto error_url = parse_server_url(location);
  if (error_url) static_cast<void>(rules.decide_error_url(error_url->endpoint, nodes));
  if (decision.verdict != RedirectDecision::Verdict::kFollow) {
    LOADSTAR_ASSERT(!decision.error.detail.empty(), "a refusal has a reason");
    return 0;
  }
  LOADSTAR_ASSERT(facts.status == 307, "only 307 is followed");
  LOADSTAR_ASSERT(options.redirect_policy != RedirectPolicy::kProxyOnly, "a proxy sends nobody on");
  LOADSTAR_ASSERT(!facts.body_started || facts.from_frontend, "only an FE may send a body on");
  LOADSTAR_ASSERT(decision.target.tls || !tls, "https never falls to http");
  const auto& host = decision.target.host;
  const bool known = host == "fe1" || host == "fe2" || host == "be1" || host == "gateway" ||
                     host.ends_with(".be.example.com") || host.starts_with("10.") ||
                     host.starts_with("fd");
  LOADSTAR_ASSERT(known, "only known hosts are followed");
  return 0;
}
