#include "core/ingest/row_plan.hpp"

#include "tests/core/ingest/support/encoding.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace loadstar::ingest {
namespace {

wire::BatchFields rows_of(const std::vector<std::string>& columns) {
  std::vector<std::string> values(columns.size(), wire::int_value(1));
  return typed(columns, {wire::row(values)});
}

Encoding primary() {
  Encoding encoding;
  encoding.schema = schema_of(KeyModel::kPrimary, {"id int not null", "a int", "b int"});
  return encoding;
}

/// "ok", or the refusal.
std::string result(const Encoding& encoding, const wire::BatchFields& batch) {
  const auto answer = encoding.encode(batch);
  return answer.ok() ? "ok" : shown(answer.refusal());
}

LaneSpec lane(const Encoding& encoding, const wire::BatchFields& batch) {
  const auto answer = encoding.encode(batch);
  EXPECT_TRUE(answer.ok()) << shown(answer.refusal());
  return answer.ok() ? *answer.value().lane : LaneSpec{};
}

TEST(RowPlanTest, UnknownAndDoubledColumnsAreRefused) {
  EXPECT_EQ(result(primary(), rows_of({"id", "nope"})),
            "1\nbatch[sequence=7].columns[1]: names 'nope', which is no column of the table and no "
            "input of an "
            "expression");
  EXPECT_EQ(result(primary(), rows_of({"id", "ID"})),
            "1\nbatch[sequence=7].columns[1]: names 'ID' again");
  EXPECT_TRUE(result(primary(), rows_of({"id", "__op"}))
                  .starts_with("1\nbatch[sequence=7].columns[1]: is __op"));
  EXPECT_TRUE(result(primary(), rows_of({"id", "a`b"}))
                  .starts_with("1\nbatch[sequence=7].columns[1]: is no column"));
  EXPECT_TRUE(result(primary(), rows_of({"id", ""}))
                  .starts_with("1\nbatch[sequence=7].columns[1]: is no column"));
  EXPECT_TRUE(result(primary(), rows_of({"id", "a\n"}))
                  .starts_with("1\nbatch[sequence=7].columns[1]: is no column"));
  Encoding generated = primary();
  generated.schema->columns[1].generated = true;
  EXPECT_TRUE(result(generated, rows_of({"id", "a"}))
                  .starts_with("1\nbatch[sequence=7].columns[1]: names 'a', which"));
}

TEST(RowPlanTest, ColumnsThatMustNotBeLeftOut) {
  Encoding encoding = primary();
  encoding.schema->columns[2].nullable = false;
  EXPECT_EQ(result(encoding, rows_of({"id", "a"})),
            "1\nbatch[sequence=7].columns: lacks 'b', which is NOT NULL and has no default");
  auto computed = rows_of({"id", "tmp"});
  computed.expressions = {"b=tmp"};
  EXPECT_EQ(result(encoding, computed), "ok");
  encoding.schema->columns[2].has_default = true;
  EXPECT_EQ(result(encoding, rows_of({"id", "a"})), "ok");
  auto partial = rows_of({"a"});
  partial.properties = {{"partial_update", "true"}};
  EXPECT_EQ(result(encoding, partial),
            "1\nbatch[sequence=7].columns: lacks the key column 'id', which partial_update needs");
  encoding.schema->complete = false;
  EXPECT_EQ(result(encoding, partial), "ok") << "what the schema does not tell is not judged";
}

TEST(RowPlanTest, EncodedColumnsThatMustNotBeLeftOut) {
  Encoding encoding = primary();
  encoding.schema->columns[2].nullable = false;
  const auto judged = [&encoding](const std::vector<std::string>& columns,
                                  const std::vector<std::string>& expressions = {},
                                  const std::string& partial = "false") {
    auto batch = encoded(2, "1\t2\n", 1);
    batch.columns = columns;
    batch.expressions = expressions;
    batch.properties = {{"partial_update", partial}};
    return result(encoding, batch);
  };
  EXPECT_EQ(judged({}), "ok") << "the table's own columns";
  EXPECT_EQ(judged({"id", "b"}), "ok");
  EXPECT_EQ(judged({"ID", "tmp"}, {"b=tmp"}), "ok");
  EXPECT_EQ(judged({"id", "a"}),
            "1\nbatch[sequence=7].columns: lacks 'b', which is NOT NULL and has no default");
  EXPECT_EQ(judged({"a", "b"}),
            "1\nbatch[sequence=7].columns: lacks 'id', which is NOT NULL and has no default");
  EXPECT_EQ(judged({"id", "a"}, {}, "true"), "ok");
  EXPECT_EQ(judged({"a"}, {}, "true"),
            "1\nbatch[sequence=7].columns: lacks the key column 'id', which partial_update needs");
  encoding.options.columns = "id, a";
  EXPECT_TRUE(judged({}).starts_with("1\nbatch[sequence=7].columns: lacks 'b'")) << "configured";
  encoding.schema->columns[2].has_default = true;
  EXPECT_EQ(judged({}), "ok");
  EXPECT_EQ(judged({"id", "a"}), "ok");
  encoding.schema->columns[2] = schema_of(KeyModel::kPrimary, {"b bitmap not null"}).columns[0];
  EXPECT_EQ(judged({"id", "a"}), "ok") << "StarRocks fills it with an empty one";
  encoding.schema->complete = false;
  EXPECT_EQ(judged({"a"}, {}, "true"), "ok") << "what the schema does not tell is not judged";
}

TEST(RowPlanTest, BitmapAndHllNeedAnExpression) {
  Encoding encoding;
  encoding.schema = schema_of(KeyModel::kAggregate, {"id int", "users bitmap", "visits hll"});
  EXPECT_TRUE(result(encoding, rows_of({"id", "users"})).find("to_bitmap(value)") !=
              std::string::npos);
  EXPECT_TRUE(result(encoding, rows_of({"id", "visits"})).find("hll_hash(value)") !=
              std::string::npos);
}

TEST(RowPlanTest, ColumnsOfABatchWinOverConfiguredOnes) {
  Encoding encoding = primary();
  encoding.options.columns = "id, tmp, a=tmp+1";
  EXPECT_EQ(header(lane(encoding, encoded(2, "1\t2\n", 1)), "columns"), "id, tmp, a=tmp+1")
      << "as they are";
  auto batch = encoded(2, "1\t2\n", 1);
  batch.columns = {"id", "skipped", "__op"};
  batch.expressions = {"`a` = if(skipped > 1, 2, 3)"};
  EXPECT_EQ(header(lane(encoding, batch), "columns"),
            "`id`,`skipped`,__op,`a`=if(skipped > 1, 2, 3)");
  EXPECT_EQ(header(lane(encoding, rows_of({"id"})), "columns"), "`id`,__op");
}

TEST(RowPlanTest, ExpressionsAreOneEach) {
  const auto with = [](const std::string& expression) {
    auto batch = rows_of({"id", "tmp"});
    batch.expressions = {expression, "b=tmp"};
    return result(primary(), batch);
  };
  EXPECT_EQ(with("a=tmp"), "ok");
  EXPECT_EQ(with("`a` = concat(',', ')', `tmp`, \"b=1, c\")"), "ok");
  for (const char* bad : {"a", "=tmp", "a=", "a=tmp,b=1", "a=f(tmp", "a=f(tmp))", "a='tmp",
                          "a=tmp --", "a=tmp /* x", "a=tmp; b", "a=tmp # x", "a b=tmp", "a.b=tmp",
                          "``=tmp", "a=f(tmp]", "a=tmp\nX: y", "a=`tmp"}) {
    EXPECT_TRUE(with(bad).starts_with("1\nbatch[sequence=7].column_expressions[0]: "))
        << bad << with(bad);
  }
  EXPECT_TRUE(with("nope=tmp").find("no column of the table") != std::string::npos);
  EXPECT_TRUE(with("id=tmp").find("another value already") != std::string::npos);
  EXPECT_TRUE(with("__op='delete'").find("encoded formats") != std::string::npos);
  auto literal = rows_of({"id", "tmp"});
  literal.expressions = {"a=concat('tmp', \"tmp\", xtmp, tmp2)"};
  EXPECT_TRUE(result(primary(), literal).find("no input of an expression") != std::string::npos)
      << "a name inside a literal or another name is no input";
  auto twice = rows_of({"id", "tmp"});
  twice.expressions = {"a=tmp", "A=tmp"};
  EXPECT_TRUE(result(primary(), twice).starts_with("1\nbatch[sequence=7].column_expressions[1]: "));
}

}  // namespace
}  // namespace loadstar::ingest
