#include "config/interpolate.hpp"

#include "tests/config/support.hpp"

#include <gtest/gtest.h>

#include <string>

namespace loadstar::config {
namespace {

using testing::made_up;
using testing::TemporaryDirectory;

/// `text` as the value of a scalar, after interpolation; the messages if there is a problem.
std::string expand(const std::string& text, const Surroundings& surroundings) {
  Node node;
  node.kind = Node::Kind::kScalar;
  node.text = text;
  node.written = text;
  std::vector<Problem> problems;
  interpolate(node, surroundings, problems);
  if (problems.empty()) return node.text;
  EXPECT_TRUE(node.broken);
  return "PROBLEM " + problems.front().message;
}

TEST(InterpolateTest, VariablesAreReplaced) {
  const auto surroundings = made_up({{"A", "one"}, {"B_2", "two"}, {"EMPTY", ""}});
  EXPECT_EQ(expand("${env:A}", surroundings), "one");
  EXPECT_EQ(expand("<${env:A}-${env:B_2}>", surroundings), "<one-two>");
  EXPECT_EQ(expand("${env:EMPTY}", surroundings), "");
}

TEST(InterpolateTest, DefaultsStandForUnsetAndEmptyVariables) {
  const auto surroundings = made_up({{"A", "one"}, {"EMPTY", ""}});
  EXPECT_EQ(expand("${env:A:-x}", surroundings), "one");
  EXPECT_EQ(expand("${env:NO:-x}", surroundings), "x");
  EXPECT_EQ(expand("${env:EMPTY:-x}", surroundings), "x");
  EXPECT_EQ(expand("${env:NO:-}", surroundings), "");
  EXPECT_EQ(expand("${env:NO:-a:-b}", surroundings), "a:-b");
}

TEST(InterpolateTest, AnUnsetVariableIsNamed) {
  EXPECT_EQ(expand("${env:NO}", made_up()),
            "PROBLEM the environment variable NO is not set; set it or give a default: "
            "${env:NO:-default}");
}

TEST(InterpolateTest, DollarsStandForThemselvesElsewhere) {
  const auto surroundings = made_up({{"A", "one"}});
  for (const char* text : {"pa$$word", "$", "$$", "a$b$", "$A", "$(A)", "100 $"}) {
    EXPECT_EQ(expand(text, surroundings), text);
  }
  EXPECT_EQ(expand("$${env:A}", surroundings), "${env:A}");
  EXPECT_EQ(expand("$$${env:A}", surroundings), "$${env:A}");
}

TEST(InterpolateTest, ValuesAreNotReadAgain) {
  const auto surroundings =
      made_up({{"A", "${env:B}"}, {"B", "two"}, {"ZERO", "0123"}, {"YAML", "a: b\n- c"}});
  EXPECT_EQ(expand("${env:A}", surroundings), "${env:B}");
  EXPECT_EQ(expand("${env:ZERO}", surroundings), "0123");
  EXPECT_EQ(expand("${env:YAML}", surroundings), "a: b\n- c");
}

TEST(InterpolateTest, WhatCannotBeUnderstoodIsAProblem) {
  for (const char* text :
       {"${A}", "${env:}", "${env:1A}", "${env:A B}", "${env:A", "${", "${}", "${ENV:A}",
        "${env:${env:A}}", "${env:NO:-${env:A}}", "${file:}", "${env:A-x}"}) {
    EXPECT_TRUE(expand(text, made_up({{"A", "one"}})).starts_with("PROBLEM ")) << text;
  }
}

TEST(InterpolateTest, FilesLoseTheirLastLineEndOnly) {
  const TemporaryDirectory directory;
  const auto surroundings = made_up();
  EXPECT_EQ(expand("${file:" + directory.write("a", "text\n") + "}", surroundings), "text");
  EXPECT_EQ(expand("${file:" + directory.write("b", "text\r\n") + "}", surroundings), "text");
  EXPECT_EQ(expand("${file:" + directory.write("c", "two\n\n") + "}", surroundings), "two\n");
  EXPECT_EQ(expand("${file:" + directory.write("d", "") + "}", surroundings), "");
  EXPECT_EQ(expand("${file:/nowhere/x}", surroundings),
            "PROBLEM the file `/nowhere/x` cannot be read: No such file or directory");
  const auto large = directory.write("e", std::string(70'000, 'x'));
  EXPECT_NE(expand("${file:" + large + "}", surroundings).find("is larger than 65536 bytes"),
            std::string::npos);
}

TEST(InterpolateTest, ScalarsAtEveryDepthAreReachedAndKeysAreNot) {
  std::vector<Problem> problems;
  Node root =
      parse_document("\"${env:A}\":\n  - x\n  - {b: \"${env:A}\", c: \"${env:NO}\"}\n", problems);
  interpolate(root, made_up({{"A", "one"}}), problems);
  EXPECT_EQ(root.entries[0].key, "${env:A}");
  const Node& map = root.entries[0].value.items[1];
  EXPECT_EQ(map.entries[0].value.text, "one");
  EXPECT_TRUE(map.entries[0].value.interpolated);
  EXPECT_EQ(map.entries[0].value.written, "${env:A}");
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0].key, "${env:A}[1].c");
  EXPECT_EQ(problems[0].mark, (Mark{3, 24}));
}

}  // namespace
}  // namespace loadstar::config
