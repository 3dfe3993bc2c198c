#include "core/starrocks/schema_reply.hpp"

#include "tests/support/scripted_transport.hpp"

#include <gtest/gtest.h>

namespace loadstar::starrocks {
namespace {

using test::reply;

TEST(SchemaReplyTest, V2IsComplete) {
  const auto schema = parse_schema_v2(reply(200, R"({"code":"0","message":"OK","result":{
    "id":1,"name":"t","tableType":"OLAP","keysType":"PRIMARY_KEYS","columns":[
      {"name":"id","type":{"name":"BIGINT","typeSize":8},"isKey":true,"isAllowNull":false,"isAutoIncrement":true},
      {"name":"d","type":{"name":"DECIMAL64","precision":10,"scale":2},"isKey":false,"isAllowNull":false},
      {"name":"v","type":{"name":"VARCHAR","columnSize":20},"isAllowNull":true},
      {"name":"c","type":{"name":"INT"},"isAllowNull":false,"defaultValueType":"CONST","defaultValue":"7"},
      {"name":"n","type":{"name":"INT"},"isAllowNull":false,"defaultValueType":"NULL"},
      {"name":"a","type":{"name":"ARRAY","itemType":{"name":"INT"}},"isAllowNull":true},
      {"name":"m","type":{"name":"MAP","keyType":{"name":"INT"},"valueType":"VARCHAR(5) "},"isAllowNull":true
},
      {"name":"s","type":{"name":"STRUCT","fields":[{"name":"x","type":{"name":"DATE"}},{"name":"y","type":"JSON"}]},
       "isAllowNull":true},
      {"name":"q","type":{"name":"SOMETHING_NEW"},"isAllowNull":true}]
}
})"));
  ASSERT_TRUE(schema.has_value()) << describe(schema.error());
  EXPECT_TRUE(schema->complete);
  EXPECT_EQ(schema->key_model, KeyModel::kPrimary);
  ASSERT_EQ(schema->columns.size(), 9U);
  const ColumnSchema& id = schema->columns[0];
  EXPECT_EQ(id.type.kind, TypeKind::kBigint);
  EXPECT_TRUE(id.key && !id.nullable && id.has_default);
  EXPECT_EQ(to_string(schema->columns[1].type), "DECIMAL(10,2)");
  EXPECT_FALSE(schema->columns[1].has_default);
  EXPECT_EQ(schema->columns[2].type.length, 20);
  EXPECT_TRUE(schema->columns[2].has_default) << "nullable: NULL is its default";
  EXPECT_TRUE(schema->columns[3].has_default);
  EXPECT_FALSE(schema->columns[4].has_default);
  ASSERT_EQ(schema->columns[5].type.children.size(), 1U);
  EXPECT_EQ(schema->columns[5].type.children[0].kind, TypeKind::kInt);
  ASSERT_EQ(schema->columns[6].type.children.size(), 2U);
  EXPECT_EQ(schema->columns[6].type.children[1].length, 5);
  EXPECT_EQ(schema->columns[7].type.field_names, (std::vector<std::string>{"x", "y"}));
  EXPECT_EQ(schema->columns[7].type.children[1].kind, TypeKind::kJson);
  EXPECT_EQ(schema->columns[8].type.kind, TypeKind::kUnknown);
}

TEST(SchemaReplyTest, V1HasNamesAndTypesOnly) {
  const auto schema = parse_schema_v1(reply(200, R"({"status":200,"properties":[
    {"name":"k1","type":"INT","comment":""},
    {"name":"v","type":"DECIMAL64","precision":"10","scale":"2","comment":"x"},
    {"name":"a","type":"INVALID_TYPE","comment":""}]})"));
  ASSERT_TRUE(schema.has_value()) << describe(schema.error());
  EXPECT_FALSE(schema->complete);
  EXPECT_EQ(schema->key_model, KeyModel::kUnknown);
  ASSERT_EQ(schema->columns.size(), 3U);
  EXPECT_EQ(schema->columns[1].type.precision, 10);
  EXPECT_EQ(schema->columns[1].type.scale, 2);
  EXPECT_EQ(schema->columns[2].type.kind, TypeKind::kUnknown);
  EXPECT_TRUE(schema->columns[0].nullable);
}

SqlResult columns() {
  return SqlResult{{"COLUMN_NAME", "COLUMN_TYPE", "IS_NULLABLE", "COLUMN_KEY", "COLUMN_DEFAULT",
                    "EXTRA", "GENERATION_EXPRESSION"},
                   {{"id", "bigint(20)", "NO", "PRI", std::nullopt, "auto_increment", ""},
                    {"name", "varchar(20)", "YES", "", std::nullopt, "", std::nullopt},
                    {"n", "int(11)", "NO", "", "7", "", ""},
                    {"x", "decimal64(18, 4)", "NO", "", std::nullopt, "", ""},
                    {"g", "int(11)", "YES", "", std::nullopt, "", "id + 1"}}};
}

TEST(SchemaReplyTest, SqlIsCompleteWithTheKeyModel) {
  const auto schema = parse_schema_sql(columns(), SqlResult{{"TABLE_MODEL"}, {{"PRIMARY_KEYS"}}});
  ASSERT_TRUE(schema.has_value()) << describe(schema.error());
  EXPECT_TRUE(schema->complete);
  EXPECT_EQ(schema->key_model, KeyModel::kPrimary);
  ASSERT_EQ(schema->columns.size(), 5U);
  EXPECT_TRUE(schema->columns[0].key && schema->columns[0].has_default &&
              !schema->columns[0].nullable);
  EXPECT_TRUE(schema->columns[1].nullable && schema->columns[1].has_default);
  EXPECT_TRUE(schema->columns[2].has_default);
  EXPECT_FALSE(schema->columns[3].has_default);
  EXPECT_EQ(to_string(schema->columns[3].type), "DECIMAL(18,4)");
  EXPECT_TRUE(schema->columns[4].generated);
  EXPECT_FALSE(schema->columns[1].generated);
}

TEST(SchemaReplyTest, SqlWithoutTheKeyModelIsIncompleteAndWithoutColumnsNothing) {
  EXPECT_FALSE(parse_schema_sql(columns(), SqlResult{})->complete);
  EXPECT_FALSE(parse_schema_sql(columns(), SqlResult{{"TABLE_MODEL"}, {{"NEW_KEYS"}}})->complete);
  EXPECT_EQ(parse_schema_sql(SqlResult{{"COLUMN_NAME"}, {}}, SqlResult{}).error().code,
            Errc::kNotFound);
}

TEST(SchemaReplyTest, DetailsThatV2DoesNotTellComeFromSql) {
  auto schema = parse_schema_v2(reply(200, R"({"result":{"keysType":"DUP_KEYS","columns":[
      {"name":"id","type":{"name":"INT"}},{"name":"NAME","type":{"name":"VARCHAR"}},
      {"name":"x","type":{"name":"DECIMAL64","precision":10,"scale":2}},{"name":"n","type":{"name":"ARRAY"}}]}})"));
  ASSERT_TRUE(schema.has_value());
  EXPECT_TRUE(lacks_type_details(*schema));
  add_type_details(*schema, SqlResult{{"COLUMN_NAME", "COLUMN_TYPE"},
                                      {{"name", "varchar(20)"},
                                       {"x", "decimal(38, 9)"},
                                       {"id", "bigint(20)"},
                                       {"n", "array<array<int(11)>>"}}});
  EXPECT_FALSE(lacks_type_details(*schema));
  EXPECT_EQ(schema->columns[0].type.kind, TypeKind::kInt);
  EXPECT_EQ(schema->columns[1].type.length, 20);
  EXPECT_EQ(to_string(schema->columns[2].type), "DECIMAL(10,2)");
  EXPECT_EQ(schema->columns[3].type.children[0].children[0].kind, TypeKind::kInt);
}

TEST(SchemaReplyTest, QueriesQuoteTheNames) {
  const TableName table{"d'b", "t\\"};
  EXPECT_NE(columns_query(table).find("TABLE_SCHEMA = 'd\\'b' AND TABLE_NAME = 't\\\\'"),
            std::string::npos);
  EXPECT_NE(key_model_query(table).find("TABLE_SCHEMA = 'd\\'b'"), std::string::npos);
}

TEST(SchemaReplyTest, AMissingTableIsAnAnswerAndAMissingEndpointIsNot) {
  const auto code_v2 = [](unsigned status, const char* body) {
    return parse_schema_v2(reply(status, body)).error().code;
  };
  EXPECT_EQ(code_v2(404, R"({"code":"404","message":"Unknown table 't'"})"), Errc::kNotFound);
  EXPECT_EQ(code_v2(404, R"({"code":"404","message":"Unknown database 'd'"})"), Errc::kNotFound);
  EXPECT_EQ(code_v2(404, "<html>this is 404 page.</html>"), Errc::kUnsupported);
  EXPECT_EQ(code_v2(403, R"({"code":"403","message":"Table 't' is not a OLAP table"})"),
            Errc::kRejected);
  EXPECT_EQ(code_v2(401, R"({"status":"FAILED","msg":"Access denied for u@h"})"),
            Errc::kBadCredentials);
  const auto missing =
      parse_schema_v1(reply(404, R"({"status":404,"exception":"Table [t] does not exists"})"));
  EXPECT_EQ(missing.error().code, Errc::kNotFound);
  EXPECT_NE(missing.error().detail.find("Table [t]"), std::string::npos);
}

TEST(SchemaReplyTest, OtherShapesAreMalformed) {
  for (const char* body :
       {"", "{}", "[]", R"({"result":[]})", R"({"result":{}})", R"({"result":{"columns":[]}})",
        R"({"result":{"columns":[{"name":"a"}]}})", R"({"result":{"columns":[7]}})",
        R"({"result":{"columns":[{"type":"INT"}]}})"}) {
    EXPECT_EQ(parse_schema_v2(reply(200, body)).error().code, Errc::kMalformedReply) << body;
  }
  for (const char* body :
       {"", "{}", R"({"properties":[]})", R"({"properties":[{}]})", R"({"properties":7})"}) {
    EXPECT_EQ(parse_schema_v1(reply(200, body)).error().code, Errc::kMalformedReply) << body;
  }
}

}  // namespace
}  // namespace loadstar::starrocks
