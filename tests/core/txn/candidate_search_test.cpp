#include "core/txn/candidate_search.hpp"

#include "tests/core/txn/exactly_once_fixture.hpp"

#include <gtest/gtest.h>

namespace loadstar::txn {
namespace {

using namespace std::chrono_literals;
using simulation::TransactionState;

/// The search alone: transactions are made by hand.
class CandidateSearchTest : public ExactlyOnceFixture {
 protected:
  void TearDown() override {
    transport_.mood = nullptr;
    search_.stop();
    test::run(io_, rollbacks_.stop());
    ExactlyOnceFixture::TearDown();
  }

  /// Looks for what epoch 1 left after checkpoint 0.
  Answer<RolledBack> roll_back(const ResumeToken& token, WhatIsCommitted committed,
                               std::set<std::string> known = {}, std::uint64_t last_epoch = 1) {
    ResumeToken before = token;
    before.checkpoint = 0;
    const CandidateRange range = candidates_after(before, last_epoch, 8);
    return test::run(
        io_, search_.roll_back(range, before, std::move(known), committed, Clock::now() + 60s));
  }
  std::optional<TransactionState> state(const ResumeToken& token, std::size_t part) {
    return starrocks_.model().state(label_of(token, token.parts[part]));
  }

  PreparedWatch prepared_{io_.get_executor(), client_, metrics_, options_, Logger()};
  RollbackQueue rollbacks_{io_.get_executor(), client_, metrics_, options_, prepared_, Logger()};
  CandidateSearch search_{io_.get_executor(), client_, metrics_, options_, rollbacks_, Logger()};
};

TEST_F(CandidateSearchTest, WhatTheTokenNamesIsLeftAndTheRestIsRolledBack) {
  const ResumeToken token = prepared(3);
  ResumeToken named = token;
  named.parts = {token.parts[1]};
  const auto cleaned = roll_back(named, WhatIsCommitted::kIsStale);
  ASSERT_TRUE(cleaned.ok()) << cleaned.refusal().message;
  EXPECT_EQ(cleaned.value().transactions, 2U);
  EXPECT_EQ(state(token, 0), TransactionState::kAborted);
  EXPECT_EQ(state(token, 1), TransactionState::kPrepared);
  EXPECT_EQ(state(token, 2), TransactionState::kAborted);
}

// Behind two labels that StarRocks does not know (begins that got lost, or labels it has forgotten)
// no chain leads to a third.
TEST_F(CandidateSearchTest, WhatIsKnownNeedsNoChain) {
  ResumeToken token = prepared(3);
  for (const std::size_t part : {0U, 1U}) {
    starrocks_.model().rollback(label_of(token, token.parts[part]));
  }
  starrocks_.model().evict();
  ResumeToken none = token;
  none.parts.clear();
  EXPECT_EQ(roll_back(none, WhatIsCommitted::kIsLeft).value().transactions, 0U);
  const auto known = roll_back(none, WhatIsCommitted::kIsLeft, {label_of(token, token.parts[2])});
  EXPECT_EQ(known.value().transactions, 1U);
  EXPECT_EQ(state(token, 2), TransactionState::kAborted);
}

TEST_F(CandidateSearchTest, EpochsThatAreTooManyAreSaidSo) {
  ResumeToken none = prepared(1);
  none.parts.clear();
  EXPECT_EQ(roll_back(none, WhatIsCommitted::kIsLeft, {}, 63).value().not_looked_at, 0U);
  EXPECT_EQ(roll_back(none, WhatIsCommitted::kIsLeft, {}, 100).value().not_looked_at, 37U);
  // The newest of them are looked at all the same.
  const ResumeToken newest{"ls", "w", "test", 90, 1, 1, {{"t", 90, 1, 0}}};
  const std::string label = label_of(newest, newest.parts[0]);
  starrocks_.model().begin(label, "t", 600s);
  EXPECT_EQ(roll_back(none, WhatIsCommitted::kIsLeft, {}, 100).value().transactions, 1U);
}

// F195, F206: a candidate that is committed: the client went back behind it.
TEST_F(CandidateSearchTest, WhatIsCommittedIsStaleOrLeft) {
  const ResumeToken token = prepared(2);
  starrocks_.model().commit(label_of(token, token.parts[0]), false);
  ResumeToken none = token;
  none.parts.clear();
  const auto stale = roll_back(none, WhatIsCommitted::kIsStale);
  ASSERT_FALSE(stale.ok());
  EXPECT_EQ(stale.refusal().reason, Reason::kStaleResumeToken);
  EXPECT_EQ(stale.refusal().metadata.at("label"), label_of(token, token.parts[0]));
  EXPECT_TRUE(roll_back(none, WhatIsCommitted::kIsLeft).ok());
  EXPECT_EQ(visible("row0"), 1U);
  EXPECT_EQ(state(token, 1), TransactionState::kAborted);
}

// F166: a state that cannot be read is no reason to roll anything back.
TEST_F(CandidateSearchTest, WhatCannotBeReadIsNotTouched) {
  const ResumeToken token = prepared(1);
  unsigned ends = 0;
  transport_.mood = [&ends](const http::Endpoint&, const http::Request& request) {
    if (is_rollback(request) || is_cancel(request)) ++ends;
    return request.target.find("get_load_state") != std::string::npos ? Mood::kHang : Mood::kPass;
  };
  ResumeToken none = token;
  none.parts.clear();
  const auto searched = roll_back(none, WhatIsCommitted::kIsStale);
  ASSERT_TRUE(searched.ok());
  EXPECT_EQ(searched.value().transactions, 0U);
  EXPECT_EQ(ends, 0U);
  EXPECT_EQ(state(token, 0), TransactionState::kPrepared);
}

// F192: an epoch opens although a rollback is not answered; that goes on in the background.
TEST_F(CandidateSearchTest, WhatIsNotSeenEndedIsLeftToTheBackground) {
  const ResumeToken token = prepared(1);
  transport_.mood = [](const http::Endpoint&, const http::Request& request) {
    return is_rollback(request) ? Mood::kRefuse : Mood::kPass;
  };
  ResumeToken none = token;
  none.parts.clear();
  const auto searched = roll_back(none, WhatIsCommitted::kIsStale);
  ASSERT_TRUE(searched.ok());
  EXPECT_EQ(searched.value().transactions, 0U);
  EXPECT_EQ(state(token, 0), TransactionState::kPrepared);
  transport_.mood = nullptr;
  test::pass_time(io_, 60s);
  EXPECT_EQ(state(token, 0), TransactionState::kAborted);
}

TEST_F(CandidateSearchTest, AnEpochWithAnyTraceIsUsed) {
  const CandidateRange range = candidates_after(ResumeToken{"ls", "w", "test", 0, 0, 0, {}}, 0, 8);
  const Deadline deadline = Clock::now() + 60s;
  EXPECT_TRUE(test::run(io_, search_.check_unused(range, 1, deadline)).ok());
  static_cast<void>(prepared(1));
  const auto used = test::run(io_, search_.check_unused(range, 1, deadline));
  ASSERT_FALSE(used.ok());
  EXPECT_EQ(used.refusal().reason, Reason::kEpochUsed);
  EXPECT_TRUE(test::run(io_, search_.check_unused(range, 2, deadline)).ok());
}

TEST_F(CandidateSearchTest, AnEpochIsNotTakenForUnusedWhenStarRocksDoesNotSay) {
  transport_.mood = [](const http::Endpoint&, const http::Request&) { return Mood::kRefuse; };
  const CandidateRange range = candidates_after(ResumeToken{"ls", "w", "test", 0, 0, 0, {}}, 0, 8);
  const auto unknown = test::run(io_, search_.check_unused(range, 1, Clock::now() + 20s));
  ASSERT_FALSE(unknown.ok());
  EXPECT_EQ(unknown.refusal().reason, Reason::kStarrocksUnavailable);
}

}  // namespace
}  // namespace loadstar::txn
