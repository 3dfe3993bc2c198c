#pragma once

#include "core/base/reason.hpp"
#include "core/base/signal.hpp"
#include "core/base/table_schema.hpp"
#include "core/base/task_group.hpp"
#include "core/ingest/lane.hpp"
#include "core/txn/table_queue.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace loadstar::txn {

/// What is known of one table: enough to encode its rows.
struct TableInfo {
  TableOptions options;
  std::optional<TableSchema> schema;  ///< unset if StarRocks would not tell (no SELECT, too old)
  ingest::ServerFacts facts;
  Clock::time_point read_at;
};

/// All tables of the daemon: their queues, made on first use, and what StarRocks says of them,
/// cached.
///
/// Thread-safe. I/O runs on the directory's strand; a table is asked for once however many wait,
/// and nobody takes the answer along who stops waiting for it. stop() is called before the end.
class TableDirectory {
 public:
  TableDirectory(asio::any_io_executor executor, LoadServices services, std::uint64_t random_seed,
                 OutcomeSink outcomes);
  TableDirectory(const TableDirectory&) = delete;
  TableDirectory& operator=(const TableDirectory&) = delete;

  /// What is known of the table, not older than `max_age`. TABLE_NOT_FOUND (also when the table is
  /// not configured and unknown tables are refused), ACCESS_DENIED, STARROCKS_UNAVAILABLE: ask
  /// again later. While StarRocks refuses our account it is asked every 30 s at most (F050), and
  /// whoever comes between is refused at once.
  ///
  /// Cancelling ends the wait with STARROCKS_UNAVAILABLE; the question itself goes on for others.
  asio::awaitable<Answer<std::shared_ptr<const TableInfo>>> info(starrocks::TableName table,
                                                                 Clock::duration max_age);

  /// Whether the database is there. Done also when StarRocks does not answer now: the first batch
  /// will tell. DATABASE_NOT_FOUND otherwise.
  asio::awaitable<Answer<Done>> check_database(std::string database);

  /// The queue of a table for which info() succeeded.
  [[nodiscard]] std::shared_ptr<TableQueue> queue(const starrocks::TableName& table,
                                                  const TableOptions& options);

  /// Loads the largest waiting lanes at once, until at most half of the budget waits; the largest
  /// also if no load is under way, because then nothing else would release memory (D6).
  void relieve_memory(std::uint64_t limit);

  /// `others`: called by relieve_memory() too, for holders of memory that are no table. Once,
  /// before anything else.
  void on_relief(std::function<void()> others) { others_ = std::move(others); }

  /// Cancels all loads of all tables, then waits for them. Rollbacks go on until `rollbacks_until`.
  asio::awaitable<void> stop(Deadline rollbacks_until = kNever);

 private:
  /// One question under way, and its answer for all who wait for it.
  struct Fetch;

  struct Entry {
    std::shared_ptr<const TableInfo> info;
    std::shared_ptr<Fetch> fetch;  // unset while nobody asks
  };

  asio::awaitable<Answer<std::shared_ptr<const TableInfo>>> info_on_strand(
      starrocks::TableName table, Clock::duration max_age);
  asio::awaitable<void> run(starrocks::TableName table, std::shared_ptr<Fetch> fetch);
  asio::awaitable<Answer<std::shared_ptr<const TableInfo>>> ask(starrocks::TableName table);
  asio::awaitable<ingest::ServerFacts> facts();
  asio::awaitable<void> end_fetches();
  void note_account(const Error& error);
  [[nodiscard]] std::optional<Refusal> account_refused() const;

  asio::any_io_executor executor_;
  asio::any_io_executor strand_;
  LoadServices services_;
  std::uint64_t random_seed_;
  OutcomeSink outcomes_;
  std::function<void()> others_;
  TaskGroup fetches_;                            // on strand_
  bool ended_ = false;                           // on strand_; no further fetches
  std::map<starrocks::TableName, Entry> known_;  // on strand_
  std::optional<ingest::ServerFacts> facts_;     // on strand_
  Clock::time_point facts_read_at_;              // on strand_

  mutable std::mutex mutex_;  // guards what follows
  std::map<starrocks::TableName, std::shared_ptr<TableQueue>> queues_;
  std::map<std::string, Clock::time_point> databases_;  // when each was last seen
  Clock::time_point account_refused_until_ = Clock::time_point::min();
  bool stopped_ = false;
};

}  // namespace loadstar::txn
