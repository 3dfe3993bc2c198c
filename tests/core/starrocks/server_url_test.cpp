#include "core/starrocks/server_url.hpp"

#include <gtest/gtest.h>

namespace loadstar::starrocks {
namespace {

TEST(ServerUrlTest, TakesARedirectApart) {
  const auto url =
      parse_server_url("http://user:secret@BE1.Example.com:8040/api/d/t/_stream_load?a=b");
  ASSERT_TRUE(url.has_value());
  EXPECT_EQ(url->endpoint, (http::Endpoint{false, "be1.example.com", 8040}));
  EXPECT_EQ(url->target, "/api/d/t/_stream_load?a=b");
  EXPECT_EQ(url->userinfo, "");
}

TEST(ServerUrlTest, BoundsTheLengthAndRefusesTheEmptyText) {
  const std::string head = "http://be1:8040/";
  EXPECT_TRUE(parse_server_url(head + std::string(kMaxServerUrl - head.size(), 'a')).has_value());
  EXPECT_FALSE(
      parse_server_url(head + std::string(kMaxServerUrl - head.size() + 1, 'a')).has_value());
  EXPECT_FALSE(parse_server_url("").has_value());
}

TEST(ServerUrlTest, RefusesIpv4MappedAddresses) {
  EXPECT_FALSE(parse_server_url("http://[::ffff:127.0.0.1]:8040/").has_value());
  EXPECT_FALSE(parse_server_url("http://[::ffff:7f00:1]:8040/").has_value());
  EXPECT_TRUE(parse_server_url("http://[fd00::1]:8040/").has_value());
}

TEST(ServerUrlTest, DetailsRepeatNothingOfTheUrl) {
  for (const char* text :
       {"http://user:secret@be1:x/", "secret", "ftp://secret/", "http://secret%41/"}) {
    const auto url = parse_server_url(text);
    ASSERT_FALSE(url.has_value()) << text;
    EXPECT_EQ(url.error().code, Errc::kRedirectFailed);
    EXPECT_EQ(url.error().detail.find("secret"), std::string::npos) << url.error().detail;
  }
}

TEST(ServerUrlTest, HostPortNeedsBothAndNothingElse) {
  EXPECT_EQ(parse_host_port("BE1:8040", false).value(), (http::Endpoint{false, "be1", 8040}));
  EXPECT_EQ(parse_host_port("[fd00::1]:8040", true).value(),
            (http::Endpoint{true, "fd00::1", 8040}));
  for (const char* text :
       {"", "be1", "be1:", ":8040", "be1:0", "be1:8040/", "be1:8040?x", "u@be1:8040", "[fd00::1]",
        "fd00::1:8040", "be1:80400", "be 1:8040", "be1:8040#x"}) {
    EXPECT_FALSE(parse_host_port(text, false).has_value()) << text;
  }
}

TEST(ServerUrlTest, HostPortIsWrittenAsItIsParsed) {
  for (const char* text : {"be1:8040", "10.0.0.1:80", "[fd00::1]:8040"}) {
    EXPECT_EQ(host_port(parse_host_port(text, false).value()), text);
  }
}

}  // namespace
}  // namespace loadstar::starrocks
