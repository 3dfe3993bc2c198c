#include "core/http/reply_parser.hpp"

#include <gtest/gtest.h>

namespace loadstar::http {
namespace {

struct Outcome {
  std::string what;  // "200 body", or the name of the error
  bool keep_alive = false;

  friend bool operator==(const Outcome&, const Outcome&) = default;
};

void PrintTo(const Outcome& outcome, std::ostream* out) {
  *out << outcome.what << (outcome.keep_alive ? " (keep-alive)" : "");
}

/// Feeds the pieces, then the end of the stream if the reply is not complete by then.
Outcome parse(const std::vector<std::string_view>& pieces, ReplyLimits limits = {},
              bool to_head = false) {
  ReplyParser parser(limits, to_head);
  Result<ReplyProgress> progress = ReplyProgress::kMore;
  for (const auto piece : pieces) {
    progress = parser.feed(piece);
    if (!progress) return {std::string(to_string(progress.error().code))};
    if (*progress == ReplyProgress::kComplete) break;
  }
  if (*progress != ReplyProgress::kComplete) progress = parser.end_of_stream();
  if (!progress) return {std::string(to_string(progress.error().code))};
  const bool keep_alive = parser.keep_alive();
  const Response response = parser.take();
  return {std::to_string(response.status) + " " + response.body, keep_alive};
}

struct Row {
  std::string name;
  std::string bytes;
  Outcome outcome;
  /// Whether a split right after the reply gives the reply: what follows is the pool's to see.
  bool may_end_early = false;
};

void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }

const Outcome kMalformed{"MALFORMED_REPLY"};
const Outcome kLost{"CONNECTION_LOST"};
const std::string kOk = "HTTP/1.1 200 OK\r\n";

class ReplyParserTest : public ::testing::TestWithParam<Row> {};

TEST_P(ReplyParserTest, GivesTheSameHoweverItIsSplit) {
  const Row& row = GetParam();
  const std::string_view bytes = row.bytes;
  EXPECT_EQ(parse({bytes}), row.outcome);
  for (std::size_t at = 0; at <= bytes.size(); ++at) {
    const auto outcome = parse({bytes.substr(0, at), bytes.substr(at)});
    if (row.may_end_early && outcome.what.starts_with("20")) continue;
    EXPECT_EQ(outcome, row.outcome) << "split at " << at;
  }
  std::vector<std::string_view> single;
  for (std::size_t at = 0; at < bytes.size(); ++at) single.push_back(bytes.substr(at, 1));
  if (!row.may_end_early) {
    EXPECT_EQ(parse(single), row.outcome);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Good, ReplyParserTest,
    ::testing::Values(
        Row{"length", kOk + "Content-Length: 5\r\n\r\nhello", {"200 hello", true}},
        Row{"empty",
            "HTTP/1.1 307 Temporary Redirect\r\nlocation: http://b/\r\ncontent-length: 0\r\n\r\n",
            {"307 ", true}},
        Row{"close", kOk + "Connection: close\r\nContent-Length: 2\r\n\r\nok", {"200 ok", false}},
        Row{"http_1_0", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", {"200 ok", false}},
        Row{"http_1_0_keep",
            "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok",
            {"200 ok", true}},
        Row{"no_content", "HTTP/1.1 204 No Content\r\n\r\n", {"204 ", true}},
        Row{"no_reason", "HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n", {"200 ", true}},
        Row{"chunked",
            kOk + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n",
            {"200 abc0123456789", true}},
        Row{"chunked_empty", kOk + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", {"200 ", true}},
        Row{"to_the_end", kOk + "\r\nuntil the end", {"200 until the end", false}},
        Row{"after_100",
            "HTTP/1.1 100 Continue\r\n\r\n" + kOk + "Content-Length: 1\r\n\r\nx",
            {"200 x", true}},
        Row{"after_103_102_100",
            "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n"
            "HTTP/1.1 100 Continue\r\n\r\n" +
                kOk + "Content-Length: 1\r\n\r\nx",
            {"200 x", true}},
        Row{"raw_utf8", kOk + "X: \xC3\xA4\r\nContent-Length: 0\r\n\r\n", {"200 ", true}}),
    [](const auto& row) { return row.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Refused, ReplyParserTest,
    ::testing::Values(
        Row{"two_lengths", kOk + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nx", kMalformed},
        Row{"two_equal_lengths", kOk + "Content-Length: 1\r\nContent-Length: 1\r\n\r\nx",
            kMalformed},
        Row{"length_list", kOk + "Content-Length: 1, 1\r\n\r\nx", kMalformed},
        Row{"length_sign", kOk + "Content-Length: +1\r\n\r\nx", kMalformed},
        Row{"length_hex", kOk + "Content-Length: 0x1\r\n\r\nx", kMalformed},
        Row{"length_empty", kOk + "Content-Length:\r\n\r\n", kMalformed},
        Row{"length_overflow", kOk + "Content-Length: 18446744073709551616\r\n\r\nx", kMalformed},
        Row{"length_and_chunked",
            kOk + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", kMalformed},
        Row{"chunked_and_length",
            kOk + "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n0\r\n\r\n", kMalformed},
        Row{"two_codings",
            kOk + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            kMalformed},
        Row{"gzip_chunked", kOk + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", kMalformed},
        Row{"coding_identity", kOk + "Transfer-Encoding: identity\r\n\r\nx", kMalformed},
        Row{"chunked_1_0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            kMalformed},
        Row{"content_encoding", kOk + "Content-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx",
            kMalformed},
        Row{"fold", kOk + "X: a\r\n b\r\nContent-Length: 0\r\n\r\n", kMalformed},
        Row{"fold_tab", kOk + "X: a\r\n\tb\r\nContent-Length: 0\r\n\r\n", kMalformed},
        Row{"bare_lf", kOk + "X: a\nContent-Length: 0\r\n\r\n", kMalformed},
        Row{"bare_lf_only", "HTTP/1.1 200 OK\nContent-Length: 0\n\n", kMalformed},
        Row{"bare_cr", kOk + "X: a\rb\r\nContent-Length: 0\r\n\r\n", kMalformed},
        Row{"nul", kOk + std::string("X: a\0b\r\nContent-Length: 0\r\n\r\n", 30), kMalformed},
        Row{"space_before_colon", kOk + "Content-Length : 0\r\n\r\n", kMalformed},
        Row{"no_colon", kOk + "Content-Length\r\n\r\n", kMalformed},
        Row{"chunk_extension", kOk + "Transfer-Encoding: chunked\r\n\r\n1;a=b\r\nx\r\n0\r\n\r\n",
            kMalformed},
        Row{"last_chunk_extension", kOk + "Transfer-Encoding: chunked\r\n\r\n0;a\r\n\r\n",
            kMalformed},
        Row{"chunk_size", kOk + "Transfer-Encoding: chunked\r\n\r\nx\r\n\r\n", kMalformed},
        Row{"chunk_end", kOk + "Transfer-Encoding: chunked\r\n\r\n1\r\nxy\r\n0\r\n\r\n",
            kMalformed},
        Row{"chunk_size_overflow", kOk + "Transfer-Encoding: chunked\r\n\r\n10000000000000000\r\nx",
            kMalformed},
        Row{"trailer", kOk + "Transfer-Encoding: chunked\r\n\r\n0\r\nX: y\r\n\r\n", kMalformed},
        Row{"switching", "HTTP/1.1 101 Switching Protocols\r\n\r\n", kMalformed},
        Row{"status_600", "HTTP/1.1 600 X\r\nContent-Length: 0\r\n\r\n", kMalformed},
        Row{"status_099", "HTTP/1.1 099 X\r\nContent-Length: 0\r\n\r\n", kMalformed},
        Row{"http_2", "HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n", kMalformed},
        Row{"not_http", "SSH-2.0-OpenSSH\r\n\r\n", kMalformed},
        Row{"cut_in_head", kOk + "Content-Le", kLost},
        Row{"cut_in_body", kOk + "Content-Length: 5\r\n\r\nhell", kLost},
        Row{"cut_in_chunk", kOk + "Transfer-Encoding: chunked\r\n\r\n5\r\nhell", kLost},
        Row{"cut_before_last_chunk", kOk + "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n", kLost},
        Row{"only_100", "HTTP/1.1 100 Continue\r\n\r\n", kLost}, Row{"nothing", "", kLost},
        Row{"more_after_reply", kOk + "Content-Length: 1\r\n\r\nxy", kMalformed, true},
        Row{"two_replies", kOk + "Content-Length: 1\r\n\r\nx" + kOk + "\r\n", kMalformed, true},
        Row{"body_of_204", "HTTP/1.1 204 No Content\r\n\r\nx", kMalformed, true}),
    [](const auto& row) { return row.param.name; });

TEST(ReplyParserLimitsTest, AHeadMayBeAsLongAsItsLimitAndNoLonger) {
  const std::string head = kOk + "X: " + std::string(1000, 'x') + "\r\nContent-Length: 0\r\n\r\n";
  EXPECT_EQ(parse({head}, {head.size(), 10}).what, "200 ");
  EXPECT_EQ(parse({head}, {head.size() - 1, 10}), kMalformed);
  // Many short fields are as long as a long one, although Beast limits each on its own.
  std::string many = kOk;
  for (int i = 0; i < 100; ++i) many += "X: 0123456789\r\n";
  EXPECT_EQ(parse({many}, {1000, 10}), kMalformed);
}

TEST(ReplyParserLimitsTest, ABodyMayBeAsLongAsItsLimitAndNoLonger) {
  const std::string body(100, 'b');
  const std::string length = kOk + "Content-Length: 100\r\n\r\n" + body;
  const std::string chunked = kOk + "Transfer-Encoding: chunked\r\n\r\n32\r\n" + body.substr(50) +
                              "\r\n32\r\n" + body.substr(50) + "\r\n0\r\n\r\n";
  const std::string to_the_end = kOk + "\r\n" + body;
  for (const auto& reply : {length, chunked, to_the_end}) {
    EXPECT_EQ(parse({reply}, {1000, 100}).what, "200 " + body) << reply;
    EXPECT_EQ(parse({reply}, {1000, 99}), kMalformed) << reply;
  }
  // Refused by its announcement alone (T09).
  ReplyParser parser({1000, 99}, false);
  EXPECT_FALSE(parser.feed(kOk + "Content-Length: 1073741824\r\n\r\n").has_value());
}

TEST(ReplyParserLimitsTest, ChunkHeadsAndInterimRepliesAreBounded) {
  const std::string flood = kOk + "Transfer-Encoding: chunked\r\n\r\n" + std::string(2000, '0');
  EXPECT_EQ(parse({flood}, {1000, 1000}), kMalformed);
  std::string interim;
  for (int i = 0; i < 8; ++i) interim += "HTTP/1.1 102 Processing\r\n\r\n";
  const std::string final_reply = kOk + "Content-Length: 0\r\n\r\n";
  EXPECT_EQ(parse({interim + final_reply}).what, "200 ");
  EXPECT_EQ(parse({interim + "HTTP/1.1 100 Continue\r\n\r\n" + final_reply}), kMalformed);
}

TEST(ReplyParserLimitsTest, AReplyToHeadHasNoBody) {
  const std::string reply = kOk + "Content-Length: 100\r\n\r\n";
  EXPECT_EQ(parse({reply}, {}, true), (Outcome{"200 ", true}));
}

TEST(ReplyParserLimitsTest, Only100MeansContinue) {
  ReplyParser parser({}, false);
  EXPECT_EQ(parser.feed("HTTP/1.1 102 Processing\r\n\r\n").value(), ReplyProgress::kMore);
  EXPECT_EQ(parser.feed("HTTP/1.1 100 Continue\r\n\r\n").value(), ReplyProgress::kContinue);
  EXPECT_EQ(parser.feed(kOk + "Content-Length: 1\r\n\r\n").value(), ReplyProgress::kHead);
  EXPECT_EQ(parser.feed("x").value(), ReplyProgress::kComplete);
  EXPECT_TRUE(parser.started());
}

TEST(ReplyParserLimitsTest, FieldsKeepTheirOrderAndText) {
  ReplyParser parser({}, false);
  const auto progress =
      parser.feed(kOk + "B: 1\r\na:  two words \r\nB: 3\r\nContent-Length: 0\r\n\r\n");
  ASSERT_EQ(progress.value(), ReplyProgress::kComplete);
  const Response response = parser.take();
  ASSERT_EQ(response.fields.size(), 4U);
  EXPECT_EQ(response.field("b"), "1");
  EXPECT_EQ(response.field("A"), "two words");
}

}  // namespace
}  // namespace loadstar::http
