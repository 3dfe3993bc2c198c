#pragma once

#include "core/http/message.hpp"
#include "core/starrocks/client.hpp"

#include <cstdint>
#include <string>

namespace loadstar::starrocks {

/// What was sent, as far as the reply is held against it (delivery-and-faults.md F100, F104, T11).
struct Expectation {
  std::string label;
  std::int64_t transaction_id = -1;  ///< of begin; -1: not known
  std::uint64_t body_bytes = 0;
  bool merge_commit = false;  ///< `enable_merge_commit: true`: other keys in the reply (9)
  bool from_frontend =
      false;  ///< an FE answered itself: no redirect was followed, or to an FE only
  bool frontend_is_proxy = false;  ///< policy proxy_only: load_urls may take loads themselves
};

// From a reply to an outcome, one function for each operation: pure, total over all replies, and
// the only way to a success. The HTTP status is looked at first (200, or an error as
// judge_http_status has it, save that a bare page with 404, 405 or 501 is kUnexpectedStatus), then
// the allow-list of status words, then the reply is held against `expected`; what contradicts it is
// kMalformedReply/kUnknown, however successful it sounds.

/// A `Success` that an FE gave itself is not believed: an FE takes no data (F072).
[[nodiscard]] LoadOutcome judge_stream_load(const http::Response& response,
                                            const Expectation& expected);
[[nodiscard]] Result<std::int64_t> judge_begin(const http::Response& response,
                                               const Expectation& expected);
/// Returns LoadBytes; the bytes sent if the reply does not name them.
[[nodiscard]] Result<std::uint64_t> judge_load(const http::Response& response,
                                               const Expectation& expected);
/// kDone only with all four row counts, which add up (4.7).
[[nodiscard]] LoadOutcome judge_prepare(const http::Response& response,
                                        const Expectation& expected);
[[nodiscard]] Result<CommitReply> judge_commit(const http::Response& response,
                                               const Expectation& expected);
[[nodiscard]] Result<void> judge_rollback(const http::Response& response,
                                          const Expectation& expected);
[[nodiscard]] Result<void> judge_cancel(const http::Response& response);
/// A reply that is not understood is an error, never LabelState::kUnknown (F258).
[[nodiscard]] Result<LabelStatus> judge_state(const http::Response& response);

}  // namespace loadstar::starrocks
