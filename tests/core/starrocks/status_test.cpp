#include "core/starrocks/status.hpp"

#include <gtest/gtest.h>

#include <array>
#include <set>
#include <string>

namespace loadstar::starrocks {
namespace {

constexpr std::array kOperations{Operation::kStreamLoad, Operation::kBegin,  Operation::kLoad,
                                 Operation::kPrepare,    Operation::kCommit, Operation::kRollback,
                                 Operation::kCancel,     Operation::kState};

/// Every status word that starrocks-load-protocol.md lists (4.6.1, 5.2), and some that it does not.
const std::set<std::string> kWords{"Success",
                                   "Publish Timeout",
                                   "Label Already Exists",
                                   "Fail",
                                   "OK",
                                   "FAILED",
                                   "CANCELLED",
                                   "ANALYSIS_ERROR",
                                   "NOT_IMPLEMENTED_ERROR",
                                   "RUNTIME_ERROR",
                                   "MEM_LIMIT_EXCEEDED",
                                   "INTERNAL_ERROR",
                                   "THRIFT_RPC_ERROR",
                                   "TIMEOUT",
                                   "MEM_ALLOC_FAILED",
                                   "BUFFER_ALLOCATION_FAILED",
                                   "MINIMUM_RESERVATION_UNAVAILABLE",
                                   "PUBLISH_TIMEOUT",
                                   "LABEL_ALREADY_EXISTS",
                                   "TOO_MANY_TASKS",
                                   "END_OF_FILE",
                                   "NOT_FOUND",
                                   "CORRUPTION",
                                   "INVALID_ARGUMENT",
                                   "IO_ERROR",
                                   "ALREADY_EXIST",
                                   "NETWORK_ERROR",
                                   "ILLEGAL_STATE",
                                   "NOT_AUTHORIZED",
                                   "ABORTED",
                                   "REMOTE_ERROR",
                                   "SERVICE_UNAVAILABLE",
                                   "UNINITIALIZED",
                                   "CONFIGURATION_ERROR",
                                   "INCOMPLETE",
                                   "DATA_QUALITY_ERROR",
                                   "DUPLICATE_RPC_INVOCATION",
                                   "GLOBAL_DICT_ERROR",
                                   "UNKNOWN",
                                   "TXN_NOT_EXISTS",
                                   "TXN_IN_PROCESSING",
                                   "RESOURCE_BUSY",
                                   "SR_EAGAIN",
                                   "REMOTE_FILE_NOT_FOUND",
                                   "YIELD",
                                   "JIT_COMPILE_ERROR",
                                   "CAPACITY_LIMIT_EXCEED",
                                   "SHUTDOWN",
                                   "LEADER_TRANSFERRED",
                                   "",
                                   "success!?",
                                   "NOT_OK",
                                   "OK OK",
                                   "Succes",
                                   "Transcation Not Exist",
                                   "ok but",
                                   "200"};

struct Listed {
  Operation operation;
  std::string word;
  Meaning meaning;
};

const std::vector<Listed> kListed{
    {Operation::kStreamLoad, "Success", Meaning::kSuccess},
    {Operation::kStreamLoad, "Publish Timeout", Meaning::kNotVisible},
    {Operation::kStreamLoad, "PUBLISH_TIMEOUT", Meaning::kNotVisible},
    {Operation::kStreamLoad, "Label Already Exists", Meaning::kLabelExists},
    {Operation::kStreamLoad, "LABEL_ALREADY_EXISTS", Meaning::kLabelExists},
    {Operation::kBegin, "OK", Meaning::kSuccess},
    {Operation::kBegin, "LABEL_ALREADY_EXISTS", Meaning::kLabelExists},
    {Operation::kBegin, "Label Already Exists", Meaning::kLabelExists},
    {Operation::kLoad, "OK", Meaning::kSuccess},
    {Operation::kPrepare, "OK", Meaning::kSuccess},
    {Operation::kCommit, "OK", Meaning::kSuccess},
    {Operation::kCommit, "PUBLISH_TIMEOUT", Meaning::kNotVisible},
    {Operation::kCommit, "Publish Timeout", Meaning::kNotVisible},
    {Operation::kRollback, "OK", Meaning::kSuccess},
    {Operation::kCancel, "OK", Meaning::kSuccess},
    {Operation::kState, "OK", Meaning::kSuccess},
};

Meaning listed_meaning(Operation operation, const std::string& word) {
  for (const Listed& row : kListed) {
    if (row.operation == operation && row.word == word) return row.meaning;
  }
  return Meaning::kFailure;
}

TEST(StatusTest, EveryWordOfEveryOperationMeansWhatTheListSaysAndElseFailure) {
  for (const Operation operation : kOperations) {
    for (const std::string& word : kWords) {
      EXPECT_EQ(judge(operation, word), listed_meaning(operation, word))
          << to_string(operation) << ": " << word;
    }
  }
}

TEST(StatusTest, NormalisingForgivesCaseBlanksAndTheServersTypo) {
  EXPECT_EQ(normalise_status("Label Already Exists"), normalise_status("LABEL_ALREADY_EXISTS"));
  EXPECT_EQ(normalise_status("Transcation Not Exist"), "transactionnotexist");
  EXPECT_EQ(normalise_status(" Publish_Timeout "), "publishtimeout");
  EXPECT_NE(judge(Operation::kBegin, "OK."), Meaning::kSuccess);
  EXPECT_EQ(judge(Operation::kBegin, "ok"), Meaning::kSuccess);
}

ReplyFacts facts(std::string_view status, std::string_view message = "") {
  ReplyFacts result;
  result.status = status;
  result.message = message;
  return result;
}

TEST(StatusTest, EveryFailureOfCommitByWordIsUnknown) {
  for (const std::string& word : kWords) {
    if (judge(Operation::kCommit, word) != Meaning::kFailure || word == "TXN_IN_PROCESSING")
      continue;
    for (const char* message : {"", "class x.Y: publish timeout: 20000, transactionId=7",
                                "class x.Y: Can not commit ABORTED transaction 7, label is l",
                                "unknown database, database=d", "too many filtered rows"}) {
      EXPECT_EQ(refusal(Operation::kCommit, facts(word, message)).certainty, Certainty::kUnknown)
          << word << ": " << message;
    }
  }
}

TEST(StatusTest, CertaintyIsWhatTheProtocolProves) {
  struct Case {
    Operation operation;
    const char* status;
    const char* message;
    std::optional<std::int64_t> transaction_id;
    bool from_frontend;
    Errc code;
    Certainty certainty;
  };
  constexpr auto kNo = Certainty::kNotApplied;
  constexpr auto kMaybe = Certainty::kUnknown;
  const std::vector<Case> cases{
      // Stream load: refused before begin, by an FE, after begin (4.1, 4.6).
      {Operation::kStreamLoad, "Fail", "Invalid timeout format", -1, false, Errc::kRejected, kNo},
      {Operation::kStreamLoad, "Fail", "Invalid strict mode format. Must be bool type", 7, false,
       Errc::kRejected, kMaybe},
      {Operation::kStreamLoad, "Fail", "FE RPC failure, address=a, reason=r", 7, false,
       Errc::kRejected, kMaybe},
      {Operation::kStreamLoad, "Fail", "too many filtered rows", 7, false, Errc::kRowsRejected,
       kNo},
      {Operation::kStreamLoad, "Fail", "parse error. illegal json started with [x]", 7, false,
       Errc::kRowsRejected, kNo},
      {Operation::kStreamLoad, "Fail",
       "fail to execute commit task: No partitions have data available "
       "for loading. If you are sure",
       7, false, Errc::kRowsRejected, kNo},
      {Operation::kStreamLoad, "Fail", "x: too many filtered rows", 7, false, Errc::kRejected,
       kMaybe},
      {Operation::kStreamLoad, "Fail",
       "10.0.0.1: Failed to load data into tablet 1, because of too many "
       "versions, current/limit: 1001/1000.",
       7, false, Errc::kCongested, kMaybe},
      {Operation::kStreamLoad, "Fail",
       "current running txns on db 1 is 1000, larger than limit 1000", -1, false, Errc::kCongested,
       kNo},
      {Operation::kStreamLoad, "Fail",
       "streamload txn num per be exceeds limit, be: 1, txn_num: 1, limit: 1", -1, false,
       Errc::kCongested, kNo},
      {Operation::kStreamLoad, "Fail",
       "Stream Load exceed http cuncurrent limit 47, please try again later", -1, false,
       Errc::kCongested, kNo},
      {Operation::kStreamLoad, "Fail", "Commit rate exceeds compaction throughput", 7, false,
       Errc::kCongested, kMaybe},
      {Operation::kStreamLoad, "Fail",
       "Memory of process exceed limit. try consume:1024 Used: 9, Limit: 9. Mem usage has exceed "
       "the limit of BE",
       7, false, Errc::kCongested, kMaybe},
      {Operation::kLoad, "INTERNAL_ERROR", "Memory of load exceed limit. Load Used: 9, Limit: 9",
       std::nullopt, false, Errc::kCongested, kMaybe},
      {Operation::kLoad, "INTERNAL_ERROR",
       "body size 200 exceed limit: 100, id=1, job_id=-1, txn_id: -1", std::nullopt, false,
       Errc::kRejected, kMaybe},
      {Operation::kStreamLoad, "Fail", "unknown database, database=d", -1, false, Errc::kNotFound,
       kNo},
      {Operation::kStreamLoad, "Fail", "unknown table \"d.t\"", -1, false, Errc::kNotFound, kNo},
      {Operation::kStreamLoad, "Fail", "Unknown table 't'", -1, false, Errc::kNotFound, kNo},
      {Operation::kStreamLoad, "Fail", "unknown table \"d.t\"", 7, false, Errc::kRejected, kMaybe},
      {Operation::kStreamLoad, "Fail", "Access denied for user 'u' (using password: YES)", -1,
       false, Errc::kBadCredentials, kNo},
      {Operation::kStreamLoad, "Fail", "no valid Basic authorization", -1, false,
       Errc::kBadCredentials, kNo},
      {Operation::kStreamLoad, "Fail",
       "Access denied; you need (at least one of) the INSERT privilege(s) "
       "for this operation",
       -1, false, Errc::kAccessDenied, kNo},
      {Operation::kStreamLoad, "FAILED",
       "class com.starrocks.common.DdlException: No backend alive.", std::nullopt, true,
       Errc::kRejected, kNo},
      {Operation::kStreamLoad, "FAILED",
       "class com.starrocks.common.DdlException: No backend alive.", std::nullopt, false,
       Errc::kRejected, kMaybe},
      {Operation::kStreamLoad, "Fail", "Load has not been published before timeout", 7, false,
       Errc::kRejected, kMaybe},
      {Operation::kStreamLoad, "OK", "", 7, false, Errc::kRejected, kMaybe},
      {Operation::kStreamLoad, "", "", std::nullopt, true, Errc::kRejected, kMaybe},
      // begin: only a used label is kRejected/kNotApplied (R1); leader checks are certain.
      {Operation::kBegin, "LABEL_ALREADY_EXISTS",
       "Label [too many versions] has already been used.", std::nullopt, false, Errc::kRejected,
       kNo},
      {Operation::kBegin, "ANALYSIS_ERROR", "unknown table \"d.\"", std::nullopt, false,
       Errc::kNotFound, kNo},
      {Operation::kBegin, "FAILED",
       "class com.starrocks.common.StarRocksException: Database[d] does not "
       "exist.",
       std::nullopt, true, Errc::kNotFound, kNo},
      {Operation::kBegin, "FAILED",
       "class com.starrocks.common.UserException: database d not exists", std::nullopt, true,
       Errc::kNotFound, kNo},
      {Operation::kBegin, "ANALYSIS_ERROR",
       "current running txns on db 1 is 1000, larger than limit 1000", std::nullopt, false,
       Errc::kCongested, kNo},
      {Operation::kBegin, "ANALYSIS_ERROR",
       "Access denied; you need (at least one of) the INSERT "
       "privilege(s) for this operation",
       std::nullopt, false, Errc::kAccessDenied, kNo},
      {Operation::kBegin, "THRIFT_RPC_ERROR", "", std::nullopt, false, Errc::kRejected, kMaybe},
      {Operation::kBegin, "INTERNAL_ERROR", "anything", std::nullopt, false, Errc::kRejected,
       kMaybe},
      {Operation::kBegin, "TXN_IN_PROCESSING", "", std::nullopt, false, Errc::kCongested, kMaybe},
      // load: what is found before the lock leaves the transaction alone (5.5, 5.10).
      {Operation::kLoad, "TXN_IN_PROCESSING", "Transaction is in processing", std::nullopt, false,
       Errc::kCongested, kNo},
      {Operation::kLoad, "TXN_NOT_EXISTS", "Transaction with label l not exists", std::nullopt,
       false, Errc::kRejected, kNo},
      {Operation::kLoad, "INTERNAL_ERROR", "too many filtered rows", std::nullopt, false,
       Errc::kRowsRejected, kNo},
      {Operation::kLoad, "INTERNAL_ERROR", "load request not equal last.", std::nullopt, false,
       Errc::kRejected, kMaybe},
      {Operation::kLoad, "ABORTED", "current transaction is aborted", std::nullopt, false,
       Errc::kRejected, kMaybe},
      {Operation::kLoad, "MEM_LIMIT_EXCEEDED", "", std::nullopt, false, Errc::kCongested, kMaybe},
      {Operation::kLoad, "INTERNAL_ERROR", "unknown database, database=d", std::nullopt, false,
       Errc::kRejected, kMaybe},
      // prepare (5.6)
      {Operation::kPrepare, "TXN_IN_PROCESSING", "", std::nullopt, false, Errc::kCongested, kNo},
      {Operation::kPrepare, "TXN_NOT_EXISTS", "transaction with label l not exists", std::nullopt,
       false, Errc::kRejected, kMaybe},
      {Operation::kPrepare, "INTERNAL_ERROR", "too many filtered rows", std::nullopt, false,
       Errc::kRowsRejected, kNo},
      {Operation::kPrepare, "ANALYSIS_ERROR", "No partitions have data available for loading. If",
       std::nullopt, false, Errc::kRowsRejected, kNo},
      {Operation::kPrepare, "ANALYSIS_ERROR", "timeout by txn manager", std::nullopt, false,
       Errc::kRejected, kMaybe},
      {Operation::kPrepare, "FAILED",
       "class x: Transaction with op[prepare] and label[l] has no node.", std::nullopt, true,
       Errc::kRejected, kMaybe},
      // commit and rollback
      {Operation::kCommit, "TXN_IN_PROCESSING", "", std::nullopt, false, Errc::kCongested, kNo},
      {Operation::kCommit, "FAILED", "class x: publish timeout: 20000, transactionId=7",
       std::nullopt, true, Errc::kRejected, kMaybe},
      {Operation::kRollback, "TXN_NOT_EXISTS", "transaction with label l not exists", std::nullopt,
       false, Errc::kRejected, kMaybe},
      {Operation::kRollback, "FAILED", "class x: Can not abort VISIBLE transaction 7, label is l",
       std::nullopt, true, Errc::kRejected, kMaybe},
      // questions
      {Operation::kCancel, "FAILED", "transaction not found: l", std::nullopt, true,
       Errc::kRejected, kNo},
      {Operation::kState, "FAILED", "unknown database, database=d", std::nullopt, true,
       Errc::kNotFound, kNo},
  };
  for (const Case& c : cases) {
    const Error error =
        refusal(c.operation, ReplyFacts{c.status, c.message, c.transaction_id, c.from_frontend});
    EXPECT_EQ(error.code, c.code) << to_string(c.operation) << " " << c.status << ": " << c.message;
    EXPECT_EQ(error.certainty, c.certainty)
        << to_string(c.operation) << " " << c.status << ": " << c.message;
  }
}

TEST(StatusTest, OfBeginOnlyAUsedLabelIsRejectedAndNotApplied) {
  for (const std::string& word : kWords) {
    const Error error = refusal(Operation::kBegin, facts(word, "some text"));
    const bool used_label =
        error.code == Errc::kRejected && error.certainty == Certainty::kNotApplied;
    EXPECT_EQ(used_label, judge(Operation::kBegin, word) == Meaning::kLabelExists) << word;
  }
}

TEST(StatusTest, DetailsQuoteNoControlBytes) {
  const Error error = refusal(Operation::kLoad, facts("INTERNAL\nERROR", "a\r\nb\x1b[0m"));
  for (const char c : error.detail) EXPECT_GE(static_cast<unsigned char>(c), 0x20);
}

// F239
TEST(StatusTest, OnlyFinishedIsFinished) {
  EXPECT_EQ(judge_existing_job("FINISHED"), LoadVerdict::kLabelFinished);
  EXPECT_EQ(judge_existing_job("finished"), LoadVerdict::kLabelFinished);
  for (const char* word :
       {"RUNNING", "", "CANCELLED", "VISIBLE", "COMMITTED", "UNFINISHED", "FINISHEDX"}) {
    EXPECT_EQ(judge_existing_job(word), LoadVerdict::kLabelRunning) << word;
  }
}

TEST(StatusTest, StatesAreListed) {
  constexpr std::array kStates{LabelState::kUnknown,   LabelState::kPrepare, LabelState::kPrepared,
                               LabelState::kCommitted, LabelState::kVisible, LabelState::kAborted};
  for (const LabelState state : kStates) EXPECT_EQ(parse_label_state(to_string(state)), state);
  for (const char* word : {"", "PREPARING", "CANCELLED", "FINISHED", "OK", "LOADING"}) {
    EXPECT_EQ(parse_label_state(word), std::nullopt) << word;
  }
}

TEST(StatusTest, ExceptionClassesAreStripped) {
  EXPECT_EQ(strip_exception_class("class com.starrocks.common.DdlException: No: such"), "No: such");
  EXPECT_EQ(strip_exception_class("class without colon"), "class without colon");
  EXPECT_EQ(strip_exception_class("classic: x"), "classic: x");
}

TEST(StatusTest, HttpStatusesMeanWhatTheTableSays) {
  struct Case {
    unsigned status;
    const char* body;
    bool body_started;
    Errc code;
    Certainty certainty;
  };
  constexpr auto kNo = Certainty::kNotApplied;
  constexpr auto kMaybe = Certainty::kUnknown;
  const std::vector<Case> cases{
      {401, R"({"msg":"Access denied for root@10.0.0.1"})", false, Errc::kBadCredentials, kNo},
      {401,
       R"({"msg":"Access denied for user 'u'. Please ask the admin to grant permission(s) or"})",
       true, Errc::kAccessDenied, kNo},
      {403, "", false, Errc::kAccessDenied, kMaybe},
      {404, "", false, Errc::kUnsupported, kNo},
      {404, "", true, Errc::kUnsupported, kMaybe},
      {405, "", false, Errc::kUnsupported, kNo},
      {501, "", false, Errc::kUnsupported, kNo},
      {400, "", false, Errc::kUnexpectedStatus, kNo},
      {400, "", true, Errc::kUnexpectedStatus, kMaybe},
      {417, "", false, Errc::kUnexpectedStatus, kNo},
      {413, "", false, Errc::kUnexpectedStatus, kMaybe},
  };
  for (const Case& c : cases) {
    const Error error = judge_http_status(c.status, c.body, c.body_started);
    EXPECT_EQ(error.code, c.code) << c.status;
    EXPECT_EQ(error.certainty, c.certainty) << c.status;
  }
}

TEST(StatusTest, NoUnlistedHttpStatusIsEverCertain) {
  const std::set<unsigned> listed{400, 401, 403, 404, 405, 413, 417, 501};
  for (unsigned status = 100; status < 700; ++status) {
    if (listed.contains(status)) continue;
    const Error error = judge_http_status(status, "", false);
    EXPECT_EQ(error.code, Errc::kUnexpectedStatus) << status;
    EXPECT_EQ(error.certainty, Certainty::kUnknown) << status;
  }
}

// 4.2, 4.10: what the headers ask for is refused for good; the load is not tried again.
TEST(StatusTest, RequestsThatCanNeverSucceedAreInvalid) {
  for (const char* text :
       {"unknown column in where statement. the column 'zzz' in where clause must be in the target "
        "table.",
        "Unknown or incorrect time zone: 'Mars/X'", "Unknown partition 'p9' in table 't'",
        "Column has no default value. column: v", "column has no source field, column=c",
        "Only primary key table support partial update",
        "Merge condition column v has invalid type maybe bitmap/hll/percentile",
        "Getting analyzing error. Detail message: No matching function with signature: f(int)."}) {
    for (const Operation operation : {Operation::kStreamLoad, Operation::kLoad}) {
      ReplyFacts facts;
      facts.status = operation == Operation::kLoad ? "ANALYSIS_ERROR" : "Fail";
      facts.message = text;
      EXPECT_EQ(refusal(operation, facts).code, Errc::kInvalidRequest) << text;
    }
  }
}

}  // namespace
}  // namespace loadstar::starrocks
