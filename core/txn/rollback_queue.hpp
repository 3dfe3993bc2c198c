#pragma once

#include "core/base/log.hpp"
#include "core/base/metrics.hpp"
#include "core/base/signal.hpp"
#include "core/base/task_group.hpp"
#include "core/options.hpp"
#include "core/starrocks/client.hpp"
#include "core/txn/prepared_watch.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <optional>
#include <set>
#include <string>

namespace loadstar::txn {

namespace asio = boost::asio;

/// Rollbacks of transactions that nobody will commit: at once, and for those whose end was not seen
/// again and again in the background, until it is (delivery-and-faults.md F192). One request of a
/// transaction at a time, whoever asks (ingest-api.md R8). What is not ended when the daemon ends,
/// ends by its timeout.
///
/// Confined to: `strand`. References outlive it; stop() comes before the end.
class RollbackQueue {
 public:
  RollbackQueue(const asio::any_io_executor& strand, starrocks::Client& client, Metrics& metrics,
                const CoreOptions& options, PreparedWatch& prepared, Logger logger);

  /// end_transaction(), and then what StarRocks says of the label; nullopt if that cannot be read
  /// until `deadline`, or the daemon ends.
  asio::awaitable<std::optional<starrocks::LabelState>> try_now(std::string database,
                                                                std::string label,
                                                                Deadline deadline);

  /// Goes on with it until the end is seen. At most 1,000 at a time; more are left to their
  /// timeout, with a warning. At most 50 tries a second, of all together.
  void try_later(const std::string& database, const std::string& label);

  /// Asks all work to end; nothing is tried after it.
  void cancel();
  /// The same, and waits for it.
  asio::awaitable<void> stop();

 private:
  asio::awaitable<void> keep_trying(std::string database, std::string label);

  starrocks::Client& client_;
  Metrics& metrics_;
  const CoreOptions& options_;
  PreparedWatch& prepared_;  // told of each end that is seen
  Logger logger_;
  bool stopping_ = false;
  std::set<std::string> later_;  // labels that are tried in the background
  std::set<std::string> busy_;   // labels with a request under way
  Signal freed_;                 // busy_ has become smaller
  Clock::time_point next_turn_;  // of the background
  TaskGroup tasks_;
};

}  // namespace loadstar::txn
