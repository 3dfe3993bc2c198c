#include "core/txn/load_refusal.hpp"

#include "core/starrocks/error_log.hpp"
#include "core/txn/reaction.hpp"

#include <fmt/format.h>

#include <utility>

namespace loadstar::txn {
namespace {

/// Bytes of StarRocks' error log that a client is shown.
constexpr std::size_t kErrorLogExcerpt = 300;

}  // namespace

asio::awaitable<ExplainedRefusal> explain(starrocks::Client& client, RefusedLoad load,
                                          Deadline deadline) {
  ExplainedRefusal explained;
  Refusal& refusal = explained.refusal;
  refusal.reason = load.count_mismatch ? Reason::kRowCountMismatch : reason_for(load.error.code);
  refusal.metadata["table"] = load.table.table;
  const bool may_pass = refusal.reason == Reason::kStarrocksUnavailable;
  const std::string name = fmt::format("{}.{}", load.table.database, load.table.table);
  refusal.message =
      may_pass ? fmt::format("rows of {} cannot be loaded now, StarRocks refused none of them: {}",
                             name, load.error.detail)
               : fmt::format("StarRocks refused rows of {}: {}", name, load.error.detail);
  if (may_pass) refusal.retry_after = load.retry_after;
  if (load.counts) {
    refusal.metadata["filteredRows"] = std::to_string(load.counts->filtered_rows);
    refusal.metadata["totalRows"] = std::to_string(load.counts->total_rows);
  }
  const bool rows = refusal.reason == Reason::kRowsRejected;
  if (rows) explained.rejected_for = starrocks::rejected_for(load.error.detail);
  if (!load.error_url.empty()) {
    refusal.metadata["errorUrl"] = load.error_url;
    const auto log = co_await client.error_log(load.error_url, deadline);
    if (log.has_value()) {
      refusal.message += "; " + log->substr(0, kErrorLogExcerpt);
      const RejectedFor told = starrocks::rejected_for(*log);
      if (rows && told != RejectedFor::kOther) explained.rejected_for = told;
    }
  }
  co_return explained;
}

}  // namespace loadstar::txn
