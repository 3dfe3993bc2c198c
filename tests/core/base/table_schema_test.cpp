#include "core/base/table_schema.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace loadstar {
namespace {

TEST(TableSchemaTest, TypeTextIsReadInEverySpellingOfItsSources) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"int(11)", "INT"},
      {"BIGINT", "BIGINT"},
      {"bigint unsigned", "LARGEINT"},
      {"decimal64(18, 4)", "DECIMAL(18,4)"},
      {"DECIMAL128", "DECIMAL"},
      {"Varchar(65533)", "VARCHAR(65533)"},
      {"string", "VARCHAR"},
      {"varbinary(16)", "VARBINARY(16)"},
      {"datetime", "DATETIME"},
      {"array<varchar(20)>", "ARRAY<VARCHAR(20)>"},
      {"map<int,array<decimal(10,2)>>", "MAP<INT,ARRAY<DECIMAL(10,2)>>"},
      {"struct<a int, `b` map<int,string>>", "STRUCT<a INT, b MAP<INT,VARCHAR>>"},
      {" hll ", "HLL"},
      {"INVALID_TYPE", "UNKNOWN"},
      {"", "UNKNOWN"},
  };
  for (const auto& [text, expected] : cases) {
    EXPECT_EQ(to_string(parse_column_type(text)), expected) << text;
  }
}

TEST(TableSchemaTest, BrokenTypeTextIsUnknownAndNotGuessed) {
  for (const char* text : {"decimal(10", "array<int", "struct<a>", "map)int(", "varchar(("}) {
    EXPECT_EQ(parse_column_type(text).kind, TypeKind::kUnknown) << text;
  }
}

TEST(TableSchemaTest, ForeignTextDoesNotNestWithoutEnd) {
  std::string text = "int";
  for (int depth = 0; depth < 10'000; ++depth) text = "array<" + text + ">";
  EXPECT_EQ(parse_column_type(text).kind, TypeKind::kArray);
}

TEST(TableSchemaTest, WhatIsTypedAgainReadsTheSame) {
  for (const char* text :
       {"ARRAY<MAP<INT,STRUCT<x DOUBLE, y DATE>>>", "DECIMAL(38,9)", "CHAR(3)"}) {
    EXPECT_EQ(to_string(parse_column_type(text)), text);
  }
}

TEST(TableSchemaTest, ColumnsAreFoundWithoutCase) {
  TableSchema schema;
  schema.columns.resize(2);
  schema.columns[0].name = "id";
  schema.columns[1].name = "Name";
  EXPECT_EQ(schema.find("ID"), &schema.columns[0]);
  EXPECT_EQ(schema.find("name"), &schema.columns[1]);
  EXPECT_EQ(schema.find("nam"), nullptr);
}

TEST(TableSchemaTest, KeyModelsHaveStarRocksNames) {
  EXPECT_EQ(to_string(KeyModel::kPrimary), "PRIMARY_KEYS");
  EXPECT_EQ(to_string(KeyModel::kDuplicate), "DUP_KEYS");
  EXPECT_EQ(to_string(KeyModel::kUnknown), "");
}

}  // namespace
}  // namespace loadstar
