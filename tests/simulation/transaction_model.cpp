#include "tests/simulation/transaction_model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace loadstar::simulation {

using http::Response;
using State = TransactionState;

Response json(std::string body) {
  Response response;
  response.status = 200;
  response.body = std::move(body);
  return response;
}

Response failure(std::string_view status, std::string_view message) {
  return json(fmt::format(R"({{"Status":"{}","Message":"{}"}})", status, message));
}

Response frontend_failure(std::string_view message) {
  return failure("FAILED",
                 fmt::format("class com.starrocks.common.StarRocksException: {}", message));
}

std::vector<std::string> lines(const std::string& body) {
  std::vector<std::string> rows;
  std::size_t start = 0;
  while (start < body.size()) {
    // Rows end with a line feed, or with \x02 where the daemon wrote them (D7).
    auto end = body.find_first_of("\n\x02", start);
    if (end == std::string::npos) end = body.size();
    if (end > start) rows.push_back(body.substr(start, end - start));
    start = end + 1;
  }
  return rows;
}

namespace {

bool is_bad(const std::string& row) { return row.find("BAD") != std::string::npos; }

std::string counters(std::size_t total, std::size_t filtered) {
  return fmt::format(
      R"("NumberTotalRows":{},"NumberLoadedRows":{},"NumberFilteredRows":{},"NumberUnselectedRows":0)",
      total, total - filtered, filtered);
}

std::string_view word(State state) {
  switch (state) {
    case State::kPrepare:
      return "PREPARE";
    case State::kPrepared:
      return "PREPARED";
    case State::kCommitted:
      return "COMMITTED";
    case State::kVisible:
      return "VISIBLE";
    case State::kAborted:
      return "ABORTED";
  }
  return "UNKNOWN";
}

bool is_committed(State state) { return state == State::kCommitted || state == State::kVisible; }

Response begun(const std::string& label, std::int64_t id) {
  return json(fmt::format(
      R"({{"Status":"OK","Message":"","Label":"{}","TxnId":{},"BeginTxnTimeMs":0}})", label, id));
}

Response not_exists(const std::string& label) {
  return failure("TXN_NOT_EXISTS", fmt::format("Transaction with label {} not exists", label));
}

}  // namespace

Response TransactionModel::begin(const std::string& label, const std::string& table,
                                 std::chrono::seconds timeout) {
  if (const auto* known = find(label); known != nullptr && known->state != State::kAborted) {
    if (behaviour_.begin_is_idempotent && known->state == State::kPrepare && known->context) {
      return begun(label, known->id);
    }
    return json(fmt::format(
        R"({{"Status":"LABEL_ALREADY_EXISTS","ExistingJobStatus":"{}","Message":"Label [{}] has already been used."}})",
        is_committed(known->state) ? "FINISHED" : "RUNNING", label));
  }
  Transaction transaction;
  transaction.id = ++next_id_;
  transaction.table = table;
  transaction.begun_at = Clock::now();
  transaction.expires_at = Clock::now() + timeout;
  due_ = std::min(due_, transaction.expires_at);
  transactions_[label] = transaction;
  return begun(label, transaction.id);
}

Response TransactionModel::load(const std::string& label, std::string body) {
  Transaction* open = find(label);
  if (open == nullptr || !open->context || open->state != State::kPrepare) return not_exists(label);
  const auto size = body.size();
  open->body += body;
  return json(fmt::format(
      R"({{"Status":"OK","Message":"","Label":"{}","TxnId":{},"LoadBytes":{},"StreamLoadPlanTimeMs":1,"ReceivedDataTimeMs":0}})",
      label, open->id, size));
}

Response TransactionModel::prepare(const std::string& label,
                                   std::chrono::seconds prepared_timeout) {
  Transaction* open = find(label);
  if (open == nullptr || !open->context || open->state != State::kPrepare) return not_exists(label);
  const auto rows = lines(open->body);
  if (rows.empty()) return refuse_empty(*open);
  if (std::any_of(rows.begin(), rows.end(), is_bad)) {
    abort(*open, "too many filtered rows");
    return failure("INTERNAL_ERROR", "too many filtered rows");
  }
  open->state = State::kPrepared;
  open->context = false;
  open->expires_at = Clock::now() + std::min(prepared_timeout, behaviour_.longest_prepared);
  due_ = std::min(due_, open->expires_at);
  return json(
      fmt::format(R"({{"Status":"OK","Message":"","Label":"{}","TxnId":{},{},"LoadBytes":{}}})",
                  label, open->id, counters(rows.size(), 0), open->body.size()));
}

/// F5: without any data, prepare and commit fail and roll back.
Response TransactionModel::refuse_empty(Transaction& transaction) {
  abort(transaction, "no data");
  return failure("INTERNAL_ERROR", "hasn't send any data yet");
}

Response TransactionModel::commit(const std::string& label, bool slowly) {
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
    if (!open->context) return not_exists(label);
    if (lines(open->body).empty()) return refuse_empty(*open);
    publish(label, *open, slowly, true);
  } else if (open->state == State::kPrepared) {
    publish(label, *open, slowly, false);
  }
  if (open->state == State::kCommitted) {
    return frontend_failure(fmt::format("publish timeout: 20000, transactionId={}", open->id));
  }
  return json(
      fmt::format(R"({{"Label":"{}","Status":"OK","TxnId":{},"Message":""}})", label, open->id));
}

Response TransactionModel::rollback(const std::string& label) {
  Transaction* open = find(label);
  if (open == nullptr) {
    return frontend_failure(fmt::format("No transaction found by label {}", label));
  }
  switch (open->state) {
    case State::kCommitted:
    case State::kVisible:
      return frontend_failure(fmt::format("Can not abort {} transaction {}, label is {}",
                                          word(open->state), open->id, label));
    case State::kPrepare:
      if (!open->context) return not_exists(label);
      [[fallthrough]];
    case State::kPrepared:
      abort(*open, "transaction is aborted by user.");
      break;
    case State::kAborted:
      break;
  }
  return json(fmt::format(R"({{"Status":"OK","Message":"","Label":"{}"}})", label));
}

Response TransactionModel::cancel(const std::string& label) {
  Transaction* open = find(label);
  if (open == nullptr || open->state != State::kPrepare) {
    return json(
        R"({"status":"FAILED","code":"1","msg":"transaction not found","message":"transaction not found"})");
  }
  abort(*open, "user cancel");
  return json(R"({"status":"OK","code":"0","msg":"Success","message":"OK"})");
}

Response TransactionModel::stream_load(const std::string& label, const std::string& table,
                                       std::string body, bool slowly) {
  if (const auto* known = find(label); known != nullptr && known->state != State::kAborted) {
    return json(fmt::format(
        R"({{"TxnId":-1,"Label":"{}","Status":"Label Already Exists","ExistingJobStatus":"{}","Message":"Label [{}] has already been used."}})",
        label, is_committed(known->state) ? "FINISHED" : "RUNNING", label));
  }
  Transaction transaction;
  transaction.id = ++next_id_;
  transaction.table = table;
  transaction.body = std::move(body);
  const auto rows = lines(transaction.body);
  const auto bad = static_cast<std::size_t>(std::count_if(rows.begin(), rows.end(), is_bad));
  const auto id = transaction.id;
  const auto bytes = transaction.body.size();
  std::string status = slowly ? "Publish Timeout" : "Success";
  std::string message = "OK";
  transactions_[label] = std::move(transaction);
  if (bad > 0) {
    status = "Fail";
    message = "too many filtered rows";
    abort(transactions_[label], message);
  } else {
    publish(label, transactions_[label], slowly, false);
  }
  return json(fmt::format(
      R"({{"TxnId":{},"Label":"{}","Status":"{}","Message":"{}",{},"LoadBytes":{},"LoadTimeMs":1}})",
      id, label, status, message, counters(rows.size(), bad), bytes));
}

Response TransactionModel::query(const std::string& label) {
  const auto* known = find(label);
  return json(fmt::format(
      R"({{"state":"{}","reason":"","status":"OK","code":"0","msg":"Success","message":"OK"}})",
      known == nullptr ? "UNKNOWN" : word(known->state)));
}

void TransactionModel::leader_change() {
  std::erase_if(transactions_,
                [](const auto& entry) { return entry.second.state == State::kPrepare; });
}

void TransactionModel::backend_restart() {
  for (auto& [name, open] : transactions_) {
    if (open.state != State::kPrepare) continue;
    open.context = false;
    open.expires_at = std::min(open.expires_at, Clock::now() + std::chrono::seconds(30));
    due_ = std::min(due_, open.expires_at);
  }
}

void TransactionModel::time_out(const std::string& label) {
  Transaction* open = find(label);
  if (open != nullptr && open->state == State::kPrepare) abort(*open, "timeout by txn manager");
}

void TransactionModel::evict() {
  std::erase_if(transactions_, [this](const auto& entry) {
    const bool committed = is_committed(entry.second.state);
    if (committed && behaviour_.forgets_committed) forgotten_.insert(entry.first);
    return (committed && behaviour_.forgets_committed) || entry.second.state == State::kAborted;
  });
}

std::int64_t TransactionModel::fail_load(const std::string& label, std::string reason) {
  Transaction* open = find(label);
  if (open == nullptr) {
    open = &transactions_[label];
    open->id = ++next_id_;
  }
  if (open->state == State::kPrepare) abort(*open, std::move(reason));
  return open->id;
}

void TransactionModel::expire() {
  const auto now = Clock::now();
  if (now < due_) return;
  due_ = kNever;
  for (auto& [label, open] : transactions_) {
    if (open.state == State::kPrepare || open.state == State::kPrepared) {
      if (now >= open.expires_at) {
        abort(open, "timeout by txn manager");
      } else {
        due_ = std::min(due_, open.expires_at);
      }
    } else if (open.state == State::kCommitted) {
      if (now >= open.visible_at) {
        open.state = State::kVisible;
      } else {
        due_ = std::min(due_, open.visible_at);
      }
    }
  }
}

void TransactionModel::publish(const std::string& label, Transaction& transaction, bool slowly,
                               bool one_phase) {
  ++commits_;
  for (const auto& row : lines(transaction.body)) ++tables_[transaction.table][row];
  transaction.state = slowly ? State::kCommitted : State::kVisible;
  transaction.visible_at = Clock::now() + std::chrono::milliseconds(1000 + random_.below(60'000));
  if (slowly) due_ = std::min(due_, transaction.visible_at);
  transaction.context = false;
  if (on_commit_) on_commit_(label, transaction, one_phase);
}

void TransactionModel::abort(Transaction& transaction, std::string reason) {
  transaction.state = State::kAborted;
  transaction.context = false;
  transaction.reason = std::move(reason);
  transaction.body.clear();
}

TransactionModel::Transaction* TransactionModel::find(const std::string& label) {
  const auto found = transactions_.find(label);
  return found == transactions_.end() ? nullptr : &found->second;
}

std::optional<State> TransactionModel::state(const std::string& label) const {
  const auto found = transactions_.find(label);
  if (found == transactions_.end()) return std::nullopt;
  return found->second.state;
}

const std::map<std::string, unsigned>& TransactionModel::rows(const std::string& table) const {
  static const std::map<std::string, unsigned> kNone;
  const auto found = tables_.find(table);
  return found == tables_.end() ? kNone : found->second;
}

}  // namespace loadstar::simulation
