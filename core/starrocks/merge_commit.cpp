#include "core/starrocks/merge_commit.hpp"

#include "core/starrocks/bounded_json.hpp"
#include "core/starrocks/label.hpp"
#include "core/starrocks/status.hpp"

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

namespace loadstar::starrocks {
namespace {

/// Before the reason of the transaction's abort.
constexpr std::string_view kAborted = "Load is aborted, reason: ";

LoadOutcome failed(Error error, const Reply& reply) {
  LoadOutcome outcome;
  outcome.error = std::move(error);
  outcome.transaction_id = reply.transaction_id.value_or(-1);
  // It goes into a URL later, so it must be what a label can be.
  if (reply.label && is_starrocks_label(*reply.label)) outcome.transaction_label = *reply.label;
  return outcome;
}

LoadOutcome doubted(std::string_view what, const Reply& reply) {
  return failed(Error{Errc::kMalformedReply, Certainty::kUnknown,
                      fmt::format("{}: {}", to_string(Operation::kStreamLoad), what)},
                reply);
}

/// `Fail` of a transaction that was aborted: certain, and its reason says what kind of failure.
Error aborted(const Reply& reply) {
  const std::string_view reason = std::string_view(reply.message).substr(kAborted.size());
  return Error{classify_load_message(reason).value_or(Errc::kRejected), Certainty::kNotApplied,
               fmt::format("{}: {}: {}", to_string(Operation::kStreamLoad), printable(reply.status),
                           printable(reply.message))};
}

}  // namespace

LoadOutcome judge_merge_commit(const Reply& reply, const Expectation& expected) {
  const bool names_another = reply.request_id && *reply.request_id != expected.label;
  if (names_another) return doubted("the reply names another RequestId", reply);
  const bool from_frontend = expected.from_frontend && !expected.frontend_is_proxy;
  if (judge(Operation::kStreamLoad, reply.status) != Meaning::kSuccess) {
    ReplyFacts facts{reply.status, reply.message, reply.transaction_id, from_frontend};
    const bool certain =
        normalise_status(reply.status) == "fail" && reply.message.starts_with(kAborted);
    return failed(certain ? aborted(reply) : refusal(Operation::kStreamLoad, facts), reply);
  }
  if (from_frontend) {
    return doubted("an FE answered success itself, without a redirect to a BE", reply);
  }
  if (!reply.transaction_id || *reply.transaction_id <= 0) {
    return doubted("success without a TxnId", reply);
  }
  if (reply.load_bytes && *reply.load_bytes > expected.body_bytes) {
    return doubted("LoadBytes is more than was sent", reply);
  }
  LoadOutcome outcome;
  outcome.verdict = LoadVerdict::kDone;
  outcome.visible = true;
  outcome.counted = false;
  outcome.transaction_id = *reply.transaction_id;
  outcome.transaction_label = reply.label.value_or("");
  return outcome;
}

}  // namespace loadstar::starrocks
