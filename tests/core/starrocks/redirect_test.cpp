#include "core/starrocks/redirect.hpp"

#include "core/starrocks/server_url.hpp"

#include <gtest/gtest.h>

#include <string>

namespace loadstar::starrocks {
namespace {

using Verdict = RedirectDecision::Verdict;

constexpr http::Endpoint kNoEndpoint{};

ClientOptions options() {
  ClientOptions result;
  result.load_urls = {{false, "fe1", 8030}, {false, "fe2", 8030}};
  result.redirect_allow = {"*.be.example.com:8040", "10.0.0.0/8:8040", "allowed:8040"};
  result.redirect_map = {{"hidden:8040", "gateway:18040"}};
  return result;
}

const std::vector<ClusterNode> kNodes{{"be1", 8040, false},
                                      {"fe3", 8030, true},
                                      {"127.0.0.1", 8040, false},
                                      {"169.254.1.1", 8040, false}};

RedirectFacts facts(std::string_view location, http::Endpoint from = {false, "fe1", 8030}) {
  RedirectFacts result;
  result.status = 307;
  result.location = location;
  result.from = std::move(from);
  return result;
}

RedirectDecision decide(const ClientOptions& with, const RedirectFacts& what) {
  return RedirectRules(with).decide(what, kNodes);
}

void expect_follow(const RedirectDecision& decision, const http::Endpoint& target) {
  EXPECT_EQ(decision.verdict, Verdict::kFollow) << describe(decision.error);
  EXPECT_EQ(decision.target, target) << http::to_string(decision.target);
}

void expect_refused(const RedirectDecision& decision, Errc code, Certainty certainty) {
  EXPECT_EQ(decision.verdict, Verdict::kRefuse);
  EXPECT_EQ(decision.error.code, code) << describe(decision.error);
  EXPECT_EQ(decision.error.certainty, certainty) << describe(decision.error);
}

// F065
TEST(RedirectTest, KnownHostsAreFollowed) {
  expect_follow(decide(options(), facts("http://be1:8040/api/d/t/_stream_load")),
                {false, "be1", 8040});
  expect_follow(decide(options(), facts("http://a.be.example.com:8040/x")),
                {false, "a.be.example.com", 8040});
  expect_follow(decide(options(), facts("http://10.9.8.7:8040/x")), {false, "10.9.8.7", 8040});
  expect_follow(decide(options(), facts("http://user:pw@allowed:8040/x")),
                {false, "allowed", 8040});
}

TEST(RedirectTest, TheMapComesFirstAndNamesAnotherEndpoint) {
  const auto decision = decide(options(), facts("http://hidden:8040/x"));
  expect_follow(decision, {false, "gateway", 18040});
  EXPECT_TRUE(decision.mapped);
}

TEST(RedirectTest, FrontendsAreToldApart) {
  EXPECT_TRUE(decide(options(), facts("http://fe2:8030/x")).leader);
  EXPECT_TRUE(decide(options(), facts("http://fe3:8030/x")).leader);
  EXPECT_FALSE(decide(options(), facts("http://be1:8040/x")).leader);
}

TEST(RedirectTest, AnUnlistedHostIsAQuestionForTheClusterAndTheErrorNamesTheLineToAdd) {
  const auto decision = decide(options(), facts("http://be9:8040/x"));
  EXPECT_EQ(decision.verdict, Verdict::kUnlisted);
  EXPECT_EQ(decision.error.code, Errc::kRedirectRefused);
  EXPECT_NE(decision.error.detail.find("\"be9:8040\" to starrocks.redirect_allow"),
            std::string::npos);
}

TEST(RedirectTest, AnotherPortOfAKnownHostIsAnotherHost) {
  EXPECT_EQ(decide(options(), facts("http://be1:9060/x")).verdict, Verdict::kUnlisted);
  EXPECT_EQ(decide(options(), facts("http://fe1:9030/x")).verdict, Verdict::kUnlisted);
}

// F068
TEST(RedirectTest, Only307And308AreFollowed) {
  auto what = facts("http://be1:8040/x");
  what.status = 308;
  expect_follow(decide(options(), what), {false, "be1", 8040});
  for (const unsigned status : {300U, 301U, 302U, 303U, 304U, 305U, 306U, 309U, 399U}) {
    what.status = status;
    expect_refused(decide(options(), what), Errc::kRedirectFailed, Certainty::kUnknown);
  }
}

TEST(RedirectTest, ThreeRedirectsAreTheMost) {
  auto what = facts("http://be1:8040/x");
  what.followed = kMaxRedirects - 1;
  expect_follow(decide(options(), what), {false, "be1", 8040});
  what.followed = kMaxRedirects;
  expect_refused(decide(options(), what), Errc::kRedirectFailed, Certainty::kNotApplied);
}

TEST(RedirectTest, AfterBodyBytesOnlyAFrontendMaySendUsOn) {
  auto what = facts("http://be1:8040/x");
  what.body_started = true;
  what.from_frontend = true;
  expect_follow(decide(options(), what), {false, "be1", 8040});
  what.from_frontend = false;
  expect_refused(decide(options(), what), Errc::kRedirectFailed, Certainty::kUnknown);
}

TEST(RedirectTest, BadLocationsAreProtocolErrors) {
  auto what = facts("");
  for (const std::string& location :
       {std::string(), std::string("/api/d/t/_stream_load"), std::string("be1:8040/x"),
        std::string("//be1:8040/x"), "http://be1:8040/" + std::string(5000, 'a'),
        std::string("http://be1:8040/\r\nX: y"), std::string("ftp://be1:8040/x"),
        std::string("http://be1:8040/\x01")}) {
    what.location = location;
    expect_refused(decide(options(), what), Errc::kRedirectFailed, Certainty::kNotApplied);
  }
  what.location = std::nullopt;
  expect_refused(decide(options(), what), Errc::kRedirectFailed, Certainty::kNotApplied);
}

TEST(RedirectTest, PolicyMapFollowsTheMapAndLoadUrlsAlone) {
  ClientOptions with = options();
  with.redirect_policy = RedirectPolicy::kMap;
  expect_follow(decide(with, facts("http://hidden:8040/x")), {false, "gateway", 18040});
  // A follower names the leader, and who is in load_urls is known (D8).
  expect_follow(decide(with, facts("http://fe2:8030/x")), {false, "fe2", 8030});
  for (const char* location : {"http://be1:8040/x", "http://allowed:8040/x"}) {
    expect_refused(decide(with, facts(location)), Errc::kRedirectRefused, Certainty::kNotApplied);
  }
}

TEST(RedirectTest, PolicyProxyOnlyFollowsNothing) {
  ClientOptions with = options();
  with.redirect_policy = RedirectPolicy::kProxyOnly;
  for (const char* location : {"http://hidden:8040/x", "http://be1:8040/x", "http://fe2:8030/x"}) {
    expect_refused(decide(with, facts(location)), Errc::kRedirectRefused, Certainty::kNotApplied);
  }
}

// F064
TEST(RedirectTest, HttpsNeverFallsToHttp) {
  ClientOptions with = options();
  with.load_urls = {{true, "fe1", 8443}, {false, "fe2", 8030}, {true, "fe3", 8443}};
  const http::Endpoint from{true, "fe1", 8443};
  // What the options name is reached by TLS although Location says http.
  expect_follow(decide(with, facts("http://hidden:8040/x", from)), {true, "gateway", 18040});
  expect_follow(decide(with, facts("http://allowed:8040/x", from)), {true, "allowed", 8040});
  expect_follow(decide(with, facts("http://fe3:8443/x", from)), {true, "fe3", 8443});
  expect_follow(decide(with, facts("https://be1:8040/x", from)), {true, "be1", 8040});
  expect_refused(decide(with, facts("http://be1:8040/x", from)), Errc::kRedirectRefused,
                 Certainty::kNotApplied);
  expect_refused(decide(with, facts("http://fe2:8030/x", from)), Errc::kRedirectRefused,
                 Certainty::kNotApplied);
}

TEST(RedirectTest, ListedLoopbackIsKnownToALocalFrontendOnly) {
  EXPECT_EQ(decide(options(), facts("http://127.0.0.1:8040/x", {false, "localhost", 8030})).verdict,
            Verdict::kFollow);
  EXPECT_EQ(decide(options(), facts("http://127.0.0.1:8040/x", {false, "127.0.0.1", 8030})).verdict,
            Verdict::kFollow);
  expect_refused(decide(options(), facts("http://127.0.0.1:8040/x")), Errc::kRedirectRefused,
                 Certainty::kNotApplied);
  ClientOptions with = options();
  with.redirect_allow.push_back("127.0.0.1:8040");
  expect_follow(decide(with, facts("http://127.0.0.1:8040/x")), {false, "127.0.0.1", 8040});
}

// F070
TEST(RedirectTest, ListedLinkLocalAddressesAreNeverKnown) {
  expect_refused(decide(options(), facts("http://169.254.1.1:8040/x")), Errc::kRedirectRefused,
                 Certainty::kNotApplied);
}

// T05: no spelling of an address that is not listed gets credentials, and none is taken for
// be1:8040, allowed:8040, 10.0.0.0/8:8040 or *.be.example.com:8040.
TEST(RedirectTest, NoUrlOfTheSsrfCorpusIsFollowed) {
  const std::vector<std::string> corpus{"http://127.0.0.1:8040/",
                                        "http://127.1:8040/",
                                        "http://127.0.1:8040/",
                                        "http://0177.0.0.1:8040/",
                                        "http://0x7f.0.0.1:8040/",
                                        "http://0x7f000001:8040/",
                                        "http://2130706433:8040/",
                                        "http://017700000001:8040/",
                                        "http://localhost:8040/",
                                        "http://localhost.:8040/",
                                        "http://LOCALHOST:8040/",
                                        "http://[::1]:8040/",
                                        "http://[0:0:0:0:0:0:0:1]:8040/",
                                        "http://[::ffff:127.0.0.1]:8040/",
                                        "http://[::ffff:a00:1]:8040/",
                                        "http://[::]:8040/",
                                        "http://0:8040/",
                                        "http://0.0.0.0:8040/",
                                        "http://169.254.169.254/latest/meta-data",
                                        "http://169.254.169.254:8040/",
                                        "http://0xa9fea9fe:8040/",
                                        "http://2852039166:8040/",
                                        "http://[fd00:ec2::254]:8040/",
                                        "http://[fe80::1%25eth0]:8040/",
                                        "http://be1@evil:8040/",
                                        "http://be1:8040@evil:8040/",
                                        "http://be1%40evil:8040/",
                                        "http://evil%2Fbe1:8040/",
                                        "http://be1%2eevil:8040/",
                                        "http://evil#@be1:8040/",
                                        "http://evil?@be1:8040/",
                                        "http://evil\\@be1:8040/",
                                        "http://be1.:8040/",
                                        "http://be1..:8040/",
                                        "http://evil/be1:8040/",
                                        "http://be1:8040evil/",
                                        "http://be1:08040/",
                                        "http://be1:8040:80/",
                                        "http://be1:65536/",
                                        "http://be1:0/",
                                        "http://be1 :8040/",
                                        "http://\xc3\xa9"
                                        "be1:8040/",
                                        "http://012.0.0.1:8040/",
                                        "http://10.1:8040/",
                                        "http://167772161:8040/",
                                        "http://10.0.0.1.evil.com:8040/",
                                        "http://a.be.example.com.evil.com:8040/",
                                        "http://be.example.com:8040/",
                                        "http://xbe.example.com:8040/",
                                        "gopher://be1:8040/",
                                        "file:///etc/passwd",
                                        "http:be1:8040/",
                                        "http:/be1:8040/",
                                        "http:///be1:8040/",
                                        "javascript:alert(1)",
                                        "http://",
                                        "http://:8040/"};
  ASSERT_GE(corpus.size(), 40U);
  const RedirectRules rules(options());
  for (const std::string& location : corpus) {
    const auto decision = rules.decide(facts(location), kNodes);
    EXPECT_NE(decision.verdict, Verdict::kFollow)
        << location << " -> " << host_port(decision.target);
  }
}

TEST(RedirectTest, ErrorUrlsAreJudgedLikeRedirectsOfAnHttpFrontend) {
  const RedirectRules rules(options());
  EXPECT_EQ(rules.decide_error_url({false, "be1", 8040}, kNodes).verdict, Verdict::kFollow);
  EXPECT_EQ(rules.decide_error_url({false, "hidden", 8040}, kNodes).target,
            (http::Endpoint{false, "gateway", 18040}));
  EXPECT_EQ(rules.decide_error_url({false, "internal", 80}, kNodes).verdict, Verdict::kUnlisted);
  EXPECT_EQ(rules.decide_error_url({false, "127.0.0.1", 8040}, kNodes).verdict, Verdict::kRefuse);
}

TEST(RedirectTest, LoadUrlsAreKnownWithTheirScheme) {
  const RedirectRules rules(options());
  EXPECT_TRUE(rules.is_load_url({false, "fe1", 8030}));
  EXPECT_FALSE(rules.is_load_url({true, "fe1", 8030}));
  EXPECT_FALSE(rules.is_load_url(kNoEndpoint));
}

}  // namespace
}  // namespace loadstar::starrocks
