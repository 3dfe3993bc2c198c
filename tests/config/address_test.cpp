#include "config/address.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace loadstar::config {
namespace {

TEST(AddressTest, ListenAddressesAreHostPortOrUnixPath) {
  const auto tcp = parse_listen_address("127.0.0.1:7070");
  ASSERT_TRUE(tcp.ok());
  EXPECT_EQ(tcp.value(), (ListenAddress{"127.0.0.1", 7070, ""}));
  EXPECT_EQ(parse_listen_address("[::1]:0").value(), (ListenAddress{"::1", 0, ""}));
  EXPECT_EQ(parse_listen_address("my_host-1.example:65535").value(),
            (ListenAddress{"my_host-1.example", 65535, ""}));
  EXPECT_EQ(parse_listen_address("unix:/run/a.sock").value(),
            (ListenAddress{"", 0, "/run/a.sock"}));
  for (const char* text : {"",
                           "7070",
                           ":7070",
                           "127.0.0.1",
                           "127.0.0.1:",
                           "127.0.0.1:65536",
                           "127.0.0.1:-1",
                           "127.0.0.1:070",
                           "1.2.3.400:1",
                           "::1:7070",
                           "[::1]",
                           "[::1",
                           "[1.2.3.4]:1",
                           "a b:1",
                           "a..b:1",
                           "-a:1",
                           "unix:",
                           "unix:relative",
                           "http://a:1",
                           "a:1,b:2"}) {
    EXPECT_FALSE(parse_listen_address(text).ok()) << text;
  }
}

TEST(AddressTest, UnixPathsFitIntoSockaddr) {
  const std::string longest = "/" + std::string(106, 'a');
  EXPECT_TRUE(parse_listen_address("unix:" + longest).ok());
  EXPECT_FALSE(parse_listen_address("unix:" + longest + "a").ok());
}

TEST(AddressTest, ListenAddressesAreReadBackAsTheyAreWritten) {
  for (const char* text : {"127.0.0.1:7070", "[::1]:7070", "unix:/run/a.sock", "localhost:1"}) {
    EXPECT_EQ(to_string(parse_listen_address(text).value()), text);
  }
}

TEST(AddressTest, LocalMeansThatNobodyOutsideReachesIt) {
  for (const char* text : {"127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "localhost:1", "unix:/a"}) {
    EXPECT_TRUE(parse_listen_address(text).value().is_local()) << text;
  }
  for (const char* text :
       {"0.0.0.0:1", "[::]:1", "10.0.0.1:1", "example.com:1", "localhost.example.com:1"}) {
    EXPECT_FALSE(parse_listen_address(text).value().is_local()) << text;
  }
}

TEST(AddressTest, LoadUrlsAreSchemeHostAndPort) {
  const auto url = parse_load_url("https://fe.example:8443/");
  ASSERT_TRUE(url.ok());
  EXPECT_EQ(url.value(), (http::Endpoint{true, "fe.example", 8443}));
  EXPECT_EQ(format_url(parse_load_url("http://[fd00::1]:8030").value()), "http://[fd00::1]:8030");
  for (const char* text :
       {"", "fe:8030", "http://fe", "http://fe:0", "http://fe:8030/api", "http://fe:8030?x",
        "ftp://fe:8030", "http://a:1,http://b:2", "http://a:1;http://b:2", "HTTP://fe:8030",
        "http://user:secret@fe:8030", "http://", "http:// fe:1"}) {
    EXPECT_FALSE(parse_load_url(text).ok()) << text;
  }
}

TEST(AddressTest, AllowPatternsAreHostsSuffixesAndNetworks) {
  for (const char* text : {"be:8040", "*.be.svc:8040", "10.0.0.0/8:8040", "192.168.1.7:8040",
                           "[fd00::/8]:8040", "[fd00::1]:8040"}) {
    EXPECT_TRUE(parse_allow_pattern(text).ok()) << text;
  }
  for (const char* text : {"", "*:8040", "*", "*.:8040", "*.10.0.0.1:8040", "*be:8040", "a.*.b:1",
                           "be", "be:0", "10.0.0.0/33:8040", "10.0.0/8:8040", "fd00::/8:8040",
                           "[fd00::/129]:1", "be:8040,be2:8040"}) {
    EXPECT_FALSE(parse_allow_pattern(text).ok()) << text;
  }
}

}  // namespace
}  // namespace loadstar::config
