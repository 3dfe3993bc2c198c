#include "core/starrocks/client.hpp"

#include "tests/core/starrocks/client_fixture.hpp"

#include <string>

namespace loadstar::starrocks {
namespace {

using std::chrono::seconds;
using test::redirect_to;
using test::refused;
using test::reply;
using test::reply_lost;

const std::string kStreamLoaded =
    R"({"TxnId":7,"Label":"lbl-1","Status":"Success","Message":"OK","LoadBytes":4,)"
    R"("NumberTotalRows":1,"NumberLoadedRows":1,"NumberFilteredRows":0,"NumberUnselectedRows":0})";

class ClientTest : public ClientFixture {};

TEST_F(ClientTest, TheStatesOfALabelExistsReplyAreVerdicts) {
  const auto outcome_of = [this](const char* job) {
    transport
        .expect(transport.sent().size() % 4 == 0 ? kFe1 : kFe2, "PUT",
                redirect_to("http://be1:8040/x"))
        .expect(kBe1, "PUT",
                reply(200, std::string(
                               R"({"TxnId":-1,"Label":"lbl-1","Status":"Label Already Exists",)") +
                               R"("ExistingJobStatus":")" + job + R"(","Message":"x"})"));
    return run(client().stream_load(load_of(), timeout, in(seconds(5)))).verdict;
  };
  EXPECT_EQ(outcome_of("FINISHED"), LoadVerdict::kLabelFinished);
  EXPECT_EQ(outcome_of("RUNNING"), LoadVerdict::kLabelRunning);
  EXPECT_EQ(outcome_of("CANCELLED"), LoadVerdict::kLabelRunning);
}

TEST_F(ClientTest, TheBodyIsSharedWithEveryHop) {
  LoadRequest load = load_of();
  const char* const bytes = load.body.slices()[0].view().data();
  transport.expect(kFe1, "PUT", redirect_to("http://be1:8040/x"))
      .expect(kBe1, "PUT", reply(200, kStreamLoaded));
  EXPECT_EQ(run(client().stream_load(load, timeout, in(seconds(5)))).verdict, LoadVerdict::kDone);
  for (const auto& sent : transport.sent())
    EXPECT_EQ(sent.request.body.slices()[0].view().data(), bytes);
}

TEST_F(ClientTest, LoadAttemptsAreCounted) {
  transport.expect(kFe1, "PUT", refused())
      .expect(kFe2, "PUT", redirect_to("http://be1:8040/x"))
      .expect(kBe1, "PUT", reply(200, kStreamLoaded));
  EXPECT_EQ(run(client().stream_load(load_of(), timeout, in(seconds(5)))).verdict,
            LoadVerdict::kDone);
  transport.expect(kFe1, "PUT", reply_lost());
  EXPECT_FALSE(run(client().load(load_of(), in(seconds(5)))).has_value());
  const std::string text = exposition();
  EXPECT_NE(text.find("outcome=\"failed\",reason=\"connect\"} 1"), std::string::npos) << text;
  EXPECT_NE(text.find("outcome=\"succeeded\",reason=\"none\"} 1"), std::string::npos) << text;
  EXPECT_NE(text.find("outcome=\"unknown\",reason=\"ambiguous\"} 1"), std::string::npos) << text;
}

TEST_F(ClientTest, AnotherTransactionIdInALoadReplyIsNotBelieved) {
  LoadRequest load = load_of();
  load.transaction_id = 8;
  transport.expect(kFe1, "PUT", redirect_to("http://be1:8040/x"))
      .expect(kBe1, "PUT",
              reply(200, R"({"Status":"OK","Label":"lbl-1","TxnId":7,"LoadBytes":4})"));
  const auto result = run(client().load(load, in(seconds(5))));
  EXPECT_EQ(result.error().code, Errc::kMalformedReply);
}

TEST_F(ClientTest, AProxyThatIsDeclaredMayTakeLoads) {
  options.redirect_policy = RedirectPolicy::kProxyOnly;
  transport.expect(kFe1, "PUT", reply(200, kStreamLoaded));
  EXPECT_EQ(run(client().stream_load(load_of(), timeout, in(seconds(5)))).verdict,
            LoadVerdict::kDone);
  transport.expect(kFe2, "PUT", redirect_to("http://be1:8040/x"));
  EXPECT_EQ(run(client().stream_load(load_of(), timeout, in(seconds(5)))).error.code,
            Errc::kRedirectRefused);
}

TEST_F(ClientTest, InvalidRequestsAreNotSent) {
  LoadRequest load = load_of("bad label");
  EXPECT_EQ(run(client().stream_load(load, timeout, in(seconds(5)))).error.code,
            Errc::kInvalidRequest);
  EXPECT_EQ(run(client().begin({"d\n", "t"}, "l", timeout, in(seconds(5)))).error().code,
            Errc::kInvalidRequest);
  EXPECT_EQ(run(client().label_state("d", "a/b", in(seconds(5)))).error().code,
            Errc::kInvalidRequest);
  EXPECT_TRUE(transport.sent().empty());
}

TEST_F(ClientTest, CancelFreesATransaction) {
  transport.expect(kFe1, "POST /api/db/lbl-1/_cancel?label=lbl-1",
                   reply(200, R"({"status":"OK","msg":"Success"})"));
  EXPECT_TRUE(run(client().cancel("db", "lbl-1", in(seconds(5)))).has_value());
  transport.expect(kFe2, "POST /api/db/lbl-1/_cancel",
                   reply(200, R"({"status":"FAILED","msg":"transaction not found: lbl-1"})"));
  EXPECT_EQ(run(client().cancel("db", "lbl-1", in(seconds(5)))).error().certainty,
            Certainty::kNotApplied);
}

const char* const kV2 = "GET /api/v2/catalogs/default_catalog/databases/db/tables/t/schema";
const char* const kV1 = "GET /api/db/t/_schema";
const char* const kSql = "POST /api/v1/catalogs/default_catalog/sql";

TEST_F(ClientTest, SchemaComesFromTheFirstSourceThatAnswers) {
  transport.expect(kFe1, kV2, reply(200, R"({"code":"0","result":{"keysType":"DUP_KEYS","columns":[
      {"name":"a","type":{"name":"INT"},"isAllowNull":true}]}})"));
  const auto v2 = run(client().table_schema(table, in(seconds(5))));
  EXPECT_EQ(v2->key_model, KeyModel::kDuplicate);

  const http::Response page = reply(404, "<html>this is 404 page.</html>");
  transport.expect(kFe2, kV2, page)
      .expect(kFe1, kSql,
              reply(200,
                    "{\"meta\":[{\"name\":\"COLUMN_NAME\"},{\"name\":\"COLUMN_TYPE\"}]}\n{\"data\":"
                    "[\"a\",\"int(11)\"]}\n"))
      .expect(
          kFe2, kSql,
          reply(200, "{\"meta\":[{\"name\":\"TABLE_MODEL\"}]}\n{\"data\":[\"PRIMARY_KEYS\"]}\n"));
  const auto sql = run(client().table_schema(table, in(seconds(5))));
  EXPECT_EQ(sql->key_model, KeyModel::kPrimary);
  EXPECT_TRUE(sql->complete);

  transport.expect(kFe1, kV2, page)
      .expect(kFe2, kSql, reply(501, R"({"status":"FAILED","msg":"Not implemented"})"))
      .expect(kFe1, kV1, reply(200, R"({"status":200,"properties":[{"name":"a","type":"INT"}]})"));
  const auto v1 = run(client().table_schema(table, in(seconds(5))));
  ASSERT_TRUE(v1.has_value()) << describe(v1.error());
  EXPECT_FALSE(v1->complete);
}

TEST_F(ClientTest, SchemaDetailsThatV2DoesNotTellAreAskedBySql) {
  transport
      .expect(
          kFe1, kV2,
          reply(
              200,
              R"({"result":{"keysType":"DUP_KEYS","columns":[{"name":"a","type":{"name":"ARRAY"}}]}})"))
      .expect(kFe2, kSql,
              reply(200,
                    "{\"meta\":[{\"name\":\"COLUMN_NAME\"},{\"name\":\"COLUMN_TYPE\"}]}\n{\"data\":"
                    "[\"a\",\"array<int(11)>\"]}\n"));
  const auto schema = run(client().table_schema(table, in(seconds(5))));
  ASSERT_TRUE(schema.has_value());
  EXPECT_EQ(schema->columns[0].type.children.size(), 1U);
  EXPECT_TRUE(schema->complete);
}

// D12: what cannot be known is not guessed, not even for a minute.
TEST_F(ClientTest, SchemaDetailsThatAreNotToldNowAreAnErrorAndNotGuessed) {
  const char* const kVarbinary =
      R"({"result":{"keysType":"DUP_KEYS","columns":[{"name":"a","type":{"name":"VARBINARY"}}]}})";
  transport.expect(kFe1, kV2, reply(200, kVarbinary))
      .expect(kFe2, kSql, reply(500, "<html>"))
      .expect(kFe1, kSql, reply(500, "<html>"));
  const auto unknown = run(client().table_schema(table, in(seconds(5))));
  ASSERT_TRUE(unknown.has_error());
  EXPECT_EQ(unknown.error().code, Errc::kUnexpectedStatus);

  transport.expect(kFe2, kV2, reply(200, kVarbinary))
      .expect(kFe1, kSql, reply(501, R"({"status":"FAILED","msg":"Not implemented"})"));
  const auto never = run(client().table_schema(table, in(seconds(5))));
  ASSERT_TRUE(never.has_value()) << describe(never.error());
  EXPECT_FALSE(never->exact);
}

TEST_F(ClientTest, SqlErrorsWithServerStatusAreAnswers) {
  options.circuit_breaker.failures = 1;
  transport.expect(
      kFe1, kSql,
      reply(
          500,
          R"({"status":"FAILED","code":"1","msg":"Access denied; you need (at least one of) the OPERATE privilege(s) "
})"));
  EXPECT_EQ(run(client().sql("SHOW BACKENDS", in(seconds(5)))).error().code, Errc::kAccessDenied);
  EXPECT_EQ(metrics.circuits_open.Value(), 0);
}

TEST_F(ClientTest, AMissingTableIsNotLookedForElsewhere) {
  transport.expect(kFe1, kV2, reply(404, R"({"code":"404","message":"Unknown table 't'"})"));
  const auto schema = run(client().table_schema(table, in(seconds(5))));
  EXPECT_EQ(schema.error().code, Errc::kNotFound);
}

TEST_F(ClientTest, VersionComesFromTheFeaturePageOrFromSql) {
  transport.expect(kFe1, "GET /api/v2/feature",
                   reply(200, R"({"version":"3.5.4","features":[],"status":"OK"})"));
  EXPECT_EQ(run(client().version(in(seconds(5)))).value(), (Version{3, 5, 4}));
  transport.expect(kFe2, "GET /api/v2/feature", reply(404, "this is 404 page."))
      .expect(kFe1, kSql,
              reply(200, "{\"meta\":[{\"name\":\"v\"}]}\n{\"data\":[\"3.2.1 abc\"]}\n"));
  EXPECT_EQ(run(client().version(in(seconds(5)))).value(), (Version{3, 2, 1}));
  transport.expect(kFe2, "GET /api/v2/feature", reply(404, "")).expect(kFe1, kSql, reply(501, ""));
  EXPECT_EQ(run(client().version(in(seconds(5)))).error().code, Errc::kUnsupported);
}

TEST_F(ClientTest, TheTransactionInterfaceIsKnownByVersionElseByAsking) {
  transport.expect(kFe1, "GET /api/v2/feature", reply(200, R"({"version":"3.5.4"})"));
  EXPECT_TRUE(run(client().has_transactions(in(seconds(5)))).value());
  const auto without_version = [this](const char* first, const char* second, const char* third,
                                      http::Response probe) {
    transport.expect(first, "GET /api/v2/feature", reply(404, ""))
        .expect(second, kSql, reply(501, ""))
        .expect(third, "POST /api/transaction/rollback", std::move(probe));
    return run(client().has_transactions(in(seconds(5)))).value();
  };
  EXPECT_TRUE(without_version(
      kFe2, kFe1, kFe2,
      reply(200, R"({"Status":"FAILED","Message":"class x: No database selected."})")));
  EXPECT_FALSE(without_version(kFe1, kFe2, kFe1,
                               reply(501, R"({"status":"FAILED","msg":"Not implemented"})")));
}

TEST_F(ClientTest, HealthIsAskedOfAnyFrontend) {
  transport.expect(kFe1, "GET /api/health", reply(500, ""))
      .expect(kFe2, "GET /api/health", reply(200, R"({"status":"OK"})"));
  EXPECT_TRUE(run(client().health(in(seconds(5)))).has_value());
}

// F240, T12
TEST_F(ClientTest, ErrorLogsAreReadFromKnownHostsWithoutCredentials) {
  transport.expect(kBe1, "GET /api/_load_error_log?file=x", reply(200, "Error: bad. Row: 1\n"));
  const auto text =
      run(client().error_log("http://be1:8040/api/_load_error_log?file=x", in(seconds(5))));
  EXPECT_EQ(text.value(), "Error: bad. Row: 1\n");
  EXPECT_TRUE(transport.sent()[0].request.fields.empty());

  options.redirect_policy = RedirectPolicy::kFollowKnown;
  EXPECT_FALSE(run(client().error_log("http://be1:8040/metrics", in(seconds(5)))).has_value());
  EXPECT_FALSE(
      run(client().error_log("http://169.254.169.254/api/_load_error_log?file=x", in(seconds(5))))
          .has_value());
  EXPECT_EQ(transport.sent().size(), 1U);
}

TEST_F(ClientTest, ThePasswordIsReadForEachRequestAndNeverLogged) {
  int reads = 0;
  options.password = [&reads] { return Secret("canary-" + std::to_string(++reads)); };
  for (const char* frontend : {kFe1, kFe2}) {
    transport.expect(frontend, "POST /api/transaction/begin",
                     reply(401, "Access denied for root@canary"));
    EXPECT_EQ(run(client().begin(table, "lbl-1", timeout, in(seconds(5)))).error().code,
              Errc::kBadCredentials);
  }
  EXPECT_EQ(reads, 2);
  EXPECT_NE(test::field_of(transport.sent()[0].request, "Authorization"),
            test::field_of(transport.sent()[1].request, "Authorization"));
  EXPECT_EQ(log->text.find("canary-"), std::string::npos);
}

}  // namespace
}  // namespace loadstar::starrocks
