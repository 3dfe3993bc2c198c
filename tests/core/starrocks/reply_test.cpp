#include "core/starrocks/reply.hpp"

#include <gtest/gtest.h>

namespace loadstar::starrocks {
namespace {

TEST(ReplyTest, ReadsTheStatusEnvelope) {
  const auto reply = parse_reply(R"({
    "TxnId": 1003, "Label": "l", "Status": "Success", "Message": "OK", "NumberTotalRows": 10,
    "NumberLoadedRows": 7, "NumberFilteredRows": 2, "NumberUnselectedRows": 1, "LoadBytes": 400,
    "ErrorURL": "http://be1:8040/api/_load_error_log?file=x", "NewKey": {"deep": [1, 2]}})");
  ASSERT_TRUE(reply.has_value());
  EXPECT_EQ(reply->status, "Success");
  EXPECT_EQ(reply->message, "OK");
  EXPECT_EQ(reply->label, "l");
  EXPECT_EQ(reply->transaction_id, 1003);
  EXPECT_EQ(reply->total_rows, 10U);
  EXPECT_EQ(reply->loaded_rows, 7U);
  EXPECT_EQ(reply->filtered_rows, 2U);
  EXPECT_EQ(reply->unselected_rows, 1U);
  EXPECT_EQ(reply->load_bytes, 400U);
  EXPECT_EQ(reply->error_url, "http://be1:8040/api/_load_error_log?file=x");
  EXPECT_EQ(reply->existing_job_status, std::nullopt);
}

TEST(ReplyTest, ReadsTheRestEnvelopeAndDecodesEscapes) {
  const auto reply = parse_reply(
      R"({"state":"ABORTED","reason":"a\u003db","status":"OK","code":"0","msg":"Success","message":"OK"})");
  ASSERT_TRUE(reply.has_value());
  EXPECT_EQ(reply->status, "OK");
  EXPECT_EQ(reply->state, "ABORTED");
  EXPECT_EQ(reply->reason, "a=b");
}

TEST(ReplyTest, CapitalStatusGoesFirst) {
  const auto reply =
      parse_reply(R"({"status":"FAILED","Status":"OK","msg":"low","Message":"high"})");
  ASSERT_TRUE(reply.has_value());
  EXPECT_EQ(reply->status, "OK");
  EXPECT_EQ(reply->message, "high");
}

TEST(ReplyTest, TransactionIdIsMinusOneOrNotNegative) {
  EXPECT_EQ(parse_reply(R"({"Status":"Fail","TxnId":-1})")->transaction_id, -1);
  EXPECT_EQ(parse_reply(R"({"Status":"Fail","TxnId":0})")->transaction_id, 0);
  EXPECT_EQ(parse_reply(R"({"Status":"OK","TxnId":9223372036854775807})")->transaction_id,
            9223372036854775807);
  EXPECT_EQ(parse_reply(R"({"Status":"OK","TxnId":null})")->transaction_id, std::nullopt);
}

TEST(ReplyTest, WrongTypesAndRangesAreMalformed) {
  for (const char* body : {R"({"Status":1})",
                           R"({"Status":["OK"]})",
                           R"({"Status":""})",
                           R"({"Status":null})",
                           R"({})",
                           R"({"Message":"OK"})",
                           R"([])",
                           R"("OK")",
                           R"(null)",
                           R"({"Status":"OK","TxnId":"7"})",
                           R"({"Status":"OK","TxnId":-2})",
                           R"({"Status":"OK","TxnId":1.0})",
                           R"({"Status":"OK","TxnId":18446744073709551615})",
                           R"({"Status":"OK","TxnId":true})",
                           R"({"Status":"OK","TxnId":1e3})",
                           R"({"Status":"OK","Label":7})",
                           R"({"Status":"OK","NumberTotalRows":-1})",
                           R"({"Status":"OK","NumberTotalRows":"1"})",
                           R"({"Status":"OK","NumberLoadedRows":1.5})",
                           R"({"Status":"OK","NumberFilteredRows":{}})",
                           R"({"Status":"OK","NumberUnselectedRows":9223372036854775808})",
                           R"({"Status":"OK","LoadBytes":99999999999999999999})",
                           R"({"Status":"OK","ErrorURL":[]})",
                           R"({"status":200,"properties":[]})",
                           R"({"Status":"OK","Status":"OK"})",
                           R"({"Status":"OK"} trailing)",
                           "<html>OK</html>",
                           "OK",
                           ""}) {
    const auto reply = parse_reply(body);
    ASSERT_FALSE(reply.has_value()) << body;
    EXPECT_EQ(reply.error().code, Errc::kMalformedReply) << body;
    EXPECT_EQ(reply.error().certainty, Certainty::kUnknown) << body;
  }
}

TEST(ReplyTest, NoProperPrefixOfAReplyIsOne) {
  const std::string body =
      "{\n    \"TxnId\": 7,\n    \"Label\": \"l\",\n    \"Status\": \"Success\"\n}";
  for (std::size_t length = 0; length < body.size(); ++length) {
    EXPECT_FALSE(parse_reply(body.substr(0, length)).has_value()) << length;
  }
  EXPECT_TRUE(parse_reply(body).has_value());
}

}  // namespace
}  // namespace loadstar::starrocks
