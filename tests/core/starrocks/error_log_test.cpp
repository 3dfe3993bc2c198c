#include "core/starrocks/error_log.hpp"

#include "tests/support/scripted_transport.hpp"

#include <gtest/gtest.h>

namespace loadstar::starrocks {
namespace {

using test::reply;

TEST(ErrorLogTest, OnlyTheErrorLogOfABackendIsFetched) {
  const auto url = parse_error_url("http://be1:8040/api/_load_error_log?file=error_log_1");
  ASSERT_TRUE(url.has_value());
  EXPECT_EQ(url->target, "/api/_load_error_log?file=error_log_1");
  for (const char* text :
       {"http://be1:8040/", "http://be1:8040/metrics", "http://be1:8040/api/_load_error_log",
        "/api/_load_error_log?file=x", "http://be1:8040/api/_load_error_logs?file=x",
        "http://be1:8040//api/_load_error_log?file=x", "file:///api/_load_error_log?file=x", ""}) {
    EXPECT_FALSE(parse_error_url(text).has_value()) << text;
  }
}

TEST(ErrorLogTest, TextIsCutAtALineAndCleaned) {
  EXPECT_EQ(read_error_log(reply(200, "Error: a\x1b[31m. Row: 1\t2\r\nError: b\x7f\n")).value(),
            "Error: a\\x1b[31m. Row: 1\\x092\\x0d\nError: b\\x7f\n");
  EXPECT_EQ(read_error_log(
                reply(200, "gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80 \xff\xc3; \xed\xa0\x80 \xc0\xaf"))
                .value(),
            "gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80 ?"
            "?; ??? ?"
            "?");
  std::string long_log;
  while (long_log.size() < 2 * kMaxErrorLog) long_log += "Error: x. Row: y\n";
  const auto text = read_error_log(reply(200, long_log)).value();
  EXPECT_LE(text.size(), kMaxErrorLog);
  EXPECT_GT(text.size(), kMaxErrorLog - 20);
  EXPECT_TRUE(text.ends_with("Row: y\n"));
  EXPECT_EQ(read_error_log(reply(200, std::string(2 * kMaxErrorLog, 'x')))->size(), kMaxErrorLog);
}

TEST(ErrorLogTest, FailuresChangeNothing) {
  EXPECT_EQ(read_error_log(reply(404, "")).error().code, Errc::kNotFound);
  EXPECT_EQ(read_error_log(reply(302, "")).error().code, Errc::kUnexpectedStatus);
  EXPECT_EQ(read_error_log(reply(500, "")).error().certainty, Certainty::kNotApplied);
}

TEST(ErrorLogTest, TheReasonIsNamedInOneWord) {
  const std::pair<const char*, RejectedFor> cases[] = {
      {"Error: Target column count: 3 doesn't match source value column count: 2. Column "
       "separator: "
       "',', Row delimiter: '\\n'. Row: 1,2",
       RejectedFor::kParse},
      {"Error: Invalid UTF-8 row. Row: x", RejectedFor::kParse},
      {"Error: NULL value in non-nullable column 'a'. Row: [NULL]", RejectedFor::kNull},
      {"Error: The field (name = a, pos = 0) is out of range. Type: INT, Value length: 1, Value: "
       "x. "
       "Row: x",
       RejectedFor::kType},
      {"Error: Value '300' is out of range. The type of 'a' is TINYINT. Row: 300",
       RejectedFor::kRange},
      {"Error: String 'abc'(length=3) is too long. The max length of 'a' is 2. Row: abc",
       RejectedFor::kLength},
      {"Error: The row is out of partition ranges. Please add a new partition.. Row: 1",
       RejectedFor::kPartition},
      {"too many filtered rows", RejectedFor::kOther},
      {"", RejectedFor::kOther},
      {"Error: something new. Row: NULL value in non-nullable column", RejectedFor::kOther},
      {"summary\nError: Invalid UTF-8 row. Row: x\n", RejectedFor::kParse},
  };
  for (const auto& [text, reason] : cases) EXPECT_EQ(rejected_for(text), reason) << text;
}

}  // namespace
}  // namespace loadstar::starrocks
