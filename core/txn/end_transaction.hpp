#pragma once

#include "core/base/clock.hpp"
#include "core/base/error.hpp"
#include "core/starrocks/client.hpp"

#include <boost/asio/awaitable.hpp>

#include <string>

namespace loadstar::txn {

/// Ends a transaction that is not to be committed: rollback, and if that is refused or not
/// answered, cancel at the frontend, which needs no backend (starrocks-load-protocol.md 8.3;
/// delivery-and-faults.md F8). Each has `time` of its own, for a backend that does not answer must
/// not cost the frontend's cancel (F192, F196).
///
/// Success: StarRocks said that it has ended. An error holds both answers; what it says of the
/// transaction, only its state can tell. Cancellation ends the request that is under way, and
/// starts no other; the caller has switched exceptions of cancellation off
/// (asio::this_coro::throw_if_cancelled).
[[nodiscard]] boost::asio::awaitable<Result<void>> end_transaction(starrocks::Client& client,
                                                                   starrocks::TableName table,
                                                                   std::string label,
                                                                   Clock::duration time);

}  // namespace loadstar::txn
