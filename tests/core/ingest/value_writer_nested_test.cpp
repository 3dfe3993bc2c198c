#include "tests/core/ingest/support/value_text.hpp"

#include <gtest/gtest.h>

#include <string>

namespace loadstar::ingest {
namespace {

TEST(ValueWriterNestedTest, JsonColumns) {
  EXPECT_EQ(csv("json", wire::string_value(" {\"b\":1,\"a\":null} ")), "{\"b\":1,\"a\":null}");
  EXPECT_EQ(json("json", wire::string_value("{\"b\":1,\"a\":null}")), "{\"b\":1,\"a\":null}");
  EXPECT_EQ(csv("json", wire::string_value("\"x\"")), "\"x\"");
  EXPECT_TRUE(json("json", wire::string_value("\"x\"")).starts_with("1\n"));
  EXPECT_TRUE(json("json", wire::string_value("null")).starts_with("1\n"));
  // What some versions take for a string goes in JSON, where it cannot be mistaken.
  for (const std::string& scalar :
       {wire::string_value("1"), wire::string_value(" -1.5"), wire::string_value("true"),
        wire::int_value(5), wire::bool_value(true), wire::double_value(1.5)}) {
    EXPECT_FALSE(json("json", scalar).starts_with("1\n")) << json("json", scalar);
    EXPECT_TRUE(csv("json", scalar).starts_with("1\n")) << csv("json", scalar);
  }
  EXPECT_EQ(json("json", wire::string_value(" -1.5")), "-1.5");
  EXPECT_EQ(json("json", wire::int_value(5)), "5");
  EXPECT_TRUE(refused("json", wire::string_value("null")));
  // A time is a JSON string too: good as CSV text, and not kept by a load in JSON.
  for (const std::string& time :
       {wire::date_value(0), wire::datetime_value(0), wire::instant_value(0)}) {
    EXPECT_TRUE(csv("json", time).starts_with("\"1970-01-01")) << csv("json", time);
    EXPECT_TRUE(json("json", time).starts_with("1\n")) << json("json", time);
  }
  EXPECT_TRUE(refused("json", wire::string_value("")));
  EXPECT_TRUE(refused("json", wire::string_value("{a:1}")));
  EXPECT_TRUE(refused("json", wire::string_value("{\"a\":18446744073709551616}")));
  EXPECT_TRUE(refused("json", wire::string_value(R"({"a":1,"\u0061":2})")));
  const std::string most(std::size_t{16} << 20U, 'x');
  EXPECT_TRUE(refused("json", wire::string_value("[\"" + most + "\"]")));
  EXPECT_TRUE(refused("json", wire::bytes_value("{}")));
  const std::string map = wire::map_value(
      {wire::string_value("k\""), wire::int_value(2)},
      {wire::list_value({wire::double_value(100), wire::null_value(), wire::bool_value(true)}),
       wire::struct_value({"d"}, {wire::date_value(0)})});
  EXPECT_EQ(json("json", map), R"({"k\"":[100.0,null,true],"2":{"d":"1970-01-01"}})");
  EXPECT_EQ(csv("json", map), R"({"k\"":[100.0,null,true],"2":{"d":"1970-01-01"}})");
  EXPECT_EQ(csv("varchar(100)", map), R"({"k\"":[100.0,null,true],"2":{"d":"1970-01-01"}})");
  EXPECT_EQ(json("varchar(100)", wire::list_value({wire::string_value("a")})), R"("[\"a\"]")");
  EXPECT_TRUE(refused("varchar(3)", map));
  EXPECT_TRUE(refused("json", wire::list_value({wire::int_value(1), ""}), ".list_value.values[1]"));
  EXPECT_TRUE(refused("json", wire::map_value({wire::string_value("a")}, {})));
  EXPECT_TRUE(refused("json", wire::map_value({wire::string_value("2"), wire::int_value(2)},
                                              {wire::null_value(), wire::null_value()})));
  EXPECT_TRUE(refused("json", wire::map_value({wire::null_value()}, {wire::null_value()}),
                      ".map_value.keys[0]"));
}

TEST(ValueWriterNestedTest, BytesAreNoMapKeys) {
  // Text of a member's name: StarRocks would keep the Base64 itself as the key.
  const std::string map = wire::map_value({wire::bytes_value("ab")}, {wire::int_value(1)});
  EXPECT_TRUE(refused("map<varbinary,int>", map, ".map_value.keys[0]"));
}

TEST(ValueWriterNestedTest, Arrays) {
  const std::string ints =
      wire::list_value({wire::int_value(1), wire::null_value(), wire::int_value(3)});
  EXPECT_EQ(csv("array<int>", ints), "[1,null,3]");
  EXPECT_EQ(json("array<int>", ints), "[1,null,3]");
  EXPECT_EQ(csv("array<int>", wire::list_value({})), "[]");
  const std::string strings =
      wire::list_value({wire::string_value("a\"b,]"), wire::string_value("")});
  EXPECT_EQ(csv("array<varchar(9)>", strings), "[\"a\"\"b,]\",\"\"]");
  EXPECT_EQ(json("array<varchar(9)>", strings), "[\"a\\\"b,]\",\"\"]");
  EXPECT_EQ(csv("array<array<date>>", wire::list_value({wire::list_value({wire::date_value(0)})})),
            "[[\"1970-01-01\"]]");
  EXPECT_EQ(csv("array<boolean>", wire::list_value({wire::bool_value(true)})), "[true]");
  EXPECT_EQ(json("array<decimal(4,2)>", wire::list_value({wire::string_value("1.5")})),
            "[\"1.5\"]");
  EXPECT_TRUE(refused("array<tinyint>",
                      wire::list_value({wire::int_value(1), wire::int_value(128)}),
                      ".list_value.values[1]"));
  EXPECT_TRUE(
      refused("array<array<int>>",
              wire::list_value({wire::list_value({wire::int_value(1), wire::string_value("x")})}),
              ".list_value.values[0].list_value.values[1]"));
  EXPECT_TRUE(refused("array<int>", wire::int_value(1)));
  EXPECT_TRUE(refused("array<varbinary>", wire::list_value({wire::bytes_value("a")}),
                      ".list_value.values[0]"));
}

TEST(ValueWriterNestedTest, Maps) {
  const std::string map = wire::map_value({wire::int_value(1), wire::int_value(2)},
                                          {wire::string_value("a"), wire::null_value()});
  EXPECT_EQ(csv("map<int,varchar(5)>", map), "{1:\"a\",2:null}");
  EXPECT_EQ(json("map<int,varchar(5)>", map), "{\"1\":\"a\",\"2\":null}");
  const std::string words = wire::map_value({wire::string_value("k\"")}, {wire::double_value(0.5)});
  EXPECT_EQ(csv("map<varchar(5),double>", words), "{\"k\"\"\":0.5}");
  EXPECT_EQ(json("map<varchar(5),double>", words), "{\"k\\\"\":0.5}");
  const std::string marked = wire::map_value({wire::string_value("\x01\\N")}, {wire::int_value(1)});
  for (const char* type : {"map<char(5),int>", "map<varchar(5),int>"}) {
    EXPECT_EQ(json(type, marked), R"({"\u0001\\N":1})") << "JSON carries what CSV cannot";
  }
  EXPECT_TRUE(refused("map<int,int>", wire::map_value({wire::null_value()}, {wire::int_value(1)}),
                      ".map_value.keys[0]"));
  EXPECT_TRUE(refused("map<int,int>", wire::map_value({wire::int_value(1)}, {})));
  EXPECT_TRUE(refused("map<int,int>", wire::map_value({wire::int_value(1), wire::int_value(1)},
                                                      {wire::int_value(1), wire::int_value(2)})));
  const auto twice = [](const std::string& type, const std::string& a, const std::string& b) {
    return refused("map<" + type + ",int>",
                   wire::map_value({a, b}, {wire::int_value(1), wire::int_value(2)}));
  };
  using wire::string_value;
  EXPECT_TRUE(twice("decimal(10,2)", string_value("1.5"), string_value("1.50")));
  EXPECT_TRUE(twice("decimal(10,2)", string_value("1"), string_value("1.00")));
  EXPECT_TRUE(twice("decimal(10,2)", wire::int_value(0), string_value("-0.0")));
  EXPECT_TRUE(twice("datetime", string_value("2024-02-29 00:00:00"), wire::date_value(19'782)));
  EXPECT_TRUE(twice("datetime", string_value("2024-02-29 00:00:00.5"),
                    string_value("2024-02-29T00:00:00.500")));
  EXPECT_TRUE(twice("float", wire::double_value(0.1), wire::double_value(0.10000000149011612)));
  EXPECT_TRUE(twice("double", wire::double_value(0.0), wire::double_value(-0.0)));
  EXPECT_TRUE(twice("double", wire::double_value(1e15), wire::int_value(1'000'000'000'000'000)));
  EXPECT_FALSE(twice("double", wire::double_value(0.1), wire::double_value(0.10000000149011612)));
  EXPECT_FALSE(twice("decimal(10,2)", string_value("10"), string_value("1")));
  EXPECT_TRUE(refused("map<tinyint,int>",
                      wire::map_value({wire::int_value(300)}, {wire::int_value(1)}),
                      ".map_value.keys[0]"));
  EXPECT_TRUE(refused("map<int,tinyint>",
                      wire::map_value({wire::int_value(3)}, {wire::int_value(300)}),
                      ".map_value.values[0]"));
}

TEST(ValueWriterNestedTest, StructsGoAsJsonOnly) {
  const std::string type = "struct<a int, b varchar(5)>";
  const std::string value =
      wire::struct_value({"B", "a"}, {wire::string_value("x"), wire::int_value(1)});
  EXPECT_EQ(json(type, value), R"({"a":1,"b":"x"})");
  EXPECT_TRUE(csv(type, value).starts_with("1\nbatch[sequence=7].columns[1]: "));
  EXPECT_EQ(json("array<" + type + ">", wire::list_value({value})), R"([{"a":1,"b":"x"}])");
  EXPECT_TRUE(json(type, wire::struct_value({"a"}, {wire::int_value(1)})).starts_with("1\n"));
  EXPECT_TRUE(json(type, wire::struct_value({"a", "a"}, {wire::int_value(1), wire::int_value(1)}))
                  .starts_with("1\n"));
  EXPECT_TRUE(json(type, wire::struct_value({"a", "c"}, {wire::int_value(1), wire::int_value(1)}))
                  .starts_with("1\n"));
  EXPECT_TRUE(json(type, wire::struct_value({"a", "b"}, {wire::int_value(1), wire::int_value(1)}))
                  .starts_with("1\nbatch[sequence=7].rows[0].values[1].struct_value.values[1]: "));
}

TEST(ValueWriterNestedTest, DeepNestingIsRefused) {
  std::string value = wire::int_value(1);
  for (int i = 0; i < 10'000 && value.size() < 200'000; ++i) value = wire::list_value({value});
  EXPECT_FALSE(json("json", value).starts_with("["));
  EXPECT_TRUE(json("json", value).starts_with("1\n"));
}

}  // namespace
}  // namespace loadstar::ingest
