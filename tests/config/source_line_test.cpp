#include "config/source_line.hpp"

#include <gtest/gtest.h>

#include <string>

namespace loadstar::config {
namespace {

std::string shown(const std::string& text, unsigned line, bool key_only = false) {
  return SourceLines(text, {}).show({line, 1}, key_only);
}

TEST(SourceLineTest, OrdinaryLinesAreShownAsTheyAre) {
  EXPECT_EQ(shown("a: 1\n  b: 2 # x\r\n", 2), "  b: 2 # x");
  EXPECT_EQ(shown("a: 1\n", 2), "");
  EXPECT_EQ(shown("", 1), "");
  EXPECT_EQ(shown("password_file: /run/secrets/password\n", 1),
            "password_file: /run/secrets/password");
}

TEST(SourceLineTest, ValuesOfSecretsAreCutHoweverTheKeyIsSpelt) {
  for (const char* key : {"password", "pasword", "Password", "passwrod", "paswd", "pwd", "secret",
                          "api_token", "credentials", "\"password\"", "'password'"}) {
    const std::string line = shown(std::string("  ") + key + ": canary\n", 1);
    EXPECT_EQ(line.find("canary"), std::string::npos) << key;
    EXPECT_NE(line.find("<redacted>"), std::string::npos) << key;
  }
  EXPECT_EQ(shown("x: {user: u, password: canary, y: 1}\n", 1),
            "x: {user: u, password: <redacted>");
}

TEST(SourceLineTest, LinesBelowASecretAreCut) {
  EXPECT_EQ(shown("password:\n  canary\n", 2), "<redacted>");
  EXPECT_EQ(shown("password: |\n  one\n\n  canary\n", 4), "<redacted>");
  EXPECT_EQ(shown("password: \"abc\ncanary\"\n", 2), "<redacted>");
  EXPECT_EQ(shown("password:\n  a:\n    b: canary\n", 3), "<redacted>");
  EXPECT_EQ(shown("x:\n  password: y\n  user: u\n", 3), "  user: u");
  EXPECT_EQ(shown("password: y\nuser: u\n", 2), "user: u");
}

TEST(SourceLineTest, UserInformationInUrlsIsCut) {
  EXPECT_EQ(shown("a: [http://u:canary@fe:1, https://v@g:2]\n", 1),
            "a: [http://<redacted>@fe:1, https://<redacted>@g:2]");
  EXPECT_EQ(shown("a: u:can@ary@fe:1\n", 1), "a: <redacted>@fe:1");
  EXPECT_EQ(shown("a: http://fe:1/x\n", 1), "a: http://fe:1/x");
}

TEST(SourceLineTest, KnownSecretsAreCutEverywhere) {
  const SourceLines lines("a: xcanaryx\nb: canary-long\n", {"canary", "canary-long", "b"});
  EXPECT_EQ(lines.show({1, 1}, false), "a: x<redacted>x");
  EXPECT_EQ(lines.show({2, 1}, false), "b: <redacted>");
}

TEST(SourceLineTest, LongLinesAreShortened) {
  const std::string longest(200, 'x');
  EXPECT_EQ(shown(longest, 1), longest);
  EXPECT_EQ(shown(longest + "y", 1), longest + "...");
  EXPECT_EQ(shown("a: " + std::string(100'000, 'x'), 1), "a: " + std::string(197, 'x') + "...");
  // A character of two bytes at the end is shown whole or not at all.
  EXPECT_EQ(shown(std::string(199, 'x') + "\xC3\xA9" + "z", 1), std::string(199, 'x') + "...");
}

TEST(SourceLineTest, SecretsAreCutBeforeALongLineIs) {
  // The end of a shown line would otherwise hold the first half of the secret.
  const std::string line = "a: " + std::string(190, 'x') + " canarycanarycanary";
  EXPECT_EQ(SourceLines(line, {"canarycanarycanary"}).show({1, 1}, false).find("canary"),
            std::string::npos);
}

TEST(SourceLineTest, ValuesOfUnknownKeysAreCut) {
  EXPECT_EQ(shown("  key: canary\n", 1, true), "  key:");
}

}  // namespace
}  // namespace loadstar::config
