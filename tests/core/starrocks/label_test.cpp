#include "core/starrocks/label.hpp"

#include "core/base/random.hpp"

#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <set>

namespace loadstar::starrocks {
namespace {

// Computed with `printf %s NAME | openssl dgst -sha256 -binary | base32`, first 8 characters, lower
// case.
TEST(LabelTest, DatabaseHashIsTheFirst40BitsOfSha256InBase32) {
  EXPECT_EQ(database_hash("test"), "t6dnbami");
  EXPECT_EQ(database_hash("test_db"), "7zitpa4v");
  EXPECT_EQ(database_hash(""), "4oymiquy");
  EXPECT_EQ(database_hash("db-1"), "nakqz7cf");
}

PartLabel part_label() { return PartLabel{"ls", "orders_3", "k4x7q2ma", 7, 1041, 0}; }
SharedLabel shared_label() { return SharedLabel{"ls", "k4x7q2ma", "0a1b2c3d4e5f", 17}; }

TEST(LabelTest, BuildsTheTwoDocumentedForms) {
  EXPECT_EQ(build(part_label()).value(), "ls-orders_3-k4x7q2ma-7-1041-0");
  EXPECT_EQ(build(shared_label()).value(), "ls-alo-k4x7q2ma-r0a1b2c3d4e5f-17");
  EXPECT_EQ(writer_label_prefix("ls", "orders_3", "test").value(), "ls-orders_3-t6dnbami-");
}

TEST(LabelTest, TheLongestLabelHas103Characters) {
  const PartLabel longest{std::string(kMaxPrefixLength, 'n'),
                          std::string(kMaxWriterLength, 'w'),
                          "k4x7q2ma",
                          kMaxEpoch,
                          kMaxCheckpoint,
                          kMaxPart};
  const std::string text = build(longest).value();
  EXPECT_EQ(text.size(), 103U);
  EXPECT_EQ(std::get<PartLabel>(parse_label(text).value()), longest);
}

TEST(LabelTest, RefusesToBuildWhatWouldNotParse) {
  const auto refused = [](auto spoil) {
    PartLabel label = part_label();
    spoil(label);
    const auto text = build(label);
    EXPECT_FALSE(text.has_value()) << *text;
    EXPECT_EQ(text.error().code, Errc::kInvalidRequest);
  };
  refused([](PartLabel& label) { label.prefix = ""; });
  refused([](PartLabel& label) { label.prefix = std::string(kMaxPrefixLength + 1, 'n'); });
  refused([](PartLabel& label) { label.prefix = "a-b"; });
  refused([](PartLabel& label) { label.writer = ""; });
  refused([](PartLabel& label) { label.writer = std::string(kMaxWriterLength + 1, 'w'); });
  refused([](PartLabel& label) { label.writer = "a\r\nb"; });
  refused([](PartLabel& label) { label.database8 = "K4X7Q2MA"; });
  refused([](PartLabel& label) { label.database8 = "k4x7q2m"; });
  refused([](PartLabel& label) { label.epoch = kMaxEpoch + 1; });
  refused([](PartLabel& label) { label.checkpoint = kMaxCheckpoint + 1; });
  refused([](PartLabel& label) { label.part = kMaxPart + 1; });
  SharedLabel shared = shared_label();
  shared.nonce = "0a1b2c3d4e5F";
  EXPECT_FALSE(build(shared).has_value());
  shared = shared_label();
  shared.counter = kMaxCounter + 1;
  EXPECT_FALSE(build(shared).has_value());
  EXPECT_FALSE(writer_label_prefix("a-b", "w", "db").has_value());
  EXPECT_FALSE(writer_label_prefix("ls", "a b", "db").has_value());
}

TEST(LabelTest, RefusesToParseEverythingBuildDoesNotWrite) {
  for (const char* text : {"",
                           "-",
                           "-----",
                           "ls-w-k4x7q2ma-7-1041",
                           "ls-w-k4x7q2ma-7-1041-0-0",
                           "ls-w-k4x7q2ma-07-1041-0",
                           "ls-w-k4x7q2ma-7--0",
                           "ls-w-k4x7q2ma-7-1041-10000",
                           "ls-w-k4x7q2ma-4294967296-1-0",
                           "ls-w-k4x7q2ma-7-1000000000000-0",
                           "ls-w-k4x7q2ma-7-99999999999999999999-0",
                           "ls-w-k4x7q2m1-7-1041-0",
                           "ls-w-k4x7q2ma-7-1041-+1",
                           "ls-w-k4x7q2ma- 7-1041-0",
                           "ls-alo-k4x7q2ma-0a1b2c3d4e5f-17",
                           "ls-alo-k4x7q2ma-r0a1b2c3d4e5-17",
                           "ls-alo-k4x7q2ma-r0a1b2c3d4e5F-17",
                           "ls-alx-k4x7q2ma-r0a1b2c3d4e5f-17",
                           "ls-alo-k4x7q2ma-r-17",
                           "ls-alo-k4x7q2ma--17",
                           "0a1b2c3d-7b1e-7c1c-9d7e-2f6b1b3a9a10"}) {
    const auto label = parse_label(text);
    ASSERT_FALSE(label.has_value()) << text;
    EXPECT_EQ(label.error().certainty, Certainty::kNotApplied);
  }
}

TEST(LabelTest, AWriterMayBeCalledAlo) {
  PartLabel label = part_label();
  label.writer = "alo";
  EXPECT_EQ(std::get<PartLabel>(parse_label(build(label).value()).value()), label);
}

std::string random_text(Random& random, std::size_t max_length) {
  constexpr std::string_view kWord = "abcXYZ019_";
  std::string text(1 + random.below(max_length), '\0');
  for (char& c : text) c = kWord[random.below(kWord.size())];
  return text;
}

TEST(LabelTest, EveryLabelThatIsBuiltParsesBackAndIsGoodForStarRocks) {
  Random random(4711);
  std::set<std::string> seen;
  for (int i = 0; i < 2000; ++i) {
    const PartLabel part{
        random_text(random, kMaxPrefixLength),  random_text(random, kMaxWriterLength),
        database_hash(random_text(random, 30)), random.below(kMaxEpoch + 1),
        random.below(kMaxCheckpoint + 1),       random.below(kMaxPart + 1)};
    const std::string part_text = build(part).value();
    EXPECT_EQ(std::get<PartLabel>(parse_label(part_text).value()), part) << part_text;
    EXPECT_TRUE(is_starrocks_label(part_text)) << part_text;
    const SharedLabel shared{random_text(random, kMaxPrefixLength),
                             database_hash(random_text(random, 30)), random.token(kNonceLength),
                             random.below(kMaxCounter + 1)};
    const std::string shared_text = build(shared).value();
    EXPECT_EQ(std::get<SharedLabel>(parse_label(shared_text).value()), shared) << shared_text;
    seen.insert(part_text);
    seen.insert(shared_text);
  }
  EXPECT_EQ(seen.size(), 4000U);
}

TEST(LabelTest, StarRocksTakesOneTo128OfItsOwnCharacters) {
  EXPECT_TRUE(is_starrocks_label("-a_Z9"));
  EXPECT_TRUE(is_starrocks_label(std::string(128, 'a')));
  EXPECT_FALSE(is_starrocks_label(std::string(129, 'a')));
  EXPECT_FALSE(is_starrocks_label(""));
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    const bool allowed = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                         (c >= '0' && c <= '9') || c == '-' || c == '_';
    EXPECT_EQ(is_starrocks_label(std::string(1, c)), allowed) << byte;
  }
}

}  // namespace
}  // namespace loadstar::starrocks
