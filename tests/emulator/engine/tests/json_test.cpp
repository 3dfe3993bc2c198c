// Records of JSON: framing, simple and matched mode, fatal errors (11.4).
#include "tests/emulator/engine/json.hpp"

#include "tests/emulator/engine/json_path.hpp"
#include "tests/emulator/engine/tests/fixture.hpp"

namespace emulator::test {
namespace {

class JsonLoad : public EngineTest {
 protected:
  JsonLoad() {
    run("CREATE TABLE test.t (a INT, b VARCHAR(100)) DUPLICATE KEY(a) DISTRIBUTED BY HASH(a)");
  }

  Rows loaded(Headers headers, const std::string& body) {
    run("TRUNCATE TABLE test.t");
    headers.emplace("format", "json");
    load_ok("t", headers, body);
    return query("SELECT a, b FROM t");
  }
  std::string failure(Headers headers, const std::string& body) {
    headers["format"] = "json";
    const LoadResult result = load("t", headers, body);
    EXPECT_EQ(result.counters.total, 0);
    return result.error ? result.error->message : "(no error)";
  }
};

TEST_F(JsonLoad, ConcatenatedObjects) {
  EXPECT_EQ(loaded({}, " {\"a\":1,\"b\":\"x\"}{\"a\":2}\n\n{\"b\":\"y\"}\n"),
            (Rows{{"1", "x"}, {"2", kNull}, {kNull, "y"}}));
}

TEST_F(JsonLoad, FormatNameIsCaseInsensitive) {
  EXPECT_EQ(loaded({{"format", "JSON"}}, "{\"a\":1}"), (Rows{{"1", kNull}}));
}

TEST_F(JsonLoad, ArrayOfObjects) {
  EXPECT_EQ(loaded({{"strip_outer_array", "TRUE"}}, "\n[{\"a\":1}, {\"a\":2}]\n"),
            (Rows{{"1", kNull}, {"2", kNull}}));
  EXPECT_EQ(loaded({{"strip_outer_array", "true"}}, "[]"), Rows{});
}

TEST_F(JsonLoad, FirstKeyWinsAndKeysAreCaseSensitive) {
  EXPECT_EQ(loaded({}, R"({"a":1,"a":2,"A":3,"B":"x","unknown":{}})"), (Rows{{"1", kNull}}));
}

TEST_F(JsonLoad, FatalErrors) {
  EXPECT_EQ(failure({}, "[{\"a\":1}]"),
            "parse error. The value is array type in json document stream, you can set "
            "strip_outer_array=true to parse "
            "each element of the array as individual rows");
  EXPECT_EQ(failure({{"strip_outer_array", "true"}}, "{\"a\":1}\n"),
            "parse error. the value should be array type with strip_outer_array=true, value: "
            "{\"a\":1}\n");
  EXPECT_EQ(failure({}, " 1"), "parse error. illegal json started with [1]");
  for (const char* broken :
       {"{\"a\":1} {\"a\":", "{\"a\":1,}", "{\"a\" 1}", "{a:1}", "{\"a\":01}", "{\"a\":\"\n\"}",
        "{\"a\":\"\\x\"}", "{\"a\":tru}", "{\"a\":1} x", "{\"a\":\"\\ud800\"}", "{\"a\":NaN}"}) {
    EXPECT_EQ(failure({}, broken).rfind("parse error. ", 0), 0U) << broken;
  }
  EXPECT_EQ(failure({{"strip_outer_array", "true"}}, "[{\"a\":1}").rfind("parse error. ", 0), 0U);
  EXPECT_EQ(failure({}, "{\"a\":\"\xFF\"}").rfind("parse error. ", 0), 0U);
  // One bad document fails the rows before it as well.
  EXPECT_EQ(query("SELECT COUNT(*) FROM t"), (Rows{{"0"}}));
}

TEST_F(JsonLoad, EachBodyIsADocumentOfItsOwn) {
  EngineError error;
  const auto plan =
      engine_->plan("test", "t", {{"format", "json"}, {"strip_outer_array", "true"}}, true, error);
  ASSERT_NE(plan, nullptr);
  plan->append("[{\"a\":1}");
  plan->append("]");
  plan->end_body();
  plan->append("[{\"a\":2}]");
  plan->end_body();
  const LoadResult result = plan->finish();
  EXPECT_FALSE(result.error);
  EXPECT_EQ(result.counters.loaded, 2);
}

TEST_F(JsonLoad, MatchedMode) {
  EXPECT_EQ(loaded({{"jsonpaths", R"(["$.x.y", "$.\"d.k\".l[1]"])"}},
                   R"({"x":{"y":7},"d.k":{"l":["p","q"]}} {"x":{}})"),
            (Rows{{"7", "q"}, {kNull, kNull}}));
  EXPECT_EQ(loaded({{"jsonpaths", R"(["$.b", "$.a"])"}, {"columns", "b, a"}}, R"({"a":1,"b":"x"})"),
            (Rows{{"1", "x"}}));
  EXPECT_EQ(loaded({{"jsonpaths", R"(["$.a"])"}}, R"({"a":1,"b":"x"})"), (Rows{{"1", kNull}}));
  EXPECT_EQ(loaded({{"jsonpaths", R"(["$.a","$"])"}}, R"({"a":1})"), (Rows{{"1", R"({"a":1})"}}));
}

TEST_F(JsonLoad, InvalidPaths) {
  for (const char* paths : {"a", "[1]", R"(["a"])", R"(["$.a[x]"])", R"({"a":1})", R"(["$."])"}) {
    EXPECT_EQ(
        plan_error("t", {{"format", "json"}, {"jsonpaths", paths}}).rfind("Invalid json path: ", 0),
        0U)
        << paths;
  }
}

TEST_F(JsonLoad, JsonRoot) {
  EXPECT_EQ(loaded({{"json_root", "$.data"}}, R"({"data":{"a":1}} {"data":{"a":2}})"),
            (Rows{{"1", kNull}, {"2", kNull}}));
  EXPECT_EQ(loaded({{"json_root", "$.d.l"}, {"strip_outer_array", "true"}},
                   R"({"d":{"l":[{"a":1},{"a":2}]}})"),
            (Rows{{"1", kNull}, {"2", kNull}}));
  EXPECT_EQ(failure({{"json_root", "$.d"}, {"strip_outer_array", "true"}}, R"({"d":{"a":1}})")
                .rfind("parse error. the value should be array", 0),
            0U);
}

TEST_F(JsonLoad, ColumnsNameKeys) {
  EXPECT_EQ(loaded({{"columns", "k, v, a = k + 1, b = concat(v, '!')"}}, R"({"k":1,"v":"x"})"),
            (Rows{{"2", "x!"}}));
}

TEST(JsonReader, DepthIsLimited) {
  const std::string deep = std::string(100000, '[') + std::string(100000, ']');
  EXPECT_THROW((void)parse_json(deep), JsonError);
}

TEST(JsonReader, KeepsTokens) {
  const Json json = parse_json(R"({"n":1.500E+03,"s":"a\/b\u0041\n"})");
  EXPECT_EQ(json_member(json, "n")->text, "1.500E+03");
  EXPECT_EQ(json_member(json, "s")->text, "a/bA\n");
  EXPECT_EQ(json_minified(json), R"({"n":1.500E+03,"s":"a/bA\n"})");
}

}  // namespace
}  // namespace emulator::test
