#pragma once

#include "core/base/reason.hpp"
#include "core/txn/api.hpp"
#include "core/txn/exactly_once_writer.hpp"
#include "core/txn/transaction_control.hpp"
#include "core/txn/write_stream.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace loadstar::txn {

/// All exactly-once writers of the daemon, the highest epoch it has seen of each, and phase two
/// (ingest-api.md 3, 4). Thread-safe; awaitables resume on the caller's executor.
class ExactlyOnceWriters {
 public:
  /// What makes writers; references outlive this object.
  struct Services {
    asio::any_io_executor executor;
    TableDirectory& tables;
    ingest::MemoryBudget& budget;
    starrocks::Client& client;
    Metrics& metrics;
    const CoreOptions& options;
    Logger logger;
    std::function<void()> relieve_memory;  ///< thread-safe
    std::uint64_t random_seed = 0;
  };
  explicit ExactlyOnceWriters(Services services);
  ExactlyOnceWriters(const ExactlyOnceWriters&) = delete;
  ExactlyOnceWriters& operator=(const ExactlyOnceWriters&) = delete;
  ~ExactlyOnceWriters();

  /// Claims an epoch, recovers, attaches (ingest-api.md 3.1). WRITER_FENCED, EPOCH_USED,
  /// BAD_RESUME_TOKEN, STALE_RESUME_TOKEN, CHECKPOINT_LOST, OUTCOME_UNKNOWN, STARROCKS_UNAVAILABLE.
  asio::awaitable<Answer<std::shared_ptr<WriteStream>>> open(OpenRequest request);

  asio::awaitable<Answer<CheckpointOutcome>> checkpoint(CheckpointRequest request,
                                                        Deadline deadline);
  asio::awaitable<Answer<CommitOutcome>> commit(CommitRequest request, Deadline deadline);
  asio::awaitable<Answer<AbortOutcome>> abort(AbortRequest request, Deadline deadline);

  [[nodiscard]] bool holds(const std::string& writer_id) const;
  [[nodiscard]] std::vector<std::shared_ptr<ExactlyOnceWriter>> all() const;
  /// What this daemon has prepared and not seen ended, of writers that are gone, too.
  [[nodiscard]] std::vector<PreparedTransaction> prepared() const;
  /// Every writer makes room (D6).
  void relieve();
  /// From now on open() answers DRAINING; the writers themselves are told by the registry.
  void drain();
  /// Waits until no Commit, Abort or Open is at work or `deadline`; then those under way, and those
  /// that come, end as DRAINING.
  asio::awaitable<void> end_calls(Deadline deadline);
  /// Ends phase two and all writers: what is not prepared is rolled back.
  asio::awaitable<void> stop();

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
  std::atomic<bool> draining_{false};
};

}  // namespace loadstar::txn
