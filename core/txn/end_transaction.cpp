#include "core/txn/end_transaction.hpp"

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>
#include <fmt/format.h>

#include <utility>

namespace loadstar::txn {

namespace asio = boost::asio;

asio::awaitable<Result<void>> end_transaction(starrocks::Client& client, starrocks::TableName table,
                                              std::string label, Clock::duration time) {
  auto rolled_back = co_await client.rollback(table, label, Clock::now() + time);
  const auto state = co_await asio::this_coro::cancellation_state;
  const bool stopped = state.cancelled() != asio::cancellation_type::none;
  if (rolled_back.has_value() || stopped) co_return rolled_back;
  auto cancelled = co_await client.cancel(table.database, label, Clock::now() + time);
  if (cancelled.has_value()) co_return cancelled;
  Error both = cancelled.error();
  both.detail = fmt::format("rollback: {}; cancel: {}", describe(rolled_back.error()),
                            describe(cancelled.error()));
  co_return both;
}

}  // namespace loadstar::txn
