#include "server/push/ledger.hpp"

#include <gmock/gmock.h>

namespace loadstar::server {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

// A batch of two rows on two lines, 10 bytes long; `n` from 1.
Chunk chunk(std::uint64_t n) { return {std::string(10, 'x'), 2, 2 * n - 1, 2 * n, 10 * n}; }

std::vector<std::pair<std::uint64_t, std::uint64_t>> send_all(PushLedger& ledger) {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> sent;  // sequence, first line
  while (const auto* const batch = ledger.send_next()) {
    sent.emplace_back(batch->sequence, batch->chunk.first_line);
  }
  return sent;
}

TEST(PushLedgerTest, NothingIsSentBeforeOpened) {
  PushLedger ledger;
  ledger.add(chunk(1));
  EXPECT_EQ(ledger.send_next(), nullptr);
  ledger.on_opened(false, 1);
  ledger.add(chunk(2));
  EXPECT_THAT(send_all(ledger), ElementsAre(Pair(1, 1), Pair(2, 3)));
  EXPECT_EQ(ledger.send_next(), nullptr);
}

TEST(PushLedgerTest, WatermarksReleaseWhatIsFinal) {
  PushLedger ledger;
  ledger.on_opened(false, 1);
  for (std::uint64_t n = 1; n <= 3; ++n) ledger.add(chunk(n));
  send_all(ledger);
  EXPECT_EQ(ledger.unreceived_bytes(), 30U);
  ledger.on_ack(2, 0, 0);
  EXPECT_EQ(ledger.unreceived_bytes(), 10U);
  EXPECT_EQ(ledger.held_bytes(), 30U);
  ledger.on_ack(3, 2, 1);
  EXPECT_EQ(ledger.held_bytes(), 10U);
  EXPECT_EQ(ledger.held_rows(), 2U);
  EXPECT_EQ(ledger.totals().committed_rows, 4U);
  EXPECT_EQ(ledger.totals().filtered_rows, 1U);
  EXPECT_FALSE(ledger.settled());
  ledger.on_ack(3, 3, 1);
  EXPECT_TRUE(ledger.settled());
}

TEST(PushLedgerTest, AnAttachedStreamGoesOnWhereTheDaemonIs) {
  PushLedger ledger;
  ledger.on_opened(false, 1);
  for (std::uint64_t n = 1; n <= 4; ++n) ledger.add(chunk(n));
  send_all(ledger);
  ledger.on_ack(1, 1, 0);
  ledger.on_opened(true, 3);
  EXPECT_THAT(send_all(ledger), ElementsAre(Pair(3, 5), Pair(4, 7)));
  ledger.on_ack(4, 4, 0);
  EXPECT_TRUE(ledger.settled());
  EXPECT_EQ(ledger.totals().committed_batches, 4U);
}

TEST(PushLedgerTest, AnotherDaemonGetsAllThatIsNotCommitted) {
  PushLedger ledger;
  ledger.on_opened(false, 1);
  for (std::uint64_t n = 1; n <= 4; ++n) ledger.add(chunk(n));
  send_all(ledger);
  ledger.on_ack(4, 1, 3);
  ledger.on_opened(false, 1);
  EXPECT_THAT(send_all(ledger), ElementsAre(Pair(1, 3), Pair(2, 5), Pair(3, 7)));
  ledger.on_ack(3, 3, 2);
  EXPECT_TRUE(ledger.settled());
  EXPECT_EQ(ledger.totals().filtered_rows, 5U);  // of both writers
}

TEST(PushLedgerTest, RejectedBatchesGoAndTheOthersAreCommitted) {
  PushLedger ledger;
  ledger.on_opened(false, 1);
  for (std::uint64_t n = 1; n <= 6; ++n) ledger.add(chunk(n));
  send_all(ledger);
  ledger.on_rejected("2,4-5", 5, "because");
  EXPECT_EQ(ledger.totals().committed_rows, 4U);
  EXPECT_EQ(ledger.totals().rejected_rows, 6U);
  ASSERT_EQ(ledger.rejected().size(), 3U);
  EXPECT_EQ(ledger.rejected()[0].first_line, 3U);
  EXPECT_EQ(ledger.rejected()[2].last_line, 10U);
  EXPECT_EQ(ledger.rejected()[0].reason, "because");
  ledger.on_opened(false, 1);
  EXPECT_THAT(send_all(ledger), ElementsAre(Pair(1, 11)));
}

TEST(PushLedgerTest, WithoutWordOfTheOthersTheyAreSentAgain) {
  for (const auto& [text, settled] : {std::pair("2", 0U), std::pair("2,...", 4U)}) {
    PushLedger ledger;
    ledger.on_opened(false, 1);
    for (std::uint64_t n = 1; n <= 4; ++n) ledger.add(chunk(n));
    send_all(ledger);
    ledger.on_rejected(text, settled, "because");
    ledger.on_opened(false, 1);
    EXPECT_THAT(send_all(ledger), ElementsAre(Pair(1, 1), Pair(2, 5), Pair(3, 7)));
  }
}

TEST(PushLedgerTest, ARefusedBatchLeavesNoGap) {
  PushLedger ledger;
  ledger.on_opened(false, 1);
  for (std::uint64_t n = 1; n <= 4; ++n) ledger.add(chunk(n));
  send_all(ledger);
  ledger.on_refused(2, "not ended");
  ledger.on_opened(true, 2);
  EXPECT_THAT(send_all(ledger), ElementsAre(Pair(2, 5), Pair(3, 7)));
  ledger.on_ack(3, 3, 0);
  EXPECT_TRUE(ledger.settled());
  EXPECT_EQ(ledger.totals().committed_batches, 3U);
  ASSERT_EQ(ledger.rejected().size(), 1U);
  EXPECT_EQ(ledger.rejected()[0].first_line, 3U);
}

TEST(PushLedgerTest, WhatIsNotHeldIsNotRejected) {
  PushLedger ledger;
  ledger.on_opened(false, 1);
  ledger.add(chunk(1));
  send_all(ledger);
  ledger.on_refused(7, "x");
  ledger.on_rejected("", 0, "x");
  EXPECT_THAT(ledger.rejected(), IsEmpty());
  EXPECT_FALSE(ledger.settled());
}

TEST(ParseRangesTest, ReadsNumbersAndRanges) {
  EXPECT_THAT(parse_ranges("5"), ElementsAre(Pair(5, 5)));
  EXPECT_THAT(parse_ranges("5,9-11,20"), ElementsAre(Pair(5, 5), Pair(9, 11), Pair(20, 20)));
  EXPECT_THAT(parse_ranges("5,9..."), ElementsAre(Pair(5, 5)));
  EXPECT_THAT(parse_ranges("5,..."), ElementsAre(Pair(5, 5)));
  EXPECT_THAT(parse_ranges(""), IsEmpty());
  EXPECT_THAT(parse_ranges("x,3-,-4,6-5"), IsEmpty());
}

TEST(PushLedgerTest, TheNextLineIsTheFirstThatIsNotFinal) {
  PushLedger ledger;
  EXPECT_EQ(ledger.next_line(), 1U);
  ledger.on_opened(false, 1);
  for (std::uint64_t n = 1; n <= 4; ++n) ledger.add(chunk(n));
  send_all(ledger);
  EXPECT_EQ(ledger.next_line(), 1U);
  ledger.on_ack(3, 1, 0);
  EXPECT_EQ(ledger.next_line(), 3U);
  ledger.on_refused(3, "because");
  EXPECT_EQ(ledger.next_line(), 3U) << "what is final behind it does not count";
  ledger.on_ack(4, 4, 0);
  EXPECT_EQ(ledger.next_line(), 9U);
}

}  // namespace
}  // namespace loadstar::server
