#include "core/txn/rollback_queue.hpp"

#include "core/base/deadline.hpp"
#include "core/txn/candidates.hpp"
#include "core/txn/end_transaction.hpp"

#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <utility>

namespace loadstar::txn {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// Between the tries in the background: first, and after doubling.
constexpr seconds kFirstPause{5};
constexpr seconds kLongestPause{300};
constexpr std::size_t kMostLater = 1000;
/// Between two labels: what an outage has left comes back together (delivery-and-faults.md F199).
constexpr milliseconds kTurn{20};

}  // namespace

RollbackQueue::RollbackQueue(const asio::any_io_executor& strand, starrocks::Client& client,
                             Metrics& metrics, const CoreOptions& options, PreparedWatch& prepared,
                             Logger logger)
    : client_(client),
      metrics_(metrics),
      options_(options),
      prepared_(prepared),
      logger_(std::move(logger)),
      freed_(strand),
      tasks_(strand) {}

asio::awaitable<std::optional<starrocks::LabelState>> RollbackQueue::try_now(std::string database,
                                                                             std::string label,
                                                                             Deadline deadline) {
  while (busy_.contains(label) && !stopping_ && Clock::now() < deadline) {
    co_await freed_.wait_until(deadline);
  }
  if (stopping_ || busy_.contains(label)) co_return std::nullopt;
  busy_.insert(label);
  // Up to three requests, one after the other.
  const auto left = std::max<Clock::duration>(deadline - Clock::now(), Clock::duration::zero());
  const auto time = std::min(options_.starrocks.query_timeout,
                             std::chrono::duration_cast<milliseconds>(left / 3));
  // Rollback does not need the table, which is not known here (starrocks-load-protocol.md 5.1).
  const starrocks::TableName table{database, ""};
  const auto ended = co_await end_transaction(client_, table, label, time);
  static_cast<void>(ended);  // the state says what came of it
  std::optional<starrocks::LabelState> found;
  if (!stopping_) {
    const auto state = co_await client_.label_state(database, label, Clock::now() + time);
    if (state.has_value()) found = state->state;
  }
  if (found && action_for(*found) != CandidateAction::kRollBack) prepared_.remove(label);
  busy_.erase(label);
  freed_.notify();
  co_return found;
}

void RollbackQueue::try_later(const std::string& database, const std::string& label) {
  if (later_.contains(label)) return;
  if (stopping_ || later_.size() >= kMostLater) {
    metrics_.transaction_recovered("left");
    logger_.warn("transaction left to its timeout", {{"label", label}});
    return;
  }
  logger_.warn("transaction is not seen ended; its rollback is tried again", {{"label", label}});
  later_.insert(label);
  tasks_.spawn(keep_trying(database, label));
}

asio::awaitable<void> RollbackQueue::keep_trying(std::string database, std::string label) {
  co_await asio::this_coro::throw_if_cancelled(false);
  for (seconds pause = kFirstPause;; pause = std::min(pause * 2, kLongestPause)) {
    co_await sleep_for(pause);
    next_turn_ = std::max(next_turn_ + kTurn, Clock::now());
    co_await sleep_until(next_turn_);
    if (stopping_) break;
    const auto state = co_await try_now(database, label, kNever);
    if (!state || action_for(*state) == CandidateAction::kRollBack) continue;
    if (action_for(*state) == CandidateAction::kNothing) metrics_.transaction("aborted");
    logger_.info("transaction that was left open has ended", {{"label", label}});
    break;
  }
  later_.erase(label);
}

void RollbackQueue::cancel() {
  stopping_ = true;
  freed_.notify();
  tasks_.cancel();
}

asio::awaitable<void> RollbackQueue::stop() {
  cancel();
  co_await tasks_.join();
}

}  // namespace loadstar::txn
