#include "core/starrocks/outcome.hpp"

#include "core/starrocks/status.hpp"
#include "tests/support/scripted_transport.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fstream>
#include <functional>
#include <map>
#include <string>

namespace loadstar::starrocks {
namespace {

using test::reply;

constexpr std::uint64_t kBodyBytes = 12;

Expectation expectation() {
  Expectation expected;
  expected.label = "lbl-1";
  expected.body_bytes = kBodyBytes;
  return expected;
}

const std::string kSuccess =
    R"({"TxnId":7,"Label":"lbl-1","Status":"Success","Message":"OK","NumberTotalRows":4,"NumberLoadedRows":1,
        "NumberFilteredRows":2,"NumberUnselectedRows":1,"LoadBytes":12,"ErrorURL":"http://be1:8040/api/_load_error_log?file=x"})";

std::string with(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

void expect_unknown(const Error& error, Errc code = Errc::kMalformedReply) {
  EXPECT_EQ(error.code, code) << describe(error);
  EXPECT_EQ(error.certainty, Certainty::kUnknown) << describe(error);
}

TEST(OutcomeTest, StreamLoadSuccessIsVisibleAndPublishTimeoutCommitted) {
  const LoadOutcome visible = judge_stream_load(reply(200, kSuccess), expectation());
  EXPECT_EQ(visible.verdict, LoadVerdict::kDone) << describe(visible.error);
  EXPECT_TRUE(visible.visible);
  EXPECT_EQ(visible.transaction_id, 7);
  EXPECT_EQ(visible.counts.total_rows, 4U);
  EXPECT_EQ(visible.counts.filtered_rows, 2U);
  EXPECT_EQ(visible.error_url, "http://be1:8040/api/_load_error_log?file=x");
  const LoadOutcome committed = judge_stream_load(
      reply(200, with(kSuccess, "\"Success\"", "\"Publish Timeout\"")), expectation());
  EXPECT_EQ(committed.verdict, LoadVerdict::kDone);
  EXPECT_FALSE(committed.visible);
}

TEST(OutcomeTest, AForgedOrContradictoryStreamLoadSuccessIsUnknown) {
  const std::vector<std::string> bodies{
      with(kSuccess, "lbl-1", "lbl-2"),
      with(kSuccess, "\"TxnId\":7", "\"TxnId\":-1"),
      with(kSuccess, "\"TxnId\":7", "\"TxnId\":0"),
      with(kSuccess, "\"TxnId\":7,", ""),
      with(kSuccess, "\"LoadBytes\":12", "\"LoadBytes\":13"),
      with(kSuccess, "\"NumberTotalRows\":4", "\"NumberTotalRows\":5"),
      with(kSuccess, "\"NumberTotalRows\":4", "\"NumberTotalRows\":0"),
      with(kSuccess, "\"NumberUnselectedRows\":1", "\"NumberUnselectedRows\":9223372036854775807"),
      with(kSuccess, "\"NumberLoadedRows\":1,", ""),
      with(kSuccess, "}", ""),
      "<html>Success</html>",
  };
  for (const std::string& body : bodies) {
    const LoadOutcome outcome = judge_stream_load(reply(200, body), expectation());
    EXPECT_EQ(outcome.verdict, LoadVerdict::kFailed) << body;
    expect_unknown(outcome.error);
  }
}

TEST(OutcomeTest, AFrontendThatTakesALoadItselfIsNotBelieved) {
  Expectation expected = expectation();
  expected.from_frontend = true;
  const LoadOutcome outcome = judge_stream_load(reply(200, kSuccess), expected);
  EXPECT_EQ(outcome.verdict, LoadVerdict::kFailed);
  expect_unknown(outcome.error);
  expect_unknown(judge_load(reply(200, R"({"Status":"OK","Label":"lbl-1"})"), expected).error());
  expected.frontend_is_proxy = true;
  EXPECT_EQ(judge_stream_load(reply(200, kSuccess), expected).verdict, LoadVerdict::kDone);
  EXPECT_TRUE(judge_load(reply(200, R"({"Status":"OK","Label":"lbl-1"})"), expected).has_value());
}

TEST(OutcomeTest, ARowsRejectedFailureCarriesCountsAndUrl) {
  const std::string body =
      with(with(kSuccess, "\"Success\"", "\"Fail\""), "\"OK\"", "\"too many filtered rows\"");
  const LoadOutcome outcome = judge_stream_load(reply(200, body), expectation());
  EXPECT_EQ(outcome.verdict, LoadVerdict::kFailed);
  EXPECT_EQ(outcome.error.code, Errc::kRowsRejected);
  EXPECT_EQ(outcome.error.certainty, Certainty::kNotApplied);
  EXPECT_EQ(outcome.counts.filtered_rows, 2U);
  EXPECT_FALSE(outcome.error_url.empty());
}

TEST(OutcomeTest, MergeCommitIsHeldAgainstItsRequestId) {
  Expectation expected = expectation();
  expected.merge_commit = true;
  const std::string body =
      R"({"TxnId":7,"Label":"merge_commit_1","Status":"Success","Message":"OK","RequestId":"lbl-1","LoadBytes":12})";
  EXPECT_EQ(judge_stream_load(reply(200, body), expected).verdict, LoadVerdict::kDone);
  expect_unknown(judge_stream_load(reply(200, with(body, "lbl-1", "lbl-2")), expected).error);
  expect_unknown(judge_stream_load(reply(200, body), expectation()).error);
}

TEST(OutcomeTest, BeginNeedsItsTransactionIdAndItsLabel) {
  const std::string body = R"({"Status":"OK","Message":"","Label":"lbl-1","TxnId":1059})";
  EXPECT_EQ(judge_begin(reply(200, body), expectation()).value(), 1059);
  expect_unknown(judge_begin(reply(200, with(body, "lbl-1", "x")), expectation()).error());
  expect_unknown(judge_begin(reply(200, with(body, ",\"TxnId\":1059", "")), expectation()).error());
  expect_unknown(judge_begin(reply(200, with(body, "1059", "-1")), expectation()).error());
  const auto exists = judge_begin(
      reply(200, R"({"Status":"LABEL_ALREADY_EXISTS","ExistingJobStatus":"","Message":""})"),
      expectation());
  EXPECT_EQ(exists.error().code, Errc::kRejected);
  EXPECT_EQ(exists.error().certainty, Certainty::kNotApplied);
  EXPECT_NE(exists.error().detail.find("LABEL_ALREADY_EXISTS"), std::string::npos);
}

// F091, F104
TEST(OutcomeTest, LoadIsHeldAgainstLabelTransactionAndBytes) {
  const std::string body = R"({"Status":"OK","Label":"lbl-1","TxnId":1059,"LoadBytes":12})";
  Expectation expected = expectation();
  expected.transaction_id = 1059;
  EXPECT_EQ(judge_load(reply(200, body), expected).value(), 12U);
  EXPECT_EQ(judge_load(reply(200, R"({"Status":"OK"})"), expected).value(), kBodyBytes);
  expect_unknown(judge_load(reply(200, with(body, "1059", "1060")), expected).error());
  expect_unknown(judge_load(reply(200, with(body, "lbl-1", "lbl-2")), expected).error());
  expect_unknown(
      judge_load(reply(200, with(body, "\"LoadBytes\":12", "\"LoadBytes\":13")), expected).error());
}

TEST(OutcomeTest, PrepareNeedsCountsThatAddUp) {
  const std::string body =
      R"({"Status":"OK","Label":"lbl-1","TxnId":1059,"NumberTotalRows":3,"NumberLoadedRows":3,
      "NumberFilteredRows":0,"NumberUnselectedRows":0,"LoadBytes":12})";
  const LoadOutcome prepared = judge_prepare(reply(200, body), expectation());
  EXPECT_EQ(prepared.verdict, LoadVerdict::kDone) << describe(prepared.error);
  EXPECT_FALSE(prepared.visible);
  EXPECT_EQ(prepared.counts.total_rows, 3U);
  EXPECT_EQ(prepared.transaction_id, 1059);
  expect_unknown(
      judge_prepare(reply(200, with(body, "\"NumberTotalRows\":3,", "")), expectation()).error);
  expect_unknown(
      judge_prepare(reply(200, with(body, "\"NumberLoadedRows\":3", "\"NumberLoadedRows\":2")),
                    expectation())
          .error);
  expect_unknown(judge_prepare(reply(200, R"({"Status":"Success"})"), expectation()).error,
                 Errc::kRejected);
}

TEST(OutcomeTest, CommitIsVisibleOnlyIfTheFrontendSaysNothingElse) {
  const std::string body = R"({"Status":"OK","Label":"lbl-1","TxnId":1059,"Message":""})";
  EXPECT_TRUE(judge_commit(reply(200, body), expectation())->visible);
  const std::string again =
      with(body, "\"Message\":\"\"", "\"Message\":\"Transaction 1059 has already committed\"");
  EXPECT_FALSE(judge_commit(reply(200, again), expectation())->visible);
  expect_unknown(judge_commit(reply(200, with(body, "lbl-1", "x")), expectation()).error());
  expect_unknown(
      judge_commit(reply(200, with(body, "\"Label\":\"lbl-1\",", "")), expectation()).error());
  expect_unknown(
      judge_commit(reply(200, R"({"Status":"Success","Label":"lbl-1"})"), expectation()).error(),
      Errc::kRejected);
}

TEST(OutcomeTest, AStateThatIsNotUnderstoodIsNeverUnknown) {
  for (const char* body : {R"({"status":"OK"})", R"({"status":"OK","state":""})",
                           R"({"status":"OK","state":"LOADING"})", R"({"status":"OK","state":7})",
                           R"({"state":"UNKNOWN"})", "", "{}"}) {
    const auto state = judge_state(reply(200, body));
    ASSERT_FALSE(state.has_value()) << body;
    expect_unknown(state.error());
  }
  EXPECT_FALSE(judge_state(reply(200, R"({"status":"FAILED","state":"UNKNOWN"})")).has_value());
}

// Each operation's judge as a function to "ok", or to code and certainty.
using Judge = std::function<std::string(const http::Response&, const Expectation&)>;

std::string said(const Error& error) {
  return std::string(to_string(error.code)) + "/" + std::string(to_string(error.certainty));
}

std::string said(const LoadOutcome& outcome) {
  switch (outcome.verdict) {
    case LoadVerdict::kDone:
      return outcome.visible ? "visible" : "ok";
    case LoadVerdict::kLabelFinished:
      return "finished";
    case LoadVerdict::kLabelRunning:
      return "running";
    case LoadVerdict::kFailed:
      break;
  }
  return said(outcome.error);
}

template <class T>
std::string said(const Result<T>& result) {
  return result ? "ok" : said(result.error());
}

std::string said(const Result<CommitReply>& result) {
  if (!result) return said(result.error());
  return result->visible ? "visible" : "ok";
}

std::string said(const Result<LabelStatus>& result) {
  return result ? std::string(to_string(result->state)) : said(result.error());
}

const std::map<std::string, Judge>& judges() {
  static const std::map<std::string, Judge> kJudges{
      {"_stream_load", [](const auto& r, const auto& e) { return said(judge_stream_load(r, e)); }},
      {"begin", [](const auto& r, const auto& e) { return said(judge_begin(r, e)); }},
      {"load", [](const auto& r, const auto& e) { return said(judge_load(r, e)); }},
      {"prepare", [](const auto& r, const auto& e) { return said(judge_prepare(r, e)); }},
      {"commit", [](const auto& r, const auto& e) { return said(judge_commit(r, e)); }},
      {"rollback", [](const auto& r, const auto& e) { return said(judge_rollback(r, e)); }},
      {"get_load_state", [](const auto& r, const auto&) { return said(judge_state(r)); }},
      {"_cancel", [](const auto& r, const auto&) { return said(judge_cancel(r)); }},
  };
  return kJudges;
}

TEST(OutcomeTest, NoOperationSucceedsByHttpStatusAloneOrByGarbage) {
  const std::vector<std::string> bodies{"",
                                        "OK",
                                        "Success",
                                        "{}",
                                        "[]",
                                        "null",
                                        "<html>OK</html>",
                                        "{\"Status\":",
                                        "\xff\xfe",
                                        "{\"Message\":\"OK\"}",
                                        "{\"Status\":{\"Status\":\"OK\"}}",
                                        "{\"Status\":\"OKAY\"}",
                                        "{\"STATUS\":\"OK\"}"};
  for (const auto& [name, judge] : judges()) {
    for (const std::string& body : bodies) {
      const std::string outcome = judge(reply(200, body), expectation());
      EXPECT_NE(outcome.find('/'), std::string::npos) << name << ": " << body;
      const bool certain =
          outcome.ends_with("/not applied") && name != "_cancel" && name != "get_load_state";
      EXPECT_FALSE(certain) << name << ": " << body << " -> " << outcome;
    }
  }
}

TEST(OutcomeTest, NoHttpStatusButOneOf200IsASuccess) {
  const std::string all =
      R"({"Status":"OK","status":"OK","Label":"lbl-1","TxnId":7,"state":"VISIBLE","NumberTotalRows":0,
      "NumberLoadedRows":0,"NumberFilteredRows":0,"NumberUnselectedRows":0})";
  for (const auto& [name, judge] : judges()) {
    for (unsigned status = 100; status < 600; ++status) {
      if (status == 200) continue;
      const std::string outcome = judge(reply(status, all), expectation());
      EXPECT_NE(outcome.find('/'), std::string::npos) << name << " " << status << " -> " << outcome;
    }
  }
}

TEST(OutcomeTest, APageOfAProxyIsNoAnswerOfStarRocks) {
  for (const auto& [name, judge] : judges()) {
    const bool has_body = name == "_stream_load" || name == "load";
    for (const unsigned status : {404U, 405U, 501U}) {
      for (const bool started : {false, true}) {
        http::Response page = reply(status, "<html>no such interface</html>");
        page.body_started = started;
        EXPECT_EQ(judge(page, expectation()), has_body && !started
                                                  ? "UNEXPECTED_STATUS/not applied"
                                                  : "UNEXPECTED_STATUS/unknown outcome")
            << name << " " << status;
      }
    }
  }
  const LoadOutcome outcome = judge_prepare(reply(404, ""), expectation());
  EXPECT_EQ(outcome.error.detail, "prepare: HTTP status 404 without an answer of StarRocks");
}

// What each vector of the protocol reference means to us; vectors that are not listed are
// redirects, metadata, or other interfaces.
const std::map<std::string, std::string> kVectors{
    {"fe_stream_load_no_expect", "REJECTED/not applied"},
    {"fe_stream_load_no_auth", "BAD_CREDENTIALS/not applied"},
    {"fe_stream_load_bad_password", "BAD_CREDENTIALS/not applied"},
    {"fe_stream_load_no_insert_privilege", "ACCESS_DENIED/not applied"},
    {"fe_stream_load_unknown_warehouse", "UNEXPECTED_STATUS/unknown outcome"},
    {"fe_oversize_headers", "UNEXPECTED_STATUS/not applied"},
    {"be_stream_load_csv_success", "visible"},
    {"be_stream_load_chunked_success", "visible"},
    {"be_stream_load_json_array_success", "visible"},
    {"be_stream_load_ndjson_success", "visible"},
    {"be_stream_load_no_label", "MALFORMED_REPLY/unknown outcome"},
    {"be_stream_load_without_expect", "visible"},
    {"be_stream_load_filtered_within_ratio", "visible"},
    {"be_stream_load_where_unselected", "visible"},
    {"be_stream_load_default_non_strict_null", "visible"},
    {"be_stream_load_strict_mode_filters", "ROWS_REJECTED/not applied"},
    {"be_stream_load_too_many_filtered", "ROWS_REJECTED/not applied"},
    {"be_stream_load_rejected_record_path", "visible"},
    {"be_stream_load_publish_timeout", "ok"},
    {"be_stream_load_repeated_header_first_wins", "visible"},
    {"be_stream_load_label_finished", "finished"},
    {"be_stream_load_label_running", "running"},
    {"be_stream_load_label_aborted_reusable", "visible"},
    {"be_stream_load_no_basic_auth", "BAD_CREDENTIALS/not applied"},
    {"be_stream_load_scheme_case", "BAD_CREDENTIALS/not applied"},
    {"be_stream_load_wrong_password", "BAD_CREDENTIALS/not applied"},
    {"be_stream_load_timeout_out_of_range", "REJECTED/not applied"},
    {"be_stream_load_body_too_large", "REJECTED/not applied"},
    {"be_stream_load_json_too_large", "REJECTED/not applied"},
    {"be_stream_load_unknown_table", "NOT_FOUND/not applied"},
    {"be_stream_load_running_txn_limit", "CONGESTED/not applied"},
    {"be_stream_load_concurrency_limiter", "CONGESTED/not applied"},
    {"be_stream_load_shutting_down", "REJECTED/not applied"},
    {"be_stream_load_bad_strict_mode", "REJECTED/unknown outcome"},
    {"be_stream_load_two_compressions", "REJECTED/unknown outcome"},
    {"be_stream_load_unknown_compression", "REJECTED/unknown outcome"},
    {"be_stream_load_bad_timezone", "INVALID_REQUEST/not applied"},
    {"be_stream_load_partial_update_not_pk", "INVALID_REQUEST/not applied"},
    {"be_stream_load_merge_condition_on_key", "INVALID_REQUEST/not applied"},
    {"be_stream_load_empty_body", "ROWS_REJECTED/not applied"},
    {"be_stream_load_no_length_no_chunked", "ROWS_REJECTED/not applied"},
    {"be_stream_load_json_array_without_strip", "ROWS_REJECTED/not applied"},
    {"be_stream_load_json_object_with_strip", "ROWS_REJECTED/not applied"},
    {"be_stream_load_aborted_by_timeout", "REJECTED/unknown outcome"},
    {"be_chunked_body_over_limit", "UNEXPECTED_STATUS/unknown outcome"},
    {"be_expect_other_value", "UNEXPECTED_STATUS/not applied"},
    {"merge_commit_sync_success", "visible"},
    {"merge_commit_aborted", "REJECTED/not applied"},
    {"merge_commit_published_late", "REJECTED/unknown outcome"},
    {"fe_merge_commit_missing_interval", "REJECTED/not applied"},
    {"txn_begin_ok", "ok"},
    {"txn_begin_after_abort", "ok"},
    {"txn_begin_duplicate_running", "REJECTED/not applied"},
    {"txn_begin_duplicate_finished", "REJECTED/not applied"},
    {"txn_begin_fe_no_db", "REJECTED/unknown outcome"},
    {"txn_begin_fe_unknown_db", "NOT_FOUND/not applied"},
    {"txn_begin_put_method", "REJECTED/unknown outcome"},
    {"txn_no_auth", "BAD_CREDENTIALS/not applied"},
    {"txn_begin_be_no_auth", "BAD_CREDENTIALS/not applied"},
    {"txn_begin_be_no_insert_privilege", "ACCESS_DENIED/not applied"},
    {"txn_begin_no_table", "NOT_FOUND/not applied"},
    {"txn_load_ok", "ok"},
    {"txn_load_post_method", "REJECTED/unknown outcome"},
    {"txn_load_table_mismatch", "REJECTED/unknown outcome"},
    {"txn_load_parameters_changed", "REJECTED/unknown outcome"},
    {"txn_load_on_failed_txn", "REJECTED/unknown outcome"},
    {"txn_load_during_timeout_abort", "REJECTED/unknown outcome"},
    {"txn_load_bad_format", "REJECTED/unknown outcome"},
    {"txn_load_fe_no_node", "REJECTED/unknown outcome"},
    {"txn_load_fe_unknown_txn_late", "REJECTED/unknown outcome"},
    {"txn_prepare_ok", "ok"},
    {"txn_prepare_too_many_filtered", "ROWS_REJECTED/not applied"},
    {"txn_prepare_repeated", "REJECTED/unknown outcome"},
    {"txn_prepare_bad_prepared_timeout", "REJECTED/unknown outcome"},
    {"txn_prepare_db_mismatch", "REJECTED/unknown outcome"},
    {"txn_commit_prepared", "visible"},
    {"txn_commit_again", "ok"},
    {"txn_commit_single_phase_ok", "visible"},
    {"txn_commit_single_phase_publish_timeout", "ok"},
    {"txn_commit_prepared_sent_to_be", "REJECTED/unknown outcome"},
    {"txn_commit_prepare_be_restarted", "REJECTED/unknown outcome"},
    {"txn_rollback_prepare", "ok"},
    {"txn_rollback_prepared", "ok"},
    {"txn_rollback_again", "ok"},
    {"txn_rollback_visible", "REJECTED/unknown outcome"},
    {"txn_channel_commit_not_prepared", "MALFORMED_REPLY/unknown outcome"},
    {"txn_channel_unknown_label", "REJECTED/unknown outcome"},
    {"txn_multi_begin", "MALFORMED_REPLY/unknown outcome"},
    {"txn_multi_begin_duplicate", "REJECTED/not applied"},
    {"txn_multi_on_old_fe", "NOT_FOUND/not applied"},
    {"state_prepare", "PREPARE"},
    {"state_prepared", "PREPARED"},
    {"state_committed", "COMMITTED"},
    {"state_visible", "VISIBLE"},
    {"state_aborted", "ABORTED"},
    {"state_unknown", "UNKNOWN"},
    {"state_no_label", "REJECTED/not applied"},
    {"state_unknown_db", "NOT_FOUND/not applied"},
    {"cancel_ok", "ok"},
    {"cancel_not_prepare", "REJECTED/not applied"},
    {"old_fe_post_unknown_path", "UNSUPPORTED/not applied"},
};

/// A vector's body with its placeholders filled in.
nlohmann::json fill(const nlohmann::json& body) {
  if (body.is_string()) {
    if (body == "{{int}}") return 7;
    std::string text = body.get<std::string>();
    for (std::size_t at = text.find("{{"); at != std::string::npos; at = text.find("{{")) {
      text.replace(at, text.find("}}") + 2 - at, "filled");
    }
    return text;
  }
  nlohmann::json filled = body;
  if (!body.is_structured()) return filled;
  for (auto& item : filled) item = fill(item);
  return filled;
}

std::string operation_of(const std::string& path) {
  const std::string name = path.substr(path.rfind('/') + 1);
  return name.substr(0, name.find('?'));
}

TEST(OutcomeTest, EveryVectorOfTheProtocolReferenceMeansWhatIsListed) {
  std::ifstream file(LOADSTAR_PROTOCOL_VECTORS);
  const auto vectors = nlohmann::json::parse(file);
  std::size_t judged = 0;
  for (const auto& vector : vectors) {
    const std::string name = vector["name"];
    const auto listed = kVectors.find(name);
    if (listed == kVectors.end()) continue;
    const auto judge = judges().find(operation_of(vector["request"]["path"]));
    ASSERT_NE(judge, judges().end()) << name;
    const auto& response = vector["response"];
    const nlohmann::json body = fill(response["body"]);
    Expectation expected = expectation();
    expected.body_bytes = 1'000'000;
    expected.from_frontend = vector["server"] != "be";
    expected.merge_commit = name.starts_with("merge_commit");
    if (expected.merge_commit) expected.label = "req-1";
    const std::string text = body.is_string() ? body.get<std::string>() : body.dump();
    EXPECT_EQ(judge->second(reply(response["status"], text), expected), listed->second)
        << name << ": " << text;
    // Pretty-printed as RapidJSON and Gson do, and cut at every byte.
    if (!body.is_object()) continue;
    const std::string pretty = body.dump(4);
    EXPECT_EQ(judge->second(reply(response["status"], pretty), expected), listed->second) << name;
    if (response["status"] == 200) {
      for (std::size_t length = 0; length < pretty.size(); ++length) {
        EXPECT_TRUE(judge->second(reply(200, pretty.substr(0, length)), expected)
                        .starts_with("MALFORMED_REPLY"))
            << name << " cut to " << length;
      }
    }
    ++judged;
  }
  EXPECT_GE(judged, 90U);
}

}  // namespace
}  // namespace loadstar::starrocks
