#include "core/txn/reaction.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace loadstar::txn {
namespace {

struct Row {
  Errc code;
  Reaction reaction;
  Reason reason;
};

const std::vector<Row>& rows() {
  static const std::vector<Row> kRows{
      {Errc::kConnectFailed, Reaction::kRetry, Reason::kStarrocksUnavailable},
      {Errc::kConnectionLost, Reaction::kRetry, Reason::kStarrocksUnavailable},
      {Errc::kDeadlineExceeded, Reaction::kRetry, Reason::kStarrocksUnavailable},
      {Errc::kCancelled, Reaction::kRetry, Reason::kStarrocksUnavailable},
      {Errc::kRedirectRefused, Reaction::kCountedRetry, Reason::kStarrocksUnavailable},
      {Errc::kRedirectFailed, Reaction::kRetry, Reason::kStarrocksUnavailable},
      {Errc::kMalformedReply, Reaction::kRetry, Reason::kStarrocksUnavailable},
      {Errc::kUnexpectedStatus, Reaction::kRetry, Reason::kStarrocksUnavailable},
      {Errc::kBadCredentials, Reaction::kRetrySlowly, Reason::kStarrocksUnavailable},
      {Errc::kAccessDenied, Reaction::kRefuse, Reason::kAccessDenied},
      {Errc::kNotFound, Reaction::kRefuse, Reason::kTableNotFound},
      {Errc::kRejected, Reaction::kCountedRetry, Reason::kStarrocksUnavailable},
      {Errc::kRowsRejected, Reaction::kIsolate, Reason::kRowsRejected},
      {Errc::kCongested, Reaction::kSlowDown, Reason::kStarrocksUnavailable},
      {Errc::kUnsupported, Reaction::kRefuse, Reason::kUnsupportedCombination},
      {Errc::kInvalidRequest, Reaction::kRefuse, Reason::kUnsupportedCombination},
      {Errc::kCircuitOpen, Reaction::kRetry, Reason::kStarrocksUnavailable},
  };
  return kRows;
}

// F229
TEST(ReactionTest, EveryErrorHasItsReaction) {
  for (const Row& row : rows()) {
    EXPECT_EQ(reaction_to(row.code), row.reaction) << to_string(row.code);
    EXPECT_EQ(reason_for(row.code), row.reason) << to_string(row.code);
  }
  EXPECT_EQ(rows().size(), static_cast<std::size_t>(Errc::kCircuitOpen) + 1)
      << "an error has no row here";
}

TEST(ReactionTest, PausesAreShortWhereNothingHasLeftThisHost) {
  using std::chrono::seconds;
  for (const Row& row : rows()) {
    const bool nothing_sent = row.code == Errc::kConnectFailed || row.code == Errc::kCircuitOpen;
    EXPECT_EQ(longest_pause(row.code, seconds(30)), seconds(nothing_sent ? 5 : 30));
    EXPECT_EQ(longest_pause(row.code, seconds(2)), seconds(2)) << "the operator wants it shorter";
  }
}

}  // namespace
}  // namespace loadstar::txn
