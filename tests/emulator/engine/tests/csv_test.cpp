// Rows and fields of CSV: the plain parser, the state machine, separators (11.2, 11.3).
#include "tests/emulator/engine/csv.hpp"

#include "tests/emulator/engine/tests/fixture.hpp"

namespace emulator::test {
namespace {

class Csv : public EngineTest {
 protected:
  Csv() {
    run("CREATE TABLE test.t (a VARCHAR(100), b VARCHAR(100)) DUPLICATE KEY(a) DISTRIBUTED BY "
        "HASH(a)");
    run("CREATE TABLE test.one (a VARCHAR(100)) DUPLICATE KEY(a) DISTRIBUTED BY HASH(a)");
  }
  Rows rows() { return query("SELECT a, b FROM t"); }

  /// Rows of `t` after loading `body` into the empty table.
  Rows loaded(Headers headers, const std::string& body) {
    run("TRUNCATE TABLE test.t");
    headers.emplace("column_separator", ",");
    headers["max_filter_ratio"] = "1";
    last_ = load("t", headers, body);
    return rows();
  }
  LoadResult last_;
};

TEST_F(Csv, PlainParserNeitherQuotesNorEscapes) {
  EXPECT_EQ(loaded({}, "\"a\",b\\\nc,\\N\n"), (Rows{{"\"a\"", "b\\"}, {"c", kNull}}));
}

TEST_F(Csv, LastDelimiterMayBeMissing) {
  EXPECT_EQ(loaded({}, "a,b\nc,d"), (Rows{{"a", "b"}, {"c", "d"}}));
}

TEST_F(Csv, BlankRowsAreSkippedAndCountedNowhere) {
  EXPECT_EQ(loaded({}, "\na,b\n\n\nc,d\n\n"), (Rows{{"a", "b"}, {"c", "d"}}));
  EXPECT_EQ(last_.counters.total, 2);
  load_ok("one", {}, "\nx\n\n");
  EXPECT_EQ(query("SELECT a FROM one"), (Rows{{"x"}}));
}

TEST_F(Csv, NeitherCarriageReturnNorByteOrderMarkIsStripped) {
  EXPECT_EQ(loaded({},
                   "\xEF\xBB\xBF"
                   "a,b\r\n"),
            (Rows{{"\xEF\xBB\xBF"
                   "a",
                   "b\r"}}));
}

TEST_F(Csv, ColumnCountMismatch) {
  EXPECT_EQ(loaded({}, "1,a\n2\n3,b,c\n"), (Rows{{"1", "a"}}));
  EXPECT_EQ(last_.counters.total, 3);
  EXPECT_EQ(last_.counters.filtered, 2);
  EXPECT_EQ(last_.error_log[0],
            "Error: Target column count: 2 doesn't match source value column count: 1. Column "
            "separator: ',', "
            "Row delimiter: '\\n'. Row: 2");
}

TEST_F(Csv, InvalidUtf8FiltersTheRow) {
  EXPECT_EQ(loaded({}, "\xFF,a\nb,c\n"), (Rows{{"b", "c"}}));
  EXPECT_EQ(last_.error_log[0], "Error: Invalid UTF-8 row. Row: \xFF,a");
}

TEST_F(Csv, QualityRuleIsARatioOfTheSelectedRows) {
  const std::string body = "1,a\n2\n3,b\n4,c\n";
  for (const auto& [ratio, fails] : std::vector<std::pair<std::string, bool>>{{"", true},
                                                                              {"0", true},
                                                                              {"0.24", true},
                                                                              {"0.25", false},
                                                                              {"1", false},
                                                                              {"garbage", true}}) {
    const LoadResult result =
        load("t", {{"column_separator", ","}, {"max_filter_ratio", ratio}}, body);
    EXPECT_EQ(result.error.has_value(), fails) << ratio;
    EXPECT_EQ(result.counters.loaded, 3) << ratio;
    EXPECT_EQ(result.counters.filtered, 1) << ratio;
  }
  // Rows that `where` drops do not count: one of two is a half.
  const Headers where{{"column_separator", ","}, {"max_filter_ratio", "0.4"}, {"where", "a = '1'"}};
  EXPECT_TRUE(load("t", where, body).error);
}

TEST_F(Csv, AtMostFiftyErrorLines) {
  std::string body;
  for (int i = 0; i < 80; ++i) body += "x\n";
  loaded({}, body);
  EXPECT_EQ(last_.error_log.size(), 50U);
  EXPECT_EQ(last_.counters.filtered, 80);
}

TEST_F(Csv, RejectedRecords) {
  loaded({{"log_rejected_record_num", "2"}}, "x\ny\nz\n");
  EXPECT_EQ(last_.rejected_records.size(), 2U);
  EXPECT_EQ(last_.rejected_records[0].rfind("x\tTarget column count: 2 ", 0), 0U);
  loaded({{"log_rejected_record_num", "-1"}}, "x\ny\nz\n");
  EXPECT_EQ(last_.rejected_records.size(), 3U);
  loaded({}, "x\n");
  EXPECT_TRUE(last_.rejected_records.empty());
}

TEST_F(Csv, OneStreamOverAllBodiesAndBrokenBodies) {
  EngineError error;
  const auto plan = engine_->plan("test", "t", {{"column_separator", ","}}, true, error);
  ASSERT_NE(plan, nullptr);
  EXPECT_FALSE(plan->has_data());
  plan->append("a,b\nc");  // the connection breaks here: no end_body()
  plan->append(",d\ne,");
  plan->end_body();
  plan->append("f\n");
  plan->end_body();
  EXPECT_TRUE(plan->has_data());
  EXPECT_EQ(plan->finish().counters.loaded, 3);
  engine_->stage(1, *plan);
  engine_->publish(1);
  EXPECT_EQ(rows(), (Rows{{"a", "b"}, {"c", "d"}, {"e", "f"}}));
}

TEST_F(Csv, ByteByByteIsTheSame) {
  const std::string body = "'a,1'::b\\:::\r\nc''d::'x''\r\ny'\r\n::\\N\r\n";
  for (const bool enclosed : {false, true}) {
    Headers headers{
        {"column_separator", "::"}, {"row_delimiter", "\\x0D0A"}, {"max_filter_ratio", "1"}};
    if (enclosed) headers.insert({{"enclose", "'"}, {"escape", "\\"}});
    const Rows whole = loaded(headers, body);
    run("TRUNCATE TABLE test.t");
    EngineError error;
    const auto plan = engine_->plan("test", "t", headers, false, error);
    for (const char c : body) plan->append({&c, 1});
    plan->end_body();
    (void)plan->finish();
    engine_->stage(99, *plan);
    engine_->publish(99);
    EXPECT_EQ(rows(), whole);
    EXPECT_FALSE(whole.empty());
  }
}

TEST_F(Csv, SkipHeaderAndTrimSpace) {
  EXPECT_EQ(loaded({{"skip_header", "2"}}, "h1,h2\nh3\na,b\n"), (Rows{{"a", "b"}}));
  EXPECT_EQ(loaded({{"trim_space", "true"}}, "  a  , \\N \n"), (Rows{{"a", kNull}}));
  EXPECT_EQ(loaded({{"trim_space", "true"}}, "\ta\t,b\n"), (Rows{{"\ta\t", "b"}}));
}

TEST_F(Csv, TransactionIgnoresTheStateMachine) {
  EngineError error;
  const Headers headers{{"column_separator", ","},
                        {"enclose", "\""},
                        {"escape", "\\"},
                        {"trim_space", "nonsense"},
                        {"skip_header", "1"}};
  const auto plan = engine_->plan("test", "t", headers, true, error);
  ASSERT_NE(plan, nullptr) << error.message;
  plan->append("\"a\", b\n");
  EXPECT_EQ(plan->finish().counters.loaded, 1);
  engine_->stage(1, *plan);
  engine_->publish(1);
  EXPECT_EQ(rows(), (Rows{{"\"a\"", " b"}}));
}

/// A text, and the rows that the state machine reads from it; "\N" stands for NULL here as there.
struct EnclosedCase {
  const char* what;
  Headers headers;
  std::string body;
  Rows expected;
};

TEST_F(Csv, StateMachine) {
  const Headers quote{{"enclose", "\""}};
  const Headers both{{"enclose", "\""}, {"escape", "\\"}};
  const Headers escape{{"escape", "\\"}};
  const Headers trim{{"enclose", "\""}, {"trim_space", "true"}};
  const std::vector<EnclosedCase> cases = {
      {"separators and newlines inside", quote, "\"a,b\nc\",d\n", {{"a,b\nc", "d"}}},
      {"a doubled enclose is one", quote, "\"say \"\"hi\"\"\",x\n", {{"say \"hi\"", "x"}}},
      {"empty enclosed field", quote, "\"\",x\n", {{"", "x"}}},
      {"only doubled quotes", quote, "\"\"\"\",x\n", {{"\"", "x"}}},
      {"enclosed NULL mark is NULL", quote, "\"\\N\",\\N\n", {{kNull, kNull}}},
      {"escape makes NULL mark a letter", both, "\\N,x\n", {{"N", "x"}}},
      {"escaped separator", both, "a\\,b,c\n", {{"a,b", "c"}}},
      {"escaped row delimiter", both, "a\\\nb,c\n", {{"a\nb", "c"}}},
      {"escaped enclose inside", both, "\"a\\\"b\",c\n", {{"a\"b", "c"}}},
      {"escaped escape", both, "\"a\\\\\",c\n", {{"a\\", "c"}}},
      {"escape before another byte is dropped", both, "a\\bc,d\n", {{"abc", "d"}}},
      {"escape before another byte ends the enclosed state", both, "\"a\\bc,d\n", {{"abc", "d"}}},
      {"enclose in the middle is dropped, the next byte literal",
       quote,
       "a\",b,c\n",
       {{"a,b", "c"}}},
      {"escape alone", escape, "a\\,b,c\n", {{"a,b", "c"}}},
      {"quotes are data without enclose", escape, "\"a\",c\n", {{"\"a\"", "c"}}},
      {"blank rows are skipped", quote, "\n\"a\",b\n\n", {{"a", "b"}}},
      {"missing last delimiter", quote, "\"a\",\"b\"", {{"a", "b"}}},
      {"leading blanks before enclose", trim, "  \"a \"  ,  b \n", {{"a ", "b "}}},
      {"without trim a blank hides the enclose", quote, " \"a\",b\n", {{" a,b"}}},
  };
  for (const EnclosedCase& c : cases) {
    SCOPED_TRACE(c.what);
    const Rows got = loaded(c.headers, c.body);
    if (c.expected[0].size() == 2) {
      EXPECT_EQ(got, c.expected);
    } else {
      // One field only: the row is filtered by its count.
      EXPECT_TRUE(got.empty());
      EXPECT_EQ(last_.counters.filtered, 1);
    }
  }
}

TEST_F(Csv, SeparatorsOfSeveralBytes) {
  EXPECT_EQ(
      loaded({{"column_separator", "||"}, {"row_delimiter", "\\x0D0A"}}, "a|b||c\r\nd||e\nf\r\n"),
      (Rows{{"a|b", "c"}, {"d", "e\nf"}}));
  EXPECT_EQ(loaded({{"column_separator", "\\t"}, {"row_delimiter", ";\\n"}}, "a\tb;\nc\td;\n"),
            (Rows{{"a", "b"}, {"c", "d"}}));
}

TEST(Separator, Decoding) {
  const std::vector<std::pair<std::string, std::string>> good = {
      {",", ","},
      {"\\x01", "\x01"},
      {"\\X01", "\x01"},
      {"0x0102", "\x01\x02"},
      {"0X41", "A"},
      {"\\x0D0A", "\r\n"},
      {"\\t", "\t"},
      {"a\\nb", "a\nb"},
      {"\\r", "\\r"},
      {"\\001", "\\001"},
      {"^A", "^A"},
      {"\\x00", std::string(1, '\0')},
      // Bytes from 0x80 on become sign-extended chars: U+FFFF, U+FF80.
      {"\\xFF", "\xEF\xBF\xBF"},
      {"\\x80", "\xEF\xBE\x80"},
      {"\xC3\xA4", "\xC3\xA4"}};
  for (const auto& [header, bytes] : good) EXPECT_EQ(decode_separator(header), bytes) << header;
  const std::vector<std::pair<std::string, std::string>> bad = {
      {"\\x", "Invalid delimiter '\\x: empty hex string"},
      {"\\x0", "Invalid delimiter '\\x0: hex length must be a even number"},
      {"0xZZ", "Invalid delimiter '0xZZ': invalid hex format"}};
  for (const auto& [header, message] : bad) {
    try {
      (void)decode_separator(header);
      ADD_FAILURE() << header << " was accepted";
    } catch (const LoadRefused& refused) {
      EXPECT_EQ(refused.error.message, message);
    }
  }
}

TEST_F(Csv, SeparatorLength) {
  EXPECT_EQ(plan_error("t", {{"column_separator", std::string(51, 'x')}}),
            "The valid bytes length for 'column separator' is [1, 50]");
  EXPECT_EQ(plan_error("t", {{"row_delimiter", std::string(51, 'x')}}),
            "The valid bytes length for 'row delimiter' is [1, 50]");
  EXPECT_EQ(plan_error("t", {{"column_separator", std::string(50, 'x')}}), "(no error)");
}

}  // namespace
}  // namespace emulator::test
