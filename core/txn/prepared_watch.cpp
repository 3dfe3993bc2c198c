#include "core/txn/prepared_watch.hpp"

#include "core/base/deadline.hpp"

#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace loadstar::txn {
namespace {

/// Between two looks: a twentieth of the time that StarRocks gives, so that both warnings come
/// before its end, and a minute at most.
constexpr std::chrono::seconds kLongestPause{60};
constexpr int kLooks = 20;
/// Parts of its time, in percent, at which a transaction is warned of.
constexpr std::array<int, 2> kWarnAt{75, 90};
/// From here on nobody is told any more: StarRocks has aborted it, or does not answer.
constexpr int kGiveUpAt = 200;
constexpr std::size_t kMostWatched = 100'000;
/// Questions to StarRocks in one pass; the rest waits for the next.
constexpr std::size_t kMostQuestions = 100;

}  // namespace

PreparedWatch::PreparedWatch(const asio::any_io_executor& strand, starrocks::Client& client,
                             Metrics& metrics, const CoreOptions& options, Logger logger)
    : client_(client),
      metrics_(metrics),
      options_(options),
      logger_(std::move(logger)),
      stopped_(strand),
      tasks_(strand) {}

void PreparedWatch::add(PreparedTransaction transaction, std::unique_ptr<OpenTransaction> gauge) {
  const std::lock_guard lock(mutex_);
  if (stopping_ || watched_.size() >= kMostWatched) return;
  std::string label = transaction.label;
  const auto asked_at = transaction.prepared_at;
  watched_.emplace(std::move(label), Watched{std::move(transaction), std::move(gauge), asked_at});
}

bool PreparedWatch::remove(const std::string& label) {
  const std::lock_guard lock(mutex_);
  return watched_.erase(label) > 0;
}

bool PreparedWatch::is_forgotten(const std::string& label, bool unknown) {
  const std::lock_guard lock(mutex_);
  const auto found = watched_.find(label);
  if (found == watched_.end()) return true;
  const bool again = unknown && found->second.unknown;
  found->second.unknown = unknown;
  return again;
}

std::vector<PreparedTransaction> PreparedWatch::all() const {
  const std::lock_guard lock(mutex_);
  std::vector<PreparedTransaction> transactions;
  transactions.reserve(watched_.size());
  for (const auto& [label, watched] : watched_) transactions.push_back(watched.transaction);
  return transactions;
}

bool PreparedWatch::empty() const {
  const std::lock_guard lock(mutex_);
  return watched_.empty();
}

void PreparedWatch::start() {
  if (running_ || empty()) return;
  running_ = true;
  tasks_.spawn(watch());
}

Clock::duration PreparedWatch::pause() const {
  return std::min<Clock::duration>(kLongestPause,
                                   Clock::duration(options_.times.prepared_timeout) / kLooks);
}

asio::awaitable<void> PreparedWatch::watch() {
  co_await asio::this_coro::throw_if_cancelled(false);
  while (!empty()) {
    const Deadline next = Clock::now() + pause();
    while (Clock::now() < next && !empty()) co_await stopped_.wait_until(next);
    for (Question& question : take_due()) co_await ask(std::move(question));
  }
  running_ = false;
}

std::vector<PreparedWatch::Question> PreparedWatch::take_due() {
  const std::lock_guard lock(mutex_);
  const auto now = Clock::now();
  const auto reached = [this, now](const Watched& watched, int percent) {
    const auto age = now - watched.transaction.prepared_at;
    return age * 100 >= options_.times.prepared_timeout * percent;
  };
  std::erase_if(watched_,
                [&reached](const auto& entry) { return reached(entry.second, kGiveUpAt); });
  std::vector<Question> due;
  for (auto& [label, watched] : watched_) {
    if (due.size() >= kMostQuestions) return due;
    if (watched.warnings >= kWarnAt.size() || !reached(watched, kWarnAt.at(watched.warnings))) {
      continue;
    }
    ++watched.warnings;
    watched.asked_at = now;
    due.push_back({watched.transaction, true});
  }
  for (auto& [label, watched] : watched_) {
    if (due.size() >= kMostQuestions) return due;
    if (now - watched.asked_at < pause()) continue;
    watched.asked_at = now;
    due.push_back({watched.transaction, false});
  }
  return due;
}

asio::awaitable<void> PreparedWatch::ask(Question question) {
  const PreparedTransaction& transaction = question.transaction;
  const Deadline deadline = Clock::now() + options_.starrocks.query_timeout;
  const auto state =
      co_await client_.label_state(transaction.database, transaction.label, deadline);
  const bool unknown = state.has_value() && state->state == starrocks::LabelState::kUnknown;
  const bool forgotten = is_forgotten(transaction.label, unknown);
  const bool ended =
      state.has_value() && !unknown && state->state != starrocks::LabelState::kPrepared;
  if (ended || forgotten) {
    const bool ours = remove(transaction.label);
    // Whoever commits it counts that. Nobody else counts what ran out of time.
    if (ours && forgotten) metrics_.transaction("unknown");
    if (ours && ended && state->state == starrocks::LabelState::kAborted) {
      metrics_.transaction("aborted");
    }
    co_return;
  }
  if (!question.warn || empty()) co_return;  // empty: stopped, or all ended meanwhile
  const auto expires = transaction.prepared_at + options_.times.prepared_timeout;
  const auto left = std::chrono::duration_cast<std::chrono::seconds>(expires - Clock::now());
  metrics_.error("PREPARED_EXPIRING");
  logger_.warn("a prepared transaction nears its end; commit its token, or its rows are lost",
               {{"label", transaction.label},
                {"database", transaction.database},
                {"table", transaction.table},
                {"writer", transaction.writer},
                {"epoch", std::to_string(transaction.epoch)},
                {"seconds_left", std::to_string(left.count())}});
}

asio::awaitable<void> PreparedWatch::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    watched_.clear();
  }
  stopped_.notify();
  tasks_.cancel();
  co_await tasks_.join();
}

}  // namespace loadstar::txn
