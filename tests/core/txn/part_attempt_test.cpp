#include "core/txn/part_attempt.hpp"

#include <gtest/gtest.h>

namespace loadstar::txn {
namespace {

using Step = PartAttempt::Step;
using starrocks::LoadOutcome;
using starrocks::LoadVerdict;

Error lost() { return {Errc::kConnectionLost, Certainty::kUnknown, "reply lost"}; }

LoadOutcome prepared(std::uint64_t total, std::uint64_t filtered = 0) {
  LoadOutcome outcome;
  outcome.verdict = LoadVerdict::kDone;
  outcome.counts = {total, total - filtered, filtered, 0, 0};
  return outcome;
}

LoadOutcome failed(Error error) {
  LoadOutcome outcome;
  outcome.error = std::move(error);
  return outcome;
}

TEST(PartAttemptTest, BeginLoadsAndAMatchingCountPrepare) {
  PartAttempt attempt;
  EXPECT_EQ(PartAttempt::start(), Step::kBegin);
  EXPECT_EQ(attempt.on_begin(std::int64_t{12}), Step::kFill);
  EXPECT_EQ(attempt.transaction_id(), 12);
  EXPECT_EQ(attempt.on_load(std::uint64_t{100}, 3), Step::kFill);
  EXPECT_EQ(attempt.on_load(std::uint64_t{100}, 4), Step::kFill);
  EXPECT_EQ(PartAttempt::on_sealed(), Step::kPrepare);
  EXPECT_EQ(attempt.on_prepare(prepared(7), false, false), Step::kPrepared);
  EXPECT_EQ(attempt.rows(), 7U);
}

// F036, F037, F038 (R1): no answer to begin: rolled back blindly, never loaded.
TEST(PartAttemptTest, ABeginWithoutAnAnswerIsRolledBack) {
  PartAttempt attempt;
  EXPECT_EQ(attempt.on_begin(lost()), Step::kRollback);
  EXPECT_EQ(PartAttempt::on_rollback(), Step::kSpent);
}

// F032, F035: nothing was sent, so the number is still good.
TEST(PartAttemptTest, ABeginThatNeverLeftSpendsNothing) {
  PartAttempt attempt;
  EXPECT_EQ(attempt.on_begin(Error{Errc::kConnectFailed, Certainty::kNotApplied, ""}),
            Step::kNotBegun);
}

// F043 to F046 (R1): a taken label is left alone.
TEST(PartAttemptTest, ATakenLabelIsSpentAndNotRolledBack) {
  PartAttempt attempt;
  EXPECT_EQ(
      attempt.on_begin(Error{Errc::kRejected, Certainty::kNotApplied, "LABEL_ALREADY_EXISTS"}),
      Step::kSpent);
  EXPECT_TRUE(attempt.label_was_taken());
}

// F076 to F079, F092 to F098 (R2): a load without an OK poisons, whatever is known of it.
TEST(PartAttemptTest, ALoadWithoutAnOkPoisons) {
  for (const Certainty certainty : {Certainty::kUnknown, Certainty::kNotApplied}) {
    PartAttempt attempt;
    static_cast<void>(attempt.on_begin(std::int64_t{12}));
    EXPECT_EQ(attempt.on_load(Error{Errc::kConnectionLost, certainty, ""}, 3), Step::kRollback);
  }
}

// F110 to F116, F128 (R3): the count of a prepare without an answer is unproved.
TEST(PartAttemptTest, APrepareWithoutAnAnswerIsRolledBack) {
  PartAttempt attempt;
  static_cast<void>(attempt.on_begin(std::int64_t{12}));
  static_cast<void>(attempt.on_load(std::uint64_t{100}, 3));
  EXPECT_EQ(attempt.on_prepare(failed(lost()), false, false), Step::kRollback);
  EXPECT_FALSE(attempt.count_mismatch());
}

// F106, F107 (R3): more rows, or fewer.
TEST(PartAttemptTest, ADifferentCountPoisons) {
  for (const std::uint64_t total : {2U, 4U}) {
    PartAttempt attempt;
    static_cast<void>(attempt.on_begin(std::int64_t{12}));
    static_cast<void>(attempt.on_load(std::uint64_t{100}, 3));
    EXPECT_EQ(attempt.on_prepare(prepared(total), false, false), Step::kRollback);
    EXPECT_TRUE(attempt.count_mismatch());
    EXPECT_EQ(attempt.counts()->total_rows, total);
  }
}

// F108: filtered rows are allowed only where they were asked for.
TEST(PartAttemptTest, FilteredRowsNeedLeave) {
  for (const bool may_filter : {true, false}) {
    PartAttempt attempt;
    static_cast<void>(attempt.on_begin(std::int64_t{12}));
    static_cast<void>(attempt.on_load(std::uint64_t{100}, 3));
    EXPECT_EQ(attempt.on_prepare(prepared(3, 1), may_filter, false),
              may_filter ? Step::kPrepared : Step::kRollback);
  }
}

}  // namespace
}  // namespace loadstar::txn
