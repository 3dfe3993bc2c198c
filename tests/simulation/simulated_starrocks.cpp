#include "tests/simulation/simulated_starrocks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <utility>

#include "core/base/deadline.hpp"

namespace loadstar::simulation {
namespace {

using namespace std::chrono_literals;
using http::Response;

constexpr std::uint16_t kFrontendPort = 8030;
constexpr std::uint16_t kBackendPort = 8040;
/// BE keeps a torn or an unanswered request apart from a whole one only by what arrived.
constexpr auto kExpectTimeout = 10s;

std::string header(const http::Request& request, std::string_view name) {
  for (const auto& field : request.fields) {
    if (std::equal(field.name.begin(), field.name.end(), name.begin(), name.end(),
                   [](char left, char right) { return std::tolower(left) == std::tolower(right); })) {
      return field.value;
    }
  }
  return "";
}

std::string query_label(const std::string& target) {
  const auto at = target.find("label=");
  return at == std::string::npos ? "" : target.substr(at + 6);
}

/// `/api/db/table/...`: segment 2.
std::string table_of(const std::string& target) {
  const auto first = target.find('/', 5);
  const auto second = target.find('/', first + 1);
  return target.substr(first + 1, second - first - 1);
}

Operation classify(const std::string& target) {
  const auto has = [&target](std::string_view part) {
    return target.find(part) != std::string::npos;
  };
  if (has("/api/transaction/begin")) return Operation::kBegin;
  if (has("/api/transaction/load")) return Operation::kLoad;
  if (has("/api/transaction/prepare")) return Operation::kPrepare;
  if (has("/api/transaction/commit")) return Operation::kCommit;
  if (has("/api/transaction/rollback")) return Operation::kRollback;
  if (has("/get_load_state")) return Operation::kQuery;
  if (has("/_stream_load")) return Operation::kStreamLoad;
  return Operation::kOther;
}

Response json(std::string body) {
  Response response;
  response.status = 200;
  response.body = std::move(body);
  return response;
}

Response redirect(const std::string& host, std::uint16_t port, const std::string& target) {
  Response response;
  response.status = 307;
  response.fields.push_back({"location", fmt::format("http://{}:{}{}", host, port, target)});
  return response;
}

Response failure(std::string_view status, std::string_view message) {
  return json(fmt::format(R"({{"Status":"{}","Message":"{}"}})", status, message));
}

Response frontend_failure(std::string_view message) {
  return failure("FAILED",
                 fmt::format("class com.starrocks.common.StarRocksException: {}", message));
}

/// Rows end with a line feed, or with \x02 where the daemon wrote them (D7).
std::vector<std::string> lines(const std::string& body) {
  std::vector<std::string> rows;
  std::size_t start = 0;
  while (start < body.size()) {
    auto end = body.find_first_of("\n\x02", start);
    if (end == std::string::npos) end = body.size();
    if (end > start) rows.push_back(body.substr(start, end - start));
    start = end + 1;
  }
  return rows;
}

bool is_bad(const std::string& row) { return row.find("BAD") != std::string::npos; }

std::string counters(std::size_t total, std::size_t filtered) {
  return fmt::format(
      R"("NumberTotalRows":{},"NumberLoadedRows":{},"NumberFilteredRows":{},"NumberUnselectedRows":0)",
      total, total - filtered, filtered);
}

bool redirects(Fault fault) {
  return fault == Fault::kForeignRedirect || fault == Fault::kDeadRedirect ||
         fault == Fault::kRedirectLoop;
}

bool needs_processing(Fault fault) {
  switch (fault) {
    case Fault::kResetAfter:
    case Fault::kTornBody:
    case Fault::kTimeoutAfter:
    case Fault::kMalformedReply:
    case Fault::kFailedWord:
    case Fault::kInProcessing:
    case Fault::kTooManyTransactions:
    case Fault::kTooManyVersions:
    case Fault::kDelayedDuplicate:
    case Fault::kSlowPublish: return true;
    default: return false;
  }
}

}  // namespace

SimulatedStarrocks::SimulatedStarrocks(boost::asio::io_context& io, Random& random,
                                       FaultPlan faults)
    : io_(io), random_(random), faults_(std::move(faults)), tasks_(io.get_executor()) {}

asio::awaitable<Result<Response>> SimulatedStarrocks::send(http::Endpoint endpoint,
                                                           http::Request request,
                                                           Deadline deadline) {
  co_await asio::this_coro::throw_if_cancelled(false);
  ++exchanges_;
  Arrived arrived;
  arrived.operation = classify(request.target);
  arrived.endpoint = endpoint;
  arrived.at_backend = endpoint.port == kBackendPort;
  arrived.request = std::move(request);
  if (endpoint.host == "dead1") {
    co_return Error{Errc::kConnectFailed, Certainty::kNotApplied, "refused by a dead host"};
  }
  const bool expects = arrived.request.expect_continue;
  const Operation operation = arrived.operation;
  const std::string header_label = header(arrived.request, "label");
  const std::string label = header_label.empty() ? query_label(arrived.request.target) : header_label;
  expire();
  const Transaction* const transaction = find(label);
  const bool frontend_answers =
      operation == Operation::kQuery ||
      ((operation == Operation::kCommit || operation == Operation::kRollback) &&
       (transaction == nullptr || transaction->state != State::kPrepare));
  const bool processes = arrived.at_backend || frontend_answers;
  Fault fault = faults_.draw(operation, random_);
  if (redirects(fault) && arrived.at_backend) fault = Fault::kNone;
  if (needs_processing(fault) && !processes) fault = Fault::kNone;
  if (fault != Fault::kNone) grid_.hit(fault, operation);

  if (fault == Fault::kRefused) {
    co_await sleep_for(1ms);
    co_return Error{Errc::kConnectFailed, Certainty::kNotApplied, "refused"};
  }
  const bool undisturbed = co_await sleep_for(std::chrono::milliseconds(1 + random_.below(20)));
  if (!undisturbed) {
    if (random_.chance(50)) tasks_.spawn(process_later(std::move(arrived), 50ms));
    co_return Error{Errc::kCancelled, Certainty::kUnknown, "cancelled"};
  }
  const Certainty unsent = expects ? Certainty::kNotApplied : Certainty::kUnknown;
  strike(fault, label);
  std::optional<Response> answer;
  Clock::duration delay{};
  switch (fault) {
    case Fault::kResetBefore:
      co_return Error{Errc::kConnectionLost, unsent, "reset before processing"};
    case Fault::kTimeoutBefore: {
      const Deadline end = expects ? std::min(deadline, Clock::now() + kExpectTimeout) : deadline;
      co_await sleep_until(end);
      co_return Error{Errc::kDeadlineExceeded, unsent, "no answer"};
    }
    case Fault::kServerError: {
      if (processes && random_.chance(50)) static_cast<void>(process(arrived));
      Response unavailable;
      unavailable.status = 503;
      unavailable.body = "<html>busy</html>";
      co_return unavailable;
    }
    case Fault::kForeignRedirect: co_return redirect("foreign.example", 8040, arrived.request.target);
    case Fault::kDeadRedirect: co_return redirect("dead1", kBackendPort, arrived.request.target);
    case Fault::kRedirectLoop:
      co_return redirect(endpoint.host, endpoint.port, arrived.request.target);
    case Fault::kFailedWord:
      if (operation == Operation::kQuery) {
        co_return json(R"({"status":"FAILED","code":"1","msg":"busy","message":"busy"})");
      }
      co_return operation == Operation::kStreamLoad
          ? json(R"({"TxnId":-1,"Label":")" + label + R"(","Status":"Fail","Message":"some trouble"})")
          : failure("INTERNAL_ERROR", "some trouble");
    case Fault::kInProcessing:
      co_return json(fmt::format(
          R"({{"Status":"TXN_IN_PROCESSING","Label":"{}","Message":"Transaction is in processing"}})",
          label));
    case Fault::kTooManyTransactions: {
      constexpr std::string_view kText = "current running txns on db 1 is 1000, larger than limit 1000";
      co_return operation == Operation::kStreamLoad
          ? json(fmt::format(R"({{"TxnId":-1,"Label":"{}","Status":"Fail","Message":"{}"}})", label,
                             kText))
          : failure("ANALYSIS_ERROR", kText);
    }
    case Fault::kTooManyVersions: {
      constexpr std::string_view kText =
          "Failed to load data into tablet 7, because of too many versions, current/limit: "
          "1001/1000. You can reduce the loading job concurrency, or increase loading data batch "
          "size.";
      if (operation == Operation::kStreamLoad) {
        if (find(label) == nullptr) {
          Transaction aborted;
          aborted.id = ++next_id_;
          aborted.state = State::kAborted;
          transactions_[label] = aborted;
        }
        co_return json(fmt::format(R"({{"TxnId":{},"Label":"{}","Status":"Fail","Message":"{}"}})",
                                   next_id_, label, kText));
      }
      if (Transaction* open = find(label)) abort(*open, std::string(kText));
      co_return failure("INTERNAL_ERROR", kText);
    }
    case Fault::kUnauthorized: {
      Response refused;
      refused.status = 401;
      refused.body =
          R"({"status":"FAILED","code":"1","msg":"Access denied for u@1.2.3.4","message":"Access denied for u@1.2.3.4"})";
      co_return refused;
    }
    case Fault::kTornBody: {
      std::string part = arrived.request.body.to_string();
      part.resize(random_.below(part.size() + 1));
      // A plain Stream Load is cancelled with its connection; a transaction keeps what arrived (E1).
      if (operation == Operation::kLoad) static_cast<void>(load(arrived, std::move(part)));
      co_return Error{Errc::kConnectionLost, Certainty::kUnknown, "reset in the body"};
    }
    case Fault::kDelayedDuplicate: {
      const auto later = std::chrono::milliseconds(100 + random_.below(60'000));
      tasks_.spawn(process_later(arrived, later));
      break;
    }
    case Fault::kSlow: delay = std::chrono::seconds(60 + random_.below(240)); break;
    default: break;
  }
  answer = process(arrived);
  if (fault == Fault::kResetAfter) {
    co_return Error{Errc::kConnectionLost, Certainty::kUnknown, "reset after processing"};
  }
  if (fault == Fault::kTimeoutAfter) delay = std::max<Clock::duration>(deadline - Clock::now(), 0s);
  if (fault == Fault::kMalformedReply) answer->body = answer->body.substr(0, answer->body.size() / 2);
  if (fault == Fault::kSlowPublish && answer->body.find(R"("Status":"OK")") != std::string::npos) {
    answer = frontend_failure("publish timeout: 20000, transactionId=7");
  } else if (fault == Fault::kSlowPublish) {
    const auto at = answer->body.find(R"("Status":"Success")");
    if (at != std::string::npos) answer->body.replace(at, 18, R"("Status":"Publish Timeout")");
  }
  if (delay == 0s) delay = std::chrono::milliseconds(random_.below(20));
  const Deadline end = std::min(deadline, Clock::now() + delay);
  const bool waited = co_await sleep_until(end);
  if (!waited) co_return Error{Errc::kCancelled, Certainty::kUnknown, "cancelled"};
  if (Clock::now() >= deadline) {
    co_return Error{Errc::kDeadlineExceeded, Certainty::kUnknown, "no answer in time"};
  }
  co_return std::move(*answer);
}

asio::awaitable<void> SimulatedStarrocks::process_later(Arrived arrived, Clock::duration delay) {
  co_await sleep_for(delay);
  static_cast<void>(process(arrived));
}

Response SimulatedStarrocks::process(const Arrived& arrived) {
  expire();
  const std::string& target = arrived.request.target;
  const std::string backend = random_.chance(50) ? "be1" : "be2";
  const auto to_backend = [&] { return redirect(backend, kBackendPort, target); };
  // A follower sends transactions and queries to the leader, loads to a backend (2.3, 5.3).
  const bool at_follower = arrived.endpoint.host == kFollower && !arrived.at_backend;
  if (at_follower && arrived.operation != Operation::kStreamLoad &&
      arrived.operation != Operation::kOther) {
    return redirect(kFrontend, kFrontendPort, target);
  }
  switch (arrived.operation) {
    case Operation::kBegin: return arrived.at_backend ? begin(arrived) : to_backend();
    case Operation::kLoad:
      return arrived.at_backend ? load(arrived, arrived.request.body.to_string()) : to_backend();
    case Operation::kPrepare: return arrived.at_backend ? prepare(arrived) : to_backend();
    case Operation::kStreamLoad: return arrived.at_backend ? stream_load(arrived) : to_backend();
    case Operation::kCommit: {
      const auto* open = find(header(arrived.request, "label"));
      if (!arrived.at_backend && open != nullptr && open->state == State::kPrepare) return to_backend();
      return commit(arrived);
    }
    case Operation::kRollback: {
      const auto* open = find(header(arrived.request, "label"));
      if (!arrived.at_backend && open != nullptr && open->state == State::kPrepare) return to_backend();
      return rollback(arrived);
    }
    case Operation::kQuery: return query(arrived);
    case Operation::kOther: break;
  }
  if (target.find("/_cancel") != std::string::npos) return cancel(arrived);
  if (target.find("/api/v2/feature") != std::string::npos) {
    return json(R"({"version":"3.5.0","features":[],"status":"OK"})");
  }
  if (target.find("/schema") != std::string::npos) {
    return json(
        R"({"code":"0","message":"OK","result":{"keysType":"DUP_KEYS","columns":[{"name":"line","type":{"name":"VARCHAR","columnSize":65533},"isKey":true,"isAllowNull":true}]}})");
  }
  Response missing;
  missing.status = 404;
  missing.body = "<html>this is 404 page.</html>";
  return missing;
}

Response SimulatedStarrocks::begin(const Arrived& arrived) {
  const std::string label = header(arrived.request, "label");
  if (const auto* known = find(label); known != nullptr && known->state != State::kAborted) {
    const bool finished = known->state == State::kVisible;
    return json(fmt::format(
        R"({{"Status":"LABEL_ALREADY_EXISTS","ExistingJobStatus":"{}","Message":"Label [{}] has already been used."}})",
        finished ? "FINISHED" : "RUNNING", label));
  }
  Transaction transaction;
  transaction.id = ++next_id_;
  transaction.table = header(arrived.request, "table");
  transaction.expires_at = Clock::now() + std::chrono::seconds(600);
  transactions_[label] = transaction;
  return json(fmt::format(
      R"({{"Status":"OK","Message":"","Label":"{}","TxnId":{},"BeginTxnTimeMs":0}})", label,
      transaction.id));
}

Response SimulatedStarrocks::load(const Arrived& arrived, std::string body) {
  const std::string label = header(arrived.request, "label");
  Transaction* open = find(label);
  if (open == nullptr || !open->context || open->state != State::kPrepare) {
    return failure("TXN_NOT_EXISTS", fmt::format("Transaction with label {} not exists", label));
  }
  const auto size = body.size();
  open->body += body;
  return json(fmt::format(
      R"({{"Status":"OK","Message":"","Label":"{}","TxnId":{},"LoadBytes":{},"StreamLoadPlanTimeMs":1,"ReceivedDataTimeMs":0}})",
      label, open->id, size));
}

Response SimulatedStarrocks::prepare(const Arrived& arrived) {
  const std::string label = header(arrived.request, "label");
  Transaction* open = find(label);
  if (open == nullptr || !open->context || open->state != State::kPrepare) {
    return failure("TXN_NOT_EXISTS", fmt::format("transaction with label {} not exists", label));
  }
  const auto rows = lines(open->body);
  if (rows.empty()) {
    abort(*open, "no data");
    return failure("INTERNAL_ERROR", "hasn't send any data yet");
  }
  if (std::any_of(rows.begin(), rows.end(), is_bad)) {
    abort(*open, "too many filtered rows");
    return failure("INTERNAL_ERROR", "too many filtered rows");
  }
  open->state = State::kPrepared;
  open->context = false;
  open->expires_at = Clock::now() + std::chrono::seconds(180);
  return json(fmt::format(
      R"({{"Status":"OK","Message":"","Label":"{}","TxnId":{},{},"LoadBytes":{}}})", label, open->id,
      counters(rows.size(), 0), open->body.size()));
}

Response SimulatedStarrocks::commit(const Arrived& arrived) {
  const std::string label = header(arrived.request, "label");
  Transaction* open = find(label);
  if (open == nullptr) {
    return frontend_failure(fmt::format("No transaction found by label {}", label));
  }
  if (open->state == State::kAborted) {
    return frontend_failure(
        fmt::format("Can not commit ABORTED transaction {}, label is {}", open->id, label));
  }
  if (open->state == State::kPrepare) {
    // One-phase commit of whatever is there (F6): it must never be asked for.
    if (!open->context) return failure("TXN_NOT_EXISTS", "not exists");
    publish(*open);
  } else if (open->state == State::kPrepared) {
    if (random_.chance(3) && faults_.draw(Operation::kCommit, random_) != Fault::kNone) {
      return frontend_failure("get database write lock timeout, transactionId=7, database=1");
    }
    publish(*open);
  }
  return json(
      fmt::format(R"({{"Label":"{}","Status":"OK","TxnId":{},"Message":""}})", label, open->id));
}

Response SimulatedStarrocks::rollback(const Arrived& arrived) {
  const std::string label = header(arrived.request, "label");
  Transaction* open = find(label);
  if (open == nullptr) {
    return frontend_failure(fmt::format("No transaction found by label {}", label));
  }
  switch (open->state) {
    case State::kVisible:
      return frontend_failure(
          fmt::format("Can not abort VISIBLE transaction {}, label is {}", open->id, label));
    case State::kPrepare:
      if (!open->context) {
        return failure("TXN_NOT_EXISTS", fmt::format("transaction with label {} not exists", label));
      }
      [[fallthrough]];
    case State::kPrepared: abort(*open, "transaction is aborted by user."); break;
    case State::kAborted: break;
  }
  return json(fmt::format(R"({{"Status":"OK","Message":"","Label":"{}"}})", label));
}

Response SimulatedStarrocks::cancel(const Arrived& arrived) {
  const std::string label = query_label(arrived.request.target);
  Transaction* open = find(label);
  if (open == nullptr || open->state != State::kPrepare) {
    return json(
        R"({"status":"FAILED","code":"1","msg":"transaction not found","message":"transaction not found"})");
  }
  abort(*open, "user cancel");
  return json(R"({"status":"OK","code":"0","msg":"Success","message":"OK"})");
}

Response SimulatedStarrocks::stream_load(const Arrived& arrived) {
  const std::string label = header(arrived.request, "label");
  if (const auto* known = find(label); known != nullptr && known->state != State::kAborted) {
    const bool finished = known->state == State::kVisible;
    return json(fmt::format(
        R"({{"TxnId":-1,"Label":"{}","Status":"Label Already Exists","ExistingJobStatus":"{}","Message":"Label [{}] has already been used."}})",
        label, finished ? "FINISHED" : "RUNNING", label));
  }
  Transaction transaction;
  transaction.id = ++next_id_;
  transaction.table = table_of(arrived.request.target);
  transaction.body = arrived.request.body.to_string();
  const auto rows = lines(transaction.body);
  const auto bad = static_cast<std::size_t>(std::count_if(rows.begin(), rows.end(), is_bad));
  const auto id = transaction.id;
  const auto bytes = transaction.body.size();
  std::string status = "Success";
  std::string message = "OK";
  transactions_[label] = std::move(transaction);
  if (bad > 0) {
    status = "Fail";
    message = "too many filtered rows";
    abort(transactions_[label], message);
  } else {
    publish(transactions_[label]);
  }
  return json(fmt::format(
      R"({{"TxnId":{},"Label":"{}","Status":"{}","Message":"{}",{},"LoadBytes":{},"LoadTimeMs":1}})", id,
      label, status, message, counters(rows.size(), bad), bytes));
}

Response SimulatedStarrocks::query(const Arrived& arrived) {
  const auto* known = find(query_label(arrived.request.target));
  std::string state = "UNKNOWN";
  if (known != nullptr) {
    switch (known->state) {
      case State::kPrepare: state = "PREPARE"; break;
      case State::kPrepared: state = "PREPARED"; break;
      case State::kVisible: state = "VISIBLE"; break;
      case State::kAborted: state = "ABORTED"; break;
    }
  }
  return json(fmt::format(
      R"({{"state":"{}","reason":"","status":"OK","code":"0","msg":"Success","message":"OK"}})", state));
}

void SimulatedStarrocks::strike(Fault fault, const std::string& label) {
  switch (fault) {
    case Fault::kLeaderChange:
      std::erase_if(transactions_,
                    [](const auto& entry) { return entry.second.state == State::kPrepare; });
      break;
    case Fault::kBackendRestart:
      for (auto& [name, open] : transactions_) {
        if (open.state != State::kPrepare) continue;
        open.context = false;
        open.expires_at = std::min(open.expires_at, Clock::now() + std::chrono::seconds(30));
      }
      break;
    case Fault::kTransactionTimeout:
      if (Transaction* open = find(label)) {
        if (open->state == State::kPrepare) abort(*open, "timeout by txn manager");
      }
      break;
    case Fault::kLabelEvicted:
      std::erase_if(transactions_, [this](const auto& entry) {
        if (entry.second.state == State::kVisible) ++evictions_;
        return entry.second.state == State::kVisible || entry.second.state == State::kAborted;
      });
      break;
    default: break;
  }
}

void SimulatedStarrocks::expire() {
  for (auto& [label, open] : transactions_) {
    const bool running = open.state == State::kPrepare || open.state == State::kPrepared;
    if (running && Clock::now() >= open.expires_at) abort(open, "timeout by txn manager");
  }
}

void SimulatedStarrocks::publish(Transaction& transaction) {
  for (const auto& row : lines(transaction.body)) ++tables_[transaction.table][row];
  transaction.state = State::kVisible;
  transaction.context = false;
  transaction.body.clear();
  ++visible_loads_;
}

void SimulatedStarrocks::abort(Transaction& transaction, std::string reason) {
  transaction.state = State::kAborted;
  transaction.context = false;
  transaction.reason = std::move(reason);
  transaction.body.clear();
}

SimulatedStarrocks::Transaction* SimulatedStarrocks::find(const std::string& label) {
  const auto found = transactions_.find(label);
  return found == transactions_.end() ? nullptr : &found->second;
}

const std::map<std::string, unsigned>& SimulatedStarrocks::rows(const std::string& table) const {
  static const std::map<std::string, unsigned> kNone;
  const auto found = tables_.find(table);
  return found == tables_.end() ? kNone : found->second;
}

}  // namespace loadstar::simulation
