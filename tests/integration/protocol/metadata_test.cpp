// Version, schema, health and SQL against emulated releases (starrocks-load-protocol.md 8.5
// to 8.8).

#include "tests/integration/protocol/protocol_fixture.hpp"

#include <array>
#include <tuple>

namespace loadstar::starrocks {
namespace {

const char* const kAllTypes =
    "CREATE TABLE db.all_types ("
    "id BIGINT NOT NULL, b BOOLEAN, ti TINYINT, si SMALLINT, i INT NOT NULL DEFAULT \"7\", li "
    "LARGEINT, f FLOAT, "
    "d DOUBLE, dec DECIMAL(18, 4), c CHAR(5), v VARCHAR(20), vb VARBINARY, dt DATE, ts DATETIME, j "
    "JSON, "
    "ai ARRAY<INT>, mp MAP<INT, VARCHAR(5)>, st STRUCT<x INT, y DATE>) "
    "PRIMARY KEY(id) DISTRIBUTED BY HASH(id);";

class MetadataTest : public ProtocolTest {
 protected:
  void start_version(const std::string& version) {
    cluster_options.version = version;
    cluster_options.init_sql += kAllTypes;
    start();
  }
};

void expect_all_columns(const TableSchema& schema) {
  constexpr std::array kNames{"id", "b", "ti", "si", "i",  "li", "f",  "d",  "dec",
                              "c",  "v", "vb", "dt", "ts", "j",  "ai", "mp", "st"};
  ASSERT_EQ(schema.columns.size(), kNames.size());
  for (std::size_t i = 0; i < kNames.size(); ++i) EXPECT_EQ(schema.columns[i].name, kNames[i]);
}

void expect_all_types(const TableSchema& schema) {
  constexpr std::array kKinds{TypeKind::kBigint,   TypeKind::kBoolean,  TypeKind::kTinyint,
                              TypeKind::kSmallint, TypeKind::kInt,      TypeKind::kLargeint,
                              TypeKind::kFloat,    TypeKind::kDouble,   TypeKind::kDecimal,
                              TypeKind::kChar,     TypeKind::kVarchar,  TypeKind::kVarbinary,
                              TypeKind::kDate,     TypeKind::kDatetime, TypeKind::kJson,
                              TypeKind::kArray,    TypeKind::kMap,      TypeKind::kStruct};
  ASSERT_EQ(schema.columns.size(), kKinds.size());
  for (std::size_t i = 0; i < kKinds.size(); ++i) {
    EXPECT_EQ(schema.columns[i].type.kind, kKinds[i]) << schema.columns[i].name;
  }
  EXPECT_EQ(schema.key_model, KeyModel::kPrimary);
  EXPECT_TRUE(schema.complete);
  EXPECT_TRUE(schema.find("id")->key);
  EXPECT_FALSE(schema.find("id")->nullable);
  EXPECT_FALSE(schema.find("id")->has_default);
  EXPECT_TRUE(schema.find("b")->nullable);
  EXPECT_TRUE(schema.find("i")->has_default);
  EXPECT_FALSE(schema.find("i")->key);
  EXPECT_EQ(to_string(schema.find("dec")->type), "DECIMAL(18,4)");
  EXPECT_EQ(schema.find("v")->type.length, 20);
  EXPECT_EQ(schema.find("ai")->type.children.size(), 1U);
  EXPECT_EQ(schema.find("mp")->type.children.size(), 2U);
  EXPECT_EQ(schema.find("st")->type.field_names.size(), 2U);
}

TEST_F(MetadataTest, SchemaOfTheV2EndpointKnowsEverything) {
  start_version("3.5.0");
  const auto schema = run(client_->table_schema({"db", "all_types"}, later()));
  ASSERT_TRUE(schema.has_value()) << describe(schema.error());
  expect_all_columns(*schema);
  expect_all_types(*schema);
}

TEST_F(MetadataTest, SchemaBySqlKnowsEverything) {
  start_version("3.2.0");
  const auto schema = run(client_->table_schema({"db", "all_types"}, later()));
  ASSERT_TRUE(schema.has_value()) << describe(schema.error());
  expect_all_columns(*schema);
  expect_all_types(*schema);
}

TEST_F(MetadataTest, SchemaOfOldReleasesKnowsTypesOnly) {
  start_version("3.1.0");
  const auto schema = run(client_->table_schema({"db", "all_types"}, later()));
  ASSERT_TRUE(schema.has_value()) << describe(schema.error());
  expect_all_columns(*schema);
  EXPECT_FALSE(schema->complete);
  EXPECT_EQ(schema->key_model, KeyModel::kUnknown);
  EXPECT_EQ(schema->find("i")->type.kind, TypeKind::kInt);
  EXPECT_EQ(to_string(schema->find("dec")->type), "DECIMAL(18,4)");
}

TEST_F(MetadataTest, WhatIsMissingIsNamedByEverySource) {
  for (const char* version : {"3.5.0", "3.2.0", "3.1.0"}) {
    cluster_options.version = version;
    start();
    const auto table_missing = run(client_->table_schema({"db", "nope"}, later()));
    EXPECT_EQ(table_missing.error().code, Errc::kNotFound)
        << version << ": " << describe(table_missing.error());
    const auto database_missing = run(client_->table_schema({"nodb", "t"}, later()));
    EXPECT_EQ(database_missing.error().code, Errc::kNotFound) << version;
  }
}

TEST_F(MetadataTest, VersionsAreReadOfEveryRelease) {
  for (const auto& [text, version, transactions] :
       {std::tuple{"3.5.4", std::optional(Version{3, 5, 4}), true},
        std::tuple{"3.2.0", std::optional(Version{3, 2, 0}), true},
        std::tuple{"3.1.0", std::optional<Version>(), true},
        std::tuple{"2.5.0", std::optional<Version>(), true}}) {
    cluster_options.version = text;
    start();
    const auto found = run(client_->version(later()));
    if (version) {
      ASSERT_TRUE(found.has_value()) << text << ": " << describe(found.error());
      EXPECT_EQ(*found, *version);
    } else {
      EXPECT_EQ(found.error().code, Errc::kUnsupported) << text;
    }
    const auto has = run(client_->has_transactions(later()));
    ASSERT_TRUE(has.has_value()) << text << ": " << describe(has.error());
    EXPECT_EQ(*has, transactions) << text;
  }
}

TEST_F(MetadataTest, SqlAnswersOrSaysWhyNot) {
  start();
  run(client_->stream_load(csv("l1", "1,a,2\n2,,3\n"), timeout, later()));
  const auto result = run(client_->sql("SELECT id, name FROM db.t ORDER BY id", later()));
  ASSERT_TRUE(result.has_value()) << describe(result.error());
  ASSERT_EQ(result->rows.size(), 2U);
  EXPECT_EQ(result->rows[0][0], "1");
  EXPECT_EQ(result->rows[0][1], "a");
  const auto refused = run(client_->sql("DROP TABLE db.t", later()));
  EXPECT_EQ(refused.error().code, Errc::kRejected);
  const auto wrong = run(client_->sql("SELECT FROM WHERE", later()));
  EXPECT_FALSE(wrong.has_value());
  EXPECT_EQ(metrics_.circuits_open.Value(), 0);
}

TEST_F(MetadataTest, HealthFollowsTheFrontend) {
  start();
  EXPECT_TRUE(run(client_->health(later())).has_value());
  cluster_->set_frontends_stopping(true);
  EXPECT_FALSE(run(client_->health(later())).has_value());
  start();  // with a pool that has no connection open
  cluster_->set_listening("fe1", false);
  const auto refused = run(client_->health(later()));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Errc::kConnectFailed);
}

}  // namespace
}  // namespace loadstar::starrocks
