#pragma once

#include "core/base/error.hpp"
#include "core/base/metrics.hpp"
#include "core/base/reason.hpp"
#include "core/starrocks/client.hpp"

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <optional>
#include <string>

namespace loadstar::txn {

namespace asio = boost::asio;

/// Rows that StarRocks refused for good, as one load told it.
struct RefusedLoad {
  starrocks::TableName table;
  Error error;
  std::string error_url;
  std::optional<starrocks::LoadCounts> counts;
  bool count_mismatch = false;
  std::chrono::milliseconds retry_after{0};  ///< for reasons that are UNAVAILABLE
};

/// What comes of it.
struct ExplainedRefusal {
  Refusal refusal;                                 ///< for the client
  RejectedFor rejected_for = RejectedFor::kOther;  ///< for metric and log, which name no row
};

/// What a client is told about it: reason, counts, the place and the first lines of StarRocks'
/// error log (ingest-api.md 3.1). Asks StarRocks for the log until `deadline`; without an answer it
/// is left out.
[[nodiscard]] asio::awaitable<ExplainedRefusal> explain(starrocks::Client& client, RefusedLoad load,
                                                        Deadline deadline);

}  // namespace loadstar::txn
