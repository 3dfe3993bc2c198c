#pragma once

#include "tests/emulator/server/backend.hpp"
#include "tests/emulator/server/cluster.hpp"
#include "tests/emulator/server/json.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace emulator {
inline namespace server {

/// Where the data of one channel, or of one table of a multi-table transaction, goes.
struct TaskPart {
  std::string key;  ///< channel id or table name
  std::size_t backend = 0;
  std::shared_ptr<LoadContext> context;
  bool prepared = false;
};

/// A channel transaction (6) or a multi-table transaction (7). States as StarRocks names them:
/// BEGIN, LOADING, PREPARED, FINISHED, CANCELLED.
struct StreamLoadTask {
  std::string label;
  std::string database;
  std::string table;
  std::int64_t transaction_id = -1;
  bool multi = false;
  std::int64_t channels = 0;
  std::string state = "BEGIN";
  std::string reason;
  std::map<std::string, TaskPart> parts;
  Counters counters;
  std::int64_t load_bytes = 0;
};

/// Answer of a task operation: JSON of the Status envelope, an exception text, or a BE to redirect
/// to.
struct TaskReply {
  Json json;
  std::string exception;  ///< shown as `FAILED`, `class ...: <exception>`
  std::optional<std::size_t> redirect;
  std::int64_t publish_of = -1;  ///< transaction whose publish must be waited for before the answer
};

/// The leader's channel and multi-table transactions. Lost with its office. Confined to the
/// emulator's thread.
class StreamLoadTasks {
 public:
  StreamLoadTasks(Cluster& cluster, std::vector<Backend*> backends)
      : cluster_(cluster), backends_(std::move(backends)) {}

  TaskReply begin(const Exchange& exchange, const Credentials& who);
  TaskReply load(const Exchange& exchange);
  TaskReply prepare(const Exchange& exchange);
  TaskReply commit(const Exchange& exchange);
  TaskReply rollback(const Exchange& exchange);

  /// A new leader knows none of them; their contexts end.
  void clear();

 private:
  TaskReply begin_channel(const Exchange& exchange, const Credentials& who);
  TaskReply begin_multi(const Exchange& exchange, const Credentials& who);
  TaskReply commit_channel(StreamLoadTask& task);
  TaskReply commit_multi(StreamLoadTask& task);
  BeginReply begin_transaction(const Exchange& exchange, const Credentials& who,
                               StreamLoadTask& task);
  StreamLoadTask* find(const std::string& label);
  /// Finishes all plans; an error cancels the task.
  std::optional<EngineError> finish_parts(StreamLoadTask& task, std::vector<LoadPlan*>& plans);
  void cancel(StreamLoadTask& task, const std::string& reason);
  [[nodiscard]] Json cancelled_json(const StreamLoadTask& task, const std::string& status,
                                    const std::string& cause) const;
  void add_counters(Json& json, const StreamLoadTask& task) const;

  Cluster& cluster_;
  std::vector<Backend*> backends_;
  std::map<std::string, StreamLoadTask> tasks_;
  std::size_t turn_ = 0;
};

}  // namespace server
}  // namespace emulator
