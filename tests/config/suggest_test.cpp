#include "config/suggest.hpp"

#include <gtest/gtest.h>

#include <string>

namespace loadstar::config {
namespace {

TEST(SuggestTest, DistanceCountsInsertionsDeletionsReplacementsAndSwaps) {
  EXPECT_EQ(edit_distance("", ""), 0U);
  EXPECT_EQ(edit_distance("abc", ""), 3U);
  EXPECT_EQ(edit_distance("", "ab"), 2U);
  EXPECT_EQ(edit_distance("interval", "intervall"), 1U);
  EXPECT_EQ(edit_distance("interval", "intreval"), 1U);
  EXPECT_EQ(edit_distance("abcd", "badc"), 2U);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
  EXPECT_EQ(edit_distance("ca", "abc"), 3U);  // optimal string alignment, not the unrestricted form
}

TEST(SuggestTest, TheNearestCandidateWins) {
  EXPECT_EQ(suggest("intervall", {"jitter", "interval", "intervals"}), "interval");
  EXPECT_EQ(suggest("INTERVAL", {"interval"}), "interval");
  EXPECT_EQ(suggest("usr", {"user", "name"}), "user");
}

TEST(SuggestTest, NothingIsSuggestedFromAfar) {
  EXPECT_EQ(suggest("spool", {"starrocks", "tables"}), std::nullopt);
  EXPECT_EQ(suggest("", {"a"}), std::nullopt);
  EXPECT_EQ(suggest("x", {}), std::nullopt);
  EXPECT_EQ(suggest(std::string(1000, 'a'), {std::string(999, 'a')}), std::nullopt);
}

}  // namespace
}  // namespace loadstar::config
