#include "core/txn/part.hpp"

#include "core/base/assert.hpp"
#include "core/base/backoff.hpp"
#include "core/base/deadline.hpp"
#include "core/base/mutant.hpp"
#include "core/txn/end_transaction.hpp"
#include "core/txn/load_refusal.hpp"
#include "core/txn/reaction.hpp"

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace loadstar::txn {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Step = PartAttempt::Step;

/// Rows are loaded when so many bytes wait ...
constexpr std::uint64_t kLoadBytes = (8_MiB).value;
/// ... or when the oldest has waited so long: few requests, and little is left for Checkpoint to
/// do.
constexpr milliseconds kLinger{500};
/// Largest body of one load; it ends with the end of a batch (starrocks-load-protocol.md 5.5).
constexpr std::uint64_t kMaxLoadBody = (32_MiB).value;
/// Added to the server's own timeout before an answer is given up (4.9).
constexpr seconds kReplyMargin{60};
constexpr seconds kRollbackTimeout{10};
/// The same when the writer ends: a successor, or the timeout, cleans up what is left.
constexpr seconds kLastRollbackTimeout{2};
/// After refused credentials (delivery-and-faults.md F050).
constexpr seconds kCredentialsPause{30};

}  // namespace

Part::Part(const asio::any_io_executor& strand, PartHost& host, PartServices services,
           const TableOptions& options, std::shared_ptr<const ingest::LaneSpec> lane,
           std::uint64_t checkpoint, std::uint64_t random_seed)
    : host_(host),
      services_(std::move(services)),
      options_(options),
      lane_(std::move(lane)),
      table_{lane_->database, lane_->table},
      metrics_(services_.metrics.table(table_.database, table_.table)),
      transaction_(std::make_unique<OpenTransaction>(services_.metrics)),
      rows_since_(metrics_.held),
      checkpoint_(checkpoint),
      random_(random_seed),
      changed_(strand),
      tasks_(strand) {}

void Part::start() { tasks_.spawn(drive()); }

void Part::add(std::uint64_t sequence, std::uint64_t charged_bytes, ingest::EncodedBatch batch) {
  LOADSTAR_ASSERT(!sealed_, "a batch came for a part that is closed");
  if (first_sequence_ == 0) first_sequence_ = sequence;
  last_sequence_ = sequence;
  bytes_ += batch.payload.size();
  if (!rows_since_.since()) rows_since_.set(Clock::now());
  held_.push_back({sequence, charged_bytes, std::move(batch), Clock::now()});
  changed_.notify();
}

void Part::seal() {
  sealed_ = true;
  changed_.notify();
}

void Part::hurry() {
  hurry_ = true;
  changed_.notify();
}

void Part::stop_retaining() {
  if (state_ != State::kFilling) return;
  retains_ = false;
  release_loaded();
}

/// Gives up the bytes that are in the open transaction, if they are not to be retained.
void Part::release_loaded() {
  if (retains_ || loaded_ == 0) return;
  dropped_ = true;
  for (; loaded_ > 0; --loaded_) {
    host_.release(held_.front().charged, held_.front().batch.row_count, metrics_);
    held_.pop_front();
  }
}

asio::awaitable<void> Part::stop() {
  stopping_ = true;
  changed_.notify();
  tasks_.cancel();
  co_await tasks_.join();
  for (const Held& batch : held_) host_.release(batch.charged, batch.batch.row_count, metrics_);
  held_.clear();
  loaded_ = 0;
  rows_since_.set(std::nullopt);
  if (state_ == State::kFilling) state_ = State::kStopped;
}

asio::awaitable<void> Part::drive() {
  co_await asio::this_coro::throw_if_cancelled(false);
  while (!stopping_ && state_ == State::kFilling) {
    const bool again = co_await attempt();
    if (!again || stopping_) break;
    const auto wait = pause();
    services_.logger.warn(
        "part not prepared, driving it again",
        {{"label", label_},
         {"table", table_.table},
         {"error", std::string(to_string(last_error_))},
         {"pause_ms", std::to_string(duration_cast<milliseconds>(wait).count())}});
    co_await sleep_for(wait);
  }
  if (open_) co_await roll_back();
  if (!stopping_) host_.part_ended();
}

/// One label, from begin to its end. True: drive the same rows again.
asio::awaitable<bool> Part::attempt() {
  const auto turn = co_await host_.begin_turn(checkpoint_);
  if (stopping_) {
    if (turn) host_.end_turn(checkpoint_, false);
    co_return false;
  }
  PartAttempt attempt;
  if (!turn) {
    co_await fail(Reason::kIntervalLost, "the part numbers of the checkpoint are used up", attempt);
    co_return false;
  }
  number_ = *turn;
  label_ = host_.label(checkpoint_, number_);
  begun_at_ = wall_now();
  loaded_ = 0;
  const auto timeout = services_.options.times.transaction_timeout;
  // It carries no data and is rolled back blindly, so a frontend that hangs costs little (another
  // one may live).
  const Deadline begin_deadline = Clock::now() + services_.options.starrocks.query_timeout;
  open_ = true;
  begun_ = false;
  prepare_asked_ = false;
  const auto begun = co_await services_.client.begin(table_, label_, timeout, begin_deadline);
  auto step = attempt.on_begin(begun);
  host_.end_turn(checkpoint_, step != Step::kNotBegun);
  if (begun.has_value()) {
    services_.metrics.transactions_begun.Increment();
    transaction_->begin();
    begun_ = true;
  }
  transaction_id_ = attempt.transaction_id();
  while (!stopping_ && (step == Step::kFill || step == Step::kPrepare)) {
    if (step == Step::kPrepare) {
      step = co_await prepare(attempt);
      continue;
    }
    if (loaded_ < held_.size() && something_to_do()) {
      step = co_await load_next(attempt);
    } else if (sealed_ && loaded_ == held_.size()) {
      step = PartAttempt::on_sealed();
    } else {
      const Deadline due = loaded_ < held_.size() ? held_[loaded_].arrived + kLinger : kNever;
      co_await changed_.wait_until(due);
    }
  }
  // Nothing is there, or what is there is not ours to roll back (R1).
  if (step == Step::kSpent || step == Step::kNotBegun) open_ = false;
  // What this attempt loaded ends with its transaction: the rows are to be loaded again, so whoever
  // asks for memory from now on (stop_retaining()) must not take them for loaded.
  if (step != Step::kPrepared) loaded_ = 0;
  if (stopping_ && step != Step::kPrepared) co_return false;
  if (step == Step::kRollback) {
    services_.metrics.transactions_poisoned.Increment();
    co_await roll_back();
  }
  open_ = false;
  transaction_->end();
  if (step == Step::kPrepared) {
    state_ = State::kPrepared;
    counts_ = *attempt.counts();
    services_.metrics.transactions_prepared.Increment();
    transaction_->prepare();
    host_.prepared(*this, std::move(transaction_));
    rows_since_.set(std::nullopt);
    for (const Held& batch : held_) host_.release(batch.charged, batch.batch.row_count, metrics_);
    held_.clear();
    loaded_ = 0;
    co_return false;
  }
  co_await judge_failure(attempt);
  co_return state_ == State::kFilling;
}

bool Part::something_to_do() const {
  if (sealed_ || hurry_) return true;
  std::uint64_t waiting = 0;
  for (std::size_t i = loaded_; i < held_.size() && waiting < kLoadBytes; ++i) {
    waiting += held_[i].batch.payload.size();
  }
  return waiting >= kLoadBytes || Clock::now() >= held_[loaded_].arrived + kLinger;
}

asio::awaitable<Step> Part::load_next(PartAttempt& attempt) {
  std::vector<const SliceList*> payloads;
  std::uint64_t bytes = 0;
  std::uint64_t rows = 0;
  std::size_t end = loaded_;
  while (end < held_.size()) {
    const auto& batch = held_[end].batch;
    if (end > loaded_ && bytes + batch.payload.size() > kMaxLoadBody) break;
    bytes += batch.payload.size();
    rows += batch.rows;
    payloads.push_back(&batch.payload);
    ++end;
  }
  hurry_ = false;
  starrocks::LoadRequest load;
  load.table = table_;
  load.label = label_;
  load.transaction_id = transaction_id_;
  for (const auto& [name, value] : lane_->headers) load.properties.push_back({name, value});
  load.body = ingest::join_payloads(lane_->kind, payloads);
  const Deadline deadline = Clock::now() +
                            duration_cast<seconds>(services_.options.starrocks.request_timeout) +
                            kReplyMargin;
  if (LOADSTAR_MUTANT(kTwoRequestsPerLabel)) tasks_.spawn(load_beside(load, deadline));
  const auto loaded = co_await services_.client.load(std::move(load), deadline);
  const Step step = attempt.on_load(loaded, rows);
  if (loaded.has_value() || step != Step::kRollback) {
    const bool repeats = LOADSTAR_MUTANT(kPartLoadRepeated) && !loaded.has_value();
    // What was loaded before may have been given up meanwhile, so it is counted, not pointed at.
    if (!repeats) loaded_ += payloads.size();
    release_loaded();
  }
  co_return step;
}

/// Of a mutant: a request of its own for a label that has one under way.
asio::awaitable<void> Part::load_beside(starrocks::LoadRequest load, Deadline deadline) {
  const auto ignored = co_await services_.client.load(std::move(load), deadline);
  static_cast<void>(ignored);
}

asio::awaitable<Step> Part::prepare(PartAttempt& attempt) {
  const Deadline deadline = Clock::now() +
                            duration_cast<seconds>(services_.options.starrocks.request_timeout) +
                            kReplyMargin;
  // StarRocks counts its time from when it did it, which may be long before the reply.
  if (!prepare_asked_) prepared_at_ = Clock::now();
  prepare_asked_ = true;
  auto outcome = co_await services_.client.prepare(
      table_, label_, services_.options.times.prepared_timeout, deadline);
  co_return attempt.on_prepare(std::move(outcome), lane_->max_filter_ratio > 0, lane_->has_where);
}

/// Not shielded work of a writer that ends: a rollback is always tried, so that the transaction
/// does not wait for its timeout.
asio::awaitable<void> Part::roll_back() {
  co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  rolling_back_ = true;
  const std::string label = label_;
  const seconds time = stopping_ ? kLastRollbackTimeout : kRollbackTimeout;
  const auto rolled_back = co_await end_transaction(services_.client, table_, label, time);
  if (!rolled_back.has_value()) {
    host_.left_open(label);
  } else if (begun_) {
    services_.metrics.transaction("aborted");
  }
  rolling_back_ = false;
  open_ = false;
  // The state belongs to the whole drive, not to this function: later requests can be cancelled
  // again.
  co_await asio::this_coro::reset_cancellation_state(asio::enable_terminal_cancellation());
}

/// What the failure of an attempt means for the rows.
asio::awaitable<void> Part::judge_failure(const PartAttempt& attempt) {
  const Error& error = attempt.error();
  last_error_ = error.code;
  ++failures_;
  services_.metrics.error(to_string(error.code));
  if (attempt.label_was_taken()) {
    services_.metrics.error("LABEL_TAKEN");
    services_.logger.error(
        "a label of ours was taken: two daemons serve one epoch, or another load job uses our "
        "prefix",
        {{"label", label_}});
  } else if (attempt.count_mismatch()) {
    const std::uint64_t total = attempt.counts()->total_rows;
    const bool same_again = mismatched_total_ == total;
    mismatched_total_ = total;
    if (same_again) {
      co_await fail(Reason::kRowCountMismatch, error.detail, attempt);
      co_return;
    }
  } else {
    switch (reaction_to(error.code)) {
      case Reaction::kIsolate:
        co_await fail(Reason::kRowsRejected, error.detail, attempt);
        co_return;
      case Reaction::kRefuse:
        co_await fail(reason_for(error.code), error.detail, attempt);
        co_return;
      case Reaction::kCountedRetry:
        if (++counted_failures_ > options_.retry.max_attempts) {
          co_await fail(Reason::kIntervalLost, error.detail, attempt);
          co_return;
        }
        break;
      case Reaction::kRetry:
      case Reaction::kRetrySlowly:
      case Reaction::kSlowDown:
        break;
    }
  }
  if (dropped_) {
    co_await fail(
        Reason::kIntervalLost,
        fmt::format("{}; its rows are not held any more, because memory was short", error.detail),
        attempt);
  }
}

asio::awaitable<void> Part::fail(Reason reason, std::string message, const PartAttempt& attempt) {
  RefusedLoad load;
  load.table = table_;
  load.error = attempt.error();
  load.error_url = attempt.error_url();
  load.counts = attempt.counts();
  const Deadline deadline = Clock::now() + services_.options.starrocks.query_timeout;
  auto explained = co_await explain(services_.client, std::move(load), deadline);
  Refusal& refusal = explained.refusal;
  const bool rows_refused = reason == Reason::kRowsRejected;
  if (rows_refused) metrics_.reject(attempt.rows(), explained.rejected_for);
  // The text may quote rows; it goes to the client, the log gets words of ours alone.
  services_.logger.error(rows_refused ? "load refused" : "part failed",
                         {{"label", label_},
                          {"table", table_.table},
                          {"code", std::string(to_string(attempt.error().code))},
                          {"reason", std::string(to_string(explained.rejected_for))},
                          {"rows", std::to_string(attempt.rows())}});
  if (reason != Reason::kRowsRejected) {
    refusal.message = fmt::format("{}.{}: {}", table_.database, table_.table, message);
  }
  refusal.reason = reason;
  refusal.metadata["label"] = label_;
  refusal.metadata["firstSequence"] = std::to_string(first_sequence_);
  refusal.metadata["lastSequence"] = std::to_string(last_sequence_);
  if (reason == Reason::kRowCountMismatch) {
    refusal.metadata["sentRows"] = std::to_string(attempt.rows());
  }
  failure_ = std::move(refusal);
  metrics_.loads_failed.Increment();
  rows_since_.set(std::nullopt);
  state_ = State::kFailed;
}

Clock::duration Part::pause() const {
  if (reaction_to(last_error_) == Reaction::kRetrySlowly) return kCredentialsPause;
  const BackoffOptions backoff{options_.retry.initial_interval,
                               longest_pause(last_error_, options_.retry.max_interval),
                               options_.retry.multiplier};
  const auto wait = backoff_delay(backoff, failures_, random_);
  if (reaction_to(last_error_) == Reaction::kSlowDown) {
    return std::max<Clock::duration>(wait, seconds(1));
  }
  return wait;
}

}  // namespace loadstar::txn
