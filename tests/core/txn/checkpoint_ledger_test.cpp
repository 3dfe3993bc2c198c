#include "core/txn/checkpoint_ledger.hpp"

#include <gtest/gtest.h>

namespace loadstar::txn {
namespace {

using Close = CheckpointLedger::Close;

class CheckpointLedgerTest : public ::testing::Test {
 protected:
  void receive(std::uint64_t checkpoint) {
    const auto objection = ledger_.judge(ledger_.received() + 1, checkpoint);
    ASSERT_FALSE(objection) << objection->message;
    ledger_.receive(checkpoint);
  }
  [[nodiscard]] std::optional<Reason> judge(std::uint64_t checkpoint) const {
    const auto objection = ledger_.judge(ledger_.received() + 1, checkpoint);
    if (!objection) return std::nullopt;
    return objection->reason;
  }
  [[nodiscard]] std::optional<Reason> close(std::uint64_t checkpoint, std::uint64_t last) {
    const auto closed = ledger_.close(checkpoint, last);
    if (closed.ok()) return std::nullopt;
    return closed.refusal().reason;
  }

  CheckpointLedger ledger_{10, 100, 3};  // opened with a token of checkpoint 10, batch 100
};

TEST_F(CheckpointLedgerTest, ItGoesOnFromTheToken) {
  EXPECT_EQ(ledger_.received(), 100U);
  EXPECT_EQ(ledger_.next_checkpoint(), 11U);
  EXPECT_EQ(ledger_.committed(), 10U);
  EXPECT_EQ(ledger_.committed_sequence(), 100U);
  receive(11);
  EXPECT_EQ(close(11, 101), std::nullopt);
  EXPECT_EQ(ledger_.next_checkpoint(), 12U);
}

// F016: a checkpoint that is closed takes no batch any more.
TEST_F(CheckpointLedgerTest, AClosedCheckpointTakesNoBatch) {
  EXPECT_EQ(judge(10), Reason::kCheckpointConflict);
  receive(11);
  EXPECT_EQ(close(11, 101), std::nullopt);
  EXPECT_EQ(judge(11), Reason::kCheckpointConflict);
  receive(12);
}

TEST_F(CheckpointLedgerTest, BatchesThatAreStillOnTheirWayBelongToTheirCheckpoint) {
  receive(11);
  EXPECT_EQ(close(11, 103), std::nullopt);
  EXPECT_EQ(ledger_.next_checkpoint(), 11U);
  EXPECT_EQ(judge(12), Reason::kCheckpointConflict) << "batch 102 is promised to checkpoint 11";
  receive(11);
  receive(11);
  EXPECT_EQ(judge(11), Reason::kCheckpointConflict);
  receive(12);
}

TEST_F(CheckpointLedgerTest, NumbersNeverDecreaseAndZeroIsNone) {
  receive(12);
  EXPECT_EQ(judge(11), Reason::kCheckpointConflict);
  EXPECT_EQ(judge(0), Reason::kBadRequest);
}

// F017: pipelining is bounded.
TEST_F(CheckpointLedgerTest, TooFarAheadIsRefusedUntilSomethingIsCommitted) {
  EXPECT_EQ(judge(14), Reason::kTooManyPendingCheckpoints);
  for (std::uint64_t id = 11; id <= 13; ++id) {
    receive(id);
    EXPECT_EQ(close(id, ledger_.received()), std::nullopt);
  }
  EXPECT_EQ(close(14, ledger_.received()), Reason::kTooManyPendingCheckpoints);
  ledger_.commit(12, 102);
  EXPECT_EQ(ledger_.committed_sequence(), 102U);
  EXPECT_EQ(judge(14), std::nullopt);
  EXPECT_EQ(close(14, ledger_.received()), std::nullopt) << "an empty checkpoint";
}

TEST_F(CheckpointLedgerTest, TheSameCallAgainIsARetryAndAnotherOneAConflict) {
  receive(11);
  EXPECT_EQ(close(12, 101), Reason::kCheckpointConflict) << "out of turn";
  const auto first = ledger_.close(11, 101);
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(first.value(), Close::kNew);
  const auto again = ledger_.close(11, 101);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again.value(), Close::kAgain);
  EXPECT_EQ(close(11, 102), Reason::kCheckpointConflict);
  EXPECT_EQ(ledger_.last_sequence(11), 101U);
}

// F127: a last_sequence that contradicts the batches.
TEST_F(CheckpointLedgerTest, LastSequenceHasToFitTheBatches) {
  receive(11);
  receive(11);
  receive(12);
  EXPECT_EQ(close(11, 101), Reason::kBadRequest) << "batch 102 is of checkpoint 11";
  EXPECT_EQ(close(11, 103), Reason::kBadRequest) << "batch 103 is of checkpoint 12";
  EXPECT_EQ(close(11, 102), std::nullopt);
  EXPECT_EQ(close(12, 101), Reason::kBadRequest) << "below the checkpoint before";
  EXPECT_EQ(close(12, 103), std::nullopt);
}

TEST_F(CheckpointLedgerTest, ACommitForgetsWhatIsOlder) {
  for (std::uint64_t id = 11; id <= 12; ++id) {
    receive(id);
    EXPECT_EQ(close(id, ledger_.received()), std::nullopt);
  }
  ledger_.commit(12, 102);
  ledger_.commit(11, 101);  // late news
  EXPECT_EQ(ledger_.committed(), 12U);
  EXPECT_EQ(ledger_.committed_sequence(), 102U);
  EXPECT_EQ(ledger_.last_sequence(11), std::nullopt);
  EXPECT_EQ(close(12, 102), std::nullopt) << "a retry of the last one is still known";
}

// The last closed one stays, even if another daemon of the epoch had a later one committed.
TEST_F(CheckpointLedgerTest, ACommitOfACheckpointThatWasNeverClosedHereLeavesTheLastOne) {
  receive(11);
  EXPECT_EQ(close(11, 101), std::nullopt);
  ledger_.commit(15, 140);
  EXPECT_EQ(ledger_.newest_closed(), 11U);
  EXPECT_EQ(close(11, 101), std::nullopt);
}

}  // namespace
}  // namespace loadstar::txn
