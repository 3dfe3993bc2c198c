#pragma once

#include "tests/emulator/server/backend.hpp"
#include "tests/emulator/server/cluster.hpp"
#include "tests/emulator/server/coordinator_memory.hpp"
#include "tests/emulator/server/exchange.hpp"
#include "tests/emulator/server/json.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace emulator {
inline namespace server {

class StreamLoadTasks;

/// What only the leader has, and loses with its office: the memory of labels and the tasks of
/// channel and multi-table transactions.
struct LeaderMemory {
  CoordinatorMemory& coordinators;
  StreamLoadTasks& tasks;
};

/// An FE: authenticates, redirects, keeps transactions, answers about state and schema
/// (starrocks-load-protocol.md 3, 5.3, 5.7, 5.8, 6 to 9). Confined to the emulator's thread.
class Frontend final : public Handler {
 public:
  Frontend(Cluster& cluster, LeaderMemory memory, std::size_t index);

  asio::awaitable<std::optional<Response>> handle(Exchange& exchange) override;

  /// `/api/health` answers 500 (8.6, since 3.4.2).
  void set_stopping(bool stopping) { stopping_ = stopping; }

 private:
  [[nodiscard]] bool leader() const { return cluster_.leader == index_; }
  [[nodiscard]] Response redirect(const Request& request, const Endpoint& target) const;
  [[nodiscard]] Response redirect_to_leader(const Request& request) const;
  [[nodiscard]] Response redirect_to_backend(const Request& request, std::size_t backend) const;
  /// Next available BE in turn; unset if there is none (3.3).
  [[nodiscard]] std::optional<std::size_t> choose_backend();
  [[nodiscard]] bool path_exists(const Exchange& exchange) const;
  [[nodiscard]] Response unknown_path(const Request& request, bool authenticated,
                                      const std::string& reason) const;

  // The FE's answers (2.5, 2.6).
  [[nodiscard]] Response json_reply(std::string body) const;
  [[nodiscard]] Response status_reply(const Json& json) const;
  [[nodiscard]] Response failed(const std::string& exception_class, const std::string& text) const;
  [[nodiscard]] Response failed(const std::string& text) const;
  [[nodiscard]] Response rest(Json extra, bool ok, const std::string& text) const;

  asio::awaitable<Response> dispatch(Exchange& exchange, const Credentials& who);

  // frontend_stream_load.cpp
  Response stream_load(const Exchange& exchange, const Credentials& who);
  Response redirect_stream_load(const Exchange& exchange);
  [[nodiscard]] std::optional<std::string> refuse_merge_commit(const Request& request) const;
  Response merge_commit(const Exchange& exchange);
  Response stream_load_meta(const Exchange& exchange);
  [[nodiscard]] Response envelope(const std::string& code, const std::string& text) const;

  // frontend_transaction.cpp
  asio::awaitable<Response> transaction(Exchange& exchange, const Credentials& who);
  [[nodiscard]] std::optional<Response> refuse_transaction(const Exchange& exchange) const;
  Response begin(const Exchange& exchange);
  Response to_coordinator(const Exchange& exchange);
  asio::awaitable<Response> commit(const Exchange& exchange);
  Response rollback(const Exchange& exchange);
  asio::awaitable<Response> task_operation(Exchange& exchange, const Credentials& who);

  // frontend_metadata.cpp
  Response get_load_state(const Exchange& exchange) const;
  Response cancel(const Exchange& exchange);
  Response schema(const Exchange& exchange, const Credentials& who) const;
  Response schema_v2(const Exchange& exchange, const Credentials& who) const;
  Response partitions_v2(const Exchange& exchange) const;
  Response health() const;
  Response feature() const;

  // frontend_sql.cpp
  Response sql(const Exchange& exchange);

  Cluster& cluster_;
  LeaderMemory memory_;
  const std::size_t index_;
  std::size_t turn_ = 0;
  std::int64_t connection_id_ = 69;
  bool stopping_ = false;
};

}  // namespace server
}  // namespace emulator
