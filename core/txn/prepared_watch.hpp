#pragma once

#include "core/base/clock.hpp"
#include "core/base/log.hpp"
#include "core/base/metrics.hpp"
#include "core/base/open_transaction.hpp"
#include "core/base/signal.hpp"
#include "core/base/task_group.hpp"
#include "core/options.hpp"
#include "core/starrocks/client.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace loadstar::txn {

namespace asio = boost::asio;

/// A transaction that this daemon has prepared, and whose end it has not seen.
struct PreparedTransaction {
  std::string label;
  std::string writer;
  std::string database;
  std::string table;
  std::uint64_t epoch = 0;
  std::chrono::system_clock::time_point begun_at;
  Clock::time_point prepared_at;
};

/// Watches prepared transactions from `prepare` to their end, whatever becomes of the writer that
/// prepared them: a client that went away is the one that does not commit. Warns, by log and
/// `errors_total`, before StarRocks aborts one for its age (ingest-api.md 4.5), and keeps the
/// gauges of prepared transactions. Another daemon may end one: StarRocks is asked of each that has
/// been prepared for a minute (sooner with a small prepared_timeout). It never decides about one
/// (R5).
///
/// add(), remove() and all() from any thread; the rest is confined to `strand`. References outlive
/// it; stop() comes before the end.
class PreparedWatch {
 public:
  PreparedWatch(const asio::any_io_executor& strand, starrocks::Client& client, Metrics& metrics,
                const CoreOptions& options, Logger logger);

  /// `gauge` counts the transaction and is prepared. At most 100,000 are watched, more are not.
  /// start() has to follow.
  void add(PreparedTransaction transaction, std::unique_ptr<OpenTransaction> gauge);

  /// The transaction is committed, aborted or forgotten. False if it was not watched.
  bool remove(const std::string& label);

  [[nodiscard]] std::vector<PreparedTransaction> all() const;

  /// Watches until nothing is left; does nothing while it does already.
  void start();

  /// Ends all work; nothing is watched after it.
  asio::awaitable<void> stop();

 private:
  struct Watched {
    PreparedTransaction transaction;
    std::unique_ptr<OpenTransaction> gauge;
    Clock::time_point asked_at;  // StarRocks; or prepared
    bool unknown = false;        // ... and it did not know the label
    unsigned warnings = 0;
  };
  /// To StarRocks, whether the transaction is still prepared.
  struct Question {
    PreparedTransaction transaction;
    bool warn = false;  // if it is
  };

  asio::awaitable<void> watch();
  asio::awaitable<void> ask(Question question);
  /// Forgets what is too old to be told of; gives what StarRocks is to be asked of.
  [[nodiscard]] std::vector<Question> take_due();
  /// Notes whether StarRocks knows the label. True if it did not twice in a row, which is believed
  /// (a frontend may answer from before its election, delivery-and-faults.md F270), or if it is not
  /// watched any more.
  [[nodiscard]] bool is_forgotten(const std::string& label, bool unknown);
  /// Between two looks.
  [[nodiscard]] Clock::duration pause() const;
  [[nodiscard]] bool empty() const;

  starrocks::Client& client_;
  Metrics& metrics_;
  const CoreOptions& options_;
  Logger logger_;
  bool running_ = false;  // watch()
  Signal stopped_;
  TaskGroup tasks_;

  mutable std::mutex mutex_;  // guards what follows
  bool stopping_ = false;
  std::map<std::string, Watched> watched_;  // by label
};

}  // namespace loadstar::txn
