#include "core/txn/batch_window.hpp"

#include "core/base/random.hpp"

#include <gtest/gtest.h>

namespace loadstar::txn {
namespace {

BatchWindow::Entry entry(std::uint64_t bytes = 10, std::uint64_t rows = 2) {
  return {bytes, rows, Clock::time_point{}, nullptr};
}

Refusal rows_rejected() {
  Refusal refusal;
  refusal.reason = Reason::kRowsRejected;
  return refusal;
}

TEST(BatchWindowTest, TheCommittedWatermarkWaitsForTheOldestBatch) {
  BatchWindow window;
  for (int i = 0; i < 3; ++i) window.receive(entry());
  EXPECT_EQ(window.received(), 3U);
  EXPECT_TRUE(window.commit(2));
  EXPECT_TRUE(window.commit(3));
  EXPECT_EQ(window.committed(), 0U) << "batch 1 is not committed";
  EXPECT_TRUE(window.commit(1));
  EXPECT_EQ(window.committed(), 3U);
  EXPECT_TRUE(window.settled());
}

TEST(BatchWindowTest, ABatchBecomesFinalOnce) {
  BatchWindow window;
  window.receive(entry(7));
  EXPECT_EQ(window.commit(1)->bytes, 7U);
  EXPECT_FALSE(window.commit(1)) << "its bytes are not released twice";
  EXPECT_FALSE(window.reject(1, rows_rejected()));
  EXPECT_TRUE(window.rejected().empty());
}

TEST(BatchWindowTest, ARejectedBatchHoldsTheWatermarkForGood) {
  BatchWindow window;
  for (int i = 0; i < 3; ++i) window.receive(entry());
  EXPECT_TRUE(window.reject(2, rows_rejected()));
  EXPECT_TRUE(window.commit(1));
  EXPECT_TRUE(window.commit(3));
  EXPECT_EQ(window.committed(), 1U);
  EXPECT_TRUE(window.settled());
  EXPECT_EQ(window.rejected_for(Reason::kRowsRejected), std::vector<std::uint64_t>{2});
}

TEST(BatchWindowTest, RefusedBatchesAreNamedByReasonInOrder) {
  BatchWindow window;
  for (int i = 0; i < 6; ++i) window.receive(entry());
  Refusal unavailable;
  unavailable.reason = Reason::kStarrocksUnavailable;
  EXPECT_TRUE(window.reject(5, rows_rejected()));
  EXPECT_TRUE(window.reject(1, unavailable));
  EXPECT_TRUE(window.reject(3, rows_rejected()));
  EXPECT_EQ(window.rejected_for(Reason::kRowsRejected), (std::vector<std::uint64_t>{3, 5}));
  EXPECT_EQ(window.rejected_for(Reason::kStarrocksUnavailable), std::vector<std::uint64_t>{1});
}

TEST(BatchWindowTest, RangesAreJoinedAndCut) {
  const std::vector<std::uint64_t> sequences{5, 9, 10, 11, 30, 32};
  EXPECT_EQ(ranges_text(sequences, 100), "5,9-11,30,32");
  EXPECT_EQ(ranges_text(sequences, 10), "5,9-11,...");
}

TEST(BatchWindowTest, PendingCountsReturnToZeroInAnyOrder) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    Random random(seed);
    BatchWindow window;
    std::vector<std::uint64_t> open;
    std::uint64_t held = 0;
    for (int step = 0; step < 200; ++step) {
      if (open.empty() || random.chance(50)) {
        window.receive(entry(random.below(100)));
        open.push_back(window.received());
        continue;
      }
      const auto position = random.below(open.size());
      const auto sequence = open[position];
      open.erase(open.begin() + static_cast<std::ptrdiff_t>(position));
      EXPECT_TRUE(random.chance(90) ? window.commit(sequence)
                                    : window.reject(sequence, rows_rejected()));
      EXPECT_LE(window.committed(), window.received());
    }
    held = open.size();
    EXPECT_EQ(window.pending_batches(), held) << "seed " << seed;
    EXPECT_EQ(window.pending_rows(), held * 2) << "seed " << seed;
  }
}

}  // namespace
}  // namespace loadstar::txn
