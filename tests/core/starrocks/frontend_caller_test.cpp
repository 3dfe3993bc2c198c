#include "core/starrocks/frontend_caller.hpp"

#include "tests/core/starrocks/client_fixture.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>

#include <algorithm>
#include <map>

namespace loadstar::starrocks {
namespace {

using std::chrono::seconds;
using test::Hang;
using test::redirect_to;
using test::refused;
using test::reply;
using test::reply_lost;

const char* const kStateLine = "GET /api/db/get_load_state?label=lbl-1";
const char* const kVisible = R"({"state":"VISIBLE","status":"OK","msg":"Success"})";
const char* const kBegun = R"({"Status":"OK","Label":"lbl-1","TxnId":7})";
const char* const kBeginLine = "POST /api/transaction/begin";
const char* const kSqlLine = "POST /api/v1/catalogs/default_catalog/sql";
const char* const kBackends =
    "{\"meta\":[{\"name\":\"IP\"},{\"name\":\"HttpPort\"}]}\n{\"data\":[\"be9\",8040]}\n";
const char* const kFrontends =
    "{\"meta\":[{\"name\":\"IP\"},{\"name\":\"HttpPort\"}]}\n{\"data\":[\"fe9\",8030]}\n";

/// The loop around Transport::send, seen through operations of the client.
class FrontendCallerTest : public ClientFixture {
 protected:
  Result<std::int64_t> begin(Clock::duration length = seconds(30)) {
    return run(client().begin(table, "lbl-1", timeout, in(length)));
  }
  Result<LabelStatus> state(Clock::duration length = seconds(8)) {
    return run(client().label_state("db", "lbl-1", in(length)));
  }
};

// F059
TEST_F(FrontendCallerTest, CredentialsFollowARedirectToAKnownHost) {
  transport.expect(kFe1, kBeginLine, redirect_to("http://be1:8040/api/transaction/begin"))
      .expect(kBe1, kBeginLine, reply(200, kBegun));
  EXPECT_EQ(begin().value(), 7);
  ASSERT_EQ(transport.sent().size(), 2U);
  EXPECT_EQ(test::field_of(transport.sent()[1].request, "Authorization"), kAuthorization);
  EXPECT_EQ(transport.sent()[1].request.fields, transport.sent()[0].request.fields);
  EXPECT_NE(
      exposition().find(
          "loadstar_redirects_total{cluster=\"main\",kind=\"backend\",outcome=\"followed\"} 1"),
      std::string::npos);
}

TEST_F(FrontendCallerTest, TheRequestOwnsItsPathWhateverLocationSays) {
  transport.expect(kFe1, kBeginLine, redirect_to("http://be1:8040/admin/drop?x=y"))
      .expect(kBe1, kBeginLine, reply(200, kBegun));
  EXPECT_TRUE(begin().has_value());
}

TEST_F(FrontendCallerTest, ARefusedConnectionIsTriedAtTheNextFrontend) {
  transport.expect(kFe1, kBeginLine, refused()).expect(kFe2, kBeginLine, reply(200, kBegun));
  EXPECT_TRUE(begin().has_value());
}

// F033
TEST_F(FrontendCallerTest, WhenAllRefuseTheErrorIsProvedNotApplied) {
  transport.expect(kFe1, kBeginLine, refused()).expect(kFe2, kBeginLine, refused());
  const auto result = begin();
  EXPECT_EQ(result.error().code, Errc::kConnectFailed);
  EXPECT_EQ(result.error().certainty, Certainty::kNotApplied);
}

TEST_F(FrontendCallerTest, ALostReplyIsTriedAgainForQuestionsOnly) {
  transport.expect(kFe1, kBeginLine, reply_lost());
  const auto begun = begin();
  EXPECT_EQ(begun.error().code, Errc::kConnectionLost);
  EXPECT_EQ(begun.error().certainty, Certainty::kUnknown);
  transport.expect(kFe2, kStateLine, reply_lost()).expect(kFe1, kStateLine, reply(200, kVisible));
  EXPECT_EQ(state()->state, LabelState::kVisible);
}

TEST_F(FrontendCallerTest, AnEarlierUnknownTryKeepsTheOutcomeUnknown) {
  transport.expect(kFe1, kStateLine, reply_lost()).expect(kFe2, kStateLine, refused());
  EXPECT_EQ(state().error().certainty, Certainty::kUnknown);
}

TEST_F(FrontendCallerTest, ServerErrorsAreNoReply) {
  transport.expect(kFe1, kStateLine, reply(503, "")).expect(kFe2, kStateLine, reply(200, kVisible));
  EXPECT_TRUE(state().has_value());
  transport.expect(kFe1, kBeginLine, reply(500, R"({"status":"FAILED"})"));
  const auto begun = begin();
  EXPECT_EQ(begun.error().code, Errc::kUnexpectedStatus);
  EXPECT_EQ(begun.error().certainty, Certainty::kUnknown);
}

TEST_F(FrontendCallerTest, AHangingFrontendLeavesTimeForTheNext) {
  transport.expect(kFe1, kStateLine, Hang{}).expect(kFe2, kStateLine, reply(200, kVisible));
  const auto start = Clock::now();
  EXPECT_TRUE(state(seconds(8)).has_value());
  EXPECT_LT(Clock::now() - start, seconds(5));
}

TEST_F(FrontendCallerTest, EveryQuestionEndsByTheQueryTimeout) {
  options.query_timeout = seconds(3);
  transport.expect(kFe1, kStateLine, Hang{}).expect(kFe2, kStateLine, Hang{});
  const auto start = Clock::now();
  EXPECT_EQ(state(std::chrono::hours(1)).error().code, Errc::kDeadlineExceeded);
  EXPECT_LE(Clock::now() - start, seconds(4));
}

TEST_F(FrontendCallerTest, OperationsEndByTheDeadlineOfTheCaller) {
  transport.expect(kFe1, kBeginLine, Hang{});
  const auto result = begin(seconds(5));
  EXPECT_EQ(result.error().code, Errc::kDeadlineExceeded);
  EXPECT_EQ(result.error().certainty, Certainty::kUnknown);
  EXPECT_EQ(transport.sent()[0].deadline, Deadline(std::chrono::hours(1000) + seconds(5)));
}

TEST_F(FrontendCallerTest, ADeadBackendIsWorthOneMoreTryThroughTheSameFrontend) {
  options.load_urls.pop_back();
  transport.expect(kFe1, kBeginLine, redirect_to("http://be1:8040/x"))
      .expect(kBe1, kBeginLine, refused())
      .expect(kFe1, kBeginLine, redirect_to("http://be2:8040/x"))
      .expect(kBe2, kBeginLine, reply(200, kBegun));
  EXPECT_TRUE(begin().has_value());
}

TEST_F(FrontendCallerTest, AfterTwoDeadBackendsTheCallEnds) {
  options.load_urls.pop_back();
  transport.expect(kFe1, kBeginLine, redirect_to("http://be1:8040/x"))
      .expect(kBe1, kBeginLine, refused())
      .expect(kFe1, kBeginLine, redirect_to("http://be2:8040/x"))
      .expect(kBe2, kBeginLine, refused());
  EXPECT_EQ(begin().error().certainty, Certainty::kNotApplied);
}

TEST_F(FrontendCallerTest, ARedirectCircleIsLeft) {
  options.load_urls.pop_back();
  for (int i = 0; i < 2; ++i) {
    transport.expect(kFe1, kBeginLine, redirect_to("http://be1:8040/x"))
        .expect(kBe1, kBeginLine, redirect_to("http://fe1:8030/x"));
  }
  const auto result = begin();
  EXPECT_EQ(result.error().code, Errc::kRedirectFailed);
  EXPECT_EQ(result.error().certainty, Certainty::kNotApplied);
}

TEST_F(FrontendCallerTest, MoreThanThreeRedirectsAreNotFollowed) {
  options.load_urls = {{false, "fe1", 8030}};
  options.redirect_allow = {"*.hop:8040"};
  for (int i = 0; i < 2; ++i) {
    transport.expect(kFe1, kBeginLine, redirect_to("http://a.hop:8040/"))
        .expect("http://a.hop:8040", kBeginLine, redirect_to("http://b.hop:8040/"))
        .expect("http://b.hop:8040", kBeginLine, redirect_to("http://c.hop:8040/"))
        .expect("http://c.hop:8040", kBeginLine, redirect_to("http://d.hop:8040/"));
  }
  EXPECT_EQ(begin().error().code, Errc::kRedirectFailed);
}

TEST_F(FrontendCallerTest, FollowerLeaderBackendIsFollowed) {
  transport.expect(kFe1, kBeginLine, redirect_to("http://fe2:8030/x"))
      .expect(kFe2, kBeginLine, redirect_to("http://be1:8040/x"))
      .expect(kBe1, kBeginLine, reply(200, kBegun));
  EXPECT_TRUE(begin().has_value());
  EXPECT_NE(exposition().find("kind=\"leader\",outcome=\"followed\"} 1"), std::string::npos);
}

// T04: neither credentials nor body reach a host that nobody vouches for.
TEST_F(FrontendCallerTest, AnUnknownHostGetsNothing) {
  transport.expect(kFe1, "PUT /api/db/t/_stream_load",
                   redirect_to("http://user:pw@evil:8040/api/db/t/_stream_load"));
  transport.expect(kFe2, kSqlLine, reply(200, kFrontends))
      .expect(kFe1, kSqlLine, reply(200, kBackends))
      .expect(kFe2, kSqlLine, reply(200, kBackends));
  const LoadOutcome outcome = run(client().stream_load(load_of(), timeout, in(seconds(30))));
  EXPECT_EQ(outcome.verdict, LoadVerdict::kFailed);
  EXPECT_EQ(outcome.error.code, Errc::kRedirectRefused);
  EXPECT_EQ(outcome.error.certainty, Certainty::kNotApplied);
  EXPECT_NE(outcome.error.detail.find("\"evil:8040\" to starrocks.redirect_allow"),
            std::string::npos);
  for (const auto& sent : transport.sent()) EXPECT_TRUE(sent.endpoint.host.starts_with("fe"));
  EXPECT_EQ(outcome.error.detail.find("pw"), std::string::npos);
  EXPECT_EQ(log->text.find("pw@"), std::string::npos) << log->text;
}

TEST_F(FrontendCallerTest, TheClustersOwnNodesAreKnownOnceListed) {
  transport.expect(kFe1, kBeginLine, redirect_to("http://be9:8040/x"))
      .expect(kFe2, kSqlLine, reply(200, kFrontends))
      .expect(kFe1, kSqlLine, reply(200, kBackends))
      .expect(kFe2, kSqlLine, reply(400, R"({"status":"FAILED","msg":"x"})"))
      .expect("http://be9:8040", kBeginLine, reply(200, kBegun));
  EXPECT_TRUE(begin().has_value());
  EXPECT_NE(transport.sent()[1].request.body.to_string().find("SHOW FRONTENDS"), std::string::npos);
  EXPECT_NE(transport.sent()[2].request.body.to_string().find("SHOW BACKENDS"), std::string::npos);
  EXPECT_NE(transport.sent()[3].request.body.to_string().find("SHOW COMPUTE NODES"),
            std::string::npos);
  // Cached: the next redirect asks nothing.
  transport.expect(kFe1, kBeginLine, redirect_to("http://be9:8040/x"))
      .expect("http://be9:8040", kBeginLine, reply(200, kBegun));
  EXPECT_TRUE(begin().has_value());
}

TEST_F(FrontendCallerTest, AMissIsReadAgainButNotAtOnce) {
  const std::string denied =
      R"({"status":"FAILED","msg":"Access denied; you need (at least one of) the OPERATE privilege(s) "})";
  transport.expect(kFe1, kBeginLine, redirect_to("http://be9:8040/x"))
      .expect(kFe2, kSqlLine, reply(400, denied))
      .expect(kFe1, kSqlLine, reply(400, denied))
      .expect(kFe2, kSqlLine, reply(400, denied));
  EXPECT_EQ(begin().error().code, Errc::kRedirectRefused);
  transport.expect(kFe1, kBeginLine, redirect_to("http://be9:8040/x"));
  EXPECT_EQ(begin().error().code, Errc::kRedirectRefused);
  test::advance_clock(seconds(11));
  transport.expect(kFe2, kBeginLine, redirect_to("http://be9:8040/x"))
      .expect(kFe1, kSqlLine, reply(200, kFrontends))
      .expect(kFe2, kSqlLine, reply(200, kBackends))
      .expect(kFe1, kSqlLine, reply(200, kBackends))
      .expect("http://be9:8040", kBeginLine, reply(200, kBegun));
  EXPECT_TRUE(begin().has_value());
}

TEST_F(FrontendCallerTest, BreakersOpenAndTheGaugesSaySo) {
  options.load_urls.pop_back();
  options.circuit_breaker.failures = 2;
  transport.expect(kFe1, kBeginLine, refused()).expect(kFe1, kBeginLine, refused());
  EXPECT_EQ(begin().error().code, Errc::kConnectFailed);
  EXPECT_EQ(metrics.circuits_open.Value(), 0);
  EXPECT_EQ(begin().error().code, Errc::kConnectFailed);
  EXPECT_EQ(metrics.circuits_open.Value(), 1);
  EXPECT_EQ(metrics.starrocks_up.Value(), 0);
  const auto open = begin();
  EXPECT_EQ(open.error().code, Errc::kCircuitOpen);
  EXPECT_EQ(open.error().certainty, Certainty::kNotApplied);
  test::advance_clock(options.circuit_breaker.open_for);
  transport.expect(kFe1, kBeginLine, reply(200, kBegun));
  EXPECT_TRUE(begin().has_value());
  EXPECT_EQ(metrics.circuits_open.Value(), 0);
  EXPECT_EQ(metrics.starrocks_up.Value(), 1);
}

/// One frontend, whose breaker has opened.
class FrontendAloneTest : public FrontendCallerTest {
 protected:
  void SetUp() override {
    FrontendCallerTest::SetUp();
    options.load_urls.pop_back();
    options.circuit_breaker.failures = 1;
    options.query_timeout = seconds(60);
    transport.expect(kFe1, kBeginLine, refused());
    EXPECT_EQ(begin().error().code, Errc::kConnectFailed);
  }

  /// Begins a call that ends into results_[index].
  void start(std::size_t index, Clock::duration length = seconds(30)) {
    auto on_exit = [this, index](std::exception_ptr error, Result<LabelStatus> result) {
      EXPECT_FALSE(error);
      results_.insert_or_assign(index, std::move(result));
    };
    boost::asio::co_spawn(io, client().label_state("db", "lbl-1", in(length)), std::move(on_exit));
    test::run_until_idle(io);
  }

  std::map<std::size_t, Result<LabelStatus>> results_;
};

TEST_F(FrontendAloneTest, AfterALongOutageItIsTriedAgainAtTheFirstPeriod) {
  for (int i = 0; i < 30; ++i) {
    test::advance_clock(options.circuit_breaker.open_for);
    transport.expect(kFe1, kBeginLine, refused());
    EXPECT_EQ(begin().error().code, Errc::kConnectFailed);
    EXPECT_EQ(begin().error().code, Errc::kCircuitOpen);
  }
  test::advance_clock(options.circuit_breaker.open_for);
  transport.expect(kFe1, kBeginLine, reply(200, kBegun));
  EXPECT_TRUE(begin().has_value());
}

TEST_F(FrontendAloneTest, OneCallTriesAndTheOthersEndWithIt) {
  test::advance_clock(options.circuit_breaker.open_for);
  transport.expect(kFe1, kStateLine, Hang{});
  start(0, seconds(2));
  start(1);
  start(2);
  EXPECT_TRUE(results_.empty());
  EXPECT_EQ(transport.sent().size(), 2U);
  // The one that tries is not answered, so the others do not try on their own.
  test::pass_time(io, seconds(3));
  ASSERT_EQ(results_.size(), 3U);
  EXPECT_EQ(results_.at(0).error().code, Errc::kDeadlineExceeded);
  EXPECT_EQ(results_.at(1).error().code, Errc::kCircuitOpen);
  EXPECT_EQ(results_.at(2).error().code, Errc::kCircuitOpen);
  EXPECT_EQ(transport.sent().size(), 2U);
}

TEST_F(FrontendAloneTest, ARedirectIsAnAnswerToThoseWhoWait) {
  test::advance_clock(options.circuit_breaker.open_for);
  transport.expect(kFe1, kStateLine, redirect_to("http://be1:8040/x"))
      .expect(kBe1, kStateLine, Hang{})
      .expect(kFe1, kStateLine, reply(200, kVisible));
  start(0);
  EXPECT_EQ(metrics.circuits_open.Value(), 0);
  start(1);
  ASSERT_EQ(results_.count(1), 1U);
  EXPECT_EQ(results_.at(1)->state, LabelState::kVisible);
  EXPECT_EQ(results_.count(0), 0U);
  test::pass_time(io, seconds(20));
}

TEST_F(FrontendAloneTest, WhoWaitsForATryThatHangsTriesAfterThePeriodAndTheRestGoOn) {
  test::advance_clock(options.circuit_breaker.open_for);
  transport.expect(kFe1, kStateLine, Hang{});
  start(0, seconds(60));
  start(1, seconds(60));
  start(2, seconds(60));
  transport.expect(kFe1, kStateLine, reply(200, kVisible))
      .expect(kFe1, kStateLine, reply(200, kVisible));
  test::pass_time(io, options.circuit_breaker.open_for - seconds(1));
  EXPECT_TRUE(results_.empty());
  test::pass_time(io, seconds(2));
  ASSERT_EQ(results_.size(), 2U);
  EXPECT_EQ(results_.at(1)->state, LabelState::kVisible);
  EXPECT_EQ(results_.at(2)->state, LabelState::kVisible);
  test::pass_time(io, seconds(60));
}

TEST_F(FrontendAloneTest, WhoWaitsEndsByItsOwnDeadline) {
  test::advance_clock(options.circuit_breaker.open_for);
  transport.expect(kFe1, kStateLine, Hang{});
  start(0, seconds(8));
  start(1, seconds(2));
  test::pass_time(io, seconds(3));
  ASSERT_EQ(results_.count(1), 1U);
  EXPECT_EQ(results_.at(1).error().code, Errc::kCircuitOpen);
  EXPECT_EQ(results_.at(1).error().certainty, Certainty::kNotApplied);
  test::pass_time(io, seconds(8));
}

TEST_F(FrontendCallerTest, ARefusedAccountIsLoggedOnceInAWhile) {
  options.load_urls.pop_back();
  const auto lines = [this] { return std::count(log->text.begin(), log->text.end(), '\n'); };
  const auto refused_account = reply(401, "Access denied for root@1.2.3.4");
  transport.expect(kFe1, kBeginLine, refused_account).expect(kFe1, kBeginLine, refused_account);
  EXPECT_EQ(begin().error().code, Errc::kBadCredentials);
  EXPECT_EQ(begin().error().code, Errc::kBadCredentials);
  EXPECT_NE(log->text.find("StarRocks refuses the account"), std::string::npos);
  EXPECT_EQ(lines(), 1);
  test::advance_clock(seconds(30));
  transport.expect(kFe1, kBeginLine, refused_account);
  EXPECT_EQ(begin().error().code, Errc::kBadCredentials);
  EXPECT_EQ(lines(), 2);
}

TEST_F(FrontendCallerTest, ADeadBackendIsNotItsFrontendsFailure) {
  options.load_urls.pop_back();
  options.circuit_breaker.failures = 1;
  for (int i = 0; i < 2; ++i) {
    transport.expect(kFe1, kBeginLine, redirect_to("http://be1:8040/x"))
        .expect(kBe1, kBeginLine, refused());
  }
  EXPECT_EQ(begin().error().code, Errc::kConnectFailed);
  EXPECT_EQ(metrics.circuits_open.Value(), 0);
}

TEST_F(FrontendCallerTest, CancellingEndsWithCancelled) {
  transport.expect(kFe1, kBeginLine, Hang{});
  boost::asio::cancellation_signal signal;
  std::optional<Result<std::int64_t>> result;
  auto on_exit = boost::asio::bind_cancellation_slot(
      signal.slot(), [&](std::exception_ptr error, Result<std::int64_t> value) {
        EXPECT_FALSE(error);
        result = std::move(value);
      });
  boost::asio::co_spawn(io, client().begin(table, "lbl-1", timeout, kNever), std::move(on_exit));
  test::run_until_idle(io);
  EXPECT_FALSE(result.has_value());
  signal.emit(boost::asio::cancellation_type::terminal);
  test::run_until_idle(io);
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->error().code, Errc::kCancelled);
  EXPECT_EQ(result->error().certainty, Certainty::kUnknown);
}

TEST_F(FrontendCallerTest, ConcurrentMissesReadTheNodesOnce) {
  const auto slow = std::chrono::seconds(2);
  options.query_timeout = slow;
  // Two calls meet an unlisted host; one asks the cluster, the other waits for its answer.
  transport.expect(kFe1, kBeginLine, redirect_to("http://be9:8040/x"))
      .expect(kFe2, kSqlLine, Hang{})
      .expect(kFe1, kBeginLine, redirect_to("http://be9:8040/x"))
      .expect(kFe1, kSqlLine, reply(200, kFrontends));
  int ended = 0;
  for (int i = 0; i < 2; ++i) {
    auto on_exit = [&ended](std::exception_ptr error, Result<std::int64_t> result) {
      EXPECT_FALSE(error);
      EXPECT_TRUE(result.has_value()) << describe(result.error());
      ++ended;
    };
    boost::asio::co_spawn(io, client().begin(table, "lbl-1", timeout, kNever), std::move(on_exit));
    test::run_until_idle(io);
  }
  EXPECT_EQ(ended, 0);
  transport.expect(kFe2, kSqlLine, reply(200, kBackends))
      .expect(kFe1, kSqlLine, reply(200, kBackends))
      .expect("http://be9:8040", kBeginLine, reply(200, kBegun))
      .expect("http://be9:8040", kBeginLine, reply(200, kBegun));
  test::pass_time(io, slow);
  EXPECT_EQ(ended, 2);
}

}  // namespace
}  // namespace loadstar::starrocks
