#include "core/txn/table_directory.hpp"

#include "core/base/run_on.hpp"
#include "core/starrocks/label.hpp"

#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

namespace loadstar::txn {
namespace {

using InfoAnswer = Answer<std::shared_ptr<const TableInfo>>;

/// How long version and interfaces of StarRocks are believed: an upgrade is noticed within it.
constexpr std::chrono::minutes kFactsAge{1};
constexpr std::chrono::minutes kDatabaseAge{1};
/// Open does not wait longer for the check of its database (it is a courtesy, not a promise).
constexpr std::chrono::seconds kDatabaseCheck{2};
/// After StarRocks refused our account it is not asked for so long (delivery-and-faults.md F050): a
/// password policy may lock an account that tries too often.
constexpr std::chrono::seconds kAccountPause{30};

/// First releases of interfaces (starrocks-load-protocol.md 12).
constexpr starrocks::Version kTransactions{2, 4, 0};
constexpr starrocks::Version kTransactionMergeCondition{3, 1, 5};
constexpr starrocks::Version kJsonCompression{3, 2, 7};
constexpr starrocks::Version kMergeCommit{3, 4, 0};

}  // namespace

struct TableDirectory::Fetch {
  explicit Fetch(asio::any_io_executor strand) : answered(std::move(strand)) {}

  Signal answered;
  std::optional<InfoAnswer> answer;
};

TableDirectory::TableDirectory(asio::any_io_executor executor, LoadServices services,
                               std::uint64_t random_seed, OutcomeSink outcomes)
    : executor_(std::move(executor)),
      strand_(asio::make_strand(executor_)),
      services_(std::move(services)),
      random_seed_(random_seed),
      outcomes_(std::move(outcomes)),
      fetches_(strand_) {}

asio::awaitable<InfoAnswer> TableDirectory::info(starrocks::TableName table,
                                                 Clock::duration max_age) {
  auto on_strand = info_on_strand(std::move(table), max_age);
  auto answer = co_await run_on(strand_, std::move(on_strand));
  co_return answer;
}

asio::awaitable<InfoAnswer> TableDirectory::info_on_strand(starrocks::TableName table,
                                                           Clock::duration max_age) {
  co_await asio::this_coro::throw_if_cancelled(false);
  std::shared_ptr<Fetch> fetch;
  {
    Entry& entry = known_[table];
    if (entry.info && Clock::now() - entry.info->read_at <= max_age) co_return entry.info;
    fetch = entry.fetch;
    if (!fetch) {
      if (ended_)
        co_return refuse_for_now(Reason::kStarrocksUnavailable, "the daemon is shutting down");
      fetch = std::make_shared<Fetch>(strand_);
      entry.fetch = fetch;
      fetches_.spawn(run(table, fetch));  // may end at once, and take the entry with it
    }
  }
  while (!fetch->answer) {
    const auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none) {
      co_return refuse_for_now(Reason::kStarrocksUnavailable,
                               "the wait for StarRocks was given up");
    }
    co_await fetch->answered.wait();
  }
  co_return *fetch->answer;
}

/// A task of its own, so that it ends with the directory and not with whoever asked first.
asio::awaitable<void> TableDirectory::run(starrocks::TableName table,
                                          std::shared_ptr<Fetch> fetch) {
  co_await asio::this_coro::throw_if_cancelled(false);
  auto answer = co_await ask(table);
  Entry& entry = known_[table];
  entry.fetch.reset();
  if (answer.ok()) entry.info = answer.value();
  // A table that is gone must not be found in the cache, and names of which nothing is known must
  // not fill it.
  const bool gone = !answer.ok() && (answer.refusal().reason == Reason::kTableNotFound ||
                                     answer.refusal().reason == Reason::kDatabaseNotFound);
  if (gone || !entry.info) known_.erase(table);
  fetch->answer = std::move(answer);
  fetch->answered.notify();
}

asio::awaitable<InfoAnswer> TableDirectory::ask(starrocks::TableName table) {
  const TableOptions* options = services_.options.table(table.database, table.table);
  if (options == nullptr) {
    co_return refuse(
        Reason::kTableNotFound,
        fmt::format("table {0}.{1} is not configured; add `{0}.{1}:` under `tables:`, or set "
                    "`unknown_tables: allow_with_defaults`",
                    table.database, table.table));
  }
  auto refused = account_refused();
  if (refused) co_return std::move(*refused);
  auto info = std::make_shared<TableInfo>();
  info->options = *options;
  info->facts = co_await facts();
  refused = account_refused();
  if (refused) co_return std::move(*refused);
  const Deadline deadline = Clock::now() + services_.options.starrocks.query_timeout;
  auto schema = co_await services_.client.table_schema(table, deadline);
  if (schema.has_value()) {
    info->schema = std::move(*schema);
    if (!info->schema->exact) {
      services_.logger.warn(
          "StarRocks does not tell the types within ARRAY, MAP and STRUCT columns (it may need "
          "version 3.2 and an account that may ask by SQL); it will round or replace by NULL what "
          "does not fit them",
          {{"database", table.database}, {"table", table.table}});
    }
  } else {
    note_account(schema.error());
    switch (schema.error().code) {
      case Errc::kNotFound:
        co_return refuse(schema.error().detail.find("nknown database") != std::string::npos
                             ? Reason::kDatabaseNotFound
                             : Reason::kTableNotFound,
                         fmt::format("table {}.{} does not exist in StarRocks: {}", table.database,
                                     table.table, schema.error().detail));
      case Errc::kUnsupported:
      case Errc::kAccessDenied:
        services_.logger.warn(
            "StarRocks does not tell the schema; typed rows go by their own types",
            {{"database", table.database},
             {"table", table.table},
             {"error", describe(schema.error())}});
        break;
      default:
        co_return refuse_for_now(
            Reason::kStarrocksUnavailable,
            fmt::format("the schema of {}.{} cannot be read: {}", table.database, table.table,
                        describe(schema.error())));
    }
  }
  if (info->schema && info->options.key_model != KeyModel::kUnknown &&
      info->schema->key_model == KeyModel::kUnknown) {
    info->schema->key_model = info->options.key_model;
  }
  info->read_at = Clock::now();
  co_return std::shared_ptr<const TableInfo>(std::move(info));
}

asio::awaitable<ingest::ServerFacts> TableDirectory::facts() {
  if (facts_ && Clock::now() - facts_read_at_ < kFactsAge) co_return *facts_;
  const Deadline deadline = Clock::now() + services_.options.starrocks.query_timeout;
  const auto version = co_await services_.client.version(deadline);
  ingest::ServerFacts facts;
  if (version.has_value()) {
    facts.has_transactions = *version >= kTransactions;
    facts.transaction_merge_condition = *version >= kTransactionMergeCondition;
    facts.json_compression = *version >= kJsonCompression;
    facts.merge_commit = *version >= kMergeCommit;
    services_.metrics.starrocks_version(to_string(*version));
  } else {
    note_account(version.error());
    // What is known does not change because one question was not answered. Otherwise the interface
    // is asked directly (8.8).
    if (facts_) co_return *facts_;
    if (version.error().code == Errc::kBadCredentials) co_return facts;
    const Deadline again = Clock::now() + services_.options.starrocks.query_timeout;
    const auto transactions = co_await services_.client.has_transactions(again);
    // Another table's question may have been answered meanwhile, and in full.
    if (facts_) co_return *facts_;
    if (!transactions.has_value()) co_return facts;
    facts.has_transactions = *transactions;
  }
  facts_ = facts;
  facts_read_at_ = Clock::now();
  co_return facts;
}

void TableDirectory::note_account(const Error& error) {
  if (error.code != Errc::kBadCredentials) return;
  const std::lock_guard lock(mutex_);
  account_refused_until_ = Clock::now() + kAccountPause;
}

std::optional<Refusal> TableDirectory::account_refused() const {
  const std::lock_guard lock(mutex_);
  const auto now = Clock::now();
  if (now >= account_refused_until_) return std::nullopt;
  const auto pause = std::chrono::ceil<std::chrono::milliseconds>(account_refused_until_ - now);
  return refuse_for_now(
      Reason::kStarrocksUnavailable,
      fmt::format("StarRocks refuses the account \"{}\" of this daemon; it is asked again in {} s",
                  services_.options.starrocks.user,
                  std::chrono::ceil<std::chrono::seconds>(pause).count()),
      pause);
}

asio::awaitable<Answer<Done>> TableDirectory::check_database(std::string database) {
  {
    const std::lock_guard lock(mutex_);
    const auto seen = databases_.find(database);
    if (seen != databases_.end() && Clock::now() - seen->second < kDatabaseAge) co_return Done{};
  }
  if (account_refused()) co_return Done{};
  // A label that nobody has: the answer is UNKNOWN if the database is there (8.1).
  const std::string label = services_.labels.next(database);
  const Deadline deadline = Clock::now() + kDatabaseCheck;
  const auto state = co_await services_.client.label_state(database, label, deadline);
  if (state.has_value()) {
    const std::lock_guard lock(mutex_);
    databases_[database] = Clock::now();
    co_return Done{};
  }
  note_account(state.error());
  if (state.error().code == Errc::kNotFound) {
    co_return refuse(Reason::kDatabaseNotFound,
                     fmt::format("database {} does not exist in StarRocks", database));
  }
  co_return Done{};
}

std::shared_ptr<TableQueue> TableDirectory::queue(const starrocks::TableName& table,
                                                  const TableOptions& options) {
  const std::lock_guard lock(mutex_);
  auto& queue = queues_[table];
  if (!queue) {
    const std::uint64_t seed =
        random_seed_ ^ std::hash<std::string>()(table.database + "." + table.table);
    queue = std::make_shared<TableQueue>(executor_, services_, table, options, seed, outcomes_);
    if (!stopped_) queue->start();
  }
  return queue;
}

void TableDirectory::relieve_memory(std::uint64_t limit) {
  if (others_) others_();
  // A snapshot: the queues go on while this looks at them.
  std::vector<std::pair<std::uint64_t, std::shared_ptr<TableQueue>>> queues;
  std::uint64_t waiting = 0;
  bool loading = false;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [name, queue] : queues_) {
      queues.emplace_back(queue->waiting_bytes(), queue);
      waiting += queues.back().first;
      loading = loading || queue->loading();
    }
  }
  std::sort(queues.begin(), queues.end(),
            [](const auto& left, const auto& right) { return left.first > right.first; });
  for (const auto& [bytes, queue] : queues) {
    if (bytes == 0 || (waiting <= limit / 2 && loading)) break;
    waiting -= bytes;
    loading = true;
    queue->flush_all(FlushTrigger::kMemory);
  }
}

asio::awaitable<void> TableDirectory::stop(Deadline rollbacks_until) {
  std::vector<std::shared_ptr<TableQueue>> queues;
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    for (const auto& [name, queue] : queues_) queues.push_back(queue);
  }
  auto fetches = end_fetches();
  co_await run_on(strand_, std::move(fetches));
  for (const auto& queue : queues) queue->cancel(rollbacks_until);
  for (const auto& queue : queues) co_await queue->join();
}

asio::awaitable<void> TableDirectory::end_fetches() {
  ended_ = true;
  fetches_.cancel();
  co_await fetches_.join();
}

}  // namespace loadstar::txn
