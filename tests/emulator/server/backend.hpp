#pragma once

#include "tests/emulator/server/cluster.hpp"
#include "tests/emulator/server/exchange.hpp"
#include "tests/emulator/server/json.hpp"
#include "tests/emulator/server/load_context.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace emulator {
inline namespace server {

/// Size and framing of a load as its head declares them, checked before anything is read
/// (4.1, 4.4).
struct LoadLimits {
  std::int64_t max_bytes = 0;
  std::int64_t max_json_bytes = 0;
};

/// A BE (or CN): takes load data, runs plans, keeps the contexts of open transactions
/// (starrocks-load-protocol.md 4, 5, 9). Confined to the emulator's thread.
class Backend final : public Handler {
 public:
  Backend(Cluster& cluster, std::size_t index);

  asio::awaitable<std::optional<Response>> handle(Exchange& exchange) override;

  /// Loses every context, as a restart does (5.12, E5); the leader is not told.
  void restart();
  /// True: new stream loads are refused (4.10, since 3.5.0).
  void set_stopping(bool stopping) { stopping_ = stopping; }

  /// Ends transactions that are over their timeout or idle, every 30 s (5.11).
  void tick();
  [[nodiscard]] milliseconds next_tick() const { return next_scan_; }

  /// Test states that only a race produces: a failed context that is still there, and one that the
  /// timeout scan is just aborting (5.5, 5.10). False if there is no such context.
  bool mark_failed(const std::string& label);
  bool mark_timing_out(const std::string& label);

  /// A context made by the FE for a channel or a table of a multi-table transaction (6, 7).
  void adopt(const std::string& key, std::shared_ptr<LoadContext> context);
  void drop(const std::string& key) { contexts_.erase(key); }

  /// Lines of a rejected-record file by the path in RejectedRecordPath (4.8).
  [[nodiscard]] std::vector<std::string> rejected_records(const std::string& path) const;

 private:
  struct StreamLoad;
  struct MergeGroup;
  struct ErrorLog {
    std::string text;
    milliseconds written{0};
  };

  // backend_stream_load.cpp
  asio::awaitable<std::optional<Response>> stream_load(Exchange& exchange);
  [[nodiscard]] std::optional<std::string> refuse_head(const Exchange& exchange, StreamLoad& load);
  asio::awaitable<std::optional<Response>> run_stream_load(Exchange& exchange, StreamLoad& load);
  asio::awaitable<void> commit_stream_load(const Exchange& exchange, StreamLoad& load);
  [[nodiscard]] Response stream_load_reply(StreamLoad& load) const;

  // backend_merge_commit.cpp
  asio::awaitable<std::optional<Response>> merge_commit(Exchange& exchange, StreamLoad& load);
  std::shared_ptr<MergeGroup> join_group(Exchange& exchange, StreamLoad& load, std::string& error);
  asio::awaitable<void> run_group(std::string key, std::shared_ptr<MergeGroup> group);
  [[nodiscard]] Response merge_reply(const StreamLoad& load, const MergeGroup* group,
                                     const std::string& failure, std::int64_t waited_ms,
                                     std::int64_t left_ms) const;

  // backend_transaction.cpp
  asio::awaitable<std::optional<Response>> transaction(Exchange& exchange);
  Response begin(const Exchange& exchange);
  asio::awaitable<std::optional<Response>> load(Exchange& exchange);
  std::optional<Json> admit_load(const Exchange& exchange, LoadContext& context);
  asio::awaitable<std::optional<Response>> receive_load(Exchange& exchange,
                                                        std::shared_ptr<LoadContext> context);
  asio::awaitable<Response> finish(Exchange& exchange, bool commit);
  Response rollback(const Exchange& exchange);
  Response list() const;
  [[nodiscard]] Response in_processing(const LoadContext& context) const;
  Json fail(LoadContext& context, const EngineError& error, const std::string& error_url);
  [[nodiscard]] std::string context_key(const Exchange& exchange) const;

  // backend.cpp
  Response load_error_log(const Request& request) const;
  /// Keeps the lines and returns the ErrorURL; empty if there are none.
  std::string keep_error_log(const std::vector<std::string>& lines);
  std::string keep_rejected(const std::vector<std::string>& lines);
  [[nodiscard]] std::optional<EngineError> injected_failure(const Exchange& exchange) const;
  [[nodiscard]] LoadLimits limits() const;

  Cluster& cluster_;
  const std::size_t index_;
  std::map<std::string, std::shared_ptr<LoadContext>> contexts_;
  std::map<std::string, std::shared_ptr<MergeGroup>> groups_;
  std::map<std::string, ErrorLog> error_logs_;
  std::map<std::string, std::vector<std::string>> rejected_;
  std::int64_t running_loads_ = 0;
  std::int64_t generation_ = 0;
  bool stopping_ = false;
  milliseconds next_scan_;
};

/// A BE load reply: always HTTP 200 (2.7).
[[nodiscard]] Response backend_reply(const Json& json);
/// `publish_delay` of the rules that strike this exchange.
[[nodiscard]] std::optional<milliseconds> publish_delay_of(const Exchange& exchange);
/// The text of the leader's Publish Timeout (4.9).
[[nodiscard]] std::string publish_timeout_text(std::int64_t transaction_id);
/// Names of `format` that exist, any case (4.2).
[[nodiscard]] bool known_format(const std::string& format);

}  // namespace server
}  // namespace emulator
