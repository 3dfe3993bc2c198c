#include "core/http/url.hpp"

#include <gtest/gtest.h>

namespace loadstar::http {
namespace {

struct Good {
  std::string text;
  Endpoint endpoint;
  std::string target;
  std::string userinfo;
};

void PrintTo(const Good& row, std::ostream* out) { *out << row.text; }

class UrlGoodTest : public ::testing::TestWithParam<Good> {};

TEST_P(UrlGoodTest, IsUnderstood) {
  const Good& row = GetParam();
  const auto url = parse_url(row.text);
  ASSERT_TRUE(url.has_value()) << url.error().detail;
  EXPECT_EQ(url->endpoint, row.endpoint);
  EXPECT_EQ(url->target, row.target);
  EXPECT_EQ(url->userinfo, row.userinfo);
  EXPECT_EQ(url->has_userinfo, !row.userinfo.empty());
}

INSTANTIATE_TEST_SUITE_P(
    Urls, UrlGoodTest,
    ::testing::Values(
        Good{"http://be:8040/api/db/t/_stream_load?x=1",
             {false, "be", 8040},
             "/api/db/t/_stream_load?x=1",
             ""},
        Good{"HTTPS://FE.Example.COM", {true, "fe.example.com", 443}, "/", ""},
        Good{"http://h?q=1", {false, "h", 80}, "/?q=1", ""},
        Good{"http://10.0.0.1:1/", {false, "10.0.0.1", 1}, "/", ""},
        Good{"http://[::FFFF:10.0.0.1]:65535/", {false, "::ffff:10.0.0.1", 65535}, "/", ""},
        Good{"https://[2001:db8:0:0:0:0:0:1]", {true, "2001:db8::1", 443}, "/", ""},
        Good{"http://starrocks_be_1:8040/", {false, "starrocks_be_1", 8040}, "/", ""},
        Good{"http://u:p@h:80/", {false, "h", 80}, "/", "u:p"},
        Good{"http://be@evil:80/", {false, "evil", 80}, "/", "be"},
        Good{"http://a@b@c/", {false, "c", 80}, "/", "a@b"},
        Good{"http://h/%2e%2E/\xE4\xBD\xA0?k=\xC3\xA4",
             {false, "h", 80},
             "/%2e%2E/%E4%BD%A0?k=%C3%A4",
             ""},
        Good{"http://1a.2b/", {false, "1a.2b", 80}, "/", ""}));

class UrlBadTest : public ::testing::TestWithParam<std::string> {};

TEST_P(UrlBadTest, IsRefusedWithoutRepeatingIt) {
  const auto url = parse_url(GetParam());
  ASSERT_FALSE(url.has_value()) << GetParam();
  EXPECT_EQ(url.error().code, Errc::kInvalidRequest);
  EXPECT_EQ(url.error().certainty, Certainty::kNotApplied);
  EXPECT_EQ(url.error().detail.find("evil"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(
    Urls, UrlBadTest,
    ::testing::Values(
        "", "be:8040", "/relative", "//evil/", "ftp://evil/", "http:/evil/", "http://", "http:///x",
        "http://:80/", "http://evil:/", "http://evil:0/", "http://evil:080/", "http://evil:65536/",
        "http://evil:8x/", "http://evil:-1/", "http://evil:80:80/", "http://evil./",
        "http://.evil/", "http://a..evil/", "http://ev il/", "http://evil\\@h/",
        "http://evil%2ecom/", "http://\xC3\xA4/",
        // Every notation of 127.0.0.1 but the plain one.
        "http://2130706433/", "http://127.1/", "http://127.0.1/", "http://0177.0.0.1/",
        "http://0x7f.0.0.1/", "http://0x7f000001/", "http://127.0.0.01/", "http://127.0.0.256/",
        "http://1.2.3.4.5/", "http://127.0.0.0x1/", "http://[::1/", "http://[::1]x/",
        "http://[fe80::1%25lo]/", "http://[evil]/", "http://[::1]:/", "http://[]/", "http://::1/",
        "http://evil/#f", "http://evil/a b", "http://evil/%", "http://evil/%2", "http://evil/%zz",
        std::string("http://evil/\0", 13), "http://evil/\r\nX: y", "http://evil/\x7F",
        "http://evil#@h/", "http://evil/" + std::string(8192, 'x'),
        "http://" + std::string(64, 'e') + "/"));

TEST(UrlTest, ASegmentStaysOneSegment) {
  EXPECT_EQ(encode_path_segment("db-1_x.~"), "db-1_x.~");
  EXPECT_EQ(encode_path_segment(".."), "%2E%2E");
  EXPECT_EQ(encode_path_segment("."), "%2E");
  EXPECT_EQ(encode_path_segment("../a?b#c%2f"), "..%2Fa%3Fb%23c%252f");
  EXPECT_EQ(encode_query_value("a&b=c d+\xC3\xA4"), "a%26b%3Dc%20d%2B%C3%A4");
}

TEST(UrlTest, EveryByteIsEncodedToUnreservedCharacters) {
  for (int byte = 0; byte < 256; ++byte) {
    const auto encoded = encode_path_segment(std::string("x") + static_cast<char>(byte));
    for (const char c : encoded) {
      const bool unreserved = std::isalnum(static_cast<unsigned char>(c)) != 0 ||
                              std::string_view("-._~%").find(c) != std::string_view::npos;
      EXPECT_TRUE(unreserved) << byte;
    }
    const auto url = parse_url("http://h/" + encoded);
    ASSERT_TRUE(url.has_value()) << byte;
    EXPECT_EQ(url->target, "/" + encoded);
  }
}

}  // namespace
}  // namespace loadstar::http
