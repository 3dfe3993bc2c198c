#pragma once

#include "core/base/log.hpp"
#include "core/base/metrics.hpp"
#include "core/base/reason.hpp"
#include "core/base/signal.hpp"
#include "core/base/task_group.hpp"
#include "core/options.hpp"
#include "core/starrocks/client.hpp"
#include "core/txn/candidate_search.hpp"
#include "core/txn/prepared_watch.hpp"
#include "core/txn/resume_token.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace loadstar::txn {

namespace asio = boost::asio;

/// Phase two of exactly-once delivery, for any writer and without its help: commits what a token
/// names, and rolls back what it does not (ingest-api.md 3.3, 3.4, 4.3). Works that its callers
/// gave up goes on. One at a time per writer, so that no label has two requests under way (R8).
///
/// Thread-safe: awaitables may be called from any executor; the work runs on a strand of its own.
class TransactionControl {
 public:
  TransactionControl(const asio::any_io_executor& executor, starrocks::Client& client,
                     Metrics& metrics, const CoreOptions& options, Logger logger);
  TransactionControl(const TransactionControl&) = delete;
  TransactionControl& operator=(const TransactionControl&) = delete;
  ~TransactionControl();

  struct Committed {
    bool visible = true;  ///< all rows can be queried
  };
  /// Commits every transaction of `token`, tables in parallel. `ask_first`: read each state before
  /// (CommitAttempt). CHECKPOINT_LOST, OUTCOME_UNKNOWN; STARROCKS_UNAVAILABLE at `deadline`.
  /// `wait_visible`: also wait until the rows can be queried, or `deadline`.
  asio::awaitable<Answer<Committed>> commit(ResumeToken token, bool ask_first, bool wait_visible,
                                            Deadline deadline);

  /// Rolls back the candidates of `range` that `token` does not name, and what was prepared here
  /// after its checkpoint. STALE_RESUME_TOKEN if one of
  /// them is committed, unless it `is left`. What is not seen ended is tried again later
  /// (roll_back_later), what was not asked for in time ends by its timeout, with a warning;
  /// RolledBack says whether anything is left.
  asio::awaitable<Answer<RolledBack>> roll_back(CandidateRange range, ResumeToken token,
                                                WhatIsCommitted committed, Deadline deadline);

  /// Rolls back a transaction that nobody will commit, in the background, again and again until its
  /// end is seen or the daemon ends (delivery-and-faults.md F192). From any thread.
  void roll_back_later(std::string database, std::string label);

  /// A transaction was prepared: it is watched until its end is seen here, or forget(). See
  /// PreparedWatch::add(). From any thread.
  void watch(PreparedTransaction transaction, std::unique_ptr<OpenTransaction> gauge);
  /// The transaction has ended by somebody else's hand. From any thread.
  void forget(const std::string& label);
  /// What is watched. From any thread.
  [[nodiscard]] std::vector<PreparedTransaction> prepared() const;

  /// EPOCH_USED if `epoch` has left any trace: parts 0 and 1 of every checkpoint up to max_pending
  /// ahead (architecture.md 7). STARROCKS_UNAVAILABLE if that cannot be found out.
  asio::awaitable<Answer<Done>> check_unused(CandidateRange range, std::uint64_t epoch,
                                             Deadline deadline);

  /// Waits until no call is at work or `deadline`; then those under way, and those that come, end
  /// as DRAINING.
  asio::awaitable<void> end_calls(Deadline deadline);

  /// Ends all work; once.
  asio::awaitable<void> stop();

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace loadstar::txn
