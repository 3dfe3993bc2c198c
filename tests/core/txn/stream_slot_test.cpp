#include "core/txn/stream_slot.hpp"

#include "tests/support/fake_clock.hpp"
#include "tests/support/run.hpp"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

namespace loadstar::txn {
namespace {

using namespace std::chrono_literals;

class StreamSlotTest : public ::testing::Test {
 protected:
  void SetUp() override { test::reset_clock(); }

  StreamEvent next(std::uint64_t stream) {
    auto ack = [this] { return ack_; };
    auto over = [] {
      Refusal refusal;
      refusal.reason = Reason::kStreamReplaced;
      return refusal;
    };
    return test::run(io_, slot_.next_event(stream, std::move(ack), std::move(over)));
  }

  boost::asio::io_context io_;
  Signal changed_{io_.get_executor()};
  IngestLimits limits_;
  StreamSlot slot_{changed_, limits_};
  Ack ack_;
};

TEST_F(StreamSlotTest, OneStreamAtATime) {
  EXPECT_EQ(slot_.number(), 0U);
  EXPECT_FALSE(slot_.attached());
  EXPECT_EQ(slot_.attach({}), 1U);
  EXPECT_TRUE(slot_.open(1));
  EXPECT_EQ(slot_.attach({}), 2U);
  EXPECT_FALSE(slot_.open(1));
  EXPECT_TRUE(slot_.open(2));
  EXPECT_FALSE(slot_.detach(1)) << "the old stream says goodbye to nobody";
  EXPECT_TRUE(slot_.detach(2));
  EXPECT_FALSE(slot_.detach(2)) << "once";
  EXPECT_FALSE(slot_.open(2));
}

TEST_F(StreamSlotTest, TheFirstEndWins) {
  slot_.attach({});
  Refusal first;
  first.reason = Reason::kSequenceGap;
  EXPECT_TRUE(slot_.end(first));
  EXPECT_FALSE(slot_.end(std::nullopt));
  ASSERT_TRUE(slot_.refusal());
  EXPECT_EQ(slot_.refusal()->reason, Reason::kSequenceGap);
  const auto event = next(1);
  ASSERT_TRUE(std::holds_alternative<Ended>(event));
  EXPECT_EQ(std::get<Ended>(event).refusal->reason, Reason::kSequenceGap);
}

TEST_F(StreamSlotTest, AllBatchesAreNumberedOrNone) {
  slot_.attach({});
  EXPECT_FALSE(slot_.check_numbering(1));
  EXPECT_FALSE(slot_.check_numbering(7));
  EXPECT_EQ(slot_.check_numbering(0)->reason, Reason::kBadRequest);
  slot_.attach({});
  EXPECT_FALSE(slot_.check_numbering(0)) << "each stream decides anew";
  EXPECT_EQ(slot_.check_numbering(8)->violations.at(0).field, "batch.sequence");
}

TEST_F(StreamSlotTest, AcksAreCoalesced) {
  slot_.attach({});
  ack_ = {5, 1, 0};
  EXPECT_EQ(std::get<Ack>(next(1)), ack_);
  ack_ = {9, 5, 0};
  const auto before = Clock::now();
  EXPECT_EQ(std::get<Ack>(next(1)), ack_);
  EXPECT_GE(Clock::now() - before, limits_.ack_min_interval);
}

TEST_F(StreamSlotTest, TheLastAckComesBeforeTheEnd) {
  slot_.attach({});
  ack_ = {2, 2, 0};
  EXPECT_EQ(std::get<Ack>(next(1)), ack_);
  ack_ = {3, 3, 0};
  slot_.end(std::nullopt);
  EXPECT_EQ(std::get<Ack>(next(1)), ack_) << "at once: nothing else will come";
  EXPECT_FALSE(std::get<Ended>(next(1)).refusal);
}

TEST_F(StreamSlotTest, WatermarksAreToldAgainWhenABatchCameAgain) {
  ack_ = {3, 3, 0};
  slot_.attach(ack_);
  slot_.tell_again();
  EXPECT_EQ(std::get<Ack>(next(1)), ack_);
}

TEST_F(StreamSlotTest, DrainingIsToldOnce) {
  slot_.tell_draining(5s);
  slot_.attach({});
  slot_.tell_draining(7s);
  EXPECT_EQ(std::get<Draining>(next(1)).grace, 7s);
  slot_.end(std::nullopt);
  EXPECT_TRUE(std::holds_alternative<Ended>(next(1)));
}

TEST_F(StreamSlotTest, AReplacedOrLostStreamHearsOfIt) {
  slot_.attach({});
  slot_.attach({});
  EXPECT_EQ(std::get<Ended>(next(1)).refusal->reason, Reason::kStreamReplaced);
  slot_.detach(2);
  EXPECT_FALSE(std::get<Ended>(next(2)).refusal);
}

}  // namespace
}  // namespace loadstar::txn
