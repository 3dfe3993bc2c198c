#include "tests/emulator/server/frontend.hpp"
#include "tests/emulator/server/stream_load_tasks.hpp"
#include "tests/emulator/server/text.hpp"

#include <utility>

// The transaction interface on the FE (starrocks-load-protocol.md 5.1, 5.3, 5.7, 5.8).

namespace emulator {
inline namespace server {
namespace {

constexpr std::int64_t kDefaultPublishWaitSeconds = 20;

std::string text_of(const Transaction& transaction) {
  return std::to_string(transaction.id) + ", label is " + transaction.label;
}

Json ok(const Transaction& transaction, const std::string& message) {
  return {{"Label", transaction.label},
          {"Status", "OK"},
          {"TxnId", transaction.id},
          {"Message", message}};
}

}  // namespace

/// Header checks of 5.1, before anything is looked up.
std::optional<Response> Frontend::refuse_transaction(const Exchange& exchange) const {
  const Request& request = exchange.request;
  const std::string& operation = exchange.route.operation;
  if (operation == "transaction" || operation == "list") {
    return failed("Unknown transaction operation: " + exchange.route.word);
  }
  if (request.method == "PUT" && operation != "load" && cluster_.since({{3, 3, 0}})) {
    return failed("com.starrocks.common.DdlException", "Invalid request");
  }
  if (exchange.route.database.empty()) return failed("No database selected.");
  if (exchange.route.label.empty()) {
    return failed(cluster_.since({{3, 3, 0}}) ? "Empty label." : "empty label.");
  }
  for (const char* name : {"timeout", "prepared_timeout", "channel_id", "channel_num"}) {
    const std::string value = request.header(name);
    if (value.empty() || parse_long(value)) continue;
    return failed("java.lang.NumberFormatException", "For input string: \"" + value + "\"");
  }
  const bool has_id = !request.header("channel_id").empty();
  const bool has_number = !request.header("channel_num").empty();
  // In every operation, although the text names begin (5.1).
  if (has_number && !has_id) {
    return failed("com.starrocks.common.DdlException",
                  "Must provide channel_id when stream load begin.");
  }
  if (has_id && !has_number) {
    return failed("com.starrocks.common.DdlException",
                  "Must provide channel_num when stream load begin.");
  }
  const auto source_type = request.parameter("source_type");
  if (source_type && !parse_long(*source_type))
    return failed("Invalid source type: " + *source_type);
  if (source_type && (*parse_long(*source_type) < 0 || *parse_long(*source_type) > 11)) {
    return failed("Unknown source type: " + *source_type);
  }
  return std::nullopt;
}

asio::awaitable<Response> Frontend::transaction(Exchange& exchange, const Credentials& who) {
  const Request& request = exchange.request;
  if (!leader()) co_return redirect_to_leader(request);
  std::optional<Response> refusal = refuse_transaction(exchange);
  if (refusal) co_return *refusal;
  const bool channel =
      !request.header("channel_id").empty() && !request.header("channel_num").empty();
  const bool multi = equals_ignoring_case(request.header("transaction_type"), "multi") &&
                     cluster_.since({{4, 0, 0}});
  if (channel || multi) {
    Response reply = co_await task_operation(exchange, who);
    co_return reply;
  }
  if (!cluster_.engine.has_database(exchange.route.database)) {
    const std::string& name = exchange.route.database;
    co_return failed(cluster_.since({{3, 0, 0}}) ? "Database[" + name + "] does not exist."
                                                 : "database " + name + " not exists");
  }
  const std::string& operation = exchange.route.operation;
  if (operation == "begin") co_return begin(exchange);
  if (operation == "commit") {
    Response reply = co_await commit(exchange);
    co_return reply;
  }
  if (operation == "rollback") co_return rollback(exchange);
  co_return to_coordinator(exchange);
}

Response Frontend::begin(const Exchange& exchange) {
  const std::string& label = exchange.route.label;
  std::optional<std::size_t> backend;
  // From 3.5.3 on a label keeps its node; before, a second begin overwrites it (5.3).
  if (cluster_.since({{3, 5, 3}})) {
    backend = memory_.coordinators.find(label);
    if (backend && !cluster_.backends[*backend].alive) backend.reset();
  }
  if (!backend) backend = choose_backend();
  if (!backend) return failed("com.starrocks.common.DdlException", "No backend alive.");
  memory_.coordinators.remember(label, *backend);
  return redirect_to_backend(exchange.request, *backend);
}

Response Frontend::to_coordinator(const Exchange& exchange) {
  const std::string& label = exchange.route.label;
  auto backend = memory_.coordinators.find(label);
  const bool recovers = cluster_.since({{3, 5, 3}});
  if (!backend && !recovers) {
    return failed("Transaction with op[" + exchange.route.operation + "] and label[" + label +
                  "] has no " + (cluster_.since({{3, 2, 0}}) ? "node." : "backend."));
  }
  if (!backend) {
    const Transaction* const transaction =
        cluster_.transactions.newest(exchange.route.database, label);
    if (transaction == nullptr) {
      return failed(
          "Can't find the transaction with db [" + exchange.route.database + "] and label[" +
          label +
          "]. The possible reasons: 1. FE leader is started or switched; 2. The transaction "
          "timeouts and is cleaned.");
    }
    if (transaction->coordinator_type != "BE") {
      return failed("The source type for transaction stream load with db [" +
                    exchange.route.database + "] and label[" + label + "] should be BE, but is " +
                    transaction->coordinator_type + ".");
    }
    backend = transaction->coordinator;
    memory_.coordinators.remember(label, *backend);
  }
  if (!cluster_.backends[*backend].alive) {
    const std::string id = std::to_string(10002 + *backend);
    return failed(recovers ? "Can't find node id " + id +
                                 ". You can check the cluster to see whether the node exists "
                           : "Node " + id + " is not alive");
  }
  return redirect_to_backend(exchange.request, *backend);
}

asio::awaitable<Response> Frontend::commit(const Exchange& exchange) {
  Transactions& transactions = cluster_.transactions;
  const std::string& label = exchange.route.label;
  const Transaction* const transaction = transactions.newest(exchange.route.database, label);
  if (transaction == nullptr) co_return failed("No transaction found by label " + label);
  const std::int64_t id = transaction->id;
  switch (transaction->state) {
    case TransactionState::kPrepare:
      co_return to_coordinator(exchange);
    case TransactionState::kAborted:
      co_return failed("Can not commit ABORTED transaction " + text_of(*transaction));
    case TransactionState::kCommitted:
    case TransactionState::kVisible:
      co_return status_reply(ok(*transaction, "Transaction " + std::to_string(id) +
                                                  " has already committed, label is " + label));
    case TransactionState::kPrepared:
      break;
  }
  const std::int64_t wait_seconds =
      parse_long(exchange.request.header("timeout")).value_or(kDefaultPublishWaitSeconds);
  const milliseconds wait = std::chrono::seconds(wait_seconds);
  transactions.commit_prepared(id, publish_delay_of(exchange));
  const Json committed = ok(*transaction, "");
  const milliseconds deadline = cluster_.clock.now() + wait;
  const bool visible = co_await transactions.wait_visible(id, deadline);
  if (!visible) {
    // The transaction IS committed; only its publish is slow (5.7).
    co_return failed("publish timeout: " + std::to_string(wait.count()) +
                     ", transactionId=" + std::to_string(id));
  }
  co_return status_reply(committed);
}

/// Channel and multi-table transactions (6, 7): answered by the FE except for the data.
asio::awaitable<Response> Frontend::task_operation(Exchange& exchange, const Credentials& who) {
  StreamLoadTasks& tasks = memory_.tasks;
  const std::string& operation = exchange.route.operation;
  TaskReply reply;
  if (operation == "begin") reply = tasks.begin(exchange, who);
  if (operation == "load") reply = tasks.load(exchange);
  if (operation == "prepare") reply = tasks.prepare(exchange);
  if (operation == "commit") reply = tasks.commit(exchange);
  if (operation == "rollback") reply = tasks.rollback(exchange);
  if (reply.redirect) co_return redirect_to_backend(exchange.request, *reply.redirect);
  if (!reply.exception.empty()) co_return failed(reply.exception);
  if (reply.publish_of >= 0) {
    const milliseconds wait = std::chrono::seconds(kDefaultPublishWaitSeconds);
    const milliseconds deadline = cluster_.clock.now() + wait;
    const bool visible = co_await cluster_.transactions.wait_visible(reply.publish_of, deadline);
    if (!visible) {
      co_return failed("publish timeout: " + std::to_string(wait.count()) +
                       ", transactionId=" + std::to_string(reply.publish_of));
    }
  }
  co_return status_reply(reply.json);
}

Response Frontend::rollback(const Exchange& exchange) {
  const std::string& label = exchange.route.label;
  const Transaction* const transaction =
      cluster_.transactions.newest(exchange.route.database, label);
  if (transaction == nullptr) return failed("No transaction found by label " + label);
  switch (transaction->state) {
    case TransactionState::kPrepare:
      return to_coordinator(exchange);
    case TransactionState::kPrepared:
      cluster_.transactions.abort(transaction->id, "User Aborted");
      return status_reply(ok(*transaction, ""));
    case TransactionState::kAborted:
      if (cluster_.since({{3, 3, 0}})) {
        return status_reply(ok(*transaction, "Transaction " + std::to_string(transaction->id) +
                                                 " has already aborted, label is " + label));
      }
      return failed("Can not abort ABORTED transaction " + text_of(*transaction));
    case TransactionState::kCommitted:
    case TransactionState::kVisible:
      break;
  }
  return failed("Can not abort " + std::string(name_of(transaction->state)) + " transaction " +
                text_of(*transaction));
}

}  // namespace server
}  // namespace emulator
