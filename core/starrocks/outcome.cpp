#include "core/starrocks/outcome.hpp"

#include "core/starrocks/bounded_json.hpp"
#include "core/starrocks/merge_commit.hpp"
#include "core/starrocks/reply.hpp"
#include "core/starrocks/status.hpp"

#include <fmt/format.h>

#include <optional>
#include <utility>

namespace loadstar::starrocks {
namespace {

constexpr unsigned kOk = 200;

Error contradiction(Operation operation, std::string_view what) {
  return Error{Errc::kMalformedReply, Certainty::kUnknown,
               fmt::format("{}: {}", to_string(operation), what)};
}

/// An FE without the interface says so in its own words (8.8).
bool says_not_implemented(const http::Response& response) {
  const auto reply = parse_reply(response.body);
  return reply && normalise_status(reply->status) == "failed" &&
         reply->message == "Not implemented";
}

/// What an HTTP status other than 200 means here. A bare page "no such interface" is an answer to
/// discovery only: before a load or a transaction it is known that StarRocks has the interface, so
/// the page is that of a proxy or load balancer and says as little as a 5xx page.
Error judge_page(const http::Response& response, Operation operation) {
  Error error = judge_http_status(response.status, response.body, response.body_started);
  if (error.code == Errc::kUnsupported && !says_not_implemented(response)) {
    const bool has_body = operation == Operation::kStreamLoad || operation == Operation::kLoad;
    const bool nothing_was_sent = has_body && !response.body_started;
    error = Error{Errc::kUnexpectedStatus,
                  nothing_was_sent ? Certainty::kNotApplied : Certainty::kUnknown,
                  fmt::format("HTTP status {} without an answer of StarRocks", response.status)};
  }
  error.detail = fmt::format("{}: {}", to_string(operation), error.detail);
  return error;
}

/// The reply of an answer with HTTP status 200; every other answer is an error.
Result<Reply> read(const http::Response& response, Operation operation,
                   const Expectation& expected) {
  if (response.status != kOk) return judge_page(response, operation);
  auto reply = parse_reply(response.body);
  if (!reply) {
    Error error = reply.error();
    error.detail = fmt::format("{}: {}", to_string(operation), error.detail);
    return error;
  }
  const bool label_is_ours = expected.merge_commit || expected.label.empty() || !reply->label ||
                             *reply->label == expected.label;
  if (!label_is_ours) return contradiction(operation, "the reply names another label");
  const bool other_transaction = expected.transaction_id != -1 && reply->transaction_id &&
                                 *reply->transaction_id != expected.transaction_id;
  if (other_transaction) return contradiction(operation, "the reply names another TxnId");
  return reply;
}

ReplyFacts facts_of(const Reply& reply, const Expectation& expected) {
  ReplyFacts facts;
  facts.status = reply.status;
  facts.message = reply.message;
  facts.transaction_id = reply.transaction_id;
  facts.from_frontend = expected.from_frontend && !expected.frontend_is_proxy;
  return facts;
}

LoadCounts counts_of(const Reply& reply) {
  return LoadCounts{reply.total_rows.value_or(0), reply.loaded_rows.value_or(0),
                    reply.filtered_rows.value_or(0), reply.unselected_rows.value_or(0),
                    reply.load_bytes.value_or(0)};
}

bool has_counts(const Reply& reply) {
  return reply.total_rows && reply.loaded_rows && reply.filtered_rows && reply.unselected_rows;
}

/// Total = Loaded + Filtered + Unselected, always (4.7). The counts are below 2^63, so that two of
/// them cannot wrap; the third is subtracted.
bool counts_add_up(const LoadCounts& counts) {
  const std::uint64_t lost = counts.filtered_rows + counts.unselected_rows;
  return counts.total_rows >= lost && counts.total_rows - lost == counts.loaded_rows;
}

LoadOutcome failed(Error error) {
  LoadOutcome outcome;
  outcome.error = std::move(error);
  return outcome;
}

LoadOutcome refused(Operation operation, const Reply& reply, const Expectation& expected) {
  LoadOutcome outcome = failed(refusal(operation, facts_of(reply, expected)));
  outcome.transaction_id = reply.transaction_id.value_or(-1);
  outcome.counts = counts_of(reply);
  outcome.error_url = reply.error_url.value_or("");
  return outcome;
}

/// What makes a successful stream load unbelievable; nullopt if nothing does.
std::optional<Error> doubt_stream_load(const Reply& reply, const Expectation& expected) {
  constexpr auto kOperation = Operation::kStreamLoad;
  if (expected.from_frontend && !expected.frontend_is_proxy) {
    return contradiction(kOperation, "an FE answered success itself, without a redirect to a BE");
  }
  if (!reply.transaction_id || *reply.transaction_id <= 0) {
    return contradiction(kOperation, "success without a TxnId");
  }
  if (reply.load_bytes && *reply.load_bytes > expected.body_bytes) {
    return contradiction(kOperation, "LoadBytes is more than was sent");
  }
  if (!has_counts(reply)) return contradiction(kOperation, "success without row counts");
  if (!counts_add_up(counts_of(reply))) {
    return contradiction(kOperation, "the row counts do not add up");
  }
  return std::nullopt;
}

LoadTimes times_of(const Reply& reply) {
  const auto length = [](const std::optional<std::uint64_t>& ms) {
    return ms ? std::optional(std::chrono::milliseconds(*ms)) : std::nullopt;
  };
  return LoadTimes{length(reply.plan_ms), length(reply.read_ms), length(reply.write_ms),
                   length(reply.publish_ms)};
}

LoadOutcome done(const Reply& reply, bool visible) {
  LoadOutcome outcome;
  outcome.verdict = LoadVerdict::kDone;
  outcome.visible = visible;
  outcome.transaction_id = reply.transaction_id.value_or(-1);
  outcome.times = times_of(reply);
  outcome.counts = counts_of(reply);
  outcome.error_url = reply.error_url.value_or("");
  return outcome;
}

}  // namespace

LoadOutcome judge_stream_load(const http::Response& response, const Expectation& expected) {
  auto reply = read(response, Operation::kStreamLoad, expected);
  if (!reply) return failed(reply.error());
  if (expected.merge_commit) return judge_merge_commit(*reply, expected);
  const Meaning meaning = judge(Operation::kStreamLoad, reply->status);
  switch (meaning) {
    case Meaning::kSuccess:
    case Meaning::kNotVisible: {
      auto doubt = doubt_stream_load(*reply, expected);
      if (doubt) return failed(std::move(*doubt));
      return done(*reply, meaning == Meaning::kSuccess);
    }
    case Meaning::kLabelExists: {
      LoadOutcome outcome;
      outcome.verdict = judge_existing_job(reply->existing_job_status.value_or(""));
      return outcome;
    }
    case Meaning::kFailure:
      break;
  }
  return refused(Operation::kStreamLoad, *reply, expected);
}

Result<std::int64_t> judge_begin(const http::Response& response, const Expectation& expected) {
  constexpr auto kOperation = Operation::kBegin;
  auto reply = read(response, kOperation, expected);
  if (!reply) return reply.error();
  switch (judge(kOperation, reply->status)) {
    case Meaning::kSuccess:
      break;
    case Meaning::kLabelExists: {
      Error error = refusal(kOperation, facts_of(*reply, expected));
      error.detail = fmt::format("begin: LABEL_ALREADY_EXISTS ({})",
                                 printable(reply->existing_job_status.value_or("")));
      return error;
    }
    case Meaning::kNotVisible:
    case Meaning::kFailure:
      return refusal(kOperation, facts_of(*reply, expected));
  }
  if (!reply->transaction_id || *reply->transaction_id <= 0) {
    return contradiction(kOperation, "OK without a TxnId");
  }
  return *reply->transaction_id;
}

Result<std::uint64_t> judge_load(const http::Response& response, const Expectation& expected) {
  constexpr auto kOperation = Operation::kLoad;
  auto reply = read(response, kOperation, expected);
  if (!reply) return reply.error();
  if (judge(kOperation, reply->status) != Meaning::kSuccess) {
    return refusal(kOperation, facts_of(*reply, expected));
  }
  if (expected.from_frontend && !expected.frontend_is_proxy) {
    return contradiction(kOperation, "an FE answered OK itself, without a redirect to a BE");
  }
  const std::uint64_t bytes = reply->load_bytes.value_or(expected.body_bytes);
  if (bytes > expected.body_bytes)
    return contradiction(kOperation, "LoadBytes is more than was sent");
  return bytes;
}

LoadOutcome judge_prepare(const http::Response& response, const Expectation& expected) {
  constexpr auto kOperation = Operation::kPrepare;
  auto reply = read(response, kOperation, expected);
  if (!reply) return failed(reply.error());
  if (judge(kOperation, reply->status) != Meaning::kSuccess) {
    return refused(kOperation, *reply, expected);
  }
  if (!has_counts(*reply)) return failed(contradiction(kOperation, "OK without row counts"));
  if (!counts_add_up(counts_of(*reply))) {
    return failed(contradiction(kOperation, "the row counts do not add up"));
  }
  return done(*reply, false);
}

Result<CommitReply> judge_commit(const http::Response& response, const Expectation& expected) {
  constexpr auto kOperation = Operation::kCommit;
  auto reply = read(response, kOperation, expected);
  if (!reply) return reply.error();
  const Meaning meaning = judge(kOperation, reply->status);
  if (meaning == Meaning::kSuccess && !reply->label) {
    // A channel transaction's "OK" can mean "is not prepared, can not commit" (6); it names no
    // label.
    return contradiction(kOperation, "OK without a label");
  }
  // OK without a message is "committed and published"; "has already committed" does not say which
  // of COMMITTED and VISIBLE it is (5.7).
  if (meaning == Meaning::kSuccess) return CommitReply{reply->message.empty()};
  if (meaning == Meaning::kNotVisible) return CommitReply{false};
  return refusal(kOperation, facts_of(*reply, expected));
}

Result<void> judge_rollback(const http::Response& response, const Expectation& expected) {
  auto reply = read(response, Operation::kRollback, expected);
  if (!reply) return reply.error();
  if (judge(Operation::kRollback, reply->status) == Meaning::kSuccess) return {};
  return refusal(Operation::kRollback, facts_of(*reply, expected));
}

Result<void> judge_cancel(const http::Response& response) {
  auto reply = read(response, Operation::kCancel, Expectation{});
  if (!reply) return reply.error();
  if (judge(Operation::kCancel, reply->status) == Meaning::kSuccess) return {};
  return refusal(Operation::kCancel, facts_of(*reply, Expectation{}));
}

Result<LabelStatus> judge_state(const http::Response& response) {
  constexpr auto kOperation = Operation::kState;
  auto reply = read(response, kOperation, Expectation{});
  if (!reply) return reply.error();
  if (judge(kOperation, reply->status) != Meaning::kSuccess) {
    return refusal(kOperation, facts_of(*reply, Expectation{}));
  }
  if (!reply->state) return contradiction(kOperation, "the reply has no state");
  const auto state = parse_label_state(*reply->state);
  if (!state) {
    return contradiction(kOperation, "unlisted state " + printable(*reply->state));
  }
  return LabelStatus{*state, printable(reply->reason.value_or(""))};
}

}  // namespace loadstar::starrocks
