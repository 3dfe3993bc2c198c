#pragma once

#include "core/base/clock.hpp"
#include "core/base/error.hpp"
#include "core/base/log.hpp"
#include "core/base/metrics.hpp"
#include "core/base/random.hpp"
#include "core/base/slice.hpp"
#include "core/base/table_schema.hpp"
#include "core/http/message.hpp"
#include "core/http/transport.hpp"
#include "core/starrocks/options.hpp"
#include "core/starrocks/version.hpp"

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace loadstar::starrocks {

namespace asio = boost::asio;

struct TableName {
  std::string database;
  std::string table;

  friend auto operator<=>(const TableName&, const TableName&) = default;
};

/// State of a label in its database (starrocks-load-protocol.md 8.1). kUnknown is an answer ("not
/// remembered"), never a synonym of aborted.
enum class LabelState : std::uint8_t {
  kUnknown,
  kPrepare,
  kPrepared,
  kCommitted,
  kVisible,
  kAborted
};
[[nodiscard]] std::string_view to_string(LabelState state);

struct LabelStatus {
  LabelState state = LabelState::kUnknown;
  std::string reason;  ///< of kAborted, from StarRocks 3.4 on; else empty
};

/// Rows and bytes as StarRocks counted them (4.7): total = loaded + filtered + unselected.
struct LoadCounts {
  std::uint64_t total_rows = 0;
  std::uint64_t loaded_rows = 0;
  std::uint64_t filtered_rows = 0;
  std::uint64_t unselected_rows = 0;
  std::uint64_t bytes = 0;
};

/// What a load must look like on the wire. `properties` are StarRocks' own header names and values
/// (format, columns, strict_mode, ...), already judged by ingest; control bytes in them are
/// refused.
struct LoadRequest {
  TableName table;
  std::string label;
  std::vector<http::Field> properties;
  SliceList body;
  http::Framing framing = http::Framing::kContentLength;
  /// Of `load`: what `begin` returned; a reply that names another is not believed (F100). -1: not
  /// known.
  std::int64_t transaction_id = -1;
};

/// How long StarRocks says its steps took; unset: it did not say.
struct LoadTimes {
  std::optional<std::chrono::milliseconds> plan;
  std::optional<std::chrono::milliseconds> read;
  std::optional<std::chrono::milliseconds> write;
  std::optional<std::chrono::milliseconds> publish;
};

/// Answer words of `_stream_load` and of `prepare`, reduced to what a caller does next.
enum class LoadVerdict : std::uint8_t {
  kDone,           ///< stream load: committed (`visible` says whether published); prepare: prepared
  kLabelFinished,  ///< `Label Already Exists`, FINISHED: an earlier request with this label
                   ///< committed
  kLabelRunning,   ///< `Label Already Exists`, RUNNING or an unlisted word: ask for the state
  kFailed,         ///< see `error`; its certainty says whether the state must be asked
};

struct LoadOutcome {
  LoadVerdict verdict = LoadVerdict::kFailed;
  bool visible = false;
  std::int64_t transaction_id = -1;
  LoadTimes times;      ///< of kDone
  LoadCounts counts;    ///< of kDone if `counted`, and of a kRowsRejected failure
  bool counted = true;  ///< false: merge commit, whose replies have no counts (9)
  /// Merge commit: label of the transaction that the rows were merged into, for label_state();
  /// empty if the reply names none. That of the request says nothing then.
  std::string transaction_label;
  std::string error_url;  ///< where rejected rows are explained; may be empty
  Error error;            ///< of kFailed only
};

struct CommitReply {
  bool visible = false;  ///< false: committed, published later
};

/// Result of a metadata query over FE HTTP (8.7): text values, unset = NULL.
struct SqlResult {
  std::vector<std::string> columns;
  std::vector<std::vector<std::optional<std::string>>> rows;
};

/// StarRocks' load protocol as coroutines over a Transport: builds the requests, follows redirects
/// under our own policy (D8), fails over between frontends with circuit breakers, and turns each
/// reply into an outcome with its certainty; success words are an allow-list per endpoint (D4).
/// Decides nothing about retries of loads: each call is one attempt (fail-over happens only where
/// the request was proved not applied, or is safe to repeat: state, schema, SQL, version, health).
///
/// Thread-safe: may be called from any strand; resumes on the caller's executor. Every call ends by
/// its deadline. Cancelling (terminal) ends a call with kCancelled and the certainty of that
/// moment.
class Client {
 public:
  /// `transport`, `metrics` and `random_seed` as in the daemon's composition root; the references
  /// outlive the client.
  Client(ClientOptions options, http::Transport& transport, Metrics& metrics, Logger logger,
         std::uint64_t random_seed);
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client();

  /// `PUT /api/{db}/{table}/_stream_load` (3, 4). `timeout` is sent as the header of that name.
  asio::awaitable<LoadOutcome> stream_load(LoadRequest request, std::chrono::seconds timeout,
                                           Deadline deadline);

  /// `POST /api/transaction/begin` (5.4). Returns the transaction id. kRejected/kNotApplied with
  /// `LABEL_ALREADY_EXISTS` in the detail: the label is spent (ingest-api.md 4.4 R1).
  asio::awaitable<Result<std::int64_t>> begin(TableName table, std::string label,
                                              std::chrono::seconds timeout, Deadline deadline);

  /// `PUT /api/transaction/load` (5.5): one body into an open transaction. OK means bytes queued.
  /// Any error poisons the transaction (D3). Returns LoadBytes.
  asio::awaitable<Result<std::uint64_t>> load(LoadRequest request, Deadline deadline);

  /// `POST /api/transaction/prepare` (5.6); kDone carries the counts.
  asio::awaitable<LoadOutcome> prepare(TableName table, std::string label,
                                       std::chrono::seconds prepared_timeout, Deadline deadline);

  /// `POST /api/transaction/commit` of a prepared transaction (5.7). `publish_timeout` is sent as
  /// `timeout`. A failure is kUnknown unless proved otherwise: ask for the state.
  asio::awaitable<Result<CommitReply>> commit(TableName table, std::string label,
                                              std::chrono::seconds publish_timeout,
                                              Deadline deadline);

  /// `POST /api/transaction/rollback` (5.8). Success: aborted, now or before. The table may be left
  /// empty: the interface does not need it (5.1), and who recovers labels does not know it.
  asio::awaitable<Result<void>> rollback(TableName table, std::string label, Deadline deadline);

  /// `POST /api/{db}/{label}/_cancel?label=` (8.3): frees a transaction in PREPARE only.
  asio::awaitable<Result<void>> cancel(std::string database, std::string label, Deadline deadline);

  /// `GET /api/{db}/get_load_state?label=` (8.1). A reply that is not understood is an error, never
  /// kUnknown (F258).
  asio::awaitable<Result<LabelStatus>> label_state(std::string database, std::string label,
                                                   Deadline deadline);

  /// Schema by the first source that answers: v2 endpoint, SQL over information_schema, `_schema`
  /// (D12). kNotFound: no such table or database (the detail says which).
  asio::awaitable<Result<TableSchema>> table_schema(TableName table, Deadline deadline);

  /// Version by `/api/v2/feature`, else by `SELECT current_version()`; kUnsupported if neither
  /// answers.
  asio::awaitable<Result<Version>> version(Deadline deadline);

  /// Whether this FE has the transaction interface at all (8.8): a probe by version, else by
  /// asking.
  asio::awaitable<Result<bool>> has_transactions(Deadline deadline);

  /// `POST /api/v1/catalogs/default_catalog/sql` (8.7).
  asio::awaitable<Result<SqlResult>> sql(std::string query, Deadline deadline);

  /// The daemon drains: frontends that were given up are tried again at once, and every second.
  /// From any thread.
  void hurry();

  /// What version() found last; empty if it has not. From any thread.
  [[nodiscard]] std::string last_version() const;

  /// `GET /api/health` of any frontend.
  asio::awaitable<Result<void>> health(Deadline deadline);

  /// Text behind an `ErrorURL` (4.8), at most 64 KiB; fetched only from hosts the redirect policy
  /// knows (F240), without credentials; control bytes escaped.
  asio::awaitable<Result<std::string>> error_log(std::string url, Deadline deadline);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace loadstar::starrocks
