#pragma once

#include "core/base/log.hpp"
#include "core/base/metrics.hpp"
#include "core/base/random.hpp"
#include "core/base/reason.hpp"
#include "core/base/signal.hpp"
#include "core/ingest/lane_buffer.hpp"
#include "core/options.hpp"
#include "core/starrocks/client.hpp"
#include "core/txn/load_attempt.hpp"
#include "core/txn/load_permits.hpp"
#include "core/txn/load_refusal.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace loadstar::txn {

namespace asio = boost::asio;

/// Labels of the daemon's shared lanes, `<ns>-alo-<db8>-r<nonce12>-<counter>`: each is handed out
/// once. Thread-safe.
class LabelSource {
 public:
  LabelSource(std::string prefix, std::string nonce)
      : prefix_(std::move(prefix)), nonce_(std::move(nonce)) {}

  [[nodiscard]] std::string next(const std::string& database);

 private:
  std::string prefix_;
  std::string nonce_;
  std::atomic<std::uint64_t> counter_{0};
};

/// What every load of the daemon shares. References outlive their users.
struct LoadServices {
  starrocks::Client& client;
  Metrics& metrics;
  LabelSource& labels;
  LoadPermits& permits;
  const CoreOptions& options;
  Logger logger;
};

/// What became of one batch. Final: nothing else is ever said of it.
struct BatchOutcome {
  std::uint64_t writer = 0;
  std::uint64_t sequence = 0;
  bool committed = false;
  std::uint64_t filtered_rows = 0;
  /// Why the stream ends: with rows that were not committed, or (ROW_COUNT_MISMATCH of a plain
  /// Stream Load) with rows that were.
  std::optional<Refusal> refusal;
};

/// Brings groups of batches into one table: picks the protocol, resolves unknown outcomes, repeats
/// what was not applied, isolates bad batches (architecture.md D3, D4, D5b). Decides by
/// load_attempt and reaction; here is only the order of waits.
///
/// Confined to the strand of its table.
class LoadDriver {
 public:
  /// `on_congestion(true)` when StarRocks asked to slow down, `(false)` after a load that
  /// succeeded.
  LoadDriver(asio::any_io_executor strand, LoadServices services, starrocks::TableName table,
             const TableOptions& options, TableMetrics& metrics, std::uint64_t random_seed,
             std::function<void(bool)> on_congestion);

  /// Loads `group`. Returns the outcomes of the batches that are final; fewer than all only after
  /// stop(). Cancelling ends waits; what was being sent then is not final.
  asio::awaitable<std::vector<BatchOutcome>> run(ingest::LoadGroup group);

  /// The daemon drains: pauses end, and are a second at most from here on.
  void hurry();

  /// From now on nothing new is tried. Follow with cancellation of the coroutines in run().
  /// Rollbacks, which cancellation does not reach, are given up at `rollbacks_until`: what they
  /// leave ends with its timeout.
  void stop(Deadline rollbacks_until);

 private:
  /// Batches [begin, end) of a group.
  struct Range {
    std::size_t begin = 0;
    std::size_t end = 0;
    [[nodiscard]] std::size_t size() const { return end - begin; }
  };
  enum class End { kCommitted, kBadRows, kRefused, kStopped };

  /// `merge`: by merge commit; switched off once rows were refused, see load_driver.cpp.
  asio::awaitable<End> drive(const ingest::LoadGroup& group, Range range, bool& merge,
                             AttemptResult& result);
  asio::awaitable<AttemptResult> stream_load(const ingest::LoadGroup& group, Range range,
                                             std::string label, bool merge);
  asio::awaitable<AttemptResult> transaction(const ingest::LoadGroup& group, Range range,
                                             std::string label);
  asio::awaitable<void> roll_back(std::string label);
  asio::awaitable<void> end_or_warn(std::string label);
  asio::awaitable<void> rollbacks_end();
  asio::awaitable<ExplainedRefusal> explain_refusal(const ingest::LoadGroup& group, Range range,
                                                    AttemptResult result);
  void commit_outcomes(const ingest::LoadGroup& group, Range range, const AttemptResult& result,
                       std::vector<BatchOutcome>& outcomes);
  void refuse_outcomes(const ingest::LoadGroup& group, Range range,
                       const ExplainedRefusal& explained, std::vector<BatchOutcome>& outcomes);
  /// Whether refusals that are counted have lasted long enough.
  [[nodiscard]] bool gives_up(const ingest::LoadGroup& group, unsigned refusals,
                              Clock::time_point since) const;
  [[nodiscard]] Clock::duration pause_before_retry(Errc code, unsigned failures);
  asio::awaitable<void> rest(Clock::duration pause);
  [[nodiscard]] starrocks::LoadRequest request(const ingest::LoadGroup& group, Range range,
                                               std::string label, bool merge) const;
  [[nodiscard]] Deadline query_deadline() const;

  LoadServices services_;
  starrocks::TableName table_;
  TableOptions options_;
  TableMetrics& metrics_;
  Random random_;
  std::function<void(bool)> on_congestion_;
  bool stopping_ = false;
  bool hurried_ = false;
  Deadline rollbacks_until_ = kNever;
  Signal stopped_;  // rollbacks_until_ has changed
  Signal hurry_;    // hurried_ or stopping_ has changed
};

}  // namespace loadstar::txn
