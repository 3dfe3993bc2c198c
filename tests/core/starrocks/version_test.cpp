#include "core/starrocks/version.hpp"

#include <gtest/gtest.h>

namespace loadstar::starrocks {
namespace {

TEST(VersionTest, ReadsTwoOrThreeNumbersAndIgnoresTheRest) {
  EXPECT_EQ(parse_version("3.5.4"), (Version{3, 5, 4}));
  EXPECT_EQ(parse_version("3.5.4-rc1 abcdef"), (Version{3, 5, 4}));
  EXPECT_EQ(parse_version("2.5"), (Version{2, 5, 0}));
  EXPECT_EQ(parse_version("4.0.x"), (Version{4, 0, 0}));
  EXPECT_EQ(parse_version("3.10.12"), (Version{3, 10, 12}));
}

TEST(VersionTest, RefusesWhatIsNoRelease) {
  for (const char* text :
       {"", "3", "3.", "main-1234", "v3.5", "-3.5.0", "3.-5", "12345.1", ".5", " 3.5"}) {
    EXPECT_EQ(parse_version(text), std::nullopt) << text;
  }
}

TEST(VersionTest, OrdersByNumbersNotByText) {
  EXPECT_LT(*parse_version("3.9.0"), *parse_version("3.10.0"));
  EXPECT_EQ(to_string(Version{3, 10, 2}), "3.10.2");
}

}  // namespace
}  // namespace loadstar::starrocks
