#include "core/ingest/violations.hpp"

#include <gtest/gtest.h>

#include <string>

namespace loadstar::ingest {
namespace {

TEST(ViolationsTest, PathsNameTheBatch) {
  EXPECT_EQ(batch_path(0), "batch");
  EXPECT_EQ(batch_path(17), "batch[sequence=17]");
  const Refusal refusal = refuse(Reason::kBadPayload, batch_path(17), "data", "is wrong");
  EXPECT_EQ(refusal.reason, Reason::kBadPayload);
  EXPECT_EQ(refusal.message, "batch[sequence=17].data: is wrong");
  ASSERT_EQ(refusal.violations.size(), 1U);
  EXPECT_EQ(refusal.violations[0].field, "batch[sequence=17].data");
}

TEST(ViolationsTest, TenAreKept) {
  Violations violations("batch");
  EXPECT_TRUE(violations.empty());
  for (int i = 0; i < 12; ++i) violations.add("", std::to_string(i));
  EXPECT_TRUE(violations.full());
  EXPECT_EQ(violations.refusal().violations.size(), 10U);
  EXPECT_EQ(violations.refusal().violations[9].description, "9");
  EXPECT_EQ(violations.refusal().violations[9].field, "batch");
}

TEST(ViolationsTest, NamesAreMadeSafe) {
  EXPECT_EQ(quote_name("id"), "'id'");
  EXPECT_EQ(quote_name("a\r\n\x1b"),
            "'a?"
            "?"
            "?'");
  EXPECT_EQ(quote_name("\xC3\xA9"), "'\xC3\xA9'");
  EXPECT_EQ(quote_name("\xC3("), "'?('");
  EXPECT_EQ(quote_name(std::string(100, 'x')), "'" + std::string(64, 'x') + "...'");
  EXPECT_EQ(quote_name(std::string(63, 'x') + "\xC3\xA9"), "'" + std::string(63, 'x') + "...'")
      << "no half characters";
}

}  // namespace
}  // namespace loadstar::ingest
