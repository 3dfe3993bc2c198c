#include "core/txn/candidates.hpp"

#include <gtest/gtest.h>

namespace loadstar::txn {
namespace {

using starrocks::LabelState;

TEST(CandidatesTest, TheRangeFollowsFromTheToken) {
  ResumeToken token;
  token.prefix = "ls";
  token.writer = "w";
  token.database = "db";
  token.epoch = 5;
  token.checkpoint = 40;
  const CandidateRange range = candidates_after(token, 7, 3);
  EXPECT_EQ(range.first_epoch, 5U);
  EXPECT_EQ(range.last_epoch, 7U);
  EXPECT_EQ(range.after_checkpoint, 40U);
  const auto chains = chains_of(range, 100);
  ASSERT_EQ(chains.size(), 9U);
  EXPECT_EQ(chains.front().epoch(), 7U) << "newest epochs first";
  EXPECT_EQ(chains.front().checkpoint(), 41U);
  EXPECT_EQ(chains.back().epoch(), 5U);
  EXPECT_EQ(chains.back().checkpoint(), 43U);
  EXPECT_EQ(chains_of(range, 4).size(), 4U);
}

TEST(CandidatesTest, WithoutATokenEverythingFromEpochOneIsLookedFor) {
  const CandidateRange range = candidates_after(ResumeToken{}, 2, 2);
  EXPECT_EQ(range.first_epoch, 1U);
  EXPECT_EQ(chains_of(range, 100).size(), 4U);
  EXPECT_TRUE(chains_of(candidates_after(ResumeToken{}, 0, 2), 100).empty()) << "the first epoch";
}

// F207: a gap of one number is a begin that was lost; two in a row are the end.
TEST(CandidatesTest, AChainEndsAfterTwoUnknownParts) {
  ProbeChain chain(7, 41);
  EXPECT_EQ(chain.next(), 0U);
  chain.on_state(LabelState::kAborted);
  chain.on_state(LabelState::kUnknown);
  EXPECT_EQ(chain.next(), 2U);
  chain.on_state(LabelState::kPrepared);
  chain.on_state(LabelState::kUnknown);
  EXPECT_EQ(chain.next(), 4U);
  chain.on_state(LabelState::kUnknown);
  EXPECT_EQ(chain.next(), std::nullopt);
}

TEST(CandidatesTest, APartOfTheTokenIsSkippedAndCounts) {
  ProbeChain chain(7, 41);
  chain.on_state(LabelState::kUnknown);
  chain.skip();
  EXPECT_EQ(chain.next(), 2U);
  chain.give_up();
  EXPECT_EQ(chain.next(), std::nullopt);
}

TEST(CandidatesTest, EachStateHasItsAction) {
  EXPECT_EQ(action_for(LabelState::kUnknown), CandidateAction::kNothing);
  EXPECT_EQ(action_for(LabelState::kAborted), CandidateAction::kNothing);
  EXPECT_EQ(action_for(LabelState::kPrepare), CandidateAction::kRollBack);
  EXPECT_EQ(action_for(LabelState::kPrepared), CandidateAction::kRollBack);
  EXPECT_EQ(action_for(LabelState::kCommitted), CandidateAction::kStale);
  EXPECT_EQ(action_for(LabelState::kVisible), CandidateAction::kStale);
}

}  // namespace
}  // namespace loadstar::txn
