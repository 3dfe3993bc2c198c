#pragma once

#include "core/base/clock.hpp"
#include "core/base/log.hpp"
#include "core/base/metrics.hpp"
#include "core/base/reason.hpp"
#include "core/base/table_schema.hpp"
#include "core/options.hpp"
#include "core/starrocks/client.hpp"
#include "core/txn/api.hpp"
#include "core/txn/write_stream.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <memory>
#include <string>

namespace loadstar::txn {

namespace asio = boost::asio;

/// The top of core: all writers, the tables they write to, the memory they share. What the services
/// call. Thread-safe: every method may be called from any thread or executor, and awaitables resume
/// on the caller's.
class WriterRegistry {
 public:
  /// `executor`: the daemon's thread pool, on which strands are made. `client` outlives the
  /// registry. `random_seed` names this process in labels (nonce) and spreads its back-off.
  WriterRegistry(asio::any_io_executor executor, const CoreOptions& options,
                 starrocks::Client& client, Metrics& metrics, Logger logger,
                 std::uint64_t random_seed);
  WriterRegistry(const WriterRegistry&) = delete;
  WriterRegistry& operator=(const WriterRegistry&) = delete;
  /// stop() must have ended.
  ~WriterRegistry();

  /// Opens or re-attaches to a writer (ingest-api.md 3.1).
  asio::awaitable<Answer<std::shared_ptr<WriteStream>>> open(OpenRequest request);

  /// Phase one of an exactly-once writer (ExactlyOnceWriter::checkpoint). Of an at-least-once
  /// writer a flush barrier: answered, without a token, when committed_sequence has reached
  /// last_sequence. WRITER_NOT_OPEN, ROWS_REJECTED, DRAINING; ends at `deadline` with
  /// STARROCKS_UNAVAILABLE, and the work goes on.
  asio::awaitable<Answer<CheckpointOutcome>> checkpoint(CheckpointRequest request,
                                                        Deadline deadline);

  /// Phase two (ingest-api.md 3.3): commits what the token names; needs no open writer.
  /// BAD_RESUME_TOKEN, CHECKPOINT_LOST, OUTCOME_UNKNOWN; STARROCKS_UNAVAILABLE at `deadline`, and
  /// the work goes on.
  asio::awaitable<Answer<CommitOutcome>> commit(CommitRequest request, Deadline deadline);

  /// Ends an exactly-once writer and rolls back what its token does not name (ingest-api.md 3.4).
  /// WRITER_FENCED, BAD_RESUME_TOKEN, STALE_RESUME_TOKEN. Without an epoch it is about an
  /// at-least-once writer, whose received rows cannot be taken back: UNSUPPORTED_COMBINATION, or
  /// WRITER_NOT_OPEN.
  asio::awaitable<Answer<AbortOutcome>> abort(AbortRequest request, Deadline deadline);

  /// Schema as StarRocks has it, at most 10 s old. TABLE_NOT_FOUND, DATABASE_NOT_FOUND,
  /// STARROCKS_UNAVAILABLE.
  asio::awaitable<Answer<TableSchema>> describe_table(std::string database, std::string table,
                                                      Deadline deadline);

  /// Snapshot without StarRocks calls; writers whose id starts with `prefix`.
  asio::awaitable<StatusReport> status(std::string prefix);

  /// Graceful end (SIGTERM): refuses new writers, reads no more, flushes what was received, ends
  /// each stream with DRAINING once its rows are final. Returns when nothing is held, or at
  /// `deadline`.
  asio::awaitable<DrainReport> drain(Deadline deadline);

  /// Cancels what still runs and waits for it; called once, after drain() or instead of it. Open
  /// transactions are rolled back until `rollbacks_until`; what is left then ends with its timeout.
  asio::awaitable<void> stop(Deadline rollbacks_until = kNever);

  /// True from the start of drain() on.
  [[nodiscard]] bool draining() const;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace loadstar::txn
