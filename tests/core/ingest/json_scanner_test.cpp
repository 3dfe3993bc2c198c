#include "core/ingest/json_scanner.hpp"

#include "core/base/random.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace loadstar::ingest {
namespace {

/// Rows of `text`, or -1; the same for every cut in two pieces and byte by byte.
long rows(JsonShape shape, const std::string& text) {
  const auto scan = [shape, &text](std::size_t first, std::size_t piece) {
    JsonScanner scanner(shape);
    bool good = scanner.feed(std::string_view(text).substr(0, first));
    for (std::size_t at = first; good && at < text.size(); at += piece) {
      good = scanner.feed(std::string_view(text).substr(at, piece));
    }
    const bool complete = scanner.finish();
    EXPECT_EQ(complete, scanner.problem().empty());
    return good && complete ? static_cast<long>(scanner.rows()) : -1L;
  };
  const long whole = scan(text.size(), 1);
  EXPECT_EQ(scan(0, 1), whole) << text;
  for (std::size_t cut = 0; cut < std::min<std::size_t>(text.size(), 64); ++cut) {
    EXPECT_EQ(scan(cut, text.size()), whole) << text << " cut at " << cut;
  }
  return whole;
}

bool value(const std::string& text) {
  const bool valid = rows(JsonShape::kValue, text) >= 0;
  EXPECT_EQ(is_json(text), valid);
  return valid;
}

TEST(JsonScannerTest, ValuesOfRfc8259) {
  for (const char* text : {"0",
                           "-0",
                           "12",
                           "-1.5",
                           "1e5",
                           "1E+5",
                           "1.25e-10",
                           "true",
                           "false",
                           "null",
                           "\"\"",
                           "\"a\\n\\u0041\"",
                           "[]",
                           "{}",
                           " [ 1 , 2 ] ",
                           "{\"a\":{\"b\":[null,{}]}}",
                           "\"\\ud83d\\ude00\"",
                           "\"\x7f\"",
                           "\t\r\n 1\n",
                           "[[[]],[]]",
                           "{\"\":0,\"\":1}",
                           "\"\\/\\b\\f\\\"\\\\\"",
                           "\"\xF0\x9F\x98\x80\""}) {
    EXPECT_TRUE(value(text)) << text;
  }
}

TEST(JsonScannerTest, WhatIsNoValue) {
  for (const char* text : {"",
                           " ",
                           "01",
                           "-",
                           "1.",
                           ".5",
                           "+1",
                           "1e",
                           "1e+",
                           "tru",
                           "truee",
                           "nul",
                           "NaN",
                           "Infinity",
                           "'a'",
                           "\"",
                           "\"a",
                           "\"\\x\"",
                           "\"\\u12\"",
                           "\"\\u12g4\"",
                           "\"\\ud83d\"",
                           "\"\\ude00\"",
                           "\"\\ud83dx\"",
                           "\"\\ud83d\\n\"",
                           "\"\\ud83d\\ud83d\"",
                           "\"a\nb\"",
                           "\"\x01\"",
                           "[",
                           "]",
                           "[1",
                           "[1,]",
                           "[,1]",
                           "[1 2]",
                           "{",
                           "{\"a\"}",
                           "{\"a\":}",
                           "{\"a\":1,}",
                           "{a:1}",
                           "{\"a\" 1}",
                           "{1:1}",
                           "[}",
                           "{]",
                           "1 2",
                           "{} {}",
                           "[1]]",
                           "// c\n1",
                           "\xEF\xBB\xBF{}",
                           "\"a\"b",
                           "-a",
                           "{\"a\":1 \"b\":2}",
                           "--1"}) {
    EXPECT_FALSE(value(text)) << text;
  }
  EXPECT_FALSE(value(std::string("1\0", 2)));
}

TEST(JsonScannerTest, NestingIsBounded) {
  const std::size_t deepest = JsonScanner::kMaxDepth;
  EXPECT_TRUE(is_json(std::string(deepest, '[') + std::string(deepest, ']')));
  EXPECT_FALSE(is_json(std::string(deepest + 1, '[') + std::string(deepest + 1, ']')));
  EXPECT_FALSE(is_json(std::string(10'000'000, '[')));
}

TEST(JsonScannerTest, LinesHoldOneObjectEach) {
  EXPECT_EQ(rows(JsonShape::kObjectLines, "{}\n"), 1);
  EXPECT_EQ(rows(JsonShape::kObjectLines, "{\"a\":1}\n{\"a\":[{},{}]}\r\n  {} \n"), 3);
  EXPECT_EQ(rows(JsonShape::kObjectLines, "{\"a\":\"\\n}{\"}\n"), 1);
  for (const char* text : {"{}",
                           "{}\n{}",
                           "{}\n\n{}\n",
                           "\n{}\n",
                           "{}\r\n\r\n",
                           "{} {}\n",
                           "{}{}\n",
                           "[]\n",
                           "1\n",
                           "{\"a\":\n1}\n",
                           "{\"a\":1,\n\"b\":2}\n",
                           "{\n}\n",
                           "{\"a\":1\n}\n",
                           "{}x\n",
                           "{},\n{}\n",
                           "{\"a\":[1,\n2]}\n",
                           "{\"a\"\n:1}\n",
                           "x\n",
                           "\xEF\xBB\xBF{}\n",
                           "{\"a\":nul\n}\n",
                           "{\"a\":1}}\n"}) {
    EXPECT_EQ(rows(JsonShape::kObjectLines, text), -1) << text;
  }
}

TEST(JsonScannerTest, ArraysHoldObjects) {
  EXPECT_EQ(rows(JsonShape::kArrayOfObjects, "[]"), 0);
  EXPECT_EQ(rows(JsonShape::kArrayOfObjects, "[{}]"), 1);
  EXPECT_EQ(rows(JsonShape::kArrayOfObjects, " [ {\"a\":[{}]} ,\n{\"b\":\"]\"} ] \n"), 2);
  for (const char* text : {"", "{}", "[1]", "[{},1]", "[[{}]]", "[{}]]", "[{}] [{}]", "[{},]",
                           "[{} {}]", "[{}", "{}\n", "[\"a\"]", "[null]", "x[{}]", "[{}]x"}) {
    EXPECT_EQ(rows(JsonShape::kArrayOfObjects, text), -1) << text;
  }
  JsonScanner scanner(JsonShape::kArrayOfObjects);
  const std::string text = "  [ {\"a\":[]} ] ";
  ASSERT_TRUE(scanner.feed(text) && scanner.finish());
  EXPECT_EQ(text[scanner.open_bracket()], '[');
  EXPECT_EQ(scanner.close_bracket(), text.rfind(']'));
}

TEST(JsonScannerTest, ProblemsNameTheRow) {
  JsonScanner scanner(JsonShape::kObjectLines);
  EXPECT_FALSE(scanner.feed("{}\n{}\n{\"a\":x}\n{}\n"));
  EXPECT_TRUE(scanner.problem().starts_with("row 3, near byte 11: ")) << scanner.problem();
  EXPECT_FALSE(scanner.feed("{}\n")) << "a refused text stays refused";
}

/// Damages random documents and compares the verdict with another parser.
TEST(JsonScannerTest, AgreesWithAnotherParser) {
  Random random(11);
  const std::string seeds[] = {
      R"({"a":[1,2.5e-3,-0,"x\u00e9\\\"y",true,null],"b":{"c":[]},"d":"A\n"})",
      R"([{"k":"v"},[[],{}],0.1,12e+2,"\ud83d\ude00"])"};
  const std::string alphabet = "{}[]\",:\\u0019eE+-. \ntrfalsn";
  int valid = 0;
  for (int i = 0; i < 60'000; ++i) {
    std::string text = seeds[random.below(2)];
    for (std::uint64_t edits = random.below(3); edits > 0; --edits) {
      const std::size_t at = random.below(text.size());
      switch (random.below(3)) {
        case 0:
          text[at] = alphabet[random.below(alphabet.size())];
          break;
        case 1:
          text.erase(at, 1);
          break;
        default:
          text.insert(at, 1, alphabet[random.below(alphabet.size())]);
          break;
      }
    }
    const bool expected = nlohmann::json::accept(text);
    valid += expected ? 1 : 0;
    ASSERT_EQ(is_json(text), expected) << text;
  }
  EXPECT_GT(valid, 15'000);
}

}  // namespace
}  // namespace loadstar::ingest
