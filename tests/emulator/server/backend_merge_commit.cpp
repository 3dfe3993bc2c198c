#include "tests/emulator/server/stream_load.hpp"
#include "tests/emulator/server/text.hpp"

#include <boost/asio/co_spawn.hpp>

#include <algorithm>
#include <array>
#include <utility>

// Merge commit on the BE: concurrent loads with equal parameters share one transaction
// (starrocks-load-protocol.md 9).

namespace emulator {
inline namespace server {

/// The loads that are merged into one transaction, from its begin to its end.
struct Backend::MergeGroup {
  std::int64_t transaction_id = -1;
  std::string label;
  std::unique_ptr<LoadPlan> plan;
  milliseconds closes{0};
  bool done = false;    ///< committed and visible, or failed
  std::string failure;  ///< reason of the abort
  Stopwatch age;
};

namespace {

/// Load headers that do not have to be equal (9), and those that are not load headers.
bool outside_of_key(const std::string& name) {
  static constexpr std::array<std::string_view, 11> kOutside = {
      "label",      "skip_header",    "ignore_json_size", "host",
      "expect",     "content-length", "accept",           "transfer-encoding",
      "user-agent", "connection",     "content-type"};
  return std::find(kOutside.begin(), kOutside.end(), name) != kOutside.end();
}

}  // namespace

Response Backend::merge_reply(const StreamLoad& load, const MergeGroup* group,
                              const std::string& failure, std::int64_t waited_ms,
                              std::int64_t left_ms) const {
  return backend_reply({{"TxnId", group == nullptr ? -1 : group->transaction_id},
                        {"Label", group == nullptr ? "" : group->label},
                        {"Status", failure.empty() ? "Success" : "Fail"},
                        {"Message", failure.empty() ? "OK" : failure},
                        {"RequestId", load.label},
                        {"LoadBytes", load.load_bytes},
                        {"LoadTimeMs", load.age.ms()},
                        {"ReadDataTimeMs", load.read_ms},
                        {"PendingTimeMs", 0},
                        {"WaitPlanTimeMs", load.plan_ms},
                        {"WriteDataTimeMs", load.write_ms},
                        {"WaitFinishTimeMs", waited_ms},
                        {"LeftMergeTimeMs", left_ms}});
}

std::shared_ptr<Backend::MergeGroup> Backend::join_group(Exchange& exchange, StreamLoad& load,
                                                         std::string& error) {
  std::string key = load.database + "\n" + load.table;
  for (const auto& [name, value] : exchange.request.headers) {
    if (!outside_of_key(name) && !value.empty()) key += "\n" + name + ":" + value;
  }
  const auto open = groups_.find(key);
  if (open != groups_.end()) return open->second;

  const auto interval = parse_unsigned(exchange.request.header("merge_commit_interval_ms"));
  if (interval.value_or(0) <= 0) {
    error = "merge_commit_interval_ms must be set positive";
    return nullptr;
  }
  auto group = std::make_shared<MergeGroup>();
  group->label = "merge_commit_" + random_uuid();
  BeginRequest begin;
  begin.credentials = load.credentials;
  begin.database = load.database;
  begin.table = load.table;
  begin.label = group->label;
  begin.coordinator = index_;
  const BeginReply begun = cluster_.transactions.begin(begin);
  if (begun.error) {
    error = begun.error->message;
    return nullptr;
  }
  group->transaction_id = begun.transaction->id;
  EngineError failure;
  group->plan =
      cluster_.engine.plan(load.database, load.table, exchange.request.headers, false, failure);
  if (!group->plan) {
    cluster_.transactions.abort(group->transaction_id, failure.message);
    error = failure.message;
    return nullptr;
  }
  group->closes = cluster_.clock.now() + milliseconds(*interval);
  groups_[key] = group;
  auto rethrow = [](std::exception_ptr problem) {
    if (problem) std::rethrow_exception(problem);
  };
  asio::co_spawn(cluster_.io, run_group(key, group), rethrow);
  return group;
}

asio::awaitable<std::optional<Response>> Backend::merge_commit(Exchange& exchange,
                                                               StreamLoad& load) {
  const std::int64_t generation = generation_;
  const Stopwatch reading;
  const milliseconds arrived = cluster_.clock.now();
  std::string body;
  for (;;) {
    const BodyPiece piece = co_await exchange.read_body();
    if (piece.kind == BodyPiece::Kind::kEnd) break;
    if (piece.kind == BodyPiece::Kind::kBroken || generation != generation_) co_return std::nullopt;
    if (piece.kind == BodyPiece::Kind::kRefused) co_return backend_page(413);
    body.append(piece.bytes);
  }
  load.read_ms = reading.ms();
  load.load_bytes = exchange.body_bytes;
  const Stopwatch planning;
  std::string error;
  const std::shared_ptr<MergeGroup> group = join_group(exchange, load, error);
  load.plan_ms = planning.ms();
  if (!group) co_return merge_reply(load, nullptr, error, 0, 0);
  if (!body.empty()) {
    group->plan->append(body);
    group->plan->end_body();
  }
  const std::int64_t left_ms =
      std::max<std::int64_t>((group->closes - cluster_.clock.now()).count(), 0);
  if (exchange.request.header("merge_commit_async") == "true") {
    co_return merge_reply(load, group.get(), "", 0, left_ms);
  }
  const Stopwatch waiting;
  const milliseconds limit = load.timeout_seconds
                                 ? milliseconds(std::chrono::seconds(*load.timeout_seconds))
                                 : milliseconds(cluster_.config.merge_commit_default_timeout_ms);
  const milliseconds deadline = arrived + limit;
  while (!group->done && cluster_.clock.now() < deadline) {
    const bool running = co_await cluster_.clock.wait_until(deadline);
    if (!running || generation != generation_) co_return std::nullopt;
  }
  std::string failure;
  if (!group->failure.empty()) {
    failure = "Load is aborted, reason: " + group->failure;
  } else if (!group->done) {
    const Transaction* const transaction = cluster_.transactions.find(group->transaction_id);
    if (transaction == nullptr) {
      failure = "Can't find the transaction, reason: txn does not exist: " +
                std::to_string(group->transaction_id);
    } else if (transaction->state == TransactionState::kCommitted) {
      failure = "Load has not been published before timeout";
    } else {
      failure = "Failed to get load final status, current status: " +
                std::string(name_of(transaction->state)) + ", error: timeout";
    }
  }
  co_return merge_reply(load, group.get(), failure, waiting.ms(), left_ms);
}

asio::awaitable<void> Backend::run_group(std::string key, std::shared_ptr<MergeGroup> group) {
  const std::int64_t generation = generation_;
  while (cluster_.clock.now() < group->closes) {
    const bool running = co_await cluster_.clock.wait_until(group->closes);
    if (!running || generation != generation_) co_return;
  }
  groups_.erase(key);
  LoadResult result = group->plan->finish();
  keep_error_log(result.error_log);
  if (!result.error) {
    const std::vector<LoadPlan*> plans = {group->plan.get()};
    const auto error = cluster_.transactions.commit_prepare(group->transaction_id, plans,
                                                            result.counters.loaded, std::nullopt);
    if (error) result.error = error;
  }
  if (result.error) {
    cluster_.transactions.abort(group->transaction_id, result.error->message);
    group->failure = result.error->message;
    group->done = true;
    cluster_.clock.wake();
    co_return;
  }
  const bool visible =
      co_await cluster_.transactions.wait_visible(group->transaction_id, milliseconds::max());
  if (!visible) co_return;
  group->done = true;
  cluster_.clock.wake();
}

}  // namespace server
}  // namespace emulator
