#include "core/ingest/column_list.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

namespace loadstar::ingest {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// "2: text" for each problem.
std::vector<std::string> bad_items(std::string_view list) {
  std::vector<std::string> items;
  for (const ColumnListProblem& each : check_column_list(list)) {
    EXPECT_NE(each.problem, "");
    items.push_back(fmt::format("{}: {}", each.item, each.text));
  }
  return items;
}

TEST(ColumnListTest, WhatStarRocksTakesIsGood) {
  for (const char* list :
       {"", " ", "id", "id,name", " id , name ", "id,name,__op", "id,tmp,__op=tmp",
        "id,name,__op='delete'", "page_id,visit_date,uid,visit_users=to_bitmap(uid)",
        "id,v=greatest(a,b),a,b", "id,`a,b`,`c=d`,`e`=`a,b`+1", "id,v='a,b)'",
        "name,name=upper(name)", "\xE5\x90\x8D,id"}) {
    EXPECT_THAT(bad_items(list), IsEmpty()) << list;
  }
}

TEST(ColumnListTest, EveryWrongItemIsNamed) {
  EXPECT_THAT(bad_items("a,b=,c=f(x),,d"), ElementsAre("2: b=", "4: "));
  EXPECT_THAT(bad_items("a,A"), ElementsAre("2: A"));
  EXPECT_THAT(bad_items("x,a=x,`a`=1"), ElementsAre("3: `a`=1"));
  EXPECT_THAT(bad_items("=1"), ElementsAre("1: =1"));
  EXPECT_THAT(bad_items("a b, (c"), ElementsAre("1: a b", "2: (c"));
  EXPECT_THAT(bad_items("id,"), ElementsAre("2: "));
  EXPECT_THAT(bad_items("id,a=f(x,b"), ElementsAre("2: a=f(x,b"));
  EXPECT_THAT(bad_items("id,a=x)"), ElementsAre("2: a=x)"));
  EXPECT_THAT(bad_items("``,a='x"), ElementsAre("1: ``", "2: a='x"));
  EXPECT_THAT(bad_items("id;drop,a=1--"), ElementsAre("1: id;drop", "2: a=1--"));
}

}  // namespace
}  // namespace loadstar::ingest
