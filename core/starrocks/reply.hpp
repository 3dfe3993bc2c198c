#pragma once

#include "core/base/error.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace loadstar::starrocks {

/// A reply in either of StarRocks' envelopes (starrocks-load-protocol.md 2.6), the keys we use.
/// Unset = the key is absent or null. Text is decoded, of any length.
struct Reply {
  std::string status;   ///< `Status`, else `status`; never empty
  std::string message;  ///< `Message`, else `message` or `msg`; may be empty
  std::optional<std::string> label;
  std::optional<std::string> request_id;  ///< merge commit: the label of the request (9)
  std::optional<std::string> existing_job_status;
  std::optional<std::string> error_url;
  std::optional<std::string> state;            ///< get_load_state
  std::optional<std::string> reason;           ///< get_load_state, from 3.4 on
  std::optional<std::int64_t> transaction_id;  ///< -1 or positive
  std::optional<std::uint64_t> total_rows;
  std::optional<std::uint64_t> loaded_rows;
  std::optional<std::uint64_t> filtered_rows;
  std::optional<std::uint64_t> unselected_rows;
  std::optional<std::uint64_t> load_bytes;
  // Milliseconds by StarRocks' clock, for metrics only: what is no sensible number is left out.
  std::optional<std::uint64_t> plan_ms;     ///< `StreamLoadPlanTimeMs`
  std::optional<std::uint64_t> read_ms;     ///< `ReadDataTimeMs`
  std::optional<std::uint64_t> write_ms;    ///< `WriteDataTimeMs`
  std::optional<std::uint64_t> publish_ms;  ///< `CommitAndPublishTimeMs`
};

/// Reads a reply body. Tolerant of unknown keys and of the content type; strict on the types and
/// ranges of the keys above. kMalformedReply/kUnknown otherwise; a missing status says that the
/// server may be too old for the interface (8.8).
[[nodiscard]] Result<Reply> parse_reply(std::string_view body);

}  // namespace loadstar::starrocks
