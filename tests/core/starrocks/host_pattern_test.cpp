#include "core/starrocks/host_pattern.hpp"

#include <gtest/gtest.h>

namespace loadstar::starrocks {
namespace {

bool matches(std::string_view pattern, const std::string& host, std::uint16_t port = 8040) {
  const auto parsed = HostPattern::parse(pattern);
  EXPECT_TRUE(parsed.has_value()) << pattern;
  return parsed && parsed->matches(http::Endpoint{false, host, port});
}

TEST(HostPatternTest, ExactHostAndPort) {
  EXPECT_TRUE(matches("BE1.example.com:8040", "be1.example.com"));
  EXPECT_FALSE(matches("be1.example.com:8040", "be1.example.com", 8041));
  EXPECT_FALSE(matches("be1.example.com:8040", "be11.example.com"));
  EXPECT_FALSE(matches("be1.example.com:8040", "x.be1.example.com"));
  EXPECT_TRUE(matches("10.1.2.3:8040", "10.1.2.3"));
  EXPECT_TRUE(matches("[FD00::1]:8040", "fd00::1"));
}

TEST(HostPatternTest, SuffixNeedsALabelAndIsNoAddress) {
  EXPECT_TRUE(matches("*.be.example.com:8040", "a.be.example.com"));
  EXPECT_TRUE(matches("*.be.example.com:8040", "a.b.be.example.com"));
  EXPECT_FALSE(matches("*.be.example.com:8040", "be.example.com"));
  EXPECT_FALSE(matches("*.be.example.com:8040", "xbe.example.com"));
  EXPECT_FALSE(matches("*.be.example.com:8040", "a.be.example.com.evil.com"));
  EXPECT_FALSE(matches("*.be.example.com:8040", "a.be.example.com", 80));
}

TEST(HostPatternTest, NetworksHoldAddressesOnly) {
  EXPECT_TRUE(matches("10.0.0.0/8:8040", "10.255.0.1"));
  EXPECT_TRUE(matches("10.1.2.3/8:8040", "10.255.0.1"));
  EXPECT_FALSE(matches("10.0.0.0/8:8040", "11.0.0.1"));
  EXPECT_FALSE(matches("10.0.0.0/8:8040", "10.0.0.1", 8041));
  EXPECT_FALSE(matches("10.0.0.0/8:8040", "ten.example.com"));
  EXPECT_FALSE(matches("10.0.0.0/8:8040", "fd00::1"));
  EXPECT_TRUE(matches("[fd00::/8]:8040", "fd12::5"));
  EXPECT_FALSE(matches("[fd00::/8]:8040", "fe80::1"));
  EXPECT_TRUE(matches("0.0.0.0/0:8040", "1.2.3.4"));
}

TEST(HostPatternTest, RefusesWhatIsNone) {
  for (const char* text :
       {"", "be1", "*:8040", "*.:8040", "*.8040", "be*:8040", "*.10.0.0.1:8040", "a.*.b:8040",
        "10.0.0.0/33:8040", "10.0.0/8:8040", "/8:8040", "10.0.0.0/8", "fd00::/8:8040",
        "[fd00::/129]:8040", "[fd00::/8]", "be1:0", "http://be1:8040", "be1:8040,be2:8040"}) {
    const auto pattern = HostPattern::parse(text);
    ASSERT_FALSE(pattern.has_value()) << text;
    EXPECT_EQ(pattern.error().code, Errc::kInvalidRequest);
  }
}

TEST(HostPatternTest, KnowsLoopbackAndAddressesThatNoBackendHas) {
  for (const char* host : {"127.0.0.1", "127.9.9.9", "::1", "localhost", "x.localhost"}) {
    EXPECT_TRUE(is_loopback(host)) << host;
    EXPECT_FALSE(is_never_a_backend(host)) << host;
  }
  for (const char* host : {"169.254.169.254", "169.254.0.1", "0.0.0.0", "::", "224.0.0.1",
                           "fe80::1", "ff02::1", "fd00:ec2::254"}) {
    EXPECT_TRUE(is_never_a_backend(host)) << host;
  }
  for (const char* host : {"10.0.0.1", "be1", "192.168.0.1", "fd00::1", "8.8.8.8", "169.253.0.1"}) {
    EXPECT_FALSE(is_loopback(host)) << host;
    EXPECT_FALSE(is_never_a_backend(host)) << host;
  }
}

}  // namespace
}  // namespace loadstar::starrocks
