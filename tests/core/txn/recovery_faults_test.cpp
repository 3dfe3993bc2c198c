// Faults of Open (delivery-and-faults.md 3.2 H): what earlier epochs left, and whoever comes at the
// same time.

#include "core/base/task_group.hpp"
#include "tests/core/txn/exactly_once_fixture.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <optional>
#include <vector>

namespace loadstar::txn {
namespace {

using namespace std::chrono_literals;
using simulation::Operation;
using simulation::TransactionState;

using Reply = std::optional<http::Response>;

class RecoveryFaultsTest : public ExactlyOnceFixture {
 protected:
  /// A transaction of ours with one row, prepared by an epoch before.
  std::string orphan(std::uint64_t epoch, std::uint64_t checkpoint, std::uint64_t part,
                     const std::string& writer = "w") {
    const starrocks::PartLabel label{"ls",  writer,     starrocks::database_hash("test"),
                                     epoch, checkpoint, part};
    std::string text = *starrocks::build(label);
    auto& model = starrocks_.model();
    model.begin(text, "t", 600s);
    model.load(text, text + "\n");
    model.prepare(text, 86'400s);
    EXPECT_EQ(model.state(text), TransactionState::kPrepared);
    return text;
  }
  std::optional<TransactionState> state(const std::string& label) {
    return starrocks_.model().state(label);
  }

  asio::awaitable<void> open_and_keep(OpenRequest request,
                                      std::optional<Answer<std::shared_ptr<WriteStream>>>& answer) {
    auto opened = co_await writers_->open(std::move(request));
    answer.emplace(std::move(opened));
  }

  static OpenRequest request_of(const std::string& writer, std::uint64_t epoch,
                                std::string token = "") {
    OpenRequest request;
    request.writer_id = writer;
    request.database = "test";
    request.delivery = Delivery::kExactlyOnce;
    request.epoch = epoch;
    request.resume_token = std::move(token);
    return request;
  }

  unsigned struck_ = 0;
};

// F207: what several epochs left, up to the last checkpoint and behind a part that is not known.
TEST_F(RecoveryFaultsTest, OrphansOfSeveralEpochsAreFound) {
  const std::uint64_t last = options_.limits.max_pending_checkpoints;
  const std::vector<std::string> left = {orphan(1, 1, 0), orphan(2, 2, 1), orphan(2, last, 0),
                                         orphan(3, last, 0), orphan(3, last, 1)};
  EXPECT_TRUE(open_epoch(4).ok());
  for (const std::string& label : left) EXPECT_EQ(state(label), TransactionState::kAborted);
  EXPECT_TRUE(starrocks_.rows("t").empty());
}

// F208: what cannot be computed from the token is not looked for. It ends by its timeout, and its
// rows never appear.
TEST_F(RecoveryFaultsTest, OrphansOutsideTheWindowEndByTheirTimeout) {
  const std::uint64_t last = options_.limits.max_pending_checkpoints;
  const std::vector<std::string> outside = {orphan(1, last + 1, 0), orphan(1, 1, 2)};
  const std::string inside = orphan(1, last, 0);
  const auto stream = opened_epoch(2);
  EXPECT_EQ(state(inside), TransactionState::kAborted);
  for (const std::string& label : outside) EXPECT_EQ(state(label), TransactionState::kPrepared);
  EXPECT_TRUE(append(*stream, batch_of(1, 1, "a\n")).ok());
  const auto prepared = checkpoint(2, 1, 1);
  ASSERT_TRUE(prepared.ok());
  ASSERT_TRUE(commit(prepared.value().resume_token).ok());
  test::pass_time(io_, 25h, 60s);
  starrocks_.model().expire();
  for (const std::string& label : outside) EXPECT_EQ(state(label), TransactionState::kAborted);
  EXPECT_EQ(starrocks_.rows("t").size(), 1U);
  EXPECT_EQ(visible("a"), 1U);
}

// F209: StarRocks says UNKNOWN of every label for a while: what a token names is neither taken for
// lost nor rolled back.
TEST_F(RecoveryFaultsTest, WhenEveryLabelIsUnknownNothingIsTakenForAborted) {
  const ResumeToken token = prepared(2);
  unsigned ends = 0;
  transport_.answer = [this, &ends](const http::Endpoint&, const http::Request& request) {
    if (is_rollback(request) || is_cancel(request) || is(request, Operation::kCommit)) ++ends;
    if (!is(request, Operation::kQuery)) return Reply();
    ++struck_;
    return Reply(reply_of(R"({"state":"UNKNOWN","reason":"","status":"OK","msg":"Success"})"));
  };
  const auto unknown = open_epoch(2, encode(token));
  ASSERT_FALSE(unknown.ok());
  EXPECT_EQ(unknown.refusal().reason, Reason::kOutcomeUnknown);
  EXPECT_GE(struck_, 2U);
  EXPECT_EQ(ends, 0U);
  transport_.answer = nullptr;
  EXPECT_TRUE(open_epoch(3, encode(token)).ok());
  EXPECT_EQ(visible("row0"), 1U);
  EXPECT_EQ(visible("row1", "u"), 1U);
}

// F194, F195: between the question and the rollback somebody commits the candidate.
TEST_F(RecoveryFaultsTest, ACandidateThatIsCommittedBeforeItsRollbackIsStale) {
  const std::string label = orphan(1, 1, 0);
  transport_.mood = [this, &label](const http::Endpoint&, const http::Request& request) {
    if (!is_rollback(request) || struck_ > 0) return Mood::kPass;
    ++struck_;
    starrocks_.model().commit(label, false);
    return Mood::kPass;
  };
  const auto stale = open_epoch(2);
  ASSERT_FALSE(stale.ok());
  EXPECT_EQ(stale.refusal().reason, Reason::kStaleResumeToken);
  EXPECT_EQ(stale.refusal().metadata.at("label"), label);
  EXPECT_EQ(struck_, 1U);
  EXPECT_EQ(state(label), TransactionState::kVisible);
  EXPECT_EQ(visible(label), 1U);
}

// F205: Open is given up at its n-th request, for every n; the next one does the whole work.
TEST_F(RecoveryFaultsTest, AnOpenThatEndsMidwayIsRepeatable) {
  unsigned requests = 0;
  for (unsigned n = 1;; ++n) {
    const std::uint64_t epoch = 2 * n;
    const std::string writer = fmt::format("w{}", n);
    ResumeToken token;
    token.prefix = "ls";
    token.writer = writer;
    token.database = "test";
    token.epoch = epoch - 1;
    token.checkpoint = 1;
    token.last_sequence = 1;
    token.parts = {{"t", epoch - 1, 1, 0}};
    const std::string decided = orphan(epoch - 1, 1, 0, writer);
    const std::string undecided = orphan(epoch - 1, 2, 0, writer);
    requests = 0;
    transport_.mood = [&requests, n](const http::Endpoint&, const http::Request&) {
      return ++requests >= n ? Mood::kHang : Mood::kPass;
    };
    std::optional<Answer<std::shared_ptr<WriteStream>>> first;
    TaskGroup tasks(io_.get_executor());
    tasks.spawn(open_and_keep(request_of(writer, epoch, encode(token)), first));
    test::pass_time(io_, 5s);
    const bool whole = requests < n;
    // The daemon is gone, as by SIGKILL: what it had under way is never answered.
    restart(options_);
    test::pass_time(io_, 60s);
    EXPECT_EQ(tasks.size(), 0U) << n;
    EXPECT_EQ(first.has_value() && first->ok(), whole) << n;
    transport_.mood = nullptr;
    const auto again = test::run(io_, writers_->open(request_of(writer, epoch + 1, encode(token))));
    ASSERT_TRUE(again.ok()) << n << ": " << again.refusal().message;
    EXPECT_EQ(visible(decided), 1U) << n;
    EXPECT_EQ(visible(undecided), 0U) << n;
    EXPECT_EQ(state(undecided), TransactionState::kAborted) << n;
    if (whole) break;
  }
  EXPECT_GT(requests, 10U);
}

/// Milliseconds by which the higher epoch comes later.
class OpenRaceTest : public RecoveryFaultsTest, public ::testing::WithParamInterface<int> {};

// F210: two epochs open at once: the higher one wins, whoever was first, and both may have rows.
TEST_P(OpenRaceTest, TheHigherEpochWins) {
  std::optional<Answer<std::shared_ptr<WriteStream>>> low;
  std::optional<Answer<std::shared_ptr<WriteStream>>> high;
  auto after =
      [this](Clock::duration wait, std::uint64_t epoch,
             std::optional<Answer<std::shared_ptr<WriteStream>>>& answer) -> asio::awaitable<void> {
    co_await sleep_for(wait);
    OpenRequest request = request_of("w", epoch);
    auto opened = co_await writers_->open(std::move(request));
    answer.emplace(std::move(opened));
  };
  const auto offset = std::chrono::milliseconds(GetParam());
  TaskGroup tasks(io_.get_executor());
  tasks.spawn(after(std::max<Clock::duration>(-offset, 0s), 3, low));
  tasks.spawn(after(std::max<Clock::duration>(offset, 0s), 4, high));
  test::pass_time(io_, 2s, 1ms);
  test::pass_time(io_, 60s);
  ASSERT_EQ(tasks.size(), 0U);
  ASSERT_TRUE(low && high);
  ASSERT_TRUE(high->ok()) << high->refusal().message;
  if (low->ok()) {
    EXPECT_EQ(until_ended(*low->value()).refusal->reason, Reason::kWriterFenced);
  } else {
    EXPECT_EQ(low->refusal().reason, Reason::kWriterFenced);
  }
  EXPECT_EQ(checkpoint(3, 1, 0).refusal().reason, Reason::kWriterFenced);
  EXPECT_TRUE(append(*high->value(), batch_of(1, 1, "a\n")).ok());
  const auto prepared = checkpoint(4, 1, 1);
  ASSERT_TRUE(prepared.ok());
  ASSERT_TRUE(commit(prepared.value().resume_token).ok());
  EXPECT_EQ(visible("a"), 1U);
}

INSTANTIATE_TEST_SUITE_P(Offsets, OpenRaceTest,
                         ::testing::Values(-100, -20, -5, 0, 5, 10, 20, 40, 100, 1000),
                         [](const auto& offset) {
                           return fmt::format("{}{}", offset.param < 0 ? "HigherFirst" : "By",
                                              std::abs(offset.param));
                         });

// F212: the account has lost its rights: Open says so and touches nothing; with another account it
// goes on.
TEST_F(RecoveryFaultsTest, AnAccountWithoutRightsOpensNothingAndLosesNothing) {
  const ResumeToken token = prepared(1);
  std::vector<Clock::time_point> asked;
  transport_.refuse_account(asked);
  const auto refused = open_epoch(2, encode(token));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.refusal().reason, Reason::kStarrocksUnavailable);
  EXPECT_NE(refused.refusal().message.find("BAD_CREDENTIALS"), std::string::npos)
      << refused.refusal().message;
  EXPECT_FALSE(asked.empty());
  ResumeToken before = token;
  before.parts.clear();
  before.checkpoint = 0;
  const auto unread = open_epoch(3, encode(before));
  EXPECT_NE(unread.refusal().message.find("BAD_CREDENTIALS"), std::string::npos)
      << unread.refusal().message;
  EXPECT_EQ(state(label_of(token, token.parts[0])), TransactionState::kPrepared);
  transport_.answer = nullptr;
  EXPECT_TRUE(open_epoch(4, encode(token)).ok());
  EXPECT_EQ(visible("row0"), 1U);
}

// F215: all clients come back at once after an outage; each is served, and none for ever before
// another.
TEST_F(RecoveryFaultsTest, AThousandWritersReopenAtOnce) {
  constexpr std::size_t kWriters = 1000;
  std::vector<std::optional<Answer<std::shared_ptr<WriteStream>>>> answers(kWriters);
  std::vector<std::string> decided;
  std::vector<std::string> undecided;
  TaskGroup tasks(io_.get_executor());
  for (std::size_t i = 0; i < kWriters; ++i) {
    const std::string writer = fmt::format("w{}", i);
    decided.push_back(orphan(1, 1, 0, writer));
    if (i % 10 == 0) undecided.push_back(orphan(1, 2, 0, writer));
    const ResumeToken token{"ls", writer, "test", 1, 1, 1, {{"t", 1, 1, 0}}};
    tasks.spawn(open_and_keep(request_of(writer, 2, encode(token)), answers[i]));
  }
  test::pass_time(io_, 10s);
  EXPECT_EQ(tasks.size(), 0U);
  for (std::size_t i = 0; i < kWriters; ++i) {
    ASSERT_TRUE(answers[i] && answers[i]->ok()) << i;
    EXPECT_EQ(visible(decided[i]), 1U) << i;
  }
  for (const std::string& label : undecided) EXPECT_EQ(state(label), TransactionState::kAborted);
  EXPECT_EQ(starrocks_.rows("t").size(), kWriters);
}

}  // namespace
}  // namespace loadstar::txn
