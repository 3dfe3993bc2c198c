#include "core/txn/table_queue.hpp"

#include "core/base/deadline.hpp"
#include "core/base/run_on.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>

#include <map>
#include <utility>

namespace loadstar::txn {
namespace {

/// Jitter of this table in this process, 0..1000: taken from the seed so that it stays the same.
unsigned jitter(std::uint64_t seed) { return static_cast<unsigned>(Random(seed).below(1001)); }

}  // namespace

TableQueue::TableQueue(const asio::any_io_executor& executor, LoadServices services,
                       starrocks::TableName table, const TableOptions& options,
                       std::uint64_t random_seed, OutcomeSink outcomes)
    : strand_(asio::make_strand(executor)),
      services_(services),
      metrics_(services.metrics.table(table.database, table.table)),
      held_(metrics_.held),
      buffer_(ingest::make_flush_limits(options.flush, jitter(random_seed)), options.parallelism),
      driver_(
          strand_, std::move(services), std::move(table), options, metrics_, random_seed,
          [this](bool congested) {
            if (congested) {
              congestion_.on_congestion();
            } else {
              congestion_.on_success();
            }
            metrics_.flush_interval_effective.Set(std::chrono::duration<double>(max_age()).count());
          }),
      outcomes_(std::move(outcomes)),
      changed_(strand_),
      tasks_(strand_) {
  metrics_.flush_interval_effective.Set(std::chrono::duration<double>(max_age()).count());
}

void TableQueue::start() {
  auto begin = [self = shared_from_this()] { self->tasks_.spawn(self->keep_time()); };
  asio::post(strand_, std::move(begin));
}

void TableQueue::submit(ingest::BufferedBatch batch) {
  auto add = [self = shared_from_this(), batch = std::move(batch)]() mutable {
    if (self->stopping_) return;
    self->buffer_.add(std::move(batch));
    self->pump();
  };
  asio::post(strand_, std::move(add));
}

void TableQueue::flush_writer(std::uint64_t writer, std::uint64_t sequence, FlushTrigger trigger) {
  auto flush = [self = shared_from_this(), writer, sequence, trigger] {
    if (trigger == FlushTrigger::kDrain) self->driver_.hurry();
    self->buffer_.flush_writer(writer, sequence, trigger);
    self->pump();
  };
  asio::post(strand_, std::move(flush));
}

void TableQueue::flush_all(FlushTrigger trigger) {
  auto flush = [self = shared_from_this(), trigger] {
    self->buffer_.flush_all(trigger);
    self->pump();
  };
  asio::post(strand_, std::move(flush));
}

void TableQueue::pump() {
  while (!stopping_) {
    auto group = buffer_.start_next();
    if (!group) break;
    services_.metrics.flushes(*group->due).Increment();
    loading_since_.insert(group->oldest);
    tasks_.spawn(load(std::move(*group)));
  }
  waiting_bytes_ = buffer_.waiting_bytes();
  loading_ = buffer_.in_flight() > 0;
  note_held();
  changed_.notify();
}

/// Rows of a queue that ends are not held any more: their clients keep them.
void TableQueue::note_held() {
  auto since = buffer_.oldest();
  if (!loading_since_.empty() && (!since || *loading_since_.begin() < *since)) {
    since = *loading_since_.begin();
  }
  held_.set(stopping_ ? std::nullopt : since);
}

asio::awaitable<void> TableQueue::load(ingest::LoadGroup group) {
  co_await asio::this_coro::throw_if_cancelled(false);
  const auto due_at = Clock::now();
  const auto oldest = group.oldest;
  const bool permitted = co_await services_.permits.acquire();
  if (!permitted) co_return;
  services_.metrics.load_phase(LoadPhase::kQueue, Clock::now() - due_at);
  metrics_.loads_in_progress.Increment();
  auto outcomes = co_await driver_.run(std::move(group));
  metrics_.loads_in_progress.Decrement();
  services_.permits.release();
  std::map<std::uint64_t, std::vector<BatchOutcome>> by_writer;
  for (BatchOutcome& outcome : outcomes) by_writer[outcome.writer].push_back(std::move(outcome));
  for (auto& [writer, own] : by_writer) outcomes_(writer, std::move(own));
  buffer_.finished();
  loading_since_.erase(loading_since_.find(oldest));
  pump();
}

asio::awaitable<void> TableQueue::keep_time() {
  co_await asio::this_coro::throw_if_cancelled(false);
  while (!stopping_) {
    const auto next = buffer_.next_tick(max_age());
    const Deadline due = next.value_or(kNever);
    // Asked for every batch, few of which make anything due sooner.
    auto sooner = [this, due] {
      return stopping_ || buffer_.next_tick(max_age()).value_or(kNever) < due;
    };
    co_await changed_.wait_until(due, std::move(sooner));
    if (stopping_) break;
    const auto now = Clock::now();
    if (!next || now < *next) continue;
    buffer_.tick(now, max_age());
    pump();
  }
}

void TableQueue::cancel(Deadline rollbacks_until) {
  auto end = [self = shared_from_this(), rollbacks_until] {
    self->stopping_ = true;
    self->note_held();
    self->driver_.stop(rollbacks_until);
    self->changed_.notify();
    self->tasks_.cancel();
  };
  asio::post(strand_, std::move(end));
}

asio::awaitable<void> TableQueue::join() {
  const auto self = shared_from_this();
  auto joined = join_on_strand();
  const Done done = co_await run_on(strand_, std::move(joined));
  static_cast<void>(done);
}

asio::awaitable<Done> TableQueue::join_on_strand() {
  co_await tasks_.join();
  co_return Done{};
}

Clock::duration TableQueue::max_age() const {
  return congestion_.stretch(buffer_.limits().max_age);
}

}  // namespace loadstar::txn
