#include "core/starrocks/status.hpp"

#include "core/base/ascii.hpp"
#include "core/base/mutant.hpp"
#include "core/starrocks/bounded_json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <span>

namespace loadstar::starrocks {
namespace {

/// A listed word, normalised, and what it means.
struct Row {
  std::string_view word;
  Meaning meaning;
};

// 4.6.1. `OK` is the word of the transaction interface and proves nothing here.
constexpr std::array kStreamLoad{Row{"success", Meaning::kSuccess},
                                 Row{"publishtimeout", Meaning::kNotVisible},
                                 Row{"labelalreadyexists", Meaning::kLabelExists}};
// 5.2, 5.4
constexpr std::array kBegin{Row{"ok", Meaning::kSuccess},
                            Row{"labelalreadyexists", Meaning::kLabelExists}};
// 5.5, 5.6, 5.8
constexpr std::array kOkOnly{Row{"ok", Meaning::kSuccess}};
// 5.7; PUBLISH_TIMEOUT comes from a single-phase commit at the BE, and is committed all the same.
constexpr std::array kCommit{Row{"ok", Meaning::kSuccess},
                             Row{"publishtimeout", Meaning::kNotVisible}};

std::span<const Row> table_of(Operation operation) {
  switch (operation) {
    case Operation::kStreamLoad:
      return kStreamLoad;
    case Operation::kBegin:
      return kBegin;
    case Operation::kCommit:
      return kCommit;
    case Operation::kLoad:
    case Operation::kPrepare:
    case Operation::kRollback:
    case Operation::kCancel:
    case Operation::kState:
      return kOkOnly;
  }
  return {};
}

/// Where in the message a phrase has to stand. Texts that prove that rows were refused are matched
/// from the start, so that quoted data cannot forge them.
enum class Place : std::uint8_t { kStart, kAnywhere };

struct Phrase {
  std::string_view text;  ///< lower case
  Place place;
  Errc code;
};

/// The closed list (4.7, 4.9, 4.10, 5.3, 8.1); the first that fits wins.
constexpr std::array kPhrases{
    Phrase{"too many filtered rows", Place::kStart, Errc::kRowsRejected},
    Phrase{"parse error.", Place::kStart, Errc::kRowsRejected},
    Phrase{"csv line length exceed limit", Place::kStart, Errc::kRowsRejected},
    Phrase{"primary key size exceed the limit", Place::kStart, Errc::kRowsRejected},
    // All rows filtered, or dropped by `where`: nothing was left to load (4.5).
    Phrase{"no partitions have data available for loading", Place::kStart, Errc::kRowsRejected},
    Phrase{"fail to execute commit task: no partitions have data available for loading",
           Place::kStart, Errc::kRowsRejected},
    Phrase{"too many versions", Place::kAnywhere, Errc::kCongested},
    Phrase{"current running txns on db", Place::kAnywhere, Errc::kCongested},
    Phrase{"streamload txn num per be exceeds limit", Place::kAnywhere, Errc::kCongested},
    Phrase{"stream load exceed http cuncurrent limit", Place::kAnywhere, Errc::kCongested},
    Phrase{"stream load exceed http concurrent limit", Place::kAnywhere, Errc::kCongested},
    Phrase{"commit rate exceeds compaction throughput", Place::kAnywhere, Errc::kCongested},
    // Memory of a backend is used up: back-pressure (F237). The trackers of process, query pool,
    // load and a single load say it in their own ways. `body size <n> exceed limit` is none of
    // them.
    Phrase{"memory of process exceed limit", Place::kAnywhere, Errc::kCongested},
    Phrase{"memory of query_pool exceed limit", Place::kAnywhere, Errc::kCongested},
    Phrase{"memory of load exceed limit", Place::kAnywhere, Errc::kCongested},
    Phrase{"memory exceed limit", Place::kAnywhere, Errc::kCongested},
    Phrase{"memory limit exceeded", Place::kAnywhere, Errc::kCongested},
    Phrase{"mem usage has exceed the limit", Place::kAnywhere, Errc::kCongested},
    Phrase{"access denied; you need", Place::kAnywhere, Errc::kAccessDenied},
    Phrase{"please ask the admin to grant permission", Place::kAnywhere, Errc::kAccessDenied},
    Phrase{"access denied for ", Place::kStart, Errc::kBadCredentials},
    Phrase{"need auth information", Place::kStart, Errc::kBadCredentials},
    Phrase{"no valid basic authorization", Place::kStart, Errc::kBadCredentials},
    Phrase{"access denied", Place::kStart, Errc::kAccessDenied},
    Phrase{"unknown database", Place::kStart, Errc::kNotFound},
    Phrase{"unknown table", Place::kStart, Errc::kNotFound},
};

/// How texts begin that refuse the request itself, by its headers, whatever rows it has and however
/// often it comes (4.2, 4.10, 11.4 to 11.6), in lower case: trying again would hold up everybody's
/// loads into the table.
constexpr std::array<std::string_view, 31> kRequestRefused{
    "getting analyzing error",
    "getting syntax error",
    "parse columns header failed",
    "duplicate column",
    "mapping column is not in table",
    "column has no default value",
    "column has no source field",
    "generated column",
    "columns that generated column",
    "load op type string not supported",
    "const load op type column",
    "bitmap column ",
    "hll column must use",
    "percentile column ",
    "column is not sum aggregatetype",
    "only primary key table support partial update",
    "key column ",
    "column with row table only support",
    "conditional update only support",
    "merge condition column",
    "unknown column in where statement",
    "where statement is not",
    "can not specify both partitions",
    "unknown partition",
    "unknown or incorrect time zone",
    "invalid json path",
    "invalid delimiter",
    "delimiter cannot be empty",
    "the valid bytes length for",
    "only olap/lake table support stream load",
    "load table type is not olaptable",
};

/// `Database[d] does not exist.` and `database d not exists` of the FE (5.1).
bool says_database_is_missing(const std::string& text) {
  return text.starts_with("database") &&
         (text.ends_with("does not exist.") || text.ends_with("not exists"));
}

/// Status words that mean "not now" (5.2).
constexpr std::array<std::string_view, 8> kBusyWords{
    "txninprocessing",  "serviceunavailable",  "resourcebusy", "toomanytasks",
    "memlimitexceeded", "capacitylimitexceed", "sreagain",     "memallocfailed"};

bool is_busy(std::string_view word) {
  return std::find(kBusyWords.begin(), kBusyWords.end(), word) != kBusyWords.end();
}

Certainty certainty_of_stream_load(const ReplyFacts& facts, const std::string& word) {
  if (word != "fail" && word != "failed") return Certainty::kUnknown;
  // Refused before a transaction was begun (4.6).
  if (facts.transaction_id == -1) return Certainty::kNotApplied;
  // An FE's own answer: it never takes data and begins nothing for a stream load (3).
  if (!facts.transaction_id && facts.from_frontend) return Certainty::kNotApplied;
  // "FE RPC failure" says Fail and may be committed (4.6.1).
  return Certainty::kUnknown;
}

/// What the status word alone proves; refined by texts in refusal().
Certainty certainty_of(Operation operation, const ReplyFacts& facts, const std::string& word) {
  switch (operation) {
    case Operation::kStreamLoad:
      return certainty_of_stream_load(facts, word);
    case Operation::kBegin:
      // A failed begin may have left a transaction (starrocks#6783, ingest-api.md F12).
      return word == "labelalreadyexists" ? Certainty::kNotApplied : Certainty::kUnknown;
    case Operation::kLoad:
      // Found before the lock is taken; this load's bytes were not read (5.5, 5.10).
      return word == "txninprocessing" || word == "txnnotexists" ? Certainty::kNotApplied
                                                                 : Certainty::kUnknown;
    case Operation::kPrepare:
    case Operation::kCommit:
    case Operation::kRollback:
      return word == "txninprocessing" ? Certainty::kNotApplied : Certainty::kUnknown;
    case Operation::kCancel:
    case Operation::kState:
      // Answered by the leader in one piece: refused is refused (8.1, 8.3).
      return Certainty::kNotApplied;
  }
  return Certainty::kUnknown;
}

/// Whether a failure whose text has this code is certain although the word is not.
bool text_is_proof(Operation operation, Errc code) {
  switch (operation) {
    case Operation::kStreamLoad:
    case Operation::kLoad:
      // The plan comes before the rows, so nothing of them was taken (4.1, 4.10).
      if (code == Errc::kInvalidRequest) return true;
      [[fallthrough]];
    case Operation::kPrepare:
      // The BE aborts the transaction itself when the rows are refused (4.7, 5.5, 5.6).
      return code == Errc::kRowsRejected;
    case Operation::kBegin:
      // The leader checks these before it begins anything (4.1 step 11, 5.1).
      return code != Errc::kRowsRejected;
    case Operation::kCommit:
    case Operation::kRollback:
    case Operation::kCancel:
    case Operation::kState:
      return false;
  }
  return false;
}

}  // namespace

std::string_view to_string(Operation operation) {
  switch (operation) {
    case Operation::kStreamLoad:
      return "stream load";
    case Operation::kBegin:
      return "begin";
    case Operation::kLoad:
      return "load";
    case Operation::kPrepare:
      return "prepare";
    case Operation::kCommit:
      return "commit";
    case Operation::kRollback:
      return "rollback";
    case Operation::kCancel:
      return "cancel";
    case Operation::kState:
      return "get_load_state";
  }
  return "operation";
}

std::string normalise_status(std::string_view word) {
  constexpr std::string_view kWrong = "transcation";
  constexpr std::string_view kRight = "transaction";
  std::string text;
  for (const char c : to_lower(word)) {
    // All else stays, so that "OK." or "success?" is no listed word.
    if (c != ' ' && c != '_') text += c;
  }
  for (std::size_t at = text.find(kWrong); at != std::string::npos; at = text.find(kWrong)) {
    text.replace(at, kWrong.size(), kRight);
  }
  return text;
}

Meaning judge(Operation operation, std::string_view status) {
  if (LOADSTAR_MUTANT(kHttp200IsSuccess)) return Meaning::kSuccess;
  const std::string word = normalise_status(status);
  for (const Row& row : table_of(operation)) {
    if (row.word == word) return row.meaning;
  }
  return Meaning::kFailure;
}

Error refusal(Operation operation, const ReplyFacts& facts) {
  const std::string word = normalise_status(facts.status);
  Error error;
  error.certainty = certainty_of(operation, facts, word);
  error.code = is_busy(word) ? Errc::kCongested : Errc::kRejected;
  error.detail = fmt::format("{}: {}: {}", to_string(operation), printable(facts.status),
                             printable(strip_exception_class(facts.message)));
  // "Label [x] has already been used." is the answer; the text of a label proves nothing more.
  if (operation == Operation::kBegin && word == "labelalreadyexists") return error;
  const auto code = classify_load_message(facts.message);
  if (!code) return error;
  if (text_is_proof(operation, *code)) error.certainty = Certainty::kNotApplied;
  if (error.certainty == Certainty::kNotApplied || *code == Errc::kCongested) error.code = *code;
  return error;
}

LoadVerdict judge_existing_job(std::string_view existing_job_status) {
  return normalise_status(existing_job_status) == "finished" ? LoadVerdict::kLabelFinished
                                                             : LoadVerdict::kLabelRunning;
}

std::optional<LabelState> parse_label_state(std::string_view word) {
  const std::string state = normalise_status(word);
  if (state == "unknown") return LabelState::kUnknown;
  if (state == "prepare") return LabelState::kPrepare;
  if (state == "prepared") return LabelState::kPrepared;
  if (state == "committed") return LabelState::kCommitted;
  if (state == "visible") return LabelState::kVisible;
  if (state == "aborted") return LabelState::kAborted;
  return std::nullopt;
}

std::string_view to_string(LabelState state) {
  switch (state) {
    case LabelState::kUnknown:
      return "UNKNOWN";
    case LabelState::kPrepare:
      return "PREPARE";
    case LabelState::kPrepared:
      return "PREPARED";
    case LabelState::kCommitted:
      return "COMMITTED";
    case LabelState::kVisible:
      return "VISIBLE";
    case LabelState::kAborted:
      return "ABORTED";
  }
  return "UNKNOWN";
}

std::string_view strip_exception_class(std::string_view message) {
  if (!message.starts_with("class ")) return message;
  const std::size_t colon = message.find(": ");
  return colon == std::string_view::npos ? message : message.substr(colon + 2);
}

std::optional<Errc> classify_message(std::string_view message) {
  const std::string text = to_lower(strip_exception_class(message));
  for (const Phrase& phrase : kPhrases) {
    const bool found = phrase.place == Place::kStart ? text.starts_with(phrase.text)
                                                     : text.find(phrase.text) != std::string::npos;
    if (found) return phrase.code;
  }
  if (says_database_is_missing(text)) return Errc::kNotFound;
  return std::nullopt;
}

std::optional<Errc> classify_load_message(std::string_view message) {
  const auto code = classify_message(message);
  if (code) return code;
  const std::string text = to_lower(strip_exception_class(message));
  const bool refused =
      std::any_of(kRequestRefused.begin(), kRequestRefused.end(),
                  [&text](std::string_view beginning) { return text.starts_with(beginning); });
  return refused ? std::optional(Errc::kInvalidRequest) : std::nullopt;
}

Error judge_http_status(unsigned status, std::string_view body, bool body_started) {
  constexpr unsigned kBadRequest = 400;
  constexpr unsigned kUnauthorized = 401;
  constexpr unsigned kForbidden = 403;
  constexpr unsigned kNotFound = 404;
  constexpr unsigned kMethodNotAllowed = 405;
  constexpr unsigned kExpectationFailed = 417;
  constexpr unsigned kNotImplemented = 501;
  const auto before_any_handler = body_started ? Certainty::kUnknown : Certainty::kNotApplied;
  Error error{Errc::kUnexpectedStatus, Certainty::kUnknown, fmt::format("HTTP status {}", status)};
  switch (status) {
    case kUnauthorized: {
      // Credentials come before everything else (1.1, 1.2).
      const std::string text = to_lower(body);
      const bool privilege = text.find("grant permission") != std::string::npos ||
                             text.find("you need") != std::string::npos;
      error.code = privilege ? Errc::kAccessDenied : Errc::kBadCredentials;
      error.certainty = Certainty::kNotApplied;
      error.detail += privilege ? ": the account lacks a privilege" : ": user or password refused";
      break;
    }
    case kForbidden:
      error.code = Errc::kAccessDenied;
      break;  // of a proxy; StarRocks has no 403 here
    case kNotFound:
    case kMethodNotAllowed:
    case kNotImplemented:
      error.code = Errc::kUnsupported;
      error.certainty = before_any_handler;
      error.detail += ": no such interface on this server";
      break;
    case kBadRequest:
    case kExpectationFailed:
      error.certainty = before_any_handler;
      break;
    default:
      break;
  }
  return error;
}

}  // namespace loadstar::starrocks
