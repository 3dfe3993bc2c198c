#include "config/document.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace loadstar::config {
namespace {

struct Read {
  Node root;
  std::vector<Problem> problems;
};

Read read(std::string_view text) {
  Read result;
  result.root = parse_document(text, result.problems);
  return result;
}

/// Expects one problem whose message has `part` in it; returns its place.
Mark expect_refused(std::string_view text, std::string_view part) {
  const Read result = read(text);
  EXPECT_EQ(result.problems.size(), 1U) << text;
  if (result.problems.empty()) return {};
  EXPECT_NE(result.problems[0].message.find(part), std::string::npos) << result.problems[0].message;
  return result.problems[0].mark;
}

TEST(DocumentTest, EveryScalarIsTextWithItsPlace) {
  const Read result = read("a: 010\nb: [yes, 1.50]\nc: {d: \"x\"}\ne:\nf: ~\n");
  EXPECT_TRUE(result.problems.empty());
  ASSERT_EQ(result.root.entries.size(), 5U);
  const auto& entries = result.root.entries;
  EXPECT_EQ(entries[0].value.text, "010");
  EXPECT_EQ(entries[0].value.mark, (Mark{1, 4}));
  EXPECT_EQ(entries[1].value.items.at(0).text, "yes");
  EXPECT_EQ(entries[1].value.items.at(1).text, "1.50");
  EXPECT_EQ(entries[2].value.entries.at(0).key, "d");
  EXPECT_EQ(entries[2].value.entries.at(0).value.mark, (Mark{3, 8}));
  EXPECT_EQ(entries[3].value.kind, Node::Kind::kNull);
  EXPECT_EQ(entries[4].value.kind, Node::Kind::kNull);
  EXPECT_EQ(entries[4].mark, (Mark{5, 1}));
}

TEST(DocumentTest, DuplicateKeysAreRefusedAtTheirPlaceAndTheFirstStays) {
  const Read result = read("a:\n  b: 1\n  c: 2\n  b: 3\n");
  ASSERT_EQ(result.problems.size(), 1U);
  EXPECT_EQ(result.problems[0].mark, (Mark{4, 3}));
  EXPECT_EQ(result.problems[0].key, "a.b");
  EXPECT_EQ(result.problems[0].message,
            "duplicate key; it is already set in line 2, keep one of them");
  EXPECT_EQ(result.root.entries[0].value.entries[0].value.text, "1");
}

TEST(DocumentTest, AnchorsAliasesTagsAndMergeKeysAreRefused) {
  EXPECT_EQ(expect_refused("a: &x 1\n", "anchors").line, 1U);
  EXPECT_EQ(expect_refused("a: *x\n", "aliases").column, 4U);
  expect_refused("a: !!binary aGk=\n", "tags");
  expect_refused("a: !local x\n", "tags");
  expect_refused("a: !!map {b: 1}\n", "tags");
  expect_refused("<<: {a: 1}\n", "merge keys");
  const Read both = read("a: &x {b: 1}\nc: *x\n");
  EXPECT_EQ(both.problems.size(), 2U);
}

TEST(DocumentTest, KeysArePlainText) {
  expect_refused("? [a, b]\n: 1\n", "a key must be plain text");
  expect_refused("? {a: b}\n: 1\n", "a key must be plain text");
  expect_refused("~: 1\n", "a key must be plain text");
}

TEST(DocumentTest, OneDocumentOnly) {
  EXPECT_TRUE(read("---\na: 1\n").problems.empty());
  EXPECT_TRUE(read("a: 1\n...\n").problems.empty());
  EXPECT_EQ(expect_refused("a: 1\n---\nb: 2\n", "second document").line, 2U);
}

TEST(DocumentTest, DepthIsBounded) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_TRUE(read(nested(kMaxDepth)).problems.empty());
  expect_refused(nested(kMaxDepth + 1), "nested deeper than 32 levels");
  expect_refused(nested(200'000), "nested deeper than 32 levels");
  expect_refused(std::string(400'000, '{'), "nested deeper than 32 levels");
}

TEST(DocumentTest, SizeIsBounded) {
  const std::string line = "# comment\n";
  std::string text;
  while (text.size() + line.size() <= kMaxFileBytes) text += line;
  EXPECT_TRUE(read(text).problems.empty());
  text.resize(kMaxFileBytes + 1, '#');
  expect_refused(text, "at most 1048576 (1MiB)");
}

TEST(DocumentTest, ForeignBytesAreRefusedWithTheirPlace) {
  using namespace std::string_literals;  // NOLINT(google-build-using-namespace)
  EXPECT_EQ(expect_refused("a: 1\nb: \0\n"s, "byte 0x00 is a control byte"), (Mark{2, 4}));
  EXPECT_EQ(expect_refused("a: \xFF\n", "byte 0xff is not UTF-8"), (Mark{1, 4}));
  expect_refused("a: \xC0\xAF\n", "not UTF-8");
  expect_refused("a: \xED\xA0\x80\n", "not UTF-8");
  expect_refused("a: \xF5\x80\x80\x80\n", "not UTF-8");
  expect_refused("a: \xE2\x82", "not UTF-8");
  EXPECT_TRUE(read("a: \xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80\n").problems.empty());
}

TEST(DocumentTest, LinesMayEndInCrLfButACarriageReturnAloneIsRefused) {
  const Read windows = read("a: 1\r\nb:\r\n  - x\r\n\r\n");
  EXPECT_TRUE(windows.problems.empty());
  ASSERT_EQ(windows.root.entries.size(), 2U);
  EXPECT_EQ(windows.root.entries[0].value.text, "1");
  EXPECT_EQ(expect_refused("a: 1\r\n\r", "carriage return"), (Mark{2, 1}));
  EXPECT_EQ(expect_refused("a: 1\rb: 2\n", "end lines with LF or CR LF"), (Mark{1, 5}));
}

TEST(DocumentTest, WhatIsNotYamlIsToldWithItsPlaceAndTheRestIsKept) {
  const Read result = read("a: 1\nb: [1, 2\nc: 3\n");
  ASSERT_EQ(result.problems.size(), 1U);
  EXPECT_TRUE(result.problems[0].message.starts_with("not YAML: ")) << result.problems[0].message;
  EXPECT_TRUE(result.root.broken);
  ASSERT_FALSE(result.root.entries.empty());
  EXPECT_EQ(result.root.entries[0].value.text, "1");
}

// yaml-cpp takes the end of the file for the closing quote where a line break comes before.
TEST(DocumentTest, AQuoteThatIsNotClosedIsRefusedAtItsBeginning) {
  for (const char* text : {"a: 1\nb: \"x\n", "a: 1\nb: 'x\n", "a: 1\nb: \"x\\\"\n",
                           "a: 1\nb: 'it''\n", "a: 1\nb: \"x\nc: 2\n"}) {
    EXPECT_EQ(expect_refused(text, "the closing quote is missing"), (Mark{2, 4})) << text;
  }
  for (const char* text : {"a: \"x\"\n", "a: 'it''s'\n", "a: \"x\\\\\"\n", "a: \"x\n  y\"\n",
                           "a: |\n  \"x\n", "\"a\": it's \"so\n",
                           "\xEF\xBB\xBF"
                           "a: \"x\"\n"}) {
    EXPECT_TRUE(read(text).problems.empty()) << text;
  }
}

TEST(DocumentTest, AnEmptyFileIsNothing) {
  for (const char* text : {"", "# only a comment\n", "\n\n", "---\n"}) {
    const Read result = read(text);
    EXPECT_TRUE(result.problems.empty()) << text;
    EXPECT_EQ(result.root.kind, Node::Kind::kNull) << text;
  }
}

}  // namespace
}  // namespace loadstar::config
