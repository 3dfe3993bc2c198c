#include "server/operate/transaction_list.hpp"

#include <gtest/gtest.h>

namespace loadstar::server {
namespace {

TEST(TransactionListTest, OnlyLabelsOfOurPrefixAreOurs) {
  starrocks::SqlResult running;
  running.columns = {"TransactionId", "Label", "Coordinator", "TransactionStatus", "PrepareTime"};
  running.rows = {{"7", "ls-w-abcdefgh-3-12-0", "BE", "PREPARED", "2026-01-01 00:00:00"},
                  {"8", "lsx-w-abcdefgh-3-12-0", "BE", "PREPARE", "x"},
                  {"9", "insert_of_somebody", "FE", "PREPARE", "x"},
                  {"10", "ls-alo-abcdefgh-r0123456789ab-4", "BE", "PREPARE", std::nullopt}};
  const auto found = ours(running, "ls");
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].label, "ls-w-abcdefgh-3-12-0");
  EXPECT_EQ(found[0].state, "PREPARED");
  EXPECT_EQ(found[0].id, "7");
  EXPECT_EQ(found[0].begun, "2026-01-01 00:00:00");
  EXPECT_EQ(found[1].begun, "");
  const std::string text = render(found);
  EXPECT_NE(text.find("LABEL"), std::string::npos);
  EXPECT_NE(text.find("ls-w-abcdefgh-3-12-0"), std::string::npos);
  EXPECT_EQ(render({}), "none\n");
}

TEST(TransactionListTest, ADatabaseIsFoundByItsName) {
  starrocks::SqlResult databases;
  databases.columns = {"DbId", "DbName"};
  databases.rows = {{"10001", "other"}, {"10002", "default_cluster:test"}};
  EXPECT_EQ(database_id(databases, "test"), "10002");
  EXPECT_EQ(database_id(databases, "other"), "10001");
  EXPECT_EQ(database_id(databases, "est"), std::nullopt);
}

TEST(TransactionListTest, WhatIsCommittedIsRefusedAndWhatIsPreparedIsAskedFor) {
  using starrocks::LabelState;
  EXPECT_EQ(judge_abort(LabelState::kUnknown), AbortVerdict::kNotFound);
  EXPECT_EQ(judge_abort(LabelState::kAborted), AbortVerdict::kNothingToDo);
  EXPECT_EQ(judge_abort(LabelState::kPrepare), AbortVerdict::kRollBack);
  EXPECT_EQ(judge_abort(LabelState::kPrepared), AbortVerdict::kAskFirst);
  EXPECT_EQ(judge_abort(LabelState::kCommitted), AbortVerdict::kRefuse);
  EXPECT_EQ(judge_abort(LabelState::kVisible), AbortVerdict::kRefuse);
}

TEST(TransactionListTest, ThePrivilegeIsNamedWhereStarRocksRefusedTheAccount) {
  for (const Errc code : {Errc::kAccessDenied, Errc::kBadCredentials}) {
    EXPECT_NE(advice_on_listing(Error{code, Certainty::kNotApplied, ""}).find("OPERATE"),
              std::string_view::npos);
  }
  for (const Errc code : {Errc::kConnectFailed, Errc::kConnectionLost, Errc::kDeadlineExceeded,
                          Errc::kUnexpectedStatus, Errc::kMalformedReply, Errc::kCircuitOpen}) {
    EXPECT_EQ(advice_on_listing(Error{code, Certainty::kNotApplied, ""}), "") << to_string(code);
  }
}

TEST(TransactionListTest, MillisecondsAreShownAsUtc) {
  EXPECT_EQ(readable_time("0"), "1970-01-01T00:00:00Z");
  EXPECT_EQ(readable_time("1767225600123"), "2026-01-01T00:00:00Z");
  for (const char* text : {"", "2026-01-01 00:00:00", "-1", "9999999999999999", "12x"}) {
    EXPECT_EQ(readable_time(text), text);
  }
  starrocks::SqlResult running;
  running.columns = {"TransactionId", "Label", "TransactionStatus", "PrepareTime"};
  running.rows = {{"7", "ls-w-abcdefgh-3-12-0", "PREPARE", "1767225600123"}};
  EXPECT_EQ(ours(running, "ls").at(0).begun, "2026-01-01T00:00:00Z");
}

TEST(TransactionListTest, ATokenIsReadAsBytesAndAsHexadecimalText) {
  const std::string bytes("LST\x01\x00\n", 6);
  EXPECT_EQ(token_bytes(bytes), bytes);
  EXPECT_EQ(token_bytes("4c535401000a"), bytes);
  EXPECT_EQ(token_bytes("\n 4C535401000a\r\n"), bytes);
  for (const char* content : {"", " \n", "4c5", "4c 53", "0x4c", "{\"token\": \"4c53\"}", "+c"}) {
    EXPECT_EQ(token_bytes(content), std::nullopt) << content;
  }
}

}  // namespace
}  // namespace loadstar::server
