#include "core/starrocks/version_reply.hpp"

#include "tests/support/scripted_transport.hpp"

#include <gtest/gtest.h>

namespace loadstar::starrocks {
namespace {

using test::reply;

TEST(VersionReplyTest, FeatureNamesTheVersion) {
  EXPECT_EQ(
      parse_feature(reply(200, R"({"version":"3.5.0-abc","features":[],"status":"OK"})")).value(),
      (Version{3, 5, 0}));
  EXPECT_EQ(parse_feature(reply(404, "this is 404 page.")).error().code, Errc::kUnsupported);
  for (const char* body : {"{}", R"({"version":35})", R"({"version":"main"})", "[]", "<html>"}) {
    EXPECT_EQ(parse_feature(reply(200, body)).error().code, Errc::kMalformedReply) << body;
  }
}

TEST(VersionReplyTest, CurrentVersionIsOneCell) {
  EXPECT_EQ(version_of(SqlResult{{"v"}, {{"3.2.1 abc"}}}).value(), (Version{3, 2, 1}));
  EXPECT_FALSE(version_of(SqlResult{{"v"}, {}}).has_value());
  EXPECT_FALSE(version_of(SqlResult{{"v"}, {{std::nullopt}}}).has_value());
  EXPECT_FALSE(version_of(SqlResult{{"v"}, {{"x"}}}).has_value());
  EXPECT_FALSE(version_of(SqlResult{{"v"}, {{"3.2.1"}, {"3.2.1"}}}).has_value());
}

TEST(VersionReplyTest, TheTransactionInterfaceAnswersWithStatus) {
  EXPECT_TRUE(
      judge_probe(reply(200, R"({"Status":"FAILED","Message":"class x: No database selected."})"))
          .value());
  EXPECT_FALSE(judge_probe(reply(501, R"({"status":"FAILED","msg":"Not implemented"})")).value());
  EXPECT_FALSE(judge_probe(reply(405, "")).value());
  EXPECT_FALSE(judge_probe(reply(200, "<html>")).value());
  EXPECT_EQ(judge_probe(reply(401, "")).error().code, Errc::kBadCredentials);
}

TEST(VersionReplyTest, HealthIsOkOrAnError) {
  EXPECT_TRUE(
      judge_health(reply(200, R"({"online_backend_num":3,"total_backend_num":3,"status":"OK"})"))
          .has_value());
  EXPECT_EQ(judge_health(reply(200, R"({"status":"FAILED"})")).error().code, Errc::kRejected);
  EXPECT_EQ(judge_health(reply(200, "")).error().code, Errc::kMalformedReply);
  EXPECT_FALSE(judge_health(reply(404, "")).has_value());
}

TEST(VersionReplyTest, AnotherSchemaSourceIsAskedUnlessTheAnswerIsFinal) {
  const auto another = [](Errc code) {
    return is_for_another_source(Error{code, Certainty::kNotApplied, ""});
  };
  EXPECT_TRUE(another(Errc::kUnsupported));
  EXPECT_TRUE(another(Errc::kMalformedReply));
  EXPECT_TRUE(another(Errc::kAccessDenied));
  EXPECT_FALSE(another(Errc::kNotFound));
  EXPECT_FALSE(another(Errc::kBadCredentials));
  EXPECT_FALSE(is_for_another_source(TableSchema{}));
}

}  // namespace
}  // namespace loadstar::starrocks
