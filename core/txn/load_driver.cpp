#include "core/txn/load_driver.hpp"

#include "core/base/backoff.hpp"
#include "core/base/deadline.hpp"
#include "core/base/open_transaction.hpp"
#include "core/starrocks/label.hpp"
#include "core/txn/end_transaction.hpp"
#include "core/txn/load_refusal.hpp"
#include "core/txn/reaction.hpp"

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/this_coro.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace loadstar::txn {
namespace {

using ingest::LoadGroup;

/// Largest body of one load in a transaction. Several loads make one transaction; each body ends
/// with the end of a batch, so no row is cut (starrocks-load-protocol.md 5.5).
constexpr std::uint64_t kMaxLoadBody = (32_MiB).value;
/// Added to the load's own timeout before the client side gives up waiting (4.9).
constexpr std::chrono::seconds kReplyMargin{60};
constexpr std::chrono::seconds kRollbackTimeout{10};
/// After refused credentials (delivery-and-faults.md F050).
constexpr std::chrono::seconds kCredentialsPause{30};
/// Longest pause between two tries while the daemon drains.
constexpr std::chrono::seconds kHurriedPause{1};

std::uint64_t rows_of(const LoadGroup& group, std::size_t begin, std::size_t end) {
  std::uint64_t rows = 0;
  for (std::size_t i = begin; i < end; ++i) rows += group.batches[i].encoded.rows;
  return rows;
}

SliceList body_of(const LoadGroup& group, std::size_t begin, std::size_t end) {
  std::vector<const SliceList*> payloads;
  payloads.reserve(end - begin);
  for (std::size_t i = begin; i < end; ++i) payloads.push_back(&group.batches[i].encoded.payload);
  return ingest::join_payloads(group.lane->kind, payloads);
}

Expectation expectation(const LoadGroup& group, std::size_t begin, std::size_t end) {
  return {rows_of(group, begin, end), group.lane->max_filter_ratio > 0, group.lane->has_where};
}

bool stream_loaded(const LoadGroup& group) { return group.lane->protocol == Protocol::kStreamLoad; }

}  // namespace

std::string LabelSource::next(const std::string& database) {
  const auto label = starrocks::build(starrocks::SharedLabel{
      prefix_, starrocks::database_hash(database), nonce_, counter_.fetch_add(1) + 1});
  LOADSTAR_ASSERT(label.has_value(), "config/validate checked the label prefix");
  return *label;
}

LoadDriver::LoadDriver(asio::any_io_executor strand, LoadServices services,
                       starrocks::TableName table, const TableOptions& options,
                       TableMetrics& metrics, std::uint64_t random_seed,
                       std::function<void(bool)> on_congestion)
    : services_(std::move(services)),
      table_(std::move(table)),
      options_(options),
      metrics_(metrics),
      random_(random_seed),
      on_congestion_(std::move(on_congestion)),
      stopped_(strand),
      hurry_(std::move(strand)) {}

void LoadDriver::hurry() {
  hurried_ = true;
  hurry_.notify();
}

/// Between two tries.
asio::awaitable<void> LoadDriver::rest(Clock::duration pause) {
  const auto began = Clock::now();
  while (!stopping_) {
    const Deadline end =
        began + (hurried_ ? std::min<Clock::duration>(pause, kHurriedPause) : pause);
    if (Clock::now() >= end) co_return;
    co_await hurry_.wait_until(end);
  }
}

void LoadDriver::stop(Deadline rollbacks_until) {
  stopping_ = true;
  rollbacks_until_ = rollbacks_until;
  stopped_.notify();
  hurry_.notify();
}

asio::awaitable<std::vector<BatchOutcome>> LoadDriver::run(LoadGroup group) {
  const auto started = Clock::now();
  std::vector<BatchOutcome> outcomes;
  outcomes.reserve(group.batches.size());
  std::vector<Range> work{{0, group.batches.size()}};
  bool merge = group.lane->merge_commit;
  unsigned isolation_loads = 0;
  while (!work.empty()) {
    const Range range = work.back();
    work.pop_back();
    AttemptResult result;
    const End end = co_await drive(group, range, merge, result);
    if (end == End::kStopped) break;
    if (end == End::kCommitted) {
      services_.metrics.load_duration.Observe(
          std::chrono::duration<double>(Clock::now() - started).count());
      commit_outcomes(group, range, result, outcomes);
      continue;
    }
    if (end == End::kBadRows && range.size() > 1 &&
        isolation_loads < options_.max_isolation_loads) {
      isolation_loads += 2;
      const std::size_t middle = range.begin + range.size() / 2;
      work.push_back({middle, range.end});
      work.push_back({range.begin, middle});  // taken first: rows stay in order
      continue;
    }
    metrics_.loads_failed.Increment();
    const auto explained = co_await explain_refusal(group, range, std::move(result));
    refuse_outcomes(group, range, explained, outcomes);
  }
  co_return outcomes;
}

asio::awaitable<LoadDriver::End> LoadDriver::drive(const LoadGroup& group, Range range, bool& merge,
                                                   AttemptResult& result) {
  // A plain Stream Load is repeated under its own label: while StarRocks remembers it, the rows
  // cannot commit twice. A transaction gets a fresh label each time (D3).
  std::string label = services_.labels.next(table_.database);
  unsigned failures = 0;
  unsigned counted_failures = 0;
  std::optional<Clock::time_point> refused_since;
  unsigned mismatches = 0;
  while (!stopping_) {
    const std::string used = label;  // for the log
    if (stream_loaded(group)) {
      result = co_await stream_load(group, range, label, merge);
    } else {
      result = co_await transaction(group, range, label);
      label = services_.labels.next(table_.database);
    }
    if (result.committed) {
      on_congestion_(false);
      services_.logger.debug("load committed",
                             {{"label", used},
                              {"database", table_.database},
                              {"table", table_.table},
                              {"batches", std::to_string(range.size())},
                              {"rows", std::to_string(rows_of(group, range.begin, range.end))}});
      co_return End::kCommitted;
    }
    if (stopping_) break;
    if (result.possible_duplicate) {
      services_.metrics.possible_duplicate_batches.Increment(static_cast<double>(range.size()));
    }
    if (result.count_mismatch && ++mismatches >= 2) co_return End::kBadRows;
    const Errc code = result.error.code;
    services_.metrics.error(to_string(code));
    ++failures;
    if (merge && reaction_to(code) == Reaction::kIsolate) {
      // The bad rows may be those of another sender: all that is merged fails together (9). A load
      // of its own says whose they are.
      merge = false;
      label = services_.labels.next(table_.database);
      continue;
    }
    switch (reaction_to(code)) {
      case Reaction::kIsolate:
        co_return End::kBadRows;
      case Reaction::kRefuse:
        co_return End::kRefused;
      case Reaction::kCountedRetry:
        if (result.count_mismatch) break;
        ++counted_failures;
        if (!refused_since) refused_since = Clock::now();
        if (gives_up(group, counted_failures, *refused_since)) co_return End::kRefused;
        break;
      case Reaction::kSlowDown:
        on_congestion_(true);
        break;
      case Reaction::kRetry:
      case Reaction::kRetrySlowly:
        break;
    }
    const auto pause = pause_before_retry(code, failures);
    services_.logger.warn(
        "load not applied, trying again",
        {{"label", used},
         {"database", table_.database},
         {"table", table_.table},
         {"error", describe(result.error)},
         {"pause_ms",
          std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(pause).count())}});
    co_await rest(pause);
  }
  co_return End::kStopped;
}

asio::awaitable<AttemptResult> LoadDriver::stream_load(const LoadGroup& group, Range range,
                                                       std::string label, bool merge) {
  Expectation expected = expectation(group, range.begin, range.end);
  expected.merged = merge;
  StreamLoadAttempt attempt(expected);
  auto step = StreamLoadAttempt::start();
  while (step != StreamLoadAttempt::Step::kFinished && !stopping_) {
    switch (step) {
      case StreamLoadAttempt::Step::kSend: {
        const auto timeout = std::chrono::duration_cast<std::chrono::seconds>(
            services_.options.starrocks.request_timeout);
        auto load = request(group, range, label, merge);
        const Deadline deadline = Clock::now() + timeout + kReplyMargin;
        auto outcome = co_await services_.client.stream_load(std::move(load), timeout, deadline);
        step = attempt.on_reply(std::move(outcome));
        break;
      }
      case StreamLoadAttempt::Step::kAskState: {
        co_await sleep_for(StateInquiry::kPause);
        const Deadline deadline = query_deadline();
        std::string asked = attempt.label_to_ask(label);
        const auto state =
            co_await services_.client.label_state(table_.database, std::move(asked), deadline);
        step = attempt.on_state(state);
        break;
      }
      case StreamLoadAttempt::Step::kCancel: {
        const Deadline deadline = query_deadline();
        const auto cancelled = co_await services_.client.cancel(table_.database, label, deadline);
        static_cast<void>(cancelled);  // the state is asked next, whatever was answered
        step = attempt.on_cancel();
        break;
      }
      case StreamLoadAttempt::Step::kFinished:
        break;
    }
  }
  co_return attempt.result();
}

asio::awaitable<AttemptResult> LoadDriver::transaction(const LoadGroup& group, Range range,
                                                       std::string label) {
  using Step = TransactionAttempt::Step;
  std::vector<Range> bodies;
  std::uint64_t bytes = 0;
  for (std::size_t i = range.begin; i < range.end; ++i) {
    const auto size = group.batches[i].encoded.payload.size();
    if (bodies.empty() || bytes + size > kMaxLoadBody) {
      bodies.push_back({i, i});
      bytes = 0;
    }
    bytes += size;
    bodies.back().end = i + 1;
  }
  const auto& times = services_.options;
  const auto timeout =
      std::chrono::duration_cast<std::chrono::seconds>(times.starrocks.request_timeout);
  TransactionAttempt attempt(expectation(group, range.begin, range.end), bodies.size());
  OpenTransaction open(services_.metrics);
  auto step = TransactionAttempt::start();
  // A transaction that was begun is finished or rolled back even while stopping: roll_back() is
  // shielded, and nothing but it runs then.
  while (step != Step::kFinished && (!stopping_ || step == Step::kRollback)) {
    switch (step) {
      case Step::kBegin: {
        // No data goes with it and it is rolled back blindly, so a frontend that hangs costs as
        // much as a question: another one may live.
        const Deadline deadline = query_deadline();
        const auto begun = co_await services_.client.begin(table_, label, timeout, deadline);
        if (begun.has_value()) {
          services_.metrics.transactions_begun.Increment();
          open.begin();
        }
        step = attempt.on_begin(begun);
        break;
      }
      case Step::kLoad: {
        auto load = request(group, bodies[attempt.next_load()], label, false);
        const Deadline deadline = Clock::now() + timeout + kReplyMargin;
        const auto loaded = co_await services_.client.load(std::move(load), deadline);
        step = attempt.on_load(loaded);
        break;
      }
      case Step::kPrepare: {
        const Deadline deadline = Clock::now() + timeout + kReplyMargin;
        auto outcome = co_await services_.client.prepare(
            table_, label, times.times.at_least_once_prepared_timeout, deadline);
        step = attempt.on_prepare(std::move(outcome));
        if (step == Step::kCommit) {
          services_.metrics.transactions_prepared.Increment();
          open.prepare();
        }
        break;
      }
      case Step::kCommit: {
        const auto publish =
            std::chrono::duration_cast<std::chrono::seconds>(times.starrocks.publish_timeout);
        const Deadline deadline = Clock::now() + publish + kReplyMargin;
        const auto committed = co_await services_.client.commit(table_, label, publish, deadline);
        step = attempt.on_commit(committed);
        break;
      }
      case Step::kAskState: {
        co_await sleep_for(StateInquiry::kPause);
        const Deadline deadline = query_deadline();
        const auto state = co_await services_.client.label_state(table_.database, label, deadline);
        step = attempt.on_state(state);
        break;
      }
      case Step::kRollback:
        services_.metrics.transactions_poisoned.Increment();
        co_await roll_back(label);
        step = attempt.on_rollback();
        break;
      case Step::kFinished:
        break;
    }
  }
  // Stopped on the way: what was begun and not prepared is rolled back; what is prepared is left to
  // its timeout, because its commit may be under way (R5).
  if (step == Step::kLoad || step == Step::kPrepare) co_await roll_back(label);
  const auto& result = attempt.result();
  services_.metrics.transaction(result.committed          ? "committed"
                                : step == Step::kFinished ? "aborted"
                                                          : "unknown");
  co_return result;
}

asio::awaitable<void> LoadDriver::roll_back(std::string label) {
  using namespace asio::experimental::awaitable_operators;  // NOLINT(google-build-using-namespace)
  co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  auto end = end_or_warn(std::move(label));
  auto limit = rollbacks_end();
  const auto winner = co_await (std::move(end) || std::move(limit));
  static_cast<void>(winner);
  // The state belongs to the whole load, not to this function.
  co_await asio::this_coro::reset_cancellation_state(asio::enable_terminal_cancellation());
}

asio::awaitable<void> LoadDriver::rollbacks_end() {
  co_await asio::this_coro::throw_if_cancelled(false);
  while (Clock::now() < rollbacks_until_) {
    co_await stopped_.wait_until(rollbacks_until_);
    const auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none) co_return;
  }
}

asio::awaitable<void> LoadDriver::end_or_warn(std::string label) {
  co_await asio::this_coro::throw_if_cancelled(false);
  const auto ended = co_await end_transaction(services_.client, table_, label, kRollbackTimeout);
  if (ended.has_value()) co_return;
  // Its timeout ends it: it costs resources, never rows.
  services_.logger.warn(
      "transaction left to its timeout",
      {{"label", label}, {"database", table_.database}, {"error", describe(ended.error())}});
}

asio::awaitable<ExplainedRefusal> LoadDriver::explain_refusal(const LoadGroup& group, Range range,
                                                              AttemptResult result) {
  const std::string code(to_string(result.error.code));
  RefusedLoad load;
  load.table = table_;
  load.error = std::move(result.error);
  load.error_url = std::move(result.error_url);
  load.counts = result.counts;
  load.count_mismatch = result.count_mismatch;
  load.retry_after =
      std::chrono::duration_cast<std::chrono::milliseconds>(options_.retry.max_interval);
  const Deadline deadline = query_deadline();
  auto explained = co_await explain(services_.client, std::move(load), deadline);
  // The error text may quote rows; it goes to the client, the log gets the kind alone.
  services_.logger.error("load refused",
                         {{"database", table_.database},
                          {"table", table_.table},
                          {"code", code},
                          {"reason", std::string(to_string(explained.rejected_for))},
                          {"batches", std::to_string(range.size())},
                          {"rows", std::to_string(rows_of(group, range.begin, range.end))}});
  co_return explained;
}

void LoadDriver::commit_outcomes(const LoadGroup& group, Range range, const AttemptResult& result,
                                 std::vector<BatchOutcome>& outcomes) {
  std::uint64_t bytes = 0;
  for (std::size_t i = range.begin; i < range.end; ++i) {
    bytes += group.batches[i].encoded.payload.size();
  }
  metrics_.loads_succeeded.Increment();
  metrics_.load_bytes.Increment(static_cast<double>(bytes));
  metrics_.last_success.Set(std::chrono::duration<double>(wall_now().time_since_epoch()).count());
  services_.metrics.load_size.Observe(static_cast<double>(bytes));
  const auto counts = result.counts.value_or(
      starrocks::LoadCounts{.loaded_rows = rows_of(group, range.begin, range.end)});
  metrics_.rows_loaded.Increment(static_cast<double>(counts.loaded_rows));
  metrics_.rows_filtered.Increment(static_cast<double>(counts.filtered_rows));
  metrics_.rows_unselected.Increment(static_cast<double>(counts.unselected_rows));
  std::optional<Refusal> mismatch;
  if (result.count_mismatch) {
    mismatch.emplace();
    mismatch->reason = Reason::kRowCountMismatch;
    mismatch->message = fmt::format(
        "{} rows were sent to {}.{} and are committed, but StarRocks counted {} ({} filtered, {} "
        "unselected)",
        rows_of(group, range.begin, range.end), table_.database, table_.table, counts.total_rows,
        counts.filtered_rows, counts.unselected_rows);
    mismatch->metadata["table"] = table_.table;
  }
  for (std::size_t i = range.begin; i < range.end; ++i) {
    BatchOutcome outcome;
    outcome.writer = group.batches[i].writer;
    outcome.sequence = group.batches[i].sequence;
    outcome.committed = true;
    outcome.refusal = mismatch;
    // A load that may drop rows has one writer (LaneBuffer), so its count is told once.
    if (i == range.begin && group.lane->max_filter_ratio > 0) {
      outcome.filtered_rows = counts.filtered_rows;
    }
    outcomes.push_back(std::move(outcome));
  }
}

void LoadDriver::refuse_outcomes(const LoadGroup& group, Range range,
                                 const ExplainedRefusal& explained,
                                 std::vector<BatchOutcome>& outcomes) {
  for (std::size_t i = range.begin; i < range.end; ++i) {
    metrics_.reject(group.batches[i].encoded.rows, explained.rejected_for);
    BatchOutcome outcome;
    outcome.writer = group.batches[i].writer;
    outcome.sequence = group.batches[i].sequence;
    outcome.refusal = explained.refusal;
    outcomes.push_back(std::move(outcome));
  }
}

bool LoadDriver::gives_up(const LoadGroup& group, unsigned refusals,
                          Clock::time_point since) const {
  if (stream_loaded(group)) return refusals > options_.retry.max_attempts;
  return Clock::now() - since >= services_.options.starrocks.request_timeout;
}

Clock::duration LoadDriver::pause_before_retry(Errc code, unsigned failures) {
  if (reaction_to(code) == Reaction::kRetrySlowly) return kCredentialsPause;
  const BackoffOptions backoff{options_.retry.initial_interval,
                               longest_pause(code, options_.retry.max_interval),
                               options_.retry.multiplier};
  const auto pause = backoff_delay(backoff, failures, random_);
  // Congestion is answered by waiting at least a second (delivery-and-faults.md F049).
  if (reaction_to(code) == Reaction::kSlowDown) {
    return std::max<Clock::duration>(pause, std::chrono::seconds(1));
  }
  return pause;
}

starrocks::LoadRequest LoadDriver::request(const LoadGroup& group, Range range, std::string label,
                                           bool merge) const {
  starrocks::LoadRequest load;
  load.table = table_;
  load.label = std::move(label);
  for (const auto& [name, value] : group.lane->headers) {
    const bool of_merging = name == "enable_merge_commit" || name.starts_with("merge_commit_");
    if (merge || !of_merging) load.properties.push_back({name, value});
  }
  load.body = body_of(group, range.begin, range.end);
  return load;
}

Deadline LoadDriver::query_deadline() const {
  return Clock::now() + services_.options.starrocks.query_timeout;
}

}  // namespace loadstar::txn
