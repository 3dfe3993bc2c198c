// Every operation of the client against the emulator, in every state of a label
// (starrocks-load-protocol.md 5.9).

#include "tests/integration/protocol/protocol_fixture.hpp"

#include <gmock/gmock.h>

namespace loadstar::starrocks {
namespace {

using std::chrono::seconds;

class OperationsTest : public ProtocolTest {};

TEST_F(OperationsTest, StreamLoadMakesRowsVisible) {
  start();
  const LoadOutcome outcome =
      run(client_->stream_load(csv("l1", "1,a,2\n2,b,3\n"), timeout, later()));
  ASSERT_EQ(outcome.verdict, LoadVerdict::kDone) << describe(outcome.error);
  EXPECT_TRUE(outcome.visible);
  EXPECT_GT(outcome.transaction_id, 0);
  EXPECT_EQ(outcome.counts.total_rows, 2U);
  EXPECT_EQ(outcome.counts.loaded_rows, 2U);
  EXPECT_EQ(outcome.counts.bytes, 12U);
  EXPECT_EQ(rows(), "2");
  EXPECT_EQ(run(client_->stream_load(csv("l1"), timeout, later())).verdict,
            LoadVerdict::kLabelFinished);
  EXPECT_EQ(rows(), "2");
}

TEST_F(OperationsTest, ChunkedBodiesArriveWhole) {
  start();
  std::string body;
  for (int i = 0; i < 300'000; ++i) body += std::to_string(i) + ",n,1\n";
  LoadRequest load = csv("l1");
  load.body = SliceList();
  const Slice all = Slice::from_string(body);
  constexpr std::size_t kPiece = 70'001;  // not at row ends
  for (std::size_t at = 0; at < all.size(); at += kPiece) load.body.append(all.sub(at, kPiece));
  load.framing = http::Framing::kChunked;
  const LoadOutcome outcome = run(client_->stream_load(std::move(load), timeout, later()));
  ASSERT_EQ(outcome.verdict, LoadVerdict::kDone) << describe(outcome.error);
  EXPECT_EQ(outcome.counts.loaded_rows, 300'000U);
  EXPECT_EQ(outcome.counts.bytes, body.size());
}

TEST_F(OperationsTest, ARunningLabelIsAQuestion) {
  start();
  open("l1");
  EXPECT_EQ(run(client_->stream_load(csv("l1"), timeout, later())).verdict,
            LoadVerdict::kLabelRunning);
  prepare("l2");
  EXPECT_EQ(run(client_->stream_load(csv("l2"), timeout, later())).verdict,
            LoadVerdict::kLabelRunning);
}

TEST_F(OperationsTest, RowsOfATransactionAreVisibleAfterCommitOnly) {
  start();
  const std::int64_t id = open("l1", "1,a,2\n");
  const auto second = run(client_->load(csv("l1", "2,b,3\n"), later()));
  ASSERT_TRUE(second.has_value()) << describe(second.error());
  EXPECT_EQ(*second, 6U);
  const LoadOutcome prepared = run(client_->prepare(table, "l1", seconds(86400), later()));
  ASSERT_EQ(prepared.verdict, LoadVerdict::kDone) << describe(prepared.error);
  EXPECT_EQ(prepared.transaction_id, id);
  EXPECT_EQ(prepared.counts.total_rows, 2U);
  EXPECT_EQ(rows(), "0");
  EXPECT_EQ(run(client_->label_state("db", "l1", later()))->state, LabelState::kPrepared);
  const auto committed = run(client_->commit(table, "l1", seconds(30), later()));
  ASSERT_TRUE(committed.has_value()) << describe(committed.error());
  EXPECT_TRUE(committed->visible);
  EXPECT_EQ(rows(), "2");
  const auto again = run(client_->commit(table, "l1", seconds(30), later()));
  ASSERT_TRUE(again.has_value()) << describe(again.error());
  EXPECT_EQ(rows(), "2");
}

TEST_F(OperationsTest, ALoadOfAnotherTransactionIsNotBelieved) {
  start();
  const std::int64_t id = open("l1");
  LoadRequest load = csv("l1");
  load.transaction_id = id + 1;
  EXPECT_EQ(run(client_->load(std::move(load), later())).error().code, Errc::kMalformedReply);
}

TEST_F(OperationsTest, AUsedLabelIsSpent) {
  start();
  open("running");
  prepare("prepared");
  run(client_->stream_load(csv("finished"), timeout, later()));
  for (const char* label : {"running", "prepared", "finished"}) {
    const auto begun = run(client_->begin(table, label, timeout, later()));
    ASSERT_FALSE(begun.has_value()) << label;
    EXPECT_EQ(begun.error().code, Errc::kRejected) << label;
    EXPECT_EQ(begun.error().certainty, Certainty::kNotApplied) << label;
    EXPECT_THAT(begun.error().detail, ::testing::HasSubstr("LABEL_ALREADY_EXISTS"));
  }
}

TEST_F(OperationsTest, RollbackEndsEveryUndecidedTransactionAndMayBeRepeated) {
  start();
  open("open");
  prepare("prepared");
  for (const char* label : {"open", "prepared", "open", "prepared"}) {
    const auto ended = run(client_->rollback(table, label, later()));
    EXPECT_TRUE(ended.has_value()) << label << ": " << describe(ended.error());
    EXPECT_EQ(run(client_->label_state("db", label, later()))->state, LabelState::kAborted);
  }
  run(client_->stream_load(csv("finished"), timeout, later()));
  const auto refused = run(client_->rollback(table, "finished", later()));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().certainty, Certainty::kUnknown);
  EXPECT_EQ(rows(), "1");
}

TEST_F(OperationsTest, CommitOfWhatCannotBeCommittedIsUnknownUntilTheStateIsAsked) {
  start();
  open("aborted");
  run(client_->rollback(table, "aborted", later()));
  for (const char* label : {"aborted", "never-begun"}) {
    const auto committed = run(client_->commit(table, label, seconds(5), later()));
    ASSERT_FALSE(committed.has_value()) << label;
    EXPECT_EQ(committed.error().certainty, Certainty::kUnknown) << label;
  }
  EXPECT_EQ(run(client_->label_state("db", "aborted", later()))->state, LabelState::kAborted);
  EXPECT_EQ(run(client_->label_state("db", "never-begun", later()))->state, LabelState::kUnknown);
}

TEST_F(OperationsTest, CancelFreesPrepareOnly) {
  start();
  open("open");
  prepare("prepared");
  EXPECT_TRUE(run(client_->cancel("db", "open", later())).has_value());
  EXPECT_EQ(state("open"), "ABORTED");
  EXPECT_EQ(run(client_->label_state("db", "open", later()))->reason, "user cancel");
  const auto refused = run(client_->cancel("db", "prepared", later()));
  EXPECT_EQ(refused.error().certainty, Certainty::kNotApplied);
  EXPECT_EQ(state("prepared"), "PREPARED");
}

TEST_F(OperationsTest, AnOrphanOfARestartedBackendIsFreedByCancel) {
  start();
  open("orphan");
  cluster_->restart_backend(0);
  EXPECT_FALSE(run(client_->rollback(table, "orphan", later())).has_value());
  EXPECT_EQ(state("orphan"), "PREPARE");
  EXPECT_TRUE(run(client_->cancel("db", "orphan", later())).has_value());
  EXPECT_EQ(state("orphan"), "ABORTED");
}

TEST_F(OperationsTest, PreparedSurvivesABackendRestart) {
  start();
  prepare("l1");
  cluster_->restart_backend(0, true);
  EXPECT_TRUE(run(client_->commit(table, "l1", seconds(30), later())).has_value());
  EXPECT_EQ(rows(), "1");
}

TEST_F(OperationsTest, RefusedRowsComeWithCountsAndTheirLog) {
  start();
  LoadRequest load = csv("l1", "1,a,2\nx,b,3\n");
  load.properties.push_back({"strict_mode", "true"});
  const LoadOutcome outcome = run(client_->stream_load(std::move(load), timeout, later()));
  EXPECT_EQ(outcome.verdict, LoadVerdict::kFailed);
  EXPECT_EQ(outcome.error.code, Errc::kRowsRejected);
  EXPECT_EQ(outcome.error.certainty, Certainty::kNotApplied);
  EXPECT_EQ(outcome.counts.filtered_rows, 1U);
  EXPECT_EQ(state("l1"), "ABORTED");
  const auto text = run(client_->error_log(outcome.error_url, later()));
  ASSERT_TRUE(text.has_value()) << describe(text.error());
  EXPECT_THAT(*text, ::testing::HasSubstr("Row: x,b,3"));
}

TEST_F(OperationsTest, PrepareRefusesBadRowsAndEmptyTransactions) {
  start();
  run(client_->begin(table, "bad", timeout, later()));
  LoadRequest load = csv("bad", "x,a,2\n");
  load.properties.push_back({"strict_mode", "true"});
  EXPECT_TRUE(run(client_->load(std::move(load), later())).has_value());
  const LoadOutcome bad = run(client_->prepare(table, "bad", timeout, later()));
  EXPECT_EQ(bad.error.code, Errc::kRowsRejected) << describe(bad.error);
  EXPECT_EQ(bad.error.certainty, Certainty::kNotApplied);
  EXPECT_FALSE(bad.error_url.empty());
  EXPECT_EQ(state("bad"), "ABORTED");
  run(client_->begin(table, "empty", timeout, later()));
  const LoadOutcome empty = run(client_->prepare(table, "empty", timeout, later()));
  EXPECT_EQ(empty.verdict, LoadVerdict::kFailed);
  EXPECT_EQ(empty.error.certainty, Certainty::kUnknown);
}

TEST_F(OperationsTest, SlowPublishingIsCommittedNotVisible) {
  cluster_options.config.publish_delay_ms = 3'600'000;
  start();
  const LoadOutcome plain = run(client_->stream_load(csv("plain"), seconds(1), later()));
  EXPECT_EQ(plain.verdict, LoadVerdict::kDone) << describe(plain.error);
  EXPECT_FALSE(plain.visible);
  EXPECT_EQ(state("plain"), "COMMITTED");
  prepare("l1");
  const auto committed = run(client_->commit(table, "l1", seconds(1), later()));
  ASSERT_FALSE(committed.has_value());
  EXPECT_EQ(committed.error().certainty, Certainty::kUnknown);
  EXPECT_EQ(run(client_->label_state("db", "l1", later()))->state, LabelState::kCommitted);
  const auto again = run(client_->commit(table, "l1", seconds(1), later()));
  ASSERT_TRUE(again.has_value()) << describe(again.error());
  EXPECT_FALSE(again->visible);
}

TEST_F(OperationsTest, RefusalsHaveTheirCodes) {
  cluster_options.users = {
      {"root", "secret", {{"db", "t", true, true}, {"db", "readonly", false, true}}}};
  cluster_options.init_sql +=
      "CREATE TABLE db.readonly (id INT) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id);";
  options.password = [] { return Secret("secret"); };
  start();
  // Such an account may not list the nodes, so that the BE must be allowed.
  options.redirect_allow = {"127.0.0.1:" + std::to_string(cluster_->be_port(0))};
  make_client();
  const auto begin_code = [this](TableName where) {
    const auto begun = run(client_->begin(std::move(where), "b1", timeout, later()));
    EXPECT_EQ(begun.error().certainty, Certainty::kNotApplied) << describe(begun.error());
    return begun.error().code;
  };
  EXPECT_EQ(begin_code({"nodb", "t"}), Errc::kNotFound);
  EXPECT_EQ(begin_code({"db", "readonly"}), Errc::kAccessDenied);
  LoadRequest load = csv("s1");
  load.table.table = "readonly";
  EXPECT_EQ(run(client_->stream_load(load, timeout, later())).error.code, Errc::kAccessDenied);
  cluster_->set_config("max_running_txn_num_per_db", "0");
  EXPECT_EQ(begin_code({"db", "t"}), Errc::kCongested);
  EXPECT_EQ(run(client_->stream_load(csv("s2"), timeout, later())).error.code, Errc::kCongested);
  cluster_->set_users({{"root", "other", {emulator::Grant{}}}});
  EXPECT_EQ(begin_code({"db", "t"}), Errc::kBadCredentials);
  const auto asked = run(client_->label_state("db", "x", later()));
  EXPECT_EQ(asked.error().code, Errc::kBadCredentials);
}

TEST_F(OperationsTest, AMissingTableIsNotFound) {
  start();
  LoadRequest load = csv("s1");
  load.table.table = "nope";
  const LoadOutcome outcome = run(client_->stream_load(load, timeout, later()));
  EXPECT_EQ(outcome.error.code, Errc::kNotFound) << describe(outcome.error);
  EXPECT_EQ(outcome.error.certainty, Certainty::kNotApplied);
  const auto state = run(client_->label_state("nodb", "x", later()));
  EXPECT_EQ(state.error().code, Errc::kNotFound);
}

TEST_F(OperationsTest, NamesOfAllKindsReachTheServer) {
  cluster_options.version = "3.5.4";
  cluster_options.init_sql +=
      "CREATE TABLE db.`t \xc3\xa4/?%` (id INT) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id);";
  start();
  LoadRequest load = csv("s1", "1\n");
  load.table.table = "t \xc3\xa4/?%";
  const LoadOutcome outcome = run(client_->stream_load(load, timeout, later()));
  EXPECT_EQ(outcome.verdict, LoadVerdict::kDone) << describe(outcome.error);
}

}  // namespace
}  // namespace loadstar::starrocks
