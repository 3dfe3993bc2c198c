#include "core/ingest/utf8.hpp"

#include "core/base/random.hpp"

#include <gtest/gtest.h>

#include <string>

namespace loadstar::ingest {
namespace {

/// RFC 3629 section 4, byte by byte.
bool valid(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = [&](std::size_t k) {
      return i + k < text.size() ? static_cast<unsigned char>(text[i + k]) : 0U;
    };
    const auto tail = [&](std::size_t k) { return byte(k) >= 0x80 && byte(k) <= 0xBF; };
    const unsigned lead = byte(0);
    if (lead < 0x80) {
      i += 1;
    } else if (lead >= 0xC2 && lead <= 0xDF && tail(1)) {
      i += 2;
    } else if (lead >= 0xE0 && lead <= 0xEF && tail(1) && tail(2) &&
               (lead != 0xE0 || byte(1) >= 0xA0) && (lead != 0xED || byte(1) <= 0x9F)) {
      i += 3;
    } else if (lead >= 0xF0 && lead <= 0xF4 && tail(1) && tail(2) && tail(3) &&
               (lead != 0xF0 || byte(1) >= 0x90) && (lead != 0xF4 || byte(1) <= 0x8F)) {
      i += 4;
    } else {
      return false;
    }
  }
  return true;
}

bool by_pieces(std::string_view text, std::size_t first, std::size_t piece) {
  Utf8Validator validator;
  bool good = validator.feed(text.substr(0, first));
  for (std::size_t at = first; at < text.size(); at += piece) {
    good = validator.feed(text.substr(at, piece)) && good;
  }
  return good && validator.finish();
}

TEST(Utf8Test, RandomTextsAreJudgedAlikeHoweverTheyAreCut) {
  Random random(3);
  const std::string parts[] = {
      "a", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "\xED\x9F\xBF", "\xF4\x8F\xBF\xBF"};
  int good = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    for (std::uint64_t count = random.below(8); count > 0; --count) text += parts[random.below(6)];
    if (random.chance(50) && !text.empty()) {
      text[random.below(text.size())] = static_cast<char>(random.below(256));
    }
    const bool expected = valid(text);
    good += expected ? 1 : 0;
    ASSERT_EQ(is_utf8(text), expected) << testing::PrintToString(text);
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
      ASSERT_EQ(by_pieces(text, cut, text.size() + 1), expected)
          << testing::PrintToString(text) << cut;
    }
    ASSERT_EQ(by_pieces(text, 0, 1), expected) << testing::PrintToString(text);
  }
  EXPECT_GT(good, 8'000);
  EXPECT_LT(good, 18'000);
}

TEST(Utf8Test, ControlBytes) {
  EXPECT_TRUE(is_printable("a \xC3\xA9~"));
  for (const char* text : {"a\n", "\x7f", "\x1f", "a\tb"}) EXPECT_FALSE(is_printable(text));
  EXPECT_TRUE(is_control_text("\t\r\n\x7f"));
  EXPECT_FALSE(is_control_text("\t "));
}

}  // namespace
}  // namespace loadstar::ingest
