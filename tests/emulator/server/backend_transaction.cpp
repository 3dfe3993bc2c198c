#include "tests/emulator/server/backend.hpp"
#include "tests/emulator/server/text.hpp"

#include <array>
#include <utility>

// The transaction interface on the BE (starrocks-load-protocol.md 5.4 to 5.11, 5.13).

namespace emulator {
inline namespace server {
namespace {

Json status_message(const std::string& status, const std::string& message) {
  return {{"Status", status}, {"Message", message}};
}

/// Headers that the first load fixes for all loads of its transaction (5.5), as the server compares
/// them: the format by its meaning, everything else as it was sent.
Headers request_parameters(const Request& request) {
  static constexpr std::array<const char*, 18> kNames = {"columns",
                                                         "where",
                                                         "column_separator",
                                                         "row_delimiter",
                                                         "partitions",
                                                         "temporary_partitions",
                                                         "negative",
                                                         "strict_mode",
                                                         "timezone",
                                                         "load_mem_limit",
                                                         "jsonpaths",
                                                         "json_root",
                                                         "strip_outer_array",
                                                         "partial_update",
                                                         "partial_update_mode",
                                                         "merge_condition",
                                                         "transmission_compression_type",
                                                         "load_dop"};
  Headers parameters;
  for (const char* name : kNames) {
    const std::string value = request.header(name);
    if (!value.empty()) parameters[name] = value;
  }
  const std::string format = to_lower(request.header("format"));
  parameters["format"] = format.empty() ? "csv" : format;
  for (const char* name : {"compression", "content-encoding"}) {
    const std::string value = to_lower(request.header(name));
    if (!value.empty()) parameters["compression"] = value;
  }
  return parameters;
}

EngineError internal(std::string message) { return {std::move(message), "INTERNAL_ERROR"}; }

}  // namespace

/// Channels and tables of a multi-table transaction have contexts of their own (6, 7).
std::string Backend::context_key(const Exchange& exchange) const {
  const Request& request = exchange.request;
  const std::string channel = request.header("channel_id");
  if (!channel.empty()) return exchange.route.label + "\n" + channel;
  const bool multi = equals_ignoring_case(request.header("transaction_type"), "multi");
  if (multi && cluster_.since({{4, 0, 0}}))
    return exchange.route.label + "\n" + exchange.route.table;
  return exchange.route.label;
}

asio::awaitable<std::optional<Response>> Backend::transaction(Exchange& exchange) {
  const std::string operation = exchange.route.operation;
  const bool post = exchange.request.method == "POST";
  if (operation == "load" && !post) {
    std::optional<Response> reply = co_await load(exchange);
    co_return reply;
  }
  if (operation == "begin") co_return begin(exchange);
  if (operation == "prepare" || operation == "commit") {
    Response reply = co_await finish(exchange, operation == "commit");
    co_return reply;
  }
  if (operation == "rollback") co_return rollback(exchange);
  if (operation == "list") co_return list();
  co_return backend_reply(status_message(
      "INVALID_ARGUMENT", "unsupport transaction operation " + to_lower(exchange.route.word)));
}

Response Backend::begin(const Exchange& exchange) {
  const Request& request = exchange.request;
  const std::string& label = exchange.route.label;
  if (label.empty()) return backend_reply(status_message("INVALID_ARGUMENT", "empty label"));
  if (contexts_.contains(label)) {
    return backend_reply(
        {{"Status", "LABEL_ALREADY_EXISTS"}, {"ExistingJobStatus", ""}, {"Message", ""}});
  }
  auto context = std::make_shared<LoadContext>();
  std::optional<std::int64_t> timeout_seconds;
  for (const char* name : {"timeout", "idle_transaction_timeout"}) {
    const std::string text = request.header(name);
    if (text.empty()) continue;
    const auto value = parse_unsigned(text);
    if (!value) return backend_reply(status_message("INVALID_ARGUMENT", "Invalid timeout format"));
    const milliseconds time = std::chrono::seconds(*value);
    if (std::string_view(name) == "timeout") {
      timeout_seconds = value;
      context->timeout = time;
    } else {
      context->idle_timeout = time;
    }
  }
  const auto credentials = Access::parse_backend(request);
  if (!credentials) {
    return backend_reply(status_message("INTERNAL_ERROR", "no valid Basic authorization"));
  }
  BeginRequest begin;
  begin.credentials = credentials;
  begin.database = exchange.route.database;
  begin.table = exchange.route.table;
  begin.label = label;
  begin.timeout_seconds = timeout_seconds;
  begin.coordinator = index_;
  const BeginReply begun = cluster_.transactions.begin(begin);
  if (begun.existing) {
    return backend_reply({{"Status", "LABEL_ALREADY_EXISTS"},
                          {"ExistingJobStatus", begun.existing_job_status()},
                          {"Message", begun.error->message}});
  }
  if (begun.error) return backend_reply(status_message(begun.error->status, begun.error->message));
  context->label = label;
  context->database = begin.database;
  context->table = begin.table;
  context->transaction_id = begun.transaction->id;
  context->id = random_uuid();
  context->begun = cluster_.clock.now();
  context->last_active = context->begun;
  contexts_[label] = context;
  return backend_reply({{"Status", "OK"},
                        {"Message", ""},
                        {"Label", label},
                        {"TxnId", context->transaction_id},
                        {"BeginTxnTimeMs", context->age.ms()}});
}

asio::awaitable<std::optional<Response>> Backend::load(Exchange& exchange) {
  const std::string& label = exchange.route.label;
  if (label.empty()) co_return backend_reply(status_message("INVALID_ARGUMENT", "Invalid label "));
  const auto found = contexts_.find(context_key(exchange));
  if (found == contexts_.end()) {
    co_return backend_reply(
        status_message("TXN_NOT_EXISTS", "Transaction with label " + label + " not exists"));
  }
  const std::shared_ptr<LoadContext> context = found->second;
  if (exchange.route.database != context->database) {
    co_return backend_reply(status_message(
        "INVALID_ARGUMENT", "Request database " + exchange.route.database +
                                " not equal transaction database " + context->database));
  }
  if (exchange.route.table != context->table) {
    co_return backend_reply(
        status_message("INVALID_ARGUMENT", "Request table " + exchange.route.table +
                                               " not equal transaction table " + context->table));
  }
  std::optional<Response> reply = co_await receive_load(exchange, context);
  co_return reply;
}

Json Backend::fail(LoadContext& context, const EngineError& error, const std::string& error_url) {
  context.failed = true;
  std::erase_if(contexts_, [&context](const auto& item) { return item.second.get() == &context; });
  cluster_.transactions.abort(context.transaction_id, error.message);
  Json json = status_message(error.status, error.message);
  if (!error_url.empty()) json["ErrorURL"] = error_url;
  return json;
}

/// Another request holds the transaction (5.10); it is unaffected.
Response Backend::in_processing(const LoadContext& context) const {
  const bool new_text = cluster_.since({{3, 2, 16}, {3, 3, 10}, {3, 4, 1}});
  return backend_reply({{"Status", "TXN_IN_PROCESSING"},
                        {"Label", context.label},
                        {"Message", new_text ? "Transaction is in processing"
                                             : "Transaction in processing, please retry later"}});
}

/// Under the lock, before the body: size, format, parameters, first plan (5.5). Every refusal ends
/// the whole transaction.
std::optional<Json> Backend::admit_load(const Exchange& exchange, LoadContext& context) {
  const Request& request = exchange.request;
  const std::string format = request.header("format");
  if (!format.empty() && !known_format(format)) {
    return fail(context, internal("unknown data format, format=" + format), "");
  }
  context.declared_bytes += request.chunked ? 0 : request.content_length.value_or(0);
  if (context.declared_bytes > limits().max_bytes) {
    return fail(
        context,
        internal("body size " + std::to_string(context.declared_bytes) +
                 " exceed limit: " + std::to_string(limits().max_bytes) + ", id=" + context.id +
                 ", job_id=-1, txn_id: " + std::to_string(context.transaction_id) +
                 ", label=" + context.label + ", db=" + context.database +
                 ". You can increase the limit by setting streaming_load_max_mb in be.conf."),
        "");
  }
  if (to_lower(format) == "json" && !request.chunked &&
      context.declared_bytes > limits().max_json_bytes &&
      !equals_ignoring_case(request.header("ignore_json_size"), "true")) {
    return fail(context,
                internal("The size of this batch exceed the max size [" +
                         std::to_string(limits().max_json_bytes) + "]  of json type data  data [ " +
                         std::to_string(context.declared_bytes) +
                         " ]. Set ignore_json_size to skip the check, although it may lead huge "
                         "memory consuming."),
                "");
  }
  const Headers parameters = request_parameters(request);
  if (context.plan) {
    if (parameters != context.parameters) {
      return fail(context, internal("load request not equal last."), "");
    }
    return std::nullopt;
  }
  const Stopwatch planning;
  EngineError error;
  // A channel load honours all load headers (5.5), a load of the plain interface only some.
  const bool reduced = request.header("channel_id").empty();
  context.plan =
      cluster_.engine.plan(context.database, context.table, request.headers, reduced, error);
  context.plan_ms = planning.ms();
  if (!context.plan) return fail(context, error, "");
  context.parameters = parameters;
  if (!context.timeout) context.timeout = cluster_.transactions.default_timeout();
  return std::nullopt;
}

asio::awaitable<std::optional<Response>> Backend::receive_load(
    Exchange& exchange, std::shared_ptr<LoadContext> context) {
  if (context->locked) co_return in_processing(*context);
  if (context->timing_out) {
    co_return backend_reply(status_message("ABORTED", "The load is timeout, and will be aborted"));
  }
  ContextLock lock(context);
  if (context->failed) {
    co_return backend_reply(status_message("ABORTED", "current transaction is aborted"));
  }
  const std::optional<Json> refusal = admit_load(exchange, *context);
  if (refusal) co_return backend_reply(*refusal);

  const std::int64_t generation = generation_;
  const Stopwatch receiving;
  for (;;) {
    const BodyPiece piece = co_await exchange.read_body();
    if (generation != generation_) co_return std::nullopt;
    if (context->failed) {  // rolled back while it was loading (5.8)
      if (piece.kind == BodyPiece::Kind::kBroken) co_return std::nullopt;
      co_return backend_reply(status_message("ABORTED", "current transaction is aborted"));
    }
    context->last_active = cluster_.clock.now();
    if (piece.kind == BodyPiece::Kind::kEnd) break;
    if (piece.kind == BodyPiece::Kind::kBytes) {
      context->plan->append(piece.bytes);
      context->load_bytes += static_cast<std::int64_t>(piece.bytes.size());
      continue;
    }
    // What has arrived stays in the transaction, and the next body continues it (5.5, E1).
    if (!cluster_.since({{3, 2, 16}, {3, 3, 10}, {3, 4, 1}})) lock.leak();
    if (piece.kind == BodyPiece::Kind::kBroken) co_return std::nullopt;
    co_return backend_page(413);
  }
  if (exchange.body_bytes > 0) context->plan->end_body();
  const auto injected = injected_failure(exchange);
  if (injected) co_return backend_reply(fail(*context, *injected, ""));
  const std::int64_t received_ms = receiving.ms();
  context->receive_ms += received_ms;
  co_return backend_reply({{"Status", "OK"},
                           {"Message", ""},
                           {"Label", context->label},
                           {"TxnId", context->transaction_id},
                           {"LoadBytes", exchange.body_bytes},
                           {"StreamLoadPlanTimeMs", context->plan_ms},
                           {"ReceivedDataTimeMs", received_ms}});
}

asio::awaitable<Response> Backend::finish(Exchange& exchange, bool commit) {
  const Request& request = exchange.request;
  const std::string& label = exchange.route.label;
  if (label.empty()) co_return backend_reply(status_message("INVALID_ARGUMENT", "empty label"));
  const auto found = contexts_.find(label);
  if (found == contexts_.end()) {
    co_return backend_reply(
        status_message("TXN_NOT_EXISTS", "transaction with label " + label + " not exists"));
  }
  const std::shared_ptr<LoadContext> context = found->second;
  if (exchange.route.database != context->database) {
    co_return backend_reply(status_message(
        "INVALID_ARGUMENT", "request db " + exchange.route.database + " transaction db " +
                                context->database + " not match"));
  }
  std::optional<std::int64_t> prepared_timeout;
  const std::string timeout_text = request.header("prepared_timeout");
  if (!commit && !timeout_text.empty() && cluster_.since({{3, 5, 4}})) {
    prepared_timeout = parse_unsigned(timeout_text);
    if (prepared_timeout.value_or(0) <= 0) {
      co_return backend_reply(
          status_message("INVALID_ARGUMENT", "Invalid prepared_timeout: " + timeout_text));
    }
  }
  if (context->locked) co_return in_processing(*context);
  if (context->timing_out) {
    co_return backend_reply(status_message("ABORTED", "The load is timeout, and will be aborted"));
  }
  const ContextLock lock(context);
  if (context->failed) {
    co_return backend_reply(status_message("ABORTED", "transaction is aborted"));
  }
  if (!context->plan) {
    co_return backend_reply(status_message(
        "INTERNAL_ERROR", "transaction id=" + context->id + ", job_id=-1, txn_id: " +
                              std::to_string(context->transaction_id) + ", label=" + label +
                              ", db=" + context->database + " hasn't send any data yet"));
  }
  const Stopwatch writing;
  LoadResult result = context->plan->finish();
  if (!result.error) result.error = injected_failure(exchange);
  const std::string error_url = keep_error_log(result.error_log);
  const std::string rejected_path = keep_rejected(result.rejected_records);
  if (result.error) co_return backend_reply(fail(*context, *result.error, error_url));
  context->counters = result.counters;
  const std::int64_t write_ms = writing.ms();

  const Stopwatch committing;
  Transactions& transactions = cluster_.transactions;
  const std::vector<LoadPlan*> plans = {context->plan.get()};
  const std::optional<EngineError> error =
      commit ? transactions.commit_prepare(context->transaction_id, plans, result.counters.loaded,
                                           publish_delay_of(exchange))
             : transactions.prepare(context->transaction_id, plans, result.counters.loaded,
                                    prepared_timeout);
  if (error) co_return backend_reply(fail(*context, *error, error_url));
  // From here on the BE has forgotten the label (5.6).
  std::erase_if(contexts_, [&context](const auto& item) { return item.second == context; });
  if (commit) {
    const Transaction* const transaction = transactions.find(context->transaction_id);
    const milliseconds deadline = transaction->begun + transaction->timeout;
    const bool visible = co_await transactions.wait_visible(context->transaction_id, deadline);
    if (!visible) {
      co_return backend_reply(
          status_message("PUBLISH_TIMEOUT", publish_timeout_text(context->transaction_id)));
    }
  }
  Json json = {{"Status", "OK"},
               {"Message", ""},
               {"Label", label},
               {"TxnId", context->transaction_id},
               {"NumberTotalRows", context->counters.total},
               {"NumberLoadedRows", context->counters.loaded},
               {"NumberFilteredRows", context->counters.filtered},
               {"NumberUnselectedRows", context->counters.unselected},
               {"LoadBytes", context->load_bytes},
               {"LoadTimeMs", context->age.ms()},
               {"StreamLoadPlanTimeMs", context->plan_ms},
               {"ReceivedDataTimeMs", context->receive_ms},
               {"WriteDataTimeMs", write_ms},
               {"CommitAndPublishTimeMs", committing.ms()}};
  if (!error_url.empty()) json["ErrorURL"] = error_url;
  if (!rejected_path.empty()) json["RejectedRecordPath"] = rejected_path;
  co_return backend_reply(json);
}

Response Backend::rollback(const Exchange& exchange) {
  const std::string& label = exchange.route.label;
  if (label.empty()) return backend_reply(status_message("INVALID_ARGUMENT", "empty label"));
  const auto found = contexts_.find(label);
  if (found == contexts_.end()) {
    return backend_reply(
        status_message("TXN_NOT_EXISTS", "transaction with label " + label + " not exists"));
  }
  const std::shared_ptr<LoadContext> context = found->second;
  if (exchange.route.database != context->database) {
    return backend_reply(status_message(
        "INVALID_ARGUMENT", "request db " + exchange.route.database + " transaction db " +
                                context->database + " not match"));
  }
  // No lock here: a load that is being received fails (5.8).
  context->failed = true;
  contexts_.erase(found);
  cluster_.transactions.abort(context->transaction_id, "transaction is aborted by user.");
  return backend_reply({{"Status", "OK"}, {"Message", ""}, {"Label", label}});
}

Response Backend::list() const {
  Response response;
  for (const auto& [key, context] : contexts_) {
    Json json = Json::object();
    if (!context->locked) json["Status"] = "OK";
    json["InProcessing"] = context->locked;
    json["Label"] = context->label;
    json["TxnId"] = context->transaction_id;
    json["NumberTotalRows"] = context->counters.total;
    json["NumberLoadedRows"] = context->counters.loaded;
    json["NumberFilteredRows"] = context->counters.filtered;
    json["NumberUnselectedRows"] = context->counters.unselected;
    json["LoadBytes"] = context->load_bytes;
    json["StreamLoadPlanTimeMs"] = context->plan_ms;
    json["ReceivedDataTimeMs"] = context->receive_ms;
    json["WriteDataTimeMs"] = 0;
    json["BeginTimestamp"] = context->begun.count() / 1000;
    json["LastActiveTimestamp"] = context->last_active.count() / 1000;
    json["TransactionTimeoutSec"] = context->timeout.value_or(milliseconds(0)).count() / 1000;
    json["IdleTransactionTimeoutSec"] =
        context->idle_timeout.value_or(milliseconds(0)).count() / 1000;
    response.body += be_json(json);
  }
  return response;
}

}  // namespace server
}  // namespace emulator
