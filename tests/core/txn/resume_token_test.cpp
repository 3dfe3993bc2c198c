#include "core/txn/resume_token.hpp"

#include "core/base/random.hpp"

#include <gtest/gtest.h>

#include <string>

namespace loadstar::txn {
namespace {

ResumeToken sample() {
  ResumeToken token;
  token.prefix = "ls";
  token.writer = "orders_3";
  token.database = "shop";
  token.epoch = 7;
  token.checkpoint = 1041;
  token.last_sequence = 123'456'789'012;
  token.parts = {{"t1", 6, 1040, 2}, {"t2", 7, 1041, 0}, {"t1", 7, 1041, 9'999}};
  return token;
}

TEST(ResumeTokenTest, WhatIsEncodedIsDecoded) {
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    Random random(seed);
    ResumeToken token = sample();
    token.epoch = 1 + random.below(starrocks::kMaxEpoch);
    token.checkpoint = 1 + random.below(starrocks::kMaxCheckpoint);
    token.last_sequence = random.below(UINT64_MAX);
    token.parts.clear();
    for (std::uint64_t i = random.below(40); i > 0; --i) {
      token.parts.push_back({"table " + std::to_string(random.below(5)),
                             1 + random.below(token.epoch), 1 + random.below(token.checkpoint),
                             random.below(10'000)});
    }
    const auto decoded = decode_resume_token(encode(token));
    ASSERT_TRUE(decoded.ok()) << "seed " << seed << ": " << decoded.refusal().message;
    EXPECT_EQ(decoded.value(), token) << "seed " << seed;
    EXPECT_EQ(encode(decoded.value()), encode(token)) << "seed " << seed;
  }
}

TEST(ResumeTokenTest, TheLabelFollowsFromTheFields) {
  const ResumeToken token = sample();
  const auto label = label_of(token, token.parts[1]);
  const auto parsed = starrocks::parse_label(label);
  ASSERT_TRUE(parsed.has_value());
  const auto& fields = std::get<starrocks::PartLabel>(*parsed);
  EXPECT_EQ(fields.prefix, "ls");
  EXPECT_EQ(fields.writer, "orders_3");
  EXPECT_EQ(fields.database8, starrocks::database_hash("shop"));
  EXPECT_EQ(fields.epoch, 7U);
  EXPECT_EQ(fields.checkpoint, 1041U);
  EXPECT_EQ(fields.part, 0U);
}

// F152: every damage is found, wherever it is.
TEST(ResumeTokenTest, ADamagedTokenIsRefused) {
  const std::string good = encode(sample());
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (const char flip : {'\x01', '\x80', '\xff'}) {
      std::string bad = good;
      bad[at] = static_cast<char>(bad[at] ^ flip);
      const auto decoded = decode_resume_token(bad);
      ASSERT_FALSE(decoded.ok()) << "byte " << at;
      EXPECT_EQ(decoded.refusal().reason, Reason::kBadResumeToken);
      EXPECT_FALSE(decoded.refusal().message.empty());
    }
    EXPECT_FALSE(decode_resume_token(good.substr(0, at)).ok()) << "cut at " << at;
  }
  EXPECT_FALSE(decode_resume_token(good + "x").ok());
  EXPECT_FALSE(decode_resume_token(std::string(kMaxTokenBytes + 1, 'x')).ok());
}

// F155: a newer version is named, not guessed at.
TEST(ResumeTokenTest, AnotherVersionIsNamed) {
  std::string newer = encode(sample());
  newer[3] = 2;
  const auto decoded = decode_resume_token(newer);
  ASSERT_FALSE(decoded.ok());
  EXPECT_NE(decoded.refusal().message.find("version 2"), std::string::npos);
}

}  // namespace
}  // namespace loadstar::txn
