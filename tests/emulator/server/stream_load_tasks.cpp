#include "tests/emulator/server/stream_load_tasks.hpp"

#include "tests/emulator/server/text.hpp"

#include <utility>

namespace emulator {
inline namespace server {
namespace {

/// Not 600: the documentation says nothing about it (6, 7).
constexpr std::int64_t kDefaultTimeoutSeconds = 20;

Json ok(const std::string& message) { return {{"Status", "OK"}, {"Message", message}}; }

TaskReply reply(Json json) {
  TaskReply out;
  out.json = std::move(json);
  return out;
}

TaskReply thrown(std::string exception) {
  TaskReply out;
  out.exception = std::move(exception);
  return out;
}

bool is_multi(const Exchange& exchange) { return exchange.request.header("channel_num").empty(); }

std::string context_key(const StreamLoadTask& task, const TaskPart& part) {
  return task.label + "\n" + part.key;
}

}  // namespace

StreamLoadTask* StreamLoadTasks::find(const std::string& label) {
  const auto found = tasks_.find(label);
  if (found == tasks_.end()) return nullptr;
  StreamLoadTask& task = found->second;
  // A failed load or a timeout has ended the transaction behind the task.
  const Transaction* const transaction = cluster_.transactions.find(task.transaction_id);
  if (transaction != nullptr && transaction->state == TransactionState::kAborted &&
      task.state != "CANCELLED") {
    cancel(task, transaction->reason);
  }
  return &task;
}

void StreamLoadTasks::cancel(StreamLoadTask& task, const std::string& reason) {
  task.state = "CANCELLED";
  task.reason = reason;
  cluster_.transactions.abort(task.transaction_id, reason);
  for (auto& [key, part] : task.parts) {
    if (part.context) part.context->failed = true;
    backends_[part.backend]->drop(context_key(task, part));
  }
}

void StreamLoadTasks::clear() {
  for (auto& [label, task] : tasks_) {
    for (auto& [key, part] : task.parts) backends_[part.backend]->drop(context_key(task, part));
  }
  tasks_.clear();
}

Json StreamLoadTasks::cancelled_json(const StreamLoadTask& task, const std::string& status,
                                     const std::string& cause) const {
  return {
      {"Status", status},
      {"Message", "STREAM_LOAD_TASK:" + std::to_string(task.transaction_id) + ", label{" +
                      task.label + "}, error_msg{cancel stream task for exception: " + cause + "}"},
      {"Cancelled time", cluster_.clock.now().count()}};
}

void StreamLoadTasks::add_counters(Json& json, const StreamLoadTask& task) const {
  json["NumberTotalRows"] = task.counters.total;
  json["NumberLoadedRows"] = task.counters.loaded;
  json["NumberFilteredRows"] = task.counters.filtered;
  json["NumberUnselectedRows"] = task.counters.unselected;
  json["LoadBytes"] = task.load_bytes;
  json["TrackingURL"] = "";
}

BeginReply StreamLoadTasks::begin_transaction(const Exchange& exchange, const Credentials& who,
                                              StreamLoadTask& task) {
  BeginRequest begin;
  begin.credentials = who;
  begin.database = task.database;
  begin.table = task.table;
  begin.check_table = !task.multi;
  begin.label = task.label;
  begin.timeout_seconds =
      parse_long(exchange.request.header("timeout")).value_or(kDefaultTimeoutSeconds);
  begin.coordinator_type = "FE";
  const BeginReply begun = cluster_.transactions.begin(begin);
  if (begun.transaction != nullptr) task.transaction_id = begun.transaction->id;
  return begun;
}

TaskReply StreamLoadTasks::begin(const Exchange& exchange, const Credentials& who) {
  if (!cluster_.engine.has_database(exchange.route.database)) {
    return thrown("Database[" + exchange.route.database + "] does not exist.");
  }
  return is_multi(exchange) ? begin_multi(exchange, who) : begin_channel(exchange, who);
}

TaskReply StreamLoadTasks::begin_multi(const Exchange& exchange, const Credentials& who) {
  const std::string& label = exchange.route.label;
  const StreamLoadTask* const known = find(label);
  if (known != nullptr && known->state == "LOADING") {
    return reply({{"Status", "LABEL_ALREADY_EXISTS"},
                  {"ExistingJobStatus", "LOADING"},
                  {"Message", "Transaction already started with label [" + label +
                                  "], txnId: " + std::to_string(known->transaction_id)}});
  }
  StreamLoadTask task;
  task.label = label;
  task.database = exchange.route.database;
  task.multi = true;
  task.state = "LOADING";
  const BeginReply begun = begin_transaction(exchange, who, task);
  if (begun.existing) {
    return reply({{"Status", "LABEL_ALREADY_EXISTS"},
                  {"ExistingJobStatus", name_of(*begun.existing)},
                  {"Message", begun.error->message}});
  }
  if (begun.error) return reply({{"Status", "FAILED"}, {"Message", begun.error->message}});
  tasks_[label] = std::move(task);
  return reply(ok(""));
}

TaskReply StreamLoadTasks::begin_channel(const Exchange& exchange, const Credentials& who) {
  const Stopwatch watch;
  const std::string& label = exchange.route.label;
  const std::int64_t channels = parse_long(exchange.request.header("channel_num")).value_or(0);
  const std::int64_t channel = parse_long(exchange.request.header("channel_id")).value_or(-1);
  if (channel < 0 || channel >= channels) {
    return thrown("Channel ID should be between [0, " + std::to_string(channels - 1) + "].");
  }
  StreamLoadTask* task = find(label);
  const bool first = task == nullptr || task->state == "CANCELLED" || task->state == "FINISHED";
  if (first) {
    StreamLoadTask fresh;
    fresh.label = label;
    fresh.database = exchange.route.database;
    fresh.table = exchange.route.table;
    fresh.channels = channels;
    const BeginReply begun = begin_transaction(exchange, who, fresh);
    if (begun.error) {
      return reply(cancelled_json(fresh, begun.existing ? "LABEL_ALREADY_EXISTS" : "FAILED",
                                  begun.error->message));
    }
    tasks_[label] = std::move(fresh);
    task = &tasks_.at(label);
  }
  const std::string key = std::to_string(channel);
  if (task->parts.contains(key)) {
    return reply(ok("stream load " + label + " channel " + key + " has already begun"));
  }
  TaskPart part;
  part.key = key;
  part.backend = turn_++ % backends_.size();
  task->parts[key] = std::move(part);
  Json json = ok("");
  json["BeginChannel"] = channels;
  if (first) {
    json["Label"] = label;
    json["TxnId"] = task->transaction_id;
    json["BeginTxnTimeMs"] = watch.ms();
  }
  return reply(std::move(json));
}

TaskReply StreamLoadTasks::load(const Exchange& exchange) {
  const std::string& label = exchange.route.label;
  StreamLoadTask* const task = find(label);
  if (task == nullptr) return thrown("stream load task " + label + " does not exist");
  if (task->state == "CANCELLED") {
    return reply({{"Status", "FAILED"},
                  {"Message",
                   "stream load task " + label + " has already been cancelled: " + task->reason}});
  }
  if (task->state != "BEGIN" && task->state != "LOADING") {
    return reply(ok("stream load task " + label + " has already been " + to_lower(task->state)));
  }
  if (task->multi && exchange.route.database != task->database) {
    return thrown("Request database " + exchange.route.database +
                  " not equal transaction database " + task->database);
  }
  const std::string key =
      task->multi ? exchange.route.table : exchange.request.header("channel_id");
  if (task->multi && !cluster_.engine.table(task->database, key)) {
    return thrown("Failed to find table " + key + " in db " + task->database);
  }
  if (!task->multi && !task->parts.contains(key)) {
    return thrown("stream load task " + label + " channel " + key + " has not begun");
  }
  TaskPart& part = task->parts[key];
  if (!part.context) {
    if (task->multi) part.backend = turn_++ % backends_.size();
    part.key = key;
    part.context = std::make_shared<LoadContext>();
    part.context->label = label;
    part.context->database = task->database;
    part.context->table = task->multi ? key : task->table;
    part.context->transaction_id = task->transaction_id;
    part.context->id = random_uuid();
    part.context->begun = cluster_.clock.now();
    part.context->last_active = part.context->begun;
    backends_[part.backend]->adopt(context_key(*task, part), part.context);
  }
  task->state = "LOADING";
  TaskReply out;
  out.redirect = part.backend;
  return out;
}

std::optional<EngineError> StreamLoadTasks::finish_parts(StreamLoadTask& task,
                                                         std::vector<LoadPlan*>& plans) {
  for (auto& [key, part] : task.parts) {
    if (!part.context || !part.context->plan) continue;
    const LoadResult result = part.context->plan->finish();
    if (result.error) return result.error;
    task.counters.total += result.counters.total;
    task.counters.loaded += result.counters.loaded;
    task.counters.filtered += result.counters.filtered;
    task.counters.unselected += result.counters.unselected;
    task.load_bytes += part.context->load_bytes;
    plans.push_back(part.context->plan.get());
  }
  return std::nullopt;
}

TaskReply StreamLoadTasks::prepare(const Exchange& exchange) {
  if (is_multi(exchange)) return thrown("Unsupported operation: TXN_PREPARE");
  const std::string& label = exchange.route.label;
  StreamLoadTask* const task = find(label);
  if (task == nullptr) return thrown("stream load task " + label + " does not exist");
  if (task->state != "BEGIN" && task->state != "LOADING") {
    return reply(ok("stream load task " + label + " has already been " + to_lower(task->state) +
                    (task->reason.empty() ? "" : ": " + task->reason)));
  }
  const std::string channel = exchange.request.header("channel_id");
  const auto found = task->parts.find(channel);
  if (found == task->parts.end()) {
    return thrown("stream load task " + label + " channel " + channel + " has not begun");
  }
  found->second.prepared = true;
  std::int64_t prepared = 0;
  for (const auto& [key, part] : task->parts) prepared += part.prepared ? 1 : 0;
  Json json = {{"Status", "OK"},       {"Message", ""},
               {"Label", label},       {"TxnId", task->transaction_id},
               {"ChannelId", channel}, {"Prepared Channel Num", prepared}};
  if (prepared < task->channels) return reply(std::move(json));

  std::vector<LoadPlan*> plans;
  auto error = finish_parts(*task, plans);
  if (!error) {
    error = cluster_.transactions.prepare(task->transaction_id, plans, task->counters.loaded, {});
  }
  if (error) {
    cancel(*task, error->message);
    return reply(cancelled_json(*task, "FAILED", error->message));
  }
  task->state = "PREPARED";
  for (const auto& [key, part] : task->parts)
    backends_[part.backend]->drop(context_key(*task, part));
  add_counters(json, *task);
  json["Prepared Time"] = cluster_.clock.now().count();
  json["Message"] = "stream load " + label + " finish preparing";
  return reply(std::move(json));
}

TaskReply StreamLoadTasks::commit(const Exchange& exchange) {
  const std::string& label = exchange.route.label;
  StreamLoadTask* const task = find(label);
  if (task == nullptr) return thrown("stream load task " + label + " does not exist");
  return task->multi ? commit_multi(*task) : commit_channel(*task);
}

TaskReply StreamLoadTasks::commit_channel(StreamLoadTask& task) {
  if (task.state == "FINISHED") {
    return reply(ok("stream load task " + task.label + " has already been finished"));
  }
  if (task.state == "CANCELLED") {
    return reply(ok("txn could not be committed because task state is: CANCELLED, error_msg: " +
                    task.reason));
  }
  if (task.state != "PREPARED") {
    return reply(ok("stream load task " + task.label + " state (" + task.state +
                    ") is not prepared, can not commit"));
  }
  cluster_.transactions.commit_prepared(task.transaction_id, std::nullopt);
  task.state = "FINISHED";
  Json json = ok("stream load " + task.label + " commit");
  add_counters(json, task);
  json["Committed time"] = cluster_.clock.now().count();
  TaskReply out = reply(std::move(json));
  out.publish_of = task.transaction_id;
  return out;
}

TaskReply StreamLoadTasks::commit_multi(StreamLoadTask& task) {
  const std::string id = std::to_string(task.transaction_id);
  if (task.state == "FINISHED") {
    return reply(ok("Transaction " + id + " has already committed, label is " + task.label));
  }
  if (task.state == "CANCELLED") {
    return reply(
        {{"Status", "FAILED"},
         {"Message", "Can not commit CANCELLED transaction " + id + ", label is " + task.label}});
  }
  for (const auto& [key, part] : task.parts) {
    if (!part.context || !part.context->locked) continue;
    return reply({{"Status", "TXN_IN_PROCESSING"},
                  {"Label", task.label},
                  {"Message", "Transaction is in processing"}});
  }
  std::vector<LoadPlan*> plans;
  auto error = finish_parts(task, plans);
  if (!error) {
    error = cluster_.transactions.commit_prepare(task.transaction_id, plans, task.counters.loaded,
                                                 std::nullopt);
  }
  if (error) {
    cancel(task, error->message);
    return reply(cancelled_json(task, "FAILED", error->message));
  }
  task.state = "FINISHED";
  for (const auto& [key, part] : task.parts) backends_[part.backend]->drop(context_key(task, part));
  Json json = ok("");
  json["Label"] = task.label;
  json["TxnId"] = task.transaction_id;
  TaskReply out = reply(std::move(json));
  out.publish_of = task.transaction_id;
  return out;
}

TaskReply StreamLoadTasks::rollback(const Exchange& exchange) {
  const std::string& label = exchange.route.label;
  StreamLoadTask* const task = find(label);
  if (task == nullptr) return thrown("stream load task " + label + " does not exist");
  const std::string id = std::to_string(task->transaction_id);
  if (task->state == "FINISHED") {
    if (task->multi) {
      return reply(
          {{"Status", "FAILED"},
           {"Message", "Can not abort VISIBLE transaction " + id + ", label is " + label}});
    }
    return reply({{"Status", "OK"},
                  {"Message", "stream load " + label + " abort fail"},
                  {"Abort fail reason", "transaction is already committed"}});
  }
  if (task->state == "CANCELLED") {
    if (task->multi) {
      return reply(ok("Transaction " + id + " has already aborted, label is " + label));
    }
    return reply(ok("stream load task " + label + " has already been cancelled: " + task->reason));
  }
  cancel(*task, "user cancel");
  return reply(ok("stream load " + label + " abort"));
}

}  // namespace server
}  // namespace emulator
