#include "core/starrocks/bounded_json.hpp"

#include <gtest/gtest.h>

namespace loadstar::starrocks {
namespace {

std::string nested(std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

TEST(BoundedJsonTest, ReadsOrdinaryDocuments) {
  const auto json =
      parse_bounded_json(R"( {"a": [1, -2, 3.5, true, null, "x\u003dy"], "b": {"c": {}}} )");
  ASSERT_TRUE(json.has_value());
  EXPECT_EQ((*json)["a"][5], "x=y");
  EXPECT_EQ((*json)["a"][1], -2);
  EXPECT_TRUE((*json)["b"]["c"].is_object());
}

TEST(BoundedJsonTest, DepthIsBounded) {
  EXPECT_TRUE(parse_bounded_json(nested(16)).has_value());
  EXPECT_FALSE(parse_bounded_json(nested(17)).has_value());
  EXPECT_FALSE(parse_bounded_json(nested(100'000)).has_value());
  EXPECT_TRUE(parse_bounded_json(nested(40), JsonLimits{.max_depth = 40}).has_value());
}

TEST(BoundedJsonTest, SizeIsBounded) {
  const std::string body = "\"" + std::string((std::size_t{1} << 20U) - 2, 'x') + "\"";
  EXPECT_TRUE(parse_bounded_json(body).has_value());
  EXPECT_FALSE(parse_bounded_json(body + " ").has_value());
}

TEST(BoundedJsonTest, DuplicateKeysAreRefusedInEveryObject) {
  EXPECT_FALSE(parse_bounded_json(R"({"Status":"OK","Status":"FAILED"})").has_value());
  EXPECT_FALSE(parse_bounded_json(R"({"a":{"b":1,"b":1}})").has_value());
  EXPECT_FALSE(parse_bounded_json(R"({"a":1,"\u0061":1})").has_value());
  EXPECT_TRUE(parse_bounded_json(R"([{"a":1},{"a":2}])").has_value());
}

TEST(BoundedJsonTest, WhatIsNotJsonIsRefusedAsUnknownOutcome) {
  for (const char* text :
       {"", " ", "{", "{}x", "{} {}", "NaN", "[1e999]", "{\"a\":Infinity}", "'a'", "{a:1}", "[1,]",
        "\"\xff\"", "\"\xc3\"", "\"\xed\xa0\x80\"", "<html>", "\"a\nb\"", "// x\n1"}) {
    const auto json = parse_bounded_json(text);
    ASSERT_FALSE(json.has_value()) << text;
    EXPECT_EQ(json.error().code, Errc::kMalformedReply);
    EXPECT_EQ(json.error().certainty, Certainty::kUnknown);
  }
}

TEST(BoundedJsonTest, EveryProperPrefixOfAnObjectIsRefused) {
  const std::string text = R"({"Status":"OK","n":[1,{"x":null}],"s":"\u00e4"})";
  for (std::size_t length = 0; length < text.size(); ++length) {
    EXPECT_FALSE(parse_bounded_json(text.substr(0, length)).has_value()) << length;
  }
  EXPECT_TRUE(parse_bounded_json(text).has_value());
}

TEST(PrintableTest, EscapesControlBytesAndCutsAtACharacter) {
  EXPECT_EQ(printable("a\r\n\x1b[31mb\x7f"), "a\\x0d\\x0a\\x1b[31mb\\x7f");
  EXPECT_EQ(printable("gr\xc3\xbc\xc3\x9f"), "gr\xc3\xbc\xc3\x9f");
  const std::string cut = printable(std::string(511, 'a') + "\xc3\xbc" + "tail");
  EXPECT_EQ(cut, std::string(511, 'a') + "... (517 bytes)");
}

}  // namespace
}  // namespace loadstar::starrocks
