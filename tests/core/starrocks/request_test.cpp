#include "core/starrocks/request.hpp"

#include "tests/support/scripted_transport.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace loadstar::starrocks {
namespace {

using std::chrono::seconds;
using test::field_of;

const Credentials kRoot{"root", Secret("")};

LoadRequest load() {
  LoadRequest request;
  request.table = TableName{"test_db", "table1"};
  request.label = "lbl-1";
  request.properties = {{"format", "csv"}, {"column_separator", "\\x01"}, {"columns", "id, name"}};
  request.body.append(Slice::from_static("1,a\n"));
  return request;
}

TEST(RequestTest, StreamLoadNamesItsTableInThePath) {
  const auto request = stream_load_request(load(), seconds(600), kRoot).value();
  EXPECT_EQ(request.method, "PUT");
  EXPECT_EQ(request.target, "/api/test_db/table1/_stream_load");
  EXPECT_EQ(field_of(request, "Authorization"), "Basic cm9vdDo=");
  EXPECT_EQ(field_of(request, "label"), "lbl-1");
  EXPECT_EQ(field_of(request, "timeout"), "600");
  EXPECT_EQ(field_of(request, "column_separator"), "\\x01");
  EXPECT_TRUE(request.expect_continue);
  EXPECT_EQ(request.framing, http::Framing::kContentLength);
  EXPECT_EQ(request.body.to_string(), "1,a\n");
}

// 4.3: header and body cannot say different things, whoever made the request.
TEST(RequestTest, TheBodyIsCompressedAsTheHeadersSay) {
  struct Case {
    std::vector<http::Field> properties;
    Compression expected;
  };
  const std::vector<Case> cases{
      {{{"format", "csv"}}, Compression::kNone},
      {{{"format", "gzip"}}, Compression::kGzip},
      {{{"format", "lz4"}}, Compression::kLz4Frame},
      {{{"Format", "ZSTD"}}, Compression::kZstd},
      {{{"format", "json"}, {"compression", "GZIP"}}, Compression::kGzip},
      {{{"format", "json"}, {"compression", "LZ4_FRAME"}}, Compression::kLz4Frame},
      {{{"format", "json"}, {"Compression", "zstd"}}, Compression::kZstd},
      {{{"format", "json"}, {"transmission_compression_type", "ZSTD"}}, Compression::kNone}};
  for (const Case& test : cases) {
    LoadRequest one = load();
    one.properties = test.properties;
    for (const auto& request :
         {stream_load_request(one, seconds(600), kRoot), load_request(one, kRoot)}) {
      ASSERT_TRUE(request.has_value());
      EXPECT_EQ(request->compression, test.expected);
      EXPECT_EQ(request->framing, test.expected == Compression::kNone
                                      ? http::Framing::kContentLength
                                      : http::Framing::kChunked);
      EXPECT_EQ(request->body.to_string(), "1,a\n") << "compressed on its way only";
    }
  }
}

TEST(RequestTest, TransactionOperationsNameEverythingInHeaders) {
  const TableName table{"test_db", "table1"};
  const auto begin = begin_request(table, "lbl-1", seconds(3600), kRoot).value();
  EXPECT_EQ(begin.method + " " + begin.target, "POST /api/transaction/begin");
  EXPECT_EQ(field_of(begin, "db"), "test_db");
  EXPECT_EQ(field_of(begin, "table"), "table1");
  EXPECT_EQ(field_of(begin, "label"), "lbl-1");
  EXPECT_EQ(field_of(begin, "timeout"), "3600");
  EXPECT_FALSE(begin.expect_continue);
  EXPECT_EQ(begin.framing, http::Framing::kNone);

  const auto put = load_request(load(), kRoot).value();
  EXPECT_EQ(put.method + " " + put.target, "PUT /api/transaction/load");
  EXPECT_TRUE(put.expect_continue);
  EXPECT_EQ(field_of(put, "columns"), "id, name");
  EXPECT_EQ(field_of(put, "timeout"), "");

  const auto prepare = prepare_request(table, "lbl-1", seconds(86400), kRoot).value();
  EXPECT_EQ(prepare.target, "/api/transaction/prepare");
  EXPECT_EQ(field_of(prepare, "prepared_timeout"), "86400");
  const auto commit = commit_request(table, "lbl-1", seconds(30), kRoot).value();
  EXPECT_EQ(commit.target, "/api/transaction/commit");
  EXPECT_EQ(field_of(commit, "timeout"), "30");
  const auto rollback = rollback_request(table, "lbl-1", kRoot).value();
  EXPECT_EQ(rollback.target, "/api/transaction/rollback");
  EXPECT_EQ(field_of(rollback, "timeout"), "");
}

TEST(RequestTest, QuestionsGoByPathAndQuery) {
  const auto state = state_request("test_db", "lbl-1", kRoot).value();
  EXPECT_EQ(state.method + " " + state.target, "GET /api/test_db/get_load_state?label=lbl-1");
  const auto cancel = cancel_request("test_db", "lbl-1", kRoot).value();
  EXPECT_EQ(cancel.method + " " + cancel.target, "POST /api/test_db/lbl-1/_cancel?label=lbl-1");
  const auto sql = sql_request("SELECT 'ä\"'", kRoot).value();
  EXPECT_EQ(sql.target, "/api/v1/catalogs/default_catalog/sql");
  EXPECT_EQ(nlohmann::json::parse(sql.body.to_string())["query"], "SELECT 'ä\"'");
  EXPECT_EQ(probe_request(kRoot)->target, "/api/transaction/rollback");
}

// T03: a name cannot leave its segment.
TEST(RequestTest, NamesStayInTheirPathSegment) {
  const std::map<std::string, std::string> segments{
      {"a/b", "a%2Fb"}, {"..", "%2E%2E"},
      {".", "%2E"},     {"a?b", "a%3Fb"},
      {"%2f", "%252f"}, {"a#b", "a%23b"},
      {"a b", "a%20b"}, {"\xc3\xa4", "%C3%A4"},
      {"a;b", "a%3Bb"}, {"../../api/x", "..%2F..%2Fapi%2Fx"}};
  for (const auto& [name, segment] : segments) {
    EXPECT_EQ(state_request(name, "l", kRoot)->target,
              "/api/" + segment + "/get_load_state?label=l");
    EXPECT_EQ(schema_v1_target({name, name}), "/api/" + segment + "/" + segment + "/_schema");
    EXPECT_EQ(schema_v2_target({name, "t"}),
              "/api/v2/catalogs/default_catalog/databases/" + segment + "/tables/t/schema");
    LoadRequest request = load();
    request.table = TableName{name, name};
    EXPECT_EQ(stream_load_request(request, seconds(1), kRoot)->target,
              "/api/" + segment + "/" + segment + "/_stream_load");
  }
}

TEST(RequestTest, CredentialsAreBase64OfUserAndPassword) {
  const Credentials credentials{"u1", Secret("p:w\xc3\xa4")};
  EXPECT_EQ(field_of(state_request("d", "l", credentials).value(), "Authorization"),
            "Basic dTE6cDp3w6Q=");
  EXPECT_EQ(field_of(state_request("d", "l", {"u1", Secret("")}).value(), "Authorization"),
            "Basic dTE6");
  EXPECT_EQ(field_of(state_request("d", "l", {"", Secret("")}).value(), "Authorization"),
            "Basic Og==");
}

void expect_refused(const Result<http::Request>& request, const std::string& what) {
  ASSERT_FALSE(request.has_value()) << what;
  EXPECT_EQ(request.error().code, Errc::kInvalidRequest) << what;
  EXPECT_EQ(request.error().certainty, Certainty::kNotApplied) << what;
}

// T01: all 256 bytes in every field that comes from outside.
TEST(RequestTest, NoControlByteGetsIntoAHeader) {
  for (int byte = 0; byte < 256; ++byte) {
    const std::string text = std::string("a") + static_cast<char>(byte) + "b";
    const bool is_control = byte < 0x20 || byte == 0x7f;
    LoadRequest request = load();
    request.properties = {{"where", text}};
    EXPECT_EQ(stream_load_request(request, seconds(1), kRoot).has_value(), !is_control) << byte;
    EXPECT_EQ(load_request(request, kRoot).has_value(), !is_control) << byte;
    EXPECT_EQ(begin_request({text, "t"}, "l", seconds(1), kRoot).has_value(), !is_control) << byte;
    EXPECT_EQ(begin_request({"d", text}, "l", seconds(1), kRoot).has_value(), !is_control) << byte;
    const bool label_byte = std::isalnum(byte) != 0 || byte == '-' || byte == '_';
    EXPECT_EQ(begin_request({"d", "t"}, text, seconds(1), kRoot).has_value(),
              label_byte && byte < 128)
        << byte;
    EXPECT_EQ(state_request("d", text, kRoot).has_value(), label_byte && byte < 128) << byte;
    request.properties = {{text, "x"}};
    const bool token_byte =
        byte > 0x20 && byte < 0x7f &&
        std::string("\"(),/:;<=>?@[\\]{}").find(static_cast<char>(byte)) == std::string::npos;
    EXPECT_EQ(load_request(request, kRoot).has_value(), token_byte) << byte;
  }
}

// T02: what the daemon owns cannot be overridden, in any case.
TEST(RequestTest, OwnedHeadersAreRefusedAsProperties) {
  for (const char* name : {"Authorization",
                           "authorization",
                           "HOST",
                           "Expect",
                           "Content-Length",
                           "Transfer-Encoding",
                           "Label",
                           "db",
                           "Table",
                           "timeout",
                           "prepared_timeout",
                           "idle_transaction_timeout",
                           "transaction_type",
                           "channel_id",
                           "channel_num",
                           "source_type",
                           "Connection",
                           "TE",
                           "Trailer",
                           "Upgrade",
                           "Cookie",
                           "Proxy-Authorization"}) {
    LoadRequest request = load();
    request.properties.push_back({name, "x"});
    expect_refused(stream_load_request(request, seconds(1), kRoot), name);
    expect_refused(load_request(request, kRoot), name);
  }
}

TEST(RequestTest, ErrorsNameTheFieldAndNeverItsValue) {
  LoadRequest request = load();
  request.properties = {{"where", "geheim\r\n"}};
  const auto refused = load_request(request, kRoot);
  expect_refused(refused, "where");
  EXPECT_NE(refused.error().detail.find("where"), std::string::npos);
  EXPECT_EQ(refused.error().detail.find("geheim"), std::string::npos);
}

TEST(RequestTest, APropertyIsGivenOnceAndAnEmptyOneIsLeftOut) {
  LoadRequest request = load();
  request.properties = {{"where", "a"}, {"WHERE", "b"}};
  expect_refused(load_request(request, kRoot), "where twice");
  request.properties = {{"where", ""}};
  const auto sent = load_request(request, kRoot).value();
  for (const http::Field& field : sent.fields) EXPECT_NE(field.name, "where");
}

TEST(RequestTest, OnlySynchronousMergeCommitIsSent) {
  LoadRequest request = load();
  request.properties = {{"enable_merge_commit", "true"}, {"merge_commit_interval_ms", "1000"}};
  EXPECT_TRUE(is_merge_commit(request));
  EXPECT_TRUE(stream_load_request(request, seconds(1), kRoot).has_value());
  request.properties.push_back({"merge_commit_async", "true"});
  expect_refused(stream_load_request(request, seconds(1), kRoot), "async");
  EXPECT_FALSE(is_merge_commit(load()));
}

TEST(RequestTest, LabelsThatStarRocksWouldRefuseAreNotSent) {
  for (const std::string& label :
       {std::string(), std::string("a b"), std::string(129, 'a'), std::string("a/b")}) {
    expect_refused(begin_request({"d", "t"}, label, seconds(1), kRoot), label);
    expect_refused(cancel_request("d", label, kRoot), label);
    LoadRequest request = load();
    request.label = label;
    expect_refused(stream_load_request(request, seconds(1), kRoot), label);
  }
}

}  // namespace
}  // namespace loadstar::starrocks
