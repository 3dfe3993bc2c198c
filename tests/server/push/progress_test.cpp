#include "server/push/progress.hpp"

#include "server/size_text.hpp"

#include <gmock/gmock.h>

namespace loadstar::server {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

TEST(ProgressTest, NumbersAreForPeople) {
  EXPECT_EQ(group_digits(0), "0");
  EXPECT_EQ(group_digits(999), "999");
  EXPECT_EQ(group_digits(1'000), "1,000");
  EXPECT_EQ(group_digits(1'234'567), "1,234,567");
  EXPECT_EQ(size_text(1'023), "1023 B");
  EXPECT_EQ(size_text(1'536), "1.5 KiB");
  EXPECT_EQ(size_text(3ULL << 30U), "3.0 GiB");
  EXPECT_EQ(duration_text(milliseconds(1)), "1s");
  EXPECT_EQ(duration_text(milliseconds(61'000)), "1m01s");
  EXPECT_EQ(duration_text(milliseconds(7'620'000)), "2h07m");
}

TEST(ProgressTest, TheBarShowsShareRateRowsAndTimeLeft) {
  PushProgress progress;
  progress.total_bytes = 100U << 20U;
  progress.done_bytes = 25U << 20U;
  progress.committed_rows = 12'345;
  progress.elapsed = milliseconds(5'000);
  const std::string bar = progress_bar(progress, 200);
  EXPECT_EQ(bar,
            " 25% [######..................] 25.0 MiB 5.0 MiB/s  12,345 rows committed  15s left");
  progress.rejected_rows = 7;
  EXPECT_THAT(progress_bar(progress, 200), HasSubstr("12,345 rows committed, 7 rejected"));
  EXPECT_EQ(progress_bar(progress, 20).size(), 20U);
}

TEST(ProgressTest, TheEndIsAHundredPercentAndNothingIsLeft) {
  PushProgress progress;
  progress.total_bytes = 10;
  progress.done_bytes = 10;
  progress.elapsed = milliseconds(1'000);
  EXPECT_THAT(progress_bar(progress, 200), StartsWith("100% [########################]"));
  EXPECT_THAT(progress_bar(progress, 200), Not(HasSubstr("left")));
  progress.total_bytes = 0;
  progress.done_bytes = 0;
  EXPECT_THAT(progress_text(progress), StartsWith("100%"));
}

TEST(ProgressTest, APipeHasNoShare) {
  PushProgress progress;
  progress.done_bytes = 2'048;
  progress.elapsed = milliseconds(2'000);
  EXPECT_EQ(progress_text(progress), "2.0 KiB 1.0 KiB/s  0 rows committed");
  EXPECT_EQ(progress_bar(progress, 200), progress_text(progress));
}

}  // namespace
}  // namespace loadstar::server
