#include "tests/emulator/server/stream_load.hpp"
#include "tests/emulator/server/text.hpp"

#include <utility>

// Stream Load on the BE (starrocks-load-protocol.md 4).

namespace emulator {
inline namespace server {
namespace {

/// Counts the loads that run at once, for the optional limiter (4.1 step 3).
class Running {
 public:
  explicit Running(std::int64_t& count) : count_(count) { ++count_; }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  ~Running() { --count_; }

 private:
  std::int64_t& count_;
};

}  // namespace

Response Backend::stream_load_reply(StreamLoad& load) const {
  Json json = {{"TxnId", load.transaction_id}, {"Label", load.label}, {"Status", load.status}};
  if (!load.existing_job_status.empty()) json["ExistingJobStatus"] = load.existing_job_status;
  json["Message"] = load.message;
  json["NumberTotalRows"] = load.counters.total;
  json["NumberLoadedRows"] = load.counters.loaded;
  json["NumberFilteredRows"] = load.counters.filtered;
  json["NumberUnselectedRows"] = load.counters.unselected;
  json["LoadBytes"] = load.load_bytes;
  json["LoadTimeMs"] = load.refused_in_head ? 0 : load.age.ms();
  json["BeginTxnTimeMs"] = load.begin_ms;
  json["StreamLoadPlanTimeMs"] = load.plan_ms;
  json["ReadDataTimeMs"] = load.read_ms;
  json["WriteDataTimeMs"] = load.write_ms;
  json["CommitAndPublishTimeMs"] = load.commit_ms;
  if (!load.error_url.empty()) json["ErrorURL"] = load.error_url;
  if (!load.rejected_path.empty()) json["RejectedRecordPath"] = load.rejected_path;
  return backend_reply(json);
}

/// Steps 4 to 8 of 4.1: what the head alone can be refused for, before a transaction exists.
std::optional<std::string> Backend::refuse_head(const Exchange& exchange, StreamLoad& load) {
  const Request& request = exchange.request;
  const Config& config = cluster_.config;
  if (config.enable_http_stream_load_limit && running_loads_ > config.be_http_num_workers - 1) {
    return "Stream Load exceed http cuncurrent limit " +
           std::to_string(config.be_http_num_workers - 1) + ", please try again later";
  }
  const auto credentials = Access::parse_backend(request);
  if (!credentials) return "no valid Basic authorization";
  load.credentials = *credentials;

  const std::string merge = request.header("enable_merge_commit");
  if (!merge.empty() && cluster_.since({{3, 4, 0}})) {
    const std::string lower = to_lower(merge);
    if (lower != "true" && lower != "false" && lower != "1" && lower != "0") {
      return "Invalid parameter enable_merge_commit. The value must be bool type, but is " + merge +
             ".";
    }
    load.merge_commit = lower == "true" || lower == "1";
  }

  const std::int64_t length = request.content_length.value_or(0);
  if (length > limits().max_bytes) {
    return "body size " + std::to_string(length) +
           " exceed limit: " + std::to_string(limits().max_bytes) + ", id=" + load.load_id +
           ", job_id=-1, txn_id: -1, label=" + load.label + ", db=" + load.database +
           ". You can increase the limit by setting streaming_load_max_mb in be.conf.";
  }
  const std::string format = request.header("format");
  if (!format.empty() && !known_format(format)) return "unknown data format, format=" + format;
  if (to_lower(format) == "json" && !request.chunked && length > limits().max_json_bytes &&
      !equals_ignoring_case(request.header("ignore_json_size"), "true")) {
    return "The size of this batch exceed the max size [" +
           std::to_string(limits().max_json_bytes) + "]  of json type data  data [ " +
           std::to_string(length) +
           " ]. Set ignore_json_size to skip the check, although it may lead huge memory "
           "consuming.";
  }
  const std::string timeout = request.header("timeout");
  if (!timeout.empty()) {
    load.timeout_seconds = parse_unsigned(timeout);
    if (!load.timeout_seconds) return "Invalid timeout format";
  }
  return std::nullopt;
}

asio::awaitable<std::optional<Response>> Backend::stream_load(Exchange& exchange) {
  const Running running(running_loads_);
  const Request& request = exchange.request;
  StreamLoad load;
  load.load_id = random_uuid();
  load.label = request.header("label");
  if (load.label.empty()) load.label = random_uuid();
  load.database = exchange.route.database;
  load.table = exchange.route.table;
  if (!cluster_.since({{3, 5, 1}})) {
    // Names are not decoded before 3.5.1 (4.1 step 1).
    const auto raw = split(std::string_view(request.path).substr(1), '/');
    load.database = raw[1];
    load.table = raw[2];
  }

  const std::optional<std::string> refusal = refuse_head(exchange, load);
  if (refusal) {
    load.message = *refusal;
    co_return stream_load_reply(load);
  }
  if (load.merge_commit) {
    std::optional<Response> reply = co_await merge_commit(exchange, load);
    co_return reply;
  }
  if (stopping_ && cluster_.since({{3, 5, 0}})) {
    load.message = "Service is shutting down, please retry later!";
    co_return stream_load_reply(load);
  }

  BeginRequest begin;
  begin.credentials = load.credentials;
  begin.database = load.database;
  begin.table = load.table;
  begin.label = load.label;
  begin.timeout_seconds = load.timeout_seconds;
  begin.coordinator = index_;
  const BeginReply begun = cluster_.transactions.begin(begin);
  if (begun.error) {
    load.message = begun.error->message;
    if (begun.existing) {
      load.status = "Label Already Exists";
      load.existing_job_status = begun.existing_job_status();
    }
    co_return stream_load_reply(load);
  }
  load.transaction_id = begun.transaction->id;

  const Stopwatch planning;
  EngineError error;
  load.plan = cluster_.engine.plan(load.database, load.table, request.headers, false, error);
  load.plan_ms = planning.ms();
  if (!load.plan) {
    cluster_.transactions.abort(load.transaction_id, error.message);
    load.message = error.message;
    co_return stream_load_reply(load);
  }
  std::optional<Response> reply = co_await run_stream_load(exchange, load);
  co_return reply;
}

asio::awaitable<std::optional<Response>> Backend::run_stream_load(Exchange& exchange,
                                                                  StreamLoad& load) {
  const std::int64_t generation = generation_;
  const Request& request = exchange.request;
  const Stopwatch reading;
  load.refused_in_head = false;
  for (;;) {
    const BodyPiece piece = co_await exchange.read_body();
    if (generation != generation_) co_return std::nullopt;  // this BE has died meanwhile
    if (piece.kind == BodyPiece::Kind::kEnd) break;
    if (piece.kind == BodyPiece::Kind::kBytes) {
      load.plan->append(piece.bytes);
      continue;
    }
    cluster_.transactions.abort(load.transaction_id, "Cancelled because the connection was closed");
    if (piece.kind == BodyPiece::Kind::kBroken) co_return std::nullopt;
    co_return backend_page(413);
  }
  load.read_ms = reading.ms();
  load.load_bytes = exchange.body_bytes;
  if (request.content_length && *request.content_length != exchange.body_bytes) {
    load.message = "receive body don't equal with body bytes";
    cluster_.transactions.abort(load.transaction_id, load.message);
    co_return stream_load_reply(load);
  }

  const Stopwatch writing;
  if (exchange.body_bytes > 0) load.plan->end_body();
  LoadResult result = load.plan->finish();
  if (!result.error) result.error = injected_failure(exchange);
  load.write_ms = writing.ms();
  load.error_url = keep_error_log(result.error_log);
  load.rejected_path = keep_rejected(result.rejected_records);
  if (result.error) {
    load.message = result.error->message;
    if (load.message == "too many filtered rows") load.counters = result.counters;
    cluster_.transactions.abort(load.transaction_id, load.message);
    co_return stream_load_reply(load);
  }
  load.counters = result.counters;
  co_await commit_stream_load(exchange, load);
  if (generation != generation_) co_return std::nullopt;
  co_return stream_load_reply(load);
}

asio::awaitable<void> Backend::commit_stream_load(const Exchange& exchange, StreamLoad& load) {
  const Stopwatch committing;
  const std::vector<LoadPlan*> plans = {load.plan.get()};
  const auto error = cluster_.transactions.commit_prepare(
      load.transaction_id, plans, load.counters.loaded, publish_delay_of(exchange));
  if (error) {
    const Transaction* const transaction = cluster_.transactions.find(load.transaction_id);
    const bool aborted = transaction != nullptr && transaction->state == TransactionState::kAborted;
    load.message = "fail to execute commit task: " + error->message;
    // Aborted by someone else meanwhile: its counters are not worth anything.
    if (aborted) load.counters = Counters{};
    cluster_.transactions.abort(load.transaction_id, error->message);
    co_return;
  }
  const Transaction* const transaction = cluster_.transactions.find(load.transaction_id);
  // Before 3.2, or without synchronous publish, nobody polls for visibility (4.9).
  const bool polls = cluster_.since({{3, 2, 0}}) && cluster_.config.enable_sync_publish;
  const milliseconds deadline =
      polls ? transaction->begun + transaction->timeout : cluster_.clock.now();
  const bool visible = co_await cluster_.transactions.wait_visible(load.transaction_id, deadline);
  load.status = visible ? "Success" : "Publish Timeout";
  load.message = visible ? "OK" : publish_timeout_text(load.transaction_id);
  load.commit_ms = committing.ms();
}

}  // namespace server
}  // namespace emulator
