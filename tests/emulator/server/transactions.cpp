#include "tests/emulator/server/transactions.hpp"

#include "tests/emulator/server/json.hpp"

#include <algorithm>

namespace emulator {
inline namespace server {
namespace {

constexpr std::string_view kTransactionKey = "server/transaction/";
constexpr std::string_view kStagedKey = "server/staged/";
constexpr const char* kNextIdKey = "server/next_id";
/// Ids are reserved in blocks, so that a killed emulator never gives one out twice.
constexpr std::int64_t kIdBlock = 1000;
constexpr std::int64_t kFirstDatabaseId = 10004;

std::string key_of(std::string_view prefix, std::int64_t id) {
  return std::string(prefix) + std::to_string(id);
}

EngineError analysis(std::string message) { return {std::move(message), "ANALYSIS_ERROR"}; }

bool valid_label(const std::string& label) {
  if (label.empty() || label.size() > 128) return false;
  return std::all_of(label.begin(), label.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  });
}

std::optional<TransactionState> parse_state(const std::string& name) {
  for (const auto state :
       {TransactionState::kPrepare, TransactionState::kPrepared, TransactionState::kCommitted,
        TransactionState::kVisible, TransactionState::kAborted}) {
    if (name == name_of(state)) return state;
  }
  return std::nullopt;
}

}  // namespace

std::string_view name_of(TransactionState state) {
  switch (state) {
    case TransactionState::kPrepare:
      return "PREPARE";
    case TransactionState::kPrepared:
      return "PREPARED";
    case TransactionState::kCommitted:
      return "COMMITTED";
    case TransactionState::kVisible:
      return "VISIBLE";
    case TransactionState::kAborted:
      return "ABORTED";
  }
  return "UNKNOWN";
}

std::string BeginReply::existing_job_status() const {
  const bool finished =
      existing == TransactionState::kCommitted || existing == TransactionState::kVisible;
  return finished ? "FINISHED" : "RUNNING";
}

Transactions::Transactions(Engine& engine, Clock& clock, const Config& config, const Access& access)
    : engine_(engine), clock_(clock), config_(config), access_(access) {
  next_scan_ = clock_.now() + std::chrono::seconds(config_.transaction_clean_interval_second);
  load();
}

std::optional<EngineError> Transactions::check_begin(const BeginRequest& request) {
  if (config_.disable_load_job) {
    return analysis(
        "Failed to begin transaction: disable_load_job is set to true, all load jobs are rejected");
  }
  if (request.credentials) {
    const Credentials& who = *request.credentials;
    if (!access_.authenticate(who)) {
      return analysis("Access denied for user '" + who.user +
                      "' (using password: " + (who.password.empty() ? "NO" : "YES") + ")");
    }
    if (!access_.may_insert(who.user, request.database, request.table)) {
      return analysis(
          "Access denied; you need (at least one of) the INSERT privilege(s) for this operation");
    }
  }
  if (config_.stream_load_max_txn_num_per_be >= 0 && request.coordinator_type == "BE") {
    const auto here =
        std::count_if(transactions_.begin(), transactions_.end(), [&](const auto& item) {
          return item.second.running() && item.second.coordinator_type == "BE" &&
                 item.second.coordinator == request.coordinator;
        });
    if (here >= config_.stream_load_max_txn_num_per_be) {
      return analysis("streamload txn num per be exceeds limit, be: 127.0.0.1, txn_num: " +
                      std::to_string(here) +
                      ", limit: " + std::to_string(config_.stream_load_max_txn_num_per_be));
    }
  }
  if (request.label.empty()) return analysis("empty label in begin request");
  if (!engine_.has_database(request.database)) {
    return analysis("unknown database, database=" + request.database);
  }
  if (request.check_table && !engine_.table(request.database, request.table)) {
    return analysis("unknown table \"" + request.database + "." + request.table + "\"");
  }
  if (!valid_label(request.label)) {
    // An unchecked exception in the leader: the transaction interface shows INTERNAL_ERROR (5.4).
    return EngineError{
        "Getting analyzing error. Detail message: Label format error. regex: ^[-\\w]{1,128}$, "
        "label: " +
            request.label + ".",
        "INTERNAL_ERROR"};
  }
  if (request.timeout_seconds &&
      (*request.timeout_seconds < config_.min_load_timeout_second ||
       *request.timeout_seconds > config_.max_stream_load_timeout_second)) {
    return analysis("Invalid timeout: '" + std::to_string(*request.timeout_seconds) +
                    "'. Expected values should be between " +
                    std::to_string(config_.min_load_timeout_second) + " and " +
                    std::to_string(config_.max_stream_load_timeout_second) + " seconds");
  }
  return std::nullopt;
}

std::optional<EngineError> Transactions::check_running(const BeginRequest& request) {
  const std::int64_t now_running = running(request.database);
  if (now_running < config_.max_running_txn_num_per_db) return std::nullopt;
  return analysis("current running txns on db " + std::to_string(database_id(request.database)) +
                  " is " + std::to_string(now_running) + ", larger than limit " +
                  std::to_string(config_.max_running_txn_num_per_db));
}

BeginReply Transactions::begin(const BeginRequest& request) {
  BeginReply reply;
  reply.error = check_begin(request);
  if (reply.error) return reply;
  const Transaction* const other = newest(request.database, request.label);
  if (other != nullptr && other->state != TransactionState::kAborted) {
    reply.existing = other->state;
    reply.existing_id = other->id;
    reply.error =
        EngineError{"Label [" + request.label + "] has already been used.", "LABEL_ALREADY_EXISTS"};
    if (config_.begin_rolls_back_reused_label) abort(other->id, "label reused");
    return reply;
  }
  reply.error = check_running(request);
  if (reply.error) return reply;

  Transaction transaction;
  transaction.id = take_id();
  transaction.database = request.database;
  transaction.table = request.table;
  transaction.label = request.label;
  transaction.coordinator_type = request.coordinator_type;
  transaction.coordinator = request.coordinator;
  transaction.begun = clock_.now();
  transaction.timeout = request.timeout_seconds
                            ? milliseconds(std::chrono::seconds(*request.timeout_seconds))
                            : default_timeout();
  labels_[{request.database, request.label}].insert(transaction.id);
  const auto [place, inserted] = transactions_.emplace(transaction.id, transaction);
  reply.transaction = inserted ? &place->second : nullptr;
  return reply;
}

const Transaction* Transactions::find(std::int64_t id) const {
  const auto found = transactions_.find(id);
  return found == transactions_.end() ? nullptr : &found->second;
}

const Transaction* Transactions::newest(const std::string& database,
                                        const std::string& label) const {
  const auto found = labels_.find({database, label});
  return found == labels_.end() ? nullptr : find(*found->second.rbegin());
}

std::vector<const Transaction*> Transactions::all() const {
  std::vector<const Transaction*> list;
  for (const auto& [id, transaction] : transactions_) list.push_back(&transaction);
  return list;
}

std::optional<EngineError> Transactions::check_prepare(std::int64_t id,
                                                       std::int64_t loaded_rows) const {
  const Transaction* const transaction = find(id);
  if (transaction == nullptr) return analysis("transaction not found: " + std::to_string(id));
  if (transaction->state == TransactionState::kAborted) return analysis(transaction->reason);
  if (transaction->state != TransactionState::kPrepare) {
    return analysis("transaction " + std::to_string(id) + " is already " +
                    std::string(name_of(transaction->state)));
  }
  if (config_.disable_load_job) {
    return analysis("disable_load_job is set to true, all load jobs are prevented");
  }
  if (loaded_rows == 0 && config_.empty_load_as_error) {
    return analysis(
        "No partitions have data available for loading. If you are sure there may be no data to be "
        "loaded, you can use `ADMIN SET FRONTEND CONFIG ('empty_load_as_error' = 'false')` to "
        "ensure "
        "such load jobs can succeed");
  }
  return std::nullopt;
}

void Transactions::stage(std::int64_t id, const std::vector<LoadPlan*>& plans) {
  // The mark comes first: rows whose transaction never got its record are found at the next start.
  engine_.put(key_of(kStagedKey, id), "");
  for (LoadPlan* plan : plans) engine_.stage(id, *plan);
}

std::optional<EngineError> Transactions::prepare(
    std::int64_t id, const std::vector<LoadPlan*>& plans, std::int64_t loaded_rows,
    std::optional<std::int64_t> prepared_timeout_seconds) {
  auto error = check_prepare(id, loaded_rows);
  if (error) return error;
  stage(id, plans);
  Transaction& transaction = transactions_.at(id);
  transaction.state = TransactionState::kPrepared;
  transaction.prepared = clock_.now();
  transaction.prepared_timeout = std::chrono::seconds(
      prepared_timeout_seconds.value_or(config_.prepared_transaction_default_timeout_second));
  save(transaction);
  return std::nullopt;
}

std::optional<EngineError> Transactions::commit_prepare(std::int64_t id,
                                                        const std::vector<LoadPlan*>& plans,
                                                        std::int64_t loaded_rows,
                                                        std::optional<milliseconds> publish_delay) {
  auto error = check_prepare(id, loaded_rows);
  if (error) return error;
  stage(id, plans);
  set_committed(transactions_.at(id), publish_delay);
  return std::nullopt;
}

void Transactions::commit_prepared(std::int64_t id, std::optional<milliseconds> publish_delay) {
  Transaction& transaction = transactions_.at(id);
  if (transaction.state == TransactionState::kPrepared) set_committed(transaction, publish_delay);
}

void Transactions::set_committed(Transaction& transaction,
                                 std::optional<milliseconds> publish_delay) {
  const milliseconds delay = publish_delay.value_or(milliseconds(config_.publish_delay_ms));
  transaction.state = TransactionState::kCommitted;
  transaction.visible_at = clock_.now() + delay;
  save(transaction);
  if (delay.count() <= 0) {
    publish(transaction);
    return;
  }
  publishing_.emplace(transaction.visible_at, transaction.id);
  clock_.wake();
}

void Transactions::publish(Transaction& transaction) {
  engine_.publish(transaction.id);
  transaction.state = TransactionState::kVisible;
  transaction.finished = clock_.now();
  save(transaction);
  engine_.erase(key_of(kStagedKey, transaction.id));
}

bool Transactions::abort(std::int64_t id, const std::string& reason) {
  const auto found = transactions_.find(id);
  if (found == transactions_.end()) return false;
  Transaction& transaction = found->second;
  const bool prepared = transaction.state == TransactionState::kPrepared;
  if (!prepared && transaction.state != TransactionState::kPrepare) return false;
  transaction.state = TransactionState::kAborted;
  transaction.reason = reason;
  transaction.finished = clock_.now();
  save(transaction);
  if (prepared) {
    engine_.discard(id);
    engine_.erase(key_of(kStagedKey, id));
  }
  clock_.wake();
  return true;
}

milliseconds Transactions::default_timeout() const {
  return std::chrono::seconds(config_.stream_load_default_timeout_second);
}

asio::awaitable<bool> Transactions::wait_visible(std::int64_t id, milliseconds deadline) {
  for (;;) {
    const Transaction* const transaction = find(id);
    if (transaction == nullptr || transaction->state != TransactionState::kCommitted)
      co_return true;
    const milliseconds due = transaction->visible_at;
    if (clock_.now() >= due) {
      tick();
      continue;
    }
    if (clock_.now() >= deadline) co_return false;
    const bool running_on = co_await clock_.wait_until(std::min(deadline, due));
    if (!running_on) co_return false;
  }
}

void Transactions::tick() {
  const milliseconds now = clock_.now();
  while (!publishing_.empty() && publishing_.begin()->first <= now) {
    const std::int64_t id = publishing_.begin()->second;
    publishing_.erase(publishing_.begin());
    const auto found = transactions_.find(id);
    if (found != transactions_.end() && found->second.state == TransactionState::kCommitted) {
      publish(found->second);
    }
  }
  if (now < next_scan_) return;
  next_scan_ = now + std::chrono::seconds(config_.transaction_clean_interval_second);
  expire();
  evict();
}

milliseconds Transactions::next_tick() const {
  return publishing_.empty() ? next_scan_ : std::min(next_scan_, publishing_.begin()->first);
}

void Transactions::expire() {
  const milliseconds now = clock_.now();
  std::vector<std::int64_t> expired;
  for (const auto& [id, transaction] : transactions_) {
    const bool unprepared = transaction.state == TransactionState::kPrepare &&
                            now > transaction.begun + transaction.timeout;
    const bool uncommitted = transaction.state == TransactionState::kPrepared &&
                             now > transaction.prepared + transaction.prepared_timeout;
    if (unprepared || uncommitted) expired.push_back(id);
  }
  for (const std::int64_t id : expired) abort(id, "timeout by txn manager");
}

void Transactions::evict() {
  const milliseconds now = clock_.now();
  std::map<std::string, std::int64_t> counts;
  std::vector<const Transaction*> finished;
  for (const auto& [id, transaction] : transactions_) {
    ++counts[transaction.database];
    if (!transaction.running()) finished.push_back(&transaction);
  }
  std::stable_sort(
      finished.begin(), finished.end(),
      [](const Transaction* a, const Transaction* b) { return a->finished < b->finished; });
  for (const Transaction* transaction : finished) {
    std::int64_t& count = counts[transaction->database];
    const bool old =
        now - transaction->finished > std::chrono::seconds(config_.label_keep_max_second);
    if (!old && count <= config_.label_keep_max_num) continue;
    --count;
    forget(transaction->id);
  }
}

void Transactions::forget(std::int64_t id) {
  const Transaction transaction = transactions_.at(id);
  transactions_.erase(id);
  const auto label = labels_.find({transaction.database, transaction.label});
  label->second.erase(id);
  if (label->second.empty()) labels_.erase(label);
  engine_.erase(key_of(kTransactionKey, id));
}

void Transactions::forget_prepare() {
  std::vector<std::int64_t> lost;
  for (const auto& [id, transaction] : transactions_) {
    if (transaction.state == TransactionState::kPrepare) lost.push_back(id);
  }
  for (const std::int64_t id : lost) forget(id);
}

void Transactions::backend_lost(std::size_t backend) {
  std::vector<std::int64_t> lost;
  for (const auto& [id, transaction] : transactions_) {
    if (transaction.state == TransactionState::kPrepare && transaction.coordinator_type == "BE" &&
        transaction.coordinator == backend) {
      lost.push_back(id);
    }
  }
  for (const std::int64_t id : lost) abort(id, "coordinate BE is down");
}

void Transactions::set_next_id(std::int64_t id) {
  next_id_ = id;
  reserved_id_ = 0;
}

std::int64_t Transactions::database_id(const std::string& database) {
  const auto next = kFirstDatabaseId + static_cast<std::int64_t>(database_ids_.size());
  return database_ids_.emplace(database, next).first->second;
}

std::int64_t Transactions::running(const std::string& database) const {
  return std::count_if(transactions_.begin(), transactions_.end(), [&](const auto& item) {
    return item.second.running() && item.second.database == database;
  });
}

std::int64_t Transactions::take_id() {
  if (next_id_ >= reserved_id_) {
    reserved_id_ = next_id_ + kIdBlock;
    engine_.put(kNextIdKey, std::to_string(reserved_id_));
  }
  return next_id_++;
}

void Transactions::save(const Transaction& transaction) {
  const Json json = {{"database", transaction.database},
                     {"table", transaction.table},
                     {"label", transaction.label},
                     {"state", name_of(transaction.state)},
                     {"reason", transaction.reason},
                     {"coordinator_type", transaction.coordinator_type},
                     {"coordinator", transaction.coordinator},
                     {"begun", transaction.begun.count()},
                     {"timeout", transaction.timeout.count()},
                     {"prepared", transaction.prepared.count()},
                     {"prepared_timeout", transaction.prepared_timeout.count()},
                     {"visible_at", transaction.visible_at.count()},
                     {"finished", transaction.finished.count()}};
  engine_.put(key_of(kTransactionKey, transaction.id), plain_json(json));
}

void Transactions::load() {
  const auto next = engine_.scan(kNextIdKey);
  if (!next.empty()) next_id_ = std::stoll(next.begin()->second);
  for (const auto& [key, value] : engine_.scan(std::string(kTransactionKey))) {
    const Json json = Json::parse(value);
    Transaction transaction;
    transaction.id = std::stoll(key.substr(kTransactionKey.size()));
    transaction.database = json.at("database");
    transaction.table = json.at("table");
    transaction.label = json.at("label");
    transaction.state = parse_state(json.at("state")).value_or(TransactionState::kAborted);
    transaction.reason = json.at("reason");
    transaction.coordinator_type = json.at("coordinator_type");
    transaction.coordinator = json.at("coordinator");
    transaction.begun = milliseconds(json.at("begun").get<std::int64_t>());
    transaction.timeout = milliseconds(json.at("timeout").get<std::int64_t>());
    transaction.prepared = milliseconds(json.at("prepared").get<std::int64_t>());
    transaction.prepared_timeout = milliseconds(json.at("prepared_timeout").get<std::int64_t>());
    transaction.visible_at = milliseconds(json.at("visible_at").get<std::int64_t>());
    transaction.finished = milliseconds(json.at("finished").get<std::int64_t>());
    labels_[{transaction.database, transaction.label}].insert(transaction.id);
    transactions_.emplace(transaction.id, transaction);
  }
  for (const auto& [key, value] : engine_.scan(std::string(kStagedKey))) {
    const std::int64_t id = std::stoll(key.substr(kStagedKey.size()));
    const Transaction* const transaction = find(id);
    if (transaction != nullptr && transaction->running()) continue;
    // VISIBLE: published, only the mark is left. ABORTED or unknown: the rows must go.
    if (transaction == nullptr || transaction->state == TransactionState::kAborted) {
      engine_.discard(id);
    }
    engine_.erase(key);
  }
  for (auto& [id, transaction] : transactions_) {
    if (transaction.state == TransactionState::kCommitted) publish(transaction);
  }
}

}  // namespace server
}  // namespace emulator
