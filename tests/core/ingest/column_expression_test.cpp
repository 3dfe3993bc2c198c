#include "core/ingest/column_expression.hpp"

#include <gtest/gtest.h>

namespace loadstar::ingest {
namespace {

TEST(ColumnExpressionTest, TargetAndText) {
  const ColumnExpression plain = parse_column_expression(" users = to_bitmap( uid ) ");
  EXPECT_EQ(plain.problem, "");
  EXPECT_EQ(plain.target, "users");
  EXPECT_EQ(plain.text, "to_bitmap( uid )");
  const ColumnExpression odd = parse_column_expression("`my column`=a=b");
  EXPECT_EQ(odd.target, "my column");
  EXPECT_EQ(odd.text, "a=b");
  EXPECT_EQ(parse_column_expression("a='it''s, \\'; --'").problem, "");
  EXPECT_EQ(parse_column_expression("a=\xE5\x90\x8D").problem, "");
}

TEST(ColumnExpressionTest, NothingReachesIntoTheNeighbours) {
  for (const char* text :
       {"a=b,c", "a=(b", "a=b)", "a='b", "a=\"b", "a=`b", "a=b--", "a=b/*c*/", "a=b;c", "a=#b",
        "a=b\n", "a=\xFF", "a=[b)", "=b", "a=", "a", "a b=c", "`=b"}) {
    EXPECT_NE(parse_column_expression(text).problem, "") << text;
  }
}

TEST(ColumnExpressionTest, NamesInsideOtherTextAreNotMentioned) {
  EXPECT_TRUE(mentions("to_bitmap(UID)", "uid"));
  EXPECT_TRUE(mentions("`uid`+1", "uid"));
  EXPECT_TRUE(mentions("a+uid", "uid"));
  EXPECT_FALSE(mentions("to_bitmap(uid2)", "uid"));
  EXPECT_FALSE(mentions("'uid' \"uid\" `uid `", "uid"));
  EXPECT_FALSE(mentions("", "uid"));
  EXPECT_FALSE(mentions("`uid", "x"));
}

TEST(ColumnExpressionTest, References) {
  EXPECT_EQ(column_reference("order"), "`order`");
  EXPECT_EQ(column_reference("__op"), "__op");
  EXPECT_TRUE(is_column_name("a b.\xE5\x90\x8D"));
  EXPECT_FALSE(is_column_name("") || is_column_name("a`") || is_column_name("a\n"));
  EXPECT_TRUE(same_column("Id", "iD"));
  EXPECT_FALSE(same_column("id", "id2"));
}

}  // namespace
}  // namespace loadstar::ingest
