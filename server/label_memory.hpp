#pragma once

#include "core/base/log.hpp"
#include "core/starrocks/client.hpp"

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace loadstar::server {

namespace asio = boost::asio;

/// How long StarRocks remembers finished labels and keeps prepared transactions: what recovery
/// rests on (ingest-api.md 4.5, 4.6 A3).
struct LabelMemory {
  std::optional<std::uint64_t> keep_num;            ///< label_keep_max_num: of one database
  std::optional<std::chrono::seconds> keep_second;  ///< label_keep_max_second
  /// prepared_transaction_default_timeout_second; nullopt also where the frontend reads the header
  /// prepared_timeout, which goes before it.
  std::optional<std::chrono::seconds> prepared_default;
};

/// From the answer to `ADMIN SHOW FRONTEND CONFIG`: columns `Key` and `Value`.
[[nodiscard]] LabelMemory label_memory_of(const starrocks::SqlResult& result);

/// What is too small for transactions that may wait `prepared_timeout` for their commit, in words
/// for an operator. The number is too small if one transaction every ten seconds in the database,
/// of all its jobs together, would push a label out before that time.
[[nodiscard]] std::vector<std::string> too_small(const LabelMemory& memory,
                                                 std::chrono::seconds prepared_timeout);

/// Asks StarRocks once and logs what is too small. An account that may not ask is told so at level
/// info; nothing depends on the answer. Ends within 10 s.
asio::awaitable<void> check_label_memory(starrocks::Client& client,
                                         std::chrono::seconds prepared_timeout, Logger logger);

}  // namespace loadstar::server
