// Faults of delivery-and-faults.md 3.2 whose moment only the transport can choose: what happens in
// StarRocks between two requests, and answers that are not true. Prepare, commit and abort; faults
// of Open are in recovery_faults_test.cpp.

#include "core/base/task_group.hpp"
#include "tests/core/txn/exactly_once_fixture.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <optional>
#include <set>
#include <vector>

namespace loadstar::txn {
namespace {

using namespace std::chrono_literals;
using simulation::Operation;
using simulation::SimulatedStarrocks;
using simulation::TransactionState;

using Reply = std::optional<http::Response>;

class ExactlyOnceFaultsTest : public ExactlyOnceFixture {
 protected:
  static bool at_backend(const http::Endpoint& endpoint) { return endpoint.port == 8040; }
  static std::string label(const http::Request& request) {
    return SimulatedStarrocks::label_of(request);
  }
  static http::Response state_of(const std::string& word) {
    return reply_of(fmt::format(
        R"({{"state":"{}","reason":"","status":"OK","code":"0","msg":"Success"}})", word));
  }

  /// Row "a" of epoch 1, checkpoint 1, prepared through the daemon.
  CheckpointOutcome prepared_row() {
    stream_ = opened_epoch(1);
    EXPECT_TRUE(append(*stream_, batch_of(1, 1, "a\n")).ok());
    auto answer = checkpoint(1, 1, 1);
    EXPECT_TRUE(answer.ok());
    return answer.value();
  }

  std::shared_ptr<WriteStream> stream_;
  unsigned struck_ = 0;
};

// F083: the backends stand still for longer than the daemon waits; then they take what was sent.
TEST_F(ExactlyOnceFaultsTest, BytesThatABackendTakesTooLateHitALabelThatIsOver) {
  CoreOptions impatient = options_;
  impatient.starrocks.request_timeout = 30s;  // and a minute for the reply
  restart(impatient);
  std::string still;
  transport_.mood = [this, &still](const http::Endpoint& endpoint, const http::Request& request) {
    if (!at_backend(endpoint) || !is(request, Operation::kLoad) || !still.empty()) {
      return Mood::kPass;
    }
    still = label(request);
    starrocks_.deliver_late(endpoint, request, 120s);
    return Mood::kHang;
  };
  const CheckpointOutcome outcome = prepared_row();
  ASSERT_FALSE(still.empty());
  ASSERT_EQ(outcome.loads.size(), 1U);
  EXPECT_NE(outcome.loads[0].label, still) << "poisoned, and driven again under the next label";
  EXPECT_EQ(starrocks_.model().state(still), TransactionState::kAborted);
  EXPECT_EQ(starrocks_.under_way(), 1U) << "the late bytes are not there yet";
  test::pass_time(io_, 60s);
  EXPECT_EQ(starrocks_.under_way(), 0U);
  ASSERT_TRUE(commit(outcome.resume_token).ok());
  EXPECT_EQ(visible("a"), 1U);
  EXPECT_EQ(starrocks_.model().state(still), TransactionState::kAborted);
}

// F124: StarRocks ignores the header prepared_timeout and keeps prepared transactions for an hour.
TEST_F(ExactlyOnceFaultsTest, APreparedTimeoutThatIsIgnoredLosesNothingInSilence) {
  transport_.answer = [this](const http::Endpoint& endpoint, const http::Request& request) {
    if (!at_backend(endpoint) || !is(request, Operation::kPrepare)) return Reply();
    ++struck_;
    return Reply(starrocks_.model().prepare(label(request), 3600s));
  };
  const CheckpointOutcome first = prepared_row();
  ASSERT_TRUE(commit(first.resume_token).ok());
  EXPECT_TRUE(append(*stream_, batch_of(2, 2, "b\n")).ok());
  const auto second = checkpoint(1, 2, 2);
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(struck_, 2U);
  test::pass_time(io_, 2h, 10s);
  const auto lost = commit(second.value().resume_token);
  ASSERT_FALSE(lost.ok());
  EXPECT_EQ(lost.refusal().reason, Reason::kCheckpointLost);
  EXPECT_EQ(lost.refusal().metadata.at("table"), "t");
  EXPECT_EQ(visible("a"), 1U);
  EXPECT_EQ(visible("b"), 0U);
}

// F275: the reply to prepare is lost; then the label is aborted, and forgotten.
TEST_F(ExactlyOnceFaultsTest, APartThatVanishesAfterItsPrepareIsDrivenAgain) {
  transport_.answer = [this](const http::Endpoint& endpoint, const http::Request& request) {
    if (!at_backend(endpoint) || !is(request, Operation::kPrepare) || struck_ > 0) return Reply();
    ++struck_;
    auto& model = starrocks_.model();
    model.prepare(label(request), 86'400s);
    EXPECT_EQ(model.state(label(request)), TransactionState::kPrepared);
    model.rollback(label(request));
    model.evict();
    EXPECT_FALSE(model.state(label(request)).has_value());
    return Reply(reply_of("<html>bad gateway</html>", 502));
  };
  const CheckpointOutcome outcome = prepared_row();
  EXPECT_EQ(struck_, 1U);
  ASSERT_TRUE(commit(outcome.resume_token).ok());
  EXPECT_EQ(visible("a"), 1U);
}

// F172: a leader that is cut off still says PREPARED of what its successor has committed.
TEST_F(ExactlyOnceFaultsTest, AStalePreparedMeansThatCommitIsSentAgain) {
  const CheckpointOutcome outcome = prepared_row();
  unsigned commits = 0;
  transport_.answer = [this, &commits](const http::Endpoint&, const http::Request& request) {
    if (is(request, Operation::kCommit) && ++commits == 1) {
      starrocks_.model().commit(label(request), false);
      return Reply(reply_of("<html>bad gateway</html>", 502));
    }
    if (!is(request, Operation::kQuery) || struck_ > 0) return Reply();
    ++struck_;
    return Reply(state_of("PREPARED"));
  };
  EXPECT_TRUE(commit(outcome.resume_token).ok());
  EXPECT_EQ(struck_, 1U);
  EXPECT_EQ(commits, 2U);
  EXPECT_EQ(visible("a"), 1U);
  EXPECT_EQ(starrocks_.model().commits(), 1U);
}

// F173: a frontend sends the commit to a backend, which answers it.
TEST_F(ExactlyOnceFaultsTest, ACommitThatIsSentToABackendIsDoneThere) {
  const CheckpointOutcome outcome = prepared_row();
  unsigned at_be = 0;
  transport_.answer = [this, &at_be](const http::Endpoint& endpoint, const http::Request& request) {
    if (!is(request, Operation::kCommit)) return Reply();
    if (at_backend(endpoint)) {
      ++at_be;
      return Reply();
    }
    ++struck_;
    http::Response sent_on;
    sent_on.status = 307;
    sent_on.fields.push_back({"location", "http://be1:8040" + request.target});
    return Reply(std::move(sent_on));
  };
  EXPECT_TRUE(commit(outcome.resume_token).ok());
  EXPECT_EQ(struck_, 1U);
  EXPECT_EQ(at_be, 1U);
  EXPECT_EQ(visible("a"), 1U);
}

// F169: committed, the reply lost, and forgotten before the state is asked: never taken for lost.
TEST_F(ExactlyOnceFaultsTest, AForgottenCommitWhoseReplyWasLostIsUnknown) {
  const CheckpointOutcome outcome = prepared_row();
  transport_.answer = [this](const http::Endpoint&, const http::Request& request) {
    if (!is(request, Operation::kCommit)) return Reply();
    ++struck_;
    starrocks_.model().commit(label(request), false);
    starrocks_.model().evict();
    return Reply(reply_of("<html>bad gateway</html>", 502));
  };
  const auto unknown = commit(outcome.resume_token);
  ASSERT_FALSE(unknown.ok());
  EXPECT_EQ(unknown.refusal().reason, Reason::kOutcomeUnknown);
  EXPECT_EQ(struck_, 1U);
  EXPECT_EQ(visible("a"), 1U);
}

// F170: who has seen OK says it again, although StarRocks has forgotten the label; a daemon that
// has not says that it does not know.
TEST_F(ExactlyOnceFaultsTest, WhatWasSeenCommittedStaysCommittedWhenItsLabelIsForgotten) {
  const CheckpointOutcome outcome = prepared_row();
  ASSERT_TRUE(commit(outcome.resume_token).ok());
  starrocks_.model().evict();
  ASSERT_EQ(starrocks_.evictions(), 1U);
  EXPECT_TRUE(commit(outcome.resume_token).ok());
  restart(options_);
  EXPECT_EQ(commit(outcome.resume_token).refusal().reason, Reason::kOutcomeUnknown);
  EXPECT_EQ(visible("a"), 1U);
}

// F264, F270: a frontend that was just elected does not know the label yet; it is asked again, a
// second later.
TEST_F(ExactlyOnceFaultsTest, UnknownIsNotBelievedTheFirstTime) {
  const CheckpointOutcome outcome = prepared_row();
  std::vector<Clock::time_point> asked;
  transport_.answer = [this, &asked](const http::Endpoint&, const http::Request& request) {
    if (is(request, Operation::kCommit) && struck_ == 0) {
      return Reply(reply_of("<html>bad gateway</html>", 502));
    }
    if (!is(request, Operation::kQuery)) return Reply();
    asked.push_back(Clock::now());
    if (struck_ > 0) return Reply();
    ++struck_;
    return Reply(state_of("UNKNOWN"));
  };
  EXPECT_TRUE(commit(outcome.resume_token).ok());
  EXPECT_EQ(struck_, 1U);
  ASSERT_EQ(asked.size(), 2U);
  EXPECT_GE(asked[1] - asked[0], 1s);
  EXPECT_EQ(visible("a"), 1U);
}

// F267: the account is refused for a minute at load, at prepare, and at commit.
TEST_F(ExactlyOnceFaultsTest, AnAccountThatComesBackGoesOnWhereItStopped) {
  std::set<Operation> struck;
  Clock::time_point until;
  transport_.answer = [&struck, &until](const http::Endpoint&, const http::Request& request) {
    const Operation operation = SimulatedStarrocks::operation_of(request);
    const bool strikes = operation == Operation::kLoad || operation == Operation::kPrepare ||
                         operation == Operation::kCommit;
    if (strikes && struck.insert(operation).second) until = Clock::now() + 60s;
    if (Clock::now() >= until) return Reply();
    return Reply(reply_of(R"({"status":"FAILED","msg":"Access denied for loader@10.0.0.1"})", 401));
  };
  const CheckpointOutcome outcome = prepared_row();
  EXPECT_TRUE(commit(outcome.resume_token).ok());
  EXPECT_EQ(struck.size(), 3U);
  EXPECT_EQ(visible("a"), 1U);
  EXPECT_EQ(starrocks_.model().commits(), 1U);
}

// F154: a token for what was never prepared cannot be had from us. One that is made up commits
// nothing: neither what was not begun nor what is loaded and not prepared.
TEST_F(ExactlyOnceFaultsTest, ATokenOfNoCheckpointCommitsNothing) {
  stream_ = opened_epoch(1);
  EXPECT_TRUE(append(*stream_, batch_of(1, 1, "a\n")).ok());
  test::pass_time(io_, 2s);
  ResumeToken made_up{"ls", "w", "test", 1, 1, 1, {{"t", 1, 1, 0}}};
  ASSERT_EQ(starrocks_.model().state(label_of(made_up, made_up.parts[0])),
            TransactionState::kPrepare);
  auto other = fresh_registry();
  const auto loaded = commit(encode(made_up), other.get());
  ASSERT_FALSE(loaded.ok());
  EXPECT_EQ(loaded.refusal().reason, Reason::kOutcomeUnknown);
  made_up.parts = {{"t", 1, 1, 7}};
  const auto never_begun = commit(encode(made_up), other.get());
  ASSERT_FALSE(never_begun.ok());
  EXPECT_EQ(never_begun.refusal().reason, Reason::kOutcomeUnknown);
  EXPECT_EQ(visible("a"), 0U);
  EXPECT_EQ(starrocks_.model().commits(), 0U);
  test::run(io_, other->stop());
}

/// Abort without the token, and Commit, which comes so many milliseconds later.
class CommitAbortRaceTest : public ExactlyOnceFaultsTest,
                            public ::testing::WithParamInterface<int> {};

// F178: both are under way at once; whoever is first, the answer to Commit is what became of the
// row.
TEST_P(CommitAbortRaceTest, CommitSaysWhatBecameOfTheRow) {
  const CheckpointOutcome outcome = prepared_row();
  const auto offset = std::chrono::milliseconds(GetParam());
  bool committed = false;
  bool aborted = false;
  auto commit_it = [this, &committed](std::string token,
                                      Clock::duration wait) -> asio::awaitable<void> {
    co_await sleep_for(wait);
    CommitRequest request;
    request.resume_token = std::move(token);
    const Deadline deadline = Clock::now() + 10min;
    const auto answer = co_await writers_->commit(std::move(request), deadline);
    committed = answer.ok();
    if (!committed) {
      EXPECT_EQ(answer.refusal().reason, Reason::kCheckpointLost);
    }
  };
  auto abort_it = [this, &aborted](Clock::duration wait) -> asio::awaitable<void> {
    co_await sleep_for(wait);
    AbortRequest request;
    request.writer_id = "w";
    request.database = "test";
    request.epoch = 1;
    const Deadline deadline = Clock::now() + 10min;
    const auto answer = co_await writers_->abort(std::move(request), deadline);
    aborted = answer.ok();
  };
  TaskGroup tasks(io_.get_executor());
  tasks.spawn(commit_it(outcome.resume_token, std::max<Clock::duration>(offset, 0s)));
  tasks.spawn(abort_it(std::max<Clock::duration>(-offset, 0s)));
  test::pass_time(io_, 2s, 1ms);
  test::pass_time(io_, 60s);
  EXPECT_EQ(tasks.size(), 0U);
  EXPECT_TRUE(aborted);
  EXPECT_EQ(visible("a"), committed ? 1U : 0U);
  const auto again = commit(outcome.resume_token);
  EXPECT_EQ(again.ok(), committed) << "and says so ever after";
}

INSTANTIATE_TEST_SUITE_P(Offsets, CommitAbortRaceTest,
                         ::testing::Values(-200, -60, -40, -20, -10, -1, 0, 1, 10, 20, 40, 60, 200),
                         [](const auto& offset) {
                           return fmt::format("{}{}",
                                              offset.param < 0 ? "CommitFirstBy" : "AbortFirstBy",
                                              std::abs(offset.param));
                         });

}  // namespace
}  // namespace loadstar::txn
