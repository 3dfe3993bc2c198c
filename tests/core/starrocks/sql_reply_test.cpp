#include "core/starrocks/sql_reply.hpp"

#include "tests/support/scripted_transport.hpp"

#include <gtest/gtest.h>

namespace loadstar::starrocks {
namespace {

using test::reply;

TEST(SqlReplyTest, ReadsNewlineDelimitedJson) {
  const auto result =
      parse_sql_reply(reply(200,
                            "{\"connectionId\":70}\n"
                            "{\"meta\":[{\"name\":\"k1\",\"type\":\"date\"},{\"name\":\"n\"}]}\r\n"
                            "{\"data\":[\"2020-01-25\",17]}\n\n"
                            "{\"data\":[null,true]}\n"
                            "{\"statistics\":{\"scanRows\":0}}"));
  ASSERT_TRUE(result.has_value()) << describe(result.error());
  EXPECT_EQ(result->columns, (std::vector<std::string>{"k1", "n"}));
  ASSERT_EQ(result->rows.size(), 2U);
  EXPECT_EQ(result->rows[0], (std::vector<std::optional<std::string>>{"2020-01-25", "17"}));
  EXPECT_EQ(result->rows[1], (std::vector<std::optional<std::string>>{std::nullopt, "true"}));
}

TEST(SqlReplyTest, AnEmptyResultHasColumns) {
  const auto result = parse_sql_reply(reply(200, "{\"meta\":[{\"name\":\"a\"}]}\n"));
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->columns.size(), 1U);
  EXPECT_TRUE(result->rows.empty());
}

TEST(SqlReplyTest, WhatHasAnotherShapeIsMalformed) {
  for (const char* body :
       {"", "\n", "{}", "[]", "{\"connectionId\":1}", "{\"data\":[1]}", "{\"meta\":[{}]}",
        "{\"meta\":[\"a\"]}", "{\"meta\":{}}", "{\"meta\":[{\"name\":\"a\"}]}\n{\"data\":[1,2]}",
        "{\"meta\":[{\"name\":\"a\"}]}\n{\"data\":[]}",
        "{\"meta\":[{\"name\":\"a\"}]}\n{\"data\":1}",
        "{\"meta\":[{\"name\":\"a\"}]}\n{\"data\":[1", "<html>"}) {
    const auto result = parse_sql_reply(reply(200, body));
    ASSERT_FALSE(result.has_value()) << body;
    EXPECT_EQ(result.error().code, Errc::kMalformedReply) << body;
    EXPECT_EQ(result.error().certainty, Certainty::kNotApplied) << body;
  }
}

TEST(SqlReplyTest, ErrorsComeInTheRestEnvelope) {
  const std::string access =
      R"({"status":"FAILED","code":"1","msg":"Access denied; you need (at least one of) the OPERATE privilege(s) on SYSTEM for this operation"})";
  EXPECT_EQ(parse_sql_reply(reply(400, access)).error().code, Errc::kAccessDenied);
  EXPECT_EQ(parse_sql_reply(reply(200, access)).error().code, Errc::kAccessDenied);
  const std::string other = R"({"status":"FAILED","msg":"Getting syntax error"})";
  EXPECT_EQ(parse_sql_reply(reply(400, other)).error().code, Errc::kRejected);
  EXPECT_EQ(parse_sql_reply(reply(401, "")).error().code, Errc::kBadCredentials);
  EXPECT_EQ(
      parse_sql_reply(reply(501, R"({"status":"FAILED","msg":"Not implemented"})")).error().code,
      Errc::kUnsupported);
  EXPECT_EQ(parse_sql_reply(reply(404, "this is 404 page.")).error().code, Errc::kUnsupported);
  EXPECT_EQ(parse_sql_reply(reply(400, "")).error().certainty, Certainty::kNotApplied);
}

TEST(SqlReplyTest, LiteralsCannotBeLeft) {
  EXPECT_EQ(sql_literal("t1"), "'t1'");
  EXPECT_EQ(sql_literal("a'b"), "'a\\'b'");
  EXPECT_EQ(sql_literal("a\\"), "'a\\\\'");
  EXPECT_EQ(sql_literal("\\' OR 1=1 --"), "'\\\\\\' OR 1=1 --'");
}

}  // namespace
}  // namespace loadstar::starrocks
