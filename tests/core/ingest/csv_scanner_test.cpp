#include "core/ingest/csv_scanner.hpp"

#include "tests/core/ingest/support/wire_builder.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace loadstar::ingest {
namespace {

/// Rows, or what is wrong; the same however the text is cut.
std::string scan(const std::string& text, const CsvDialect& dialect = {}) {
  const CsvScan whole = scan_csv(wire::whole(text), dialect);
  const auto shown = [](const CsvScan& scan) {
    return scan.problem.empty() ? std::to_string(scan.rows) : scan.problem;
  };
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    EXPECT_EQ(shown(scan_csv(wire::cut(text, cut), dialect)), shown(whole)) << cut;
  }
  EXPECT_EQ(shown(scan_csv(wire::pieces(text, 1), dialect)), shown(whole));
  EXPECT_EQ(shown(scan_csv(wire::pieces(text, 3), dialect)), shown(whole));
  return shown(whole);
}

bool refused(const std::string& text, const CsvDialect& dialect = {}) {
  const std::string result = scan(text, dialect);
  return result.empty() || result[0] < '0' || result[0] > '9';
}

CsvDialect separated(std::string column, std::string row) {
  CsvDialect dialect;
  dialect.column_separator = std::move(column);
  dialect.row_delimiter = std::move(row);
  return dialect;
}

CsvDialect enclosed(std::optional<char> enclose, std::optional<char> escape = std::nullopt) {
  CsvDialect dialect = separated(",", "\n");
  dialect.enclose = enclose;
  dialect.escape = escape;
  return dialect;
}

// F027
TEST(CsvScannerTest, RowsEndWithTheDelimiter) {
  EXPECT_EQ(scan("a\tb\n"), "1");
  EXPECT_EQ(scan("a\nb\nc\n"), "3");
  EXPECT_EQ(scan(" \n"), "1");
  EXPECT_EQ(scan("\t\n"), "1");
  EXPECT_TRUE(refused(""));
  EXPECT_TRUE(refused("a"));
  EXPECT_TRUE(refused("a\nb"));
}

TEST(CsvScannerTest, BlankRowsAreRefused) {
  EXPECT_TRUE(scan("\n").starts_with("row 1 is blank"));
  EXPECT_TRUE(scan("a\n\nb\n").starts_with("row 2 is blank"));
  EXPECT_TRUE(scan("a\n\n").starts_with("row 2 is blank"));
  EXPECT_TRUE(scan("a||;||;b||;", separated(",", "||;")).starts_with("row 2 is blank"));
}

TEST(CsvScannerTest, LongDelimitersAreFoundAcrossSlices) {
  const CsvDialect dialect = separated("\x01", "ab||");
  EXPECT_EQ(scan("1ab||2ab||", dialect), "2");
  EXPECT_EQ(scan("aab||ab|ab||aaab||", dialect), "3") << "no match is looked for inside a match";
  EXPECT_TRUE(refused("1ab||2ab|", dialect));
  EXPECT_TRUE(refused("1ab||2", dialect));
  EXPECT_EQ(scan("x\x02", separated("\x01", "\x02")), "1");
}

TEST(CsvScannerTest, CarriageReturnsEverywhereAreATrap) {
  EXPECT_TRUE(refused("a\r\nb\r\n"));
  EXPECT_TRUE(refused("a\r\n"));
  EXPECT_EQ(scan("a\r\nb\n"), "2") << "a value may end in CR";
  EXPECT_EQ(scan("a\r\nb\r\n", separated(",", "\r\n")), "2");
  EXPECT_TRUE(refused("\r\na\r\n", separated(",", "\r\n")));
}

TEST(CsvScannerTest, AByteOrderMarkIsRefused) {
  EXPECT_TRUE(
      refused("\xEF\xBB\xBF"
              "a\n"));
  EXPECT_EQ(scan("a\xEF\xBB\xBF\n"), "1");
}

TEST(CsvScannerTest, EnclosedFieldsHideSeparators) {
  const CsvDialect dialect = enclosed('"');
  EXPECT_EQ(scan("1,\"a\nb\"\n2,c\n", dialect), "2");
  EXPECT_EQ(scan("\"a,\"\"b\"\"\n\"\n", dialect), "1");
  EXPECT_EQ(scan("\"\"\n", dialect), "1") << "an enclosed empty string is no blank row";
  EXPECT_EQ(scan("\"\\N\",\\N\n", dialect), "1");
  EXPECT_EQ(scan("a\"\nb\n", dialect), "1") << "in the middle it makes the next byte literal";
  EXPECT_TRUE(refused("\"a\n", dialect));
  EXPECT_TRUE(refused("\"a\"b\n", dialect));
  EXPECT_TRUE(refused("\"a\" ,b\n", dialect));
  EXPECT_TRUE(refused("\"a\"", dialect));
  EXPECT_TRUE(refused("a,b", dialect));
  EXPECT_TRUE(refused("a\n\nb\n", dialect));
}

TEST(CsvScannerTest, TrimmingMovesTheEnclose) {
  CsvDialect dialect = enclosed('"');
  dialect.trim_space = true;
  EXPECT_EQ(scan("  \"a\nb\"  ,c\n", dialect), "1");
  EXPECT_EQ(scan("  \"a\"\n", dialect), "1");
  EXPECT_TRUE(refused("\"a\" x\n", dialect));
}

TEST(CsvScannerTest, EscapesMakeSpecialsLiteral) {
  const CsvDialect dialect = enclosed('"', '\\');
  EXPECT_EQ(scan("a\\\nb\n", dialect), "1");
  EXPECT_EQ(scan("a\\,b\nc\n", dialect), "2");
  EXPECT_EQ(scan("a\\\\\nb\n", dialect), "2");
  EXPECT_EQ(scan("\"a\\\"\nb\"\n", dialect), "1");
  EXPECT_EQ(scan("\\N,a\n", dialect), "1");
  EXPECT_TRUE(refused("\"a\\nb\"\n", dialect)) << "it would end the enclosed field at StarRocks";
  EXPECT_TRUE(refused("a\\\n", dialect));
  EXPECT_TRUE(refused("a\\", dialect));
  EXPECT_EQ(scan("a\\\nb\n", enclosed(std::nullopt, '\\')), "1");
}

}  // namespace
}  // namespace loadstar::ingest
