#include "server/push/row_chunker.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace loadstar::server {
namespace {

constexpr std::size_t kNoLimit = 1U << 20U;

RowChunker::Options small(std::size_t target) {
  RowChunker::Options options;
  options.target = target;
  return options;
}

// All chunks of `text`, fed in pieces of `piece` bytes.
std::vector<Chunk> cut(RowChunker& chunker, const std::string& text, std::size_t piece,
                       std::size_t max_bytes = kNoLimit) {
  std::vector<Chunk> chunks;
  const auto take_all = [&] {
    while (auto chunk = chunker.take(max_bytes)) chunks.push_back(std::move(*chunk));
  };
  for (std::size_t at = 0; at < text.size(); at += piece) {
    chunker.feed(std::string_view(text).substr(at, piece));
    take_all();
  }
  chunker.end();
  take_all();
  return chunks;
}

struct Case {
  const char* title;
  RowChunker::Options options;
  std::string text;
  std::vector<std::string> data;
  std::vector<std::uint64_t> rows;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> lines;
};

RowChunker::Options with(std::size_t target, std::string delimiter, char enclose = '\0',
                         bool header = false) {
  RowChunker::Options options = small(target);
  options.delimiter = std::move(delimiter);
  options.enclose = enclose;
  options.header = header;
  return options;
}

std::vector<Case> cases() {
  RowChunker::Options two_rows;
  two_rows.max_rows = 2;
  return {
      {"nothing", small(10), "", {}, {}, {}},
      {"one row", small(10), "a,b\n", {"a,b\n"}, {1}, {{1, 1}}},
      {"a last row without its end", small(100), "a\nb", {"a\nb\n"}, {2}, {{1, 2}}},
      {"cut at the row that reaches the size",
       small(4),
       "aa\nbb\ncc\n",
       {"aa\nbb\n", "cc\n"},
       {2, 1},
       {{1, 2}, {3, 3}}},
      {"a row above the size is a batch of its own",
       small(2),
       "aaaa\nb\nc\n",
       {"aaaa\n", "b\n", "c\n"},
       {1, 1, 1},
       {{1, 1}, {2, 2}, {3, 3}}},
      {"blank rows are left out, lines counted",
       small(100),
       "\n\na\n\r\n\nb\n\n",
       {"a\nb\n"},
       {2},
       {{3, 6}}},
      {"only blank rows", small(100), "\n\n\n", {}, {}, {}},
      {"a limit of rows", two_rows, "a\nb\nc\n", {"a\nb\n", "c\n"}, {2, 1}, {{1, 2}, {3, 3}}},
      {"a header", with(100, "\n", '\0', true), "x,y\r\na,b\n", {"a,b\n"}, {1}, {{2, 2}}},
      {"a long delimiter",
       with(100, "|\r\n"),
       "a|b|\r\nc\r\n|\r\nd",
       {"a|b|\r\nc\r\n|\r\nd|\r\n"},
       {3},
       {{1, 4}}},
      {"enclosed line ends",
       with(100, "\n", '"'),
       "\"a\nb\",1\n\"c\"\"\n\",2\n",
       {"\"a\nb\",1\n\"c\"\"\n\",2\n"},
       {2},
       {{1, 4}}},
  };
}

TEST(RowChunkerTest, CutsAtRowEndsHoweverTheFileArrives) {
  for (const Case& one : cases()) {
    for (std::size_t piece = 1; piece <= one.text.size() + 1; ++piece) {
      RowChunker chunker(one.options);
      const std::vector<Chunk> chunks = cut(chunker, one.text, piece);
      ASSERT_FALSE(chunker.error()) << one.title << ": " << *chunker.error();
      ASSERT_EQ(chunks.size(), one.data.size()) << one.title << ", pieces of " << piece;
      for (std::size_t i = 0; i < chunks.size(); ++i) {
        EXPECT_EQ(chunks[i].data, one.data[i]) << one.title;
        EXPECT_EQ(chunks[i].rows, one.rows[i]) << one.title;
        EXPECT_EQ(chunks[i].first_line, one.lines[i].first) << one.title;
        EXPECT_EQ(chunks[i].last_line, one.lines[i].second) << one.title;
      }
    }
  }
}

TEST(RowChunkerTest, TheHeaderIsKeptAndNotSent) {
  RowChunker chunker(with(100, "\n", '\0', true));
  chunker.feed("id,na");
  EXPECT_FALSE(chunker.take(kNoLimit));
  EXPECT_FALSE(chunker.header());
  chunker.feed("me\n");
  EXPECT_FALSE(chunker.take(kNoLimit));
  EXPECT_EQ(chunker.header(), "id,name");
}

TEST(RowChunkerTest, AByteOrderMarkIsNoPartOfTheFirstName) {
  RowChunker chunker(with(100, "\n", '\0', true));
  chunker.feed("\xEF\xBB\xBFid,name\n1,a\n");
  EXPECT_FALSE(chunker.take(kNoLimit));
  EXPECT_EQ(chunker.header(), "id,name");
}

TEST(RowChunkerTest, OffsetsAreThoseOfTheFile) {
  RowChunker chunker(small(1));
  const auto chunks = cut(chunker, "aa\n\nbb\ncc", 100);
  ASSERT_EQ(chunks.size(), 3U);
  EXPECT_EQ(chunks[0].end_offset, 3U);
  EXPECT_EQ(chunks[1].end_offset, 7U);
  EXPECT_EQ(chunks[2].end_offset, 9U);
}

TEST(RowChunkerTest, ARowThatIsTooLongIsAnErrorAfterTheRowsBefore) {
  for (const std::size_t piece : {1U, 7U, 1'000U}) {
    RowChunker chunker(small(1'000));
    const auto chunks = cut(chunker, "a\nb\n" + std::string(11, 'x') + "\nc\n", piece, 10);
    ASSERT_EQ(chunks.size(), 1U);
    EXPECT_EQ(chunks[0].data, "a\nb\n");
    ASSERT_TRUE(chunker.error());
    EXPECT_EQ(chunker.error()->substr(0, 7), "line 3:");
  }
}

TEST(RowChunkerTest, ABatchIsCutBeforeTheRowThatWouldNotFit) {
  for (const std::string text : {"aaa\nbbb\nccccc\nd\n", "aaa\nbbb\nccccc\nd"}) {
    for (std::size_t piece = 1; piece <= text.size(); ++piece) {
      RowChunker chunker(small(1'000));
      const auto chunks = cut(chunker, text, piece, 8);
      ASSERT_FALSE(chunker.error()) << *chunker.error();
      ASSERT_EQ(chunks.size(), 2U);
      EXPECT_EQ(chunks[0].data, "aaa\nbbb\n");
      EXPECT_EQ(chunks[1].data, "ccccc\nd\n");
      EXPECT_EQ(chunks[1].first_line, 3U);
      EXPECT_EQ(chunks[1].end_offset, text.size());
    }
  }
}

TEST(RowChunkerTest, TheHeaderCanBeReadAlone) {
  RowChunker chunker(with(100, "\n", '\0', true));
  chunker.feed("a,b\n1,2");
  EXPECT_TRUE(chunker.read_header());
  EXPECT_EQ(chunker.header(), "a,b");
  chunker.end();
  const auto chunk = chunker.take(kNoLimit);
  ASSERT_TRUE(chunk);
  EXPECT_EQ(chunk->data, "1,2\n");
}

TEST(RowChunkerTest, AnEscapedByteEndsNothing) {
  const std::string text = "a\\\nb\n\"c\\\"\nd\"\ne\\\\\nf";
  for (std::size_t piece = 1; piece <= text.size(); ++piece) {
    RowChunker::Options options = with(1, "\n", '"');
    options.escape = '\\';
    RowChunker chunker(options);
    const auto chunks = cut(chunker, text, piece);
    ASSERT_EQ(chunks.size(), 4U) << piece;
    EXPECT_EQ(chunks[0].data, "a\\\nb\n");
    EXPECT_EQ(chunks[1].data, "\"c\\\"\nd\"\n");
    EXPECT_EQ(chunks[2].data, "e\\\\\n");
    EXPECT_EQ(chunks[3].data, "f\n");
  }
}

TEST(RowChunkerTest, AnEnclosedFieldThatIsNotClosedIsAnError) {
  RowChunker chunker(with(100, "\n", '"'));
  EXPECT_EQ(cut(chunker, "a\n\"b\nc\n", 3).size(), 1U);
  ASSERT_TRUE(chunker.error());
  EXPECT_EQ(chunker.error()->substr(0, 7), "line 2:");
}

}  // namespace
}  // namespace loadstar::server
