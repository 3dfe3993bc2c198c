#include "core/starrocks/client.hpp"

#include "core/base/assert.hpp"
#include "core/http/body_compressor.hpp"
#include "core/starrocks/error_log.hpp"
#include "core/starrocks/frontend_caller.hpp"
#include "core/starrocks/outcome.hpp"
#include "core/starrocks/request.hpp"
#include "core/starrocks/schema_reply.hpp"
#include "core/starrocks/server_url.hpp"
#include "core/starrocks/sql_reply.hpp"
#include "core/starrocks/status.hpp"
#include "core/starrocks/version_reply.hpp"

#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <atomic>
#include <memory>
#include <mutex>
#include <utility>

namespace loadstar::starrocks {
namespace {

/// Awaits `op` with Asio's habit switched off to throw at the next await of a coroutine that was
/// cancelled: here cancellation ends in kCancelled and the certainty of that moment.
template <class T>
asio::awaitable<T> without_throwing(asio::awaitable<T> op) {
  const bool throws = co_await asio::this_coro::throw_if_cancelled();
  co_await asio::this_coro::throw_if_cancelled(false);
  T result = co_await std::move(op);
  co_await asio::this_coro::throw_if_cancelled(throws);
  co_return result;
}

LoadOutcome failed(Error error) {
  LoadOutcome outcome;
  outcome.error = std::move(error);
  return outcome;
}

}  // namespace

/// The operations; one short coroutine each: build the request, carry it, judge the reply.
class Client::Impl {
 public:
  Impl(ClientOptions options, http::Transport& transport, Metrics& metrics, Logger logger,
       std::uint64_t random_seed)
      : options_(std::move(options)),
        metrics_(metrics),
        caller_(options_, transport, metrics, std::move(logger), random_seed) {}

  asio::awaitable<LoadOutcome> stream_load(LoadRequest load, std::chrono::seconds timeout,
                                           Deadline deadline) {
    Expectation expected = expect(load.label);
    expected.body_bytes = most_bytes(load);
    expected.merge_commit = is_merge_commit(load);
    auto request = stream_load_request(load, timeout, caller_.credentials());
    if (!request) co_return failed(request.error());
    auto answer = co_await send_body(std::move(*request), std::move(load.table), deadline);
    if (!answer) co_return failed(answer.error());
    expected.from_frontend = answer->from_frontend;
    LoadOutcome outcome = judge_stream_load(answer->response, expected);
    note_times(outcome.times, true);
    const bool has_failed = outcome.verdict == LoadVerdict::kFailed;
    caller_.count_load(has_failed ? std::optional<Error>(outcome.error) : std::nullopt);
    co_return outcome;
  }

  asio::awaitable<Result<std::int64_t>> begin(TableName table, std::string label,
                                              std::chrono::seconds timeout, Deadline deadline) {
    Expectation expected = expect(label);
    auto request = begin_request(table, label, timeout, caller_.credentials());
    if (!request) co_return request.error();
    Call call;
    call.request = std::move(*request);
    call.lost_redirect = Certainty::kNotApplied;
    const auto began = Clock::now();
    auto answer = co_await caller_.call(std::move(call), deadline);
    if (!answer) co_return answer.error();
    metrics_.load_phase(LoadPhase::kBegin, Clock::now() - began);
    expected.from_frontend = answer->from_frontend;
    co_return judge_begin(answer->response, expected);
  }

  asio::awaitable<Result<std::uint64_t>> load(LoadRequest load, Deadline deadline) {
    Expectation expected = expect(load.label);
    expected.transaction_id = load.transaction_id;
    expected.body_bytes = most_bytes(load);
    auto request = load_request(load, caller_.credentials());
    if (!request) co_return request.error();
    auto answer = co_await send_body(std::move(*request), std::move(load.table), deadline);
    if (!answer) co_return answer.error();
    expected.from_frontend = answer->from_frontend;
    auto bytes = judge_load(answer->response, expected);
    caller_.count_load(bytes ? std::nullopt : std::optional<Error>(bytes.error()));
    co_return bytes;
  }

  asio::awaitable<LoadOutcome> prepare(TableName table, std::string label,
                                       std::chrono::seconds prepared_timeout, Deadline deadline) {
    const Expectation expected = expect(label);
    auto request = prepare_request(table, label, prepared_timeout, caller_.credentials());
    const auto began = Clock::now();
    auto answer = co_await decide(std::move(request), deadline);
    if (!answer) co_return failed(answer.error());
    metrics_.load_phase(LoadPhase::kPrepare, Clock::now() - began);
    LoadOutcome outcome = judge_prepare(answer->response, expected);
    note_times(outcome.times, false);
    co_return outcome;
  }

  asio::awaitable<Result<CommitReply>> commit(TableName table, std::string label,
                                              std::chrono::seconds publish_timeout,
                                              Deadline deadline) {
    const Expectation expected = expect(label);
    auto request = commit_request(table, label, publish_timeout, caller_.credentials());
    const auto began = Clock::now();
    auto answer = co_await decide(std::move(request), deadline);
    if (!answer) co_return answer.error();
    metrics_.load_phase(LoadPhase::kPublish, Clock::now() - began);
    co_return judge_commit(answer->response, expected);
  }

  asio::awaitable<Result<void>> rollback(TableName table, std::string label, Deadline deadline) {
    const Expectation expected = expect(label);
    auto request = rollback_request(table, label, caller_.credentials());
    auto answer = co_await decide(std::move(request), deadline);
    if (!answer) co_return answer.error();
    co_return judge_rollback(answer->response, expected);
  }

  asio::awaitable<Result<void>> cancel(std::string database, std::string label, Deadline deadline) {
    auto request = cancel_request(database, label, caller_.credentials());
    auto answer = co_await decide(std::move(request), deadline);
    if (!answer) co_return answer.error();
    co_return judge_cancel(answer->response);
  }

  asio::awaitable<Result<LabelStatus>> label_state(std::string database, std::string label,
                                                   Deadline deadline) {
    auto request = state_request(database, label, caller_.credentials());
    auto answer = co_await ask(std::move(request), deadline);
    if (!answer) co_return answer.error();
    co_return judge_state(answer->response);
  }

  asio::awaitable<Result<TableSchema>> table_schema(TableName table, Deadline deadline) {
    const Deadline until = bound(deadline);
    auto v2_request = get_request(schema_v2_target(table), caller_.credentials());
    auto v2_answer = co_await ask(std::move(v2_request), until);
    if (!v2_answer) co_return v2_answer.error();
    auto schema = parse_schema_v2(v2_answer->response);
    if (schema && lacks_type_details(*schema)) {
      std::string query = columns_query(table);
      auto columns = co_await sql(std::move(query), until);
      // A question that was not answered now is asked again: until then elements of ARRAY, MAP and
      // STRUCT would be guessed, and rounded or made NULL (architecture.md D12).
      if (!columns && !will_never_answer(columns.error())) co_return columns.error();
      if (columns) add_type_details(*schema, *columns);
      schema->exact = columns.has_value();
    }
    if (!is_for_another_source(schema)) co_return schema;
    auto by_sql = co_await schema_by_sql(table, until);
    if (by_sql || !will_never_answer(by_sql.error())) co_return by_sql;
    auto v1_request = get_request(schema_v1_target(table), caller_.credentials());
    auto v1_answer = co_await ask(std::move(v1_request), until);
    if (!v1_answer) co_return v1_answer.error();
    co_return parse_schema_v1(v1_answer->response);
  }

  asio::awaitable<Result<Version>> version(Deadline deadline) {
    auto found = co_await ask_version(deadline);
    if (found.has_value()) {
      const std::lock_guard lock(version_mutex_);
      last_version_ = to_string(*found);
    }
    co_return found;
  }

  void hurry() { caller_.hurry(); }

  [[nodiscard]] std::string last_version() const {
    const std::lock_guard lock(version_mutex_);
    return last_version_;
  }

  asio::awaitable<Result<Version>> ask_version(Deadline deadline) {
    const Deadline until = bound(deadline);
    auto request = get_request(kFeatureTarget, caller_.credentials());
    auto answer = co_await ask(std::move(request), until);
    if (!answer) co_return answer.error();
    auto found = parse_feature(answer->response);
    if (found) co_return found;
    // The other way asks with the same account (F050).
    if (found.error().code == Errc::kBadCredentials) co_return found;
    auto result = co_await sql("SELECT current_version()", until);
    if (!result) co_return result.error();
    co_return version_of(*result);
  }

  asio::awaitable<Result<bool>> has_transactions(Deadline deadline) {
    const Deadline until = bound(deadline);
    auto known = co_await version(until);
    constexpr Version kFirst{2, 4, 0};
    if (known) co_return *known >= kFirst;
    if (known.error().code == Errc::kBadCredentials) co_return known.error();
    auto request = probe_request(caller_.credentials());
    auto answer = co_await ask(std::move(request), until);
    if (!answer) co_return answer.error();
    co_return judge_probe(answer->response);
  }

  asio::awaitable<Result<SqlResult>> sql(std::string query, Deadline deadline) {
    auto request = sql_request(query, caller_.credentials());
    if (!request) co_return request.error();
    Call call;
    call.request = std::move(*request);
    call.repeatable = true;
    call.server_error_is_answer = true;
    auto answer = co_await caller_.call(std::move(call), bound(deadline));
    if (!answer) co_return answer.error();
    co_return parse_sql_reply(answer->response);
  }

  asio::awaitable<Result<void>> health(Deadline deadline) {
    auto request = get_request(kHealthTarget, caller_.credentials());
    auto answer = co_await ask(std::move(request), deadline);
    if (!answer) co_return answer.error();
    co_return judge_health(answer->response);
  }

  asio::awaitable<Result<std::string>> error_log(std::string url, Deadline deadline) {
    const Deadline until = bound(deadline);
    auto parsed = parse_error_url(url);
    if (!parsed) co_return parsed.error();
    auto endpoint = co_await caller_.resolve_error_url(parsed->endpoint, until);
    if (!endpoint) co_return endpoint.error();
    http::Request request;
    request.method = "GET";
    request.target = parsed->target;
    auto response = co_await caller_.send_to(std::move(*endpoint), std::move(request), until);
    if (!response) co_return response.error();
    co_return read_error_log(*response);
  }

 private:
  [[nodiscard]] Expectation expect(const std::string& label) const {
    Expectation expected;
    expected.label = label;
    expected.frontend_is_proxy = options_.redirect_policy == RedirectPolicy::kProxyOnly;
    return expected;
  }

  /// The deadline of a query: the caller's, but not later than `query_timeout` from now.
  [[nodiscard]] Deadline bound(Deadline deadline) const {
    return std::min<Deadline>(deadline, Clock::now() + options_.query_timeout);
  }

  /// Sends a request that changes something, once.
  asio::awaitable<Result<Answer>> decide(Result<http::Request> request, Deadline deadline) {
    if (!request) co_return request.error();
    Call call;
    call.request = std::move(*request);
    auto answer = co_await caller_.call(std::move(call), deadline);
    co_return answer;
  }

  /// Asks a question, of as many frontends as it takes.
  asio::awaitable<Result<Answer>> ask(Result<http::Request> request, Deadline deadline) {
    if (!request) co_return request.error();
    Call call;
    call.request = std::move(*request);
    call.repeatable = true;
    auto answer = co_await caller_.call(std::move(call), bound(deadline));
    co_return answer;
  }

  asio::awaitable<Result<TableSchema>> schema_by_sql(const TableName& table, Deadline deadline) {
    std::string query = columns_query(table);
    auto columns = co_await sql(std::move(query), deadline);
    if (!columns) co_return columns.error();
    query = key_model_query(table);
    auto key_model = co_await sql(std::move(query), deadline);
    if (!key_model && !will_never_answer(key_model.error())) co_return key_model.error();
    co_return parse_schema_sql(*columns, key_model ? *key_model : SqlResult{});
  }

  /// The most that LoadBytes can be: the server counts the bytes as they came (4.6).
  static std::uint64_t most_bytes(const LoadRequest& load) {
    const std::uint64_t size = load.body.size();
    const bool plain = wire_compression(load) == Compression::kNone;
    return plain ? size : http::BodyCompressor::bound(size);
  }

  /// Sends a body, once, and counts the bytes of it that went out, whatever became of them.
  asio::awaitable<Result<Answer>> send_body(http::Request request, TableName table,
                                            Deadline deadline) {
    const auto written = std::make_shared<std::atomic<std::uint64_t>>(0);
    Call call;
    call.request = std::move(request);
    call.request.bytes_written = written;
    call.is_load = true;
    call.lost_redirect = Certainty::kNotApplied;
    const auto began = Clock::now();
    auto answer = co_await caller_.call(std::move(call), deadline);
    if (answer) metrics_.load_phase(LoadPhase::kPut, Clock::now() - began);
    metrics_.table(table.database, table.table)
        .wire_bytes.Increment(static_cast<double>(written->load()));
    co_return answer;
  }

  /// What StarRocks says of its own steps. A transaction's publish is measured at its commit.
  void note_times(const LoadTimes& times, bool publishes) {
    if (times.plan) metrics_.load_phase(LoadPhase::kPlan, *times.plan);
    if (times.read) metrics_.load_phase(LoadPhase::kRead, *times.read);
    if (times.write) metrics_.load_phase(LoadPhase::kWrite, *times.write);
    if (times.publish && publishes) metrics_.load_phase(LoadPhase::kPublish, *times.publish);
  }

  const ClientOptions options_;
  Metrics& metrics_;
  FrontendCaller caller_;
  mutable std::mutex version_mutex_;
  std::string last_version_;
};

Client::Client(ClientOptions options, http::Transport& transport, Metrics& metrics, Logger logger,
               std::uint64_t random_seed) {
  LOADSTAR_ASSERT(!options.load_urls.empty(), "starrocks.load_urls has at least one frontend");
  impl_ = std::make_unique<Impl>(std::move(options), transport, metrics, std::move(logger),
                                 random_seed);
}

Client::~Client() = default;

asio::awaitable<LoadOutcome> Client::stream_load(LoadRequest request, std::chrono::seconds timeout,
                                                 Deadline deadline) {
  return without_throwing(impl_->stream_load(std::move(request), timeout, deadline));
}

asio::awaitable<Result<std::int64_t>> Client::begin(TableName table, std::string label,
                                                    std::chrono::seconds timeout,
                                                    Deadline deadline) {
  return without_throwing(impl_->begin(std::move(table), std::move(label), timeout, deadline));
}

asio::awaitable<Result<std::uint64_t>> Client::load(LoadRequest request, Deadline deadline) {
  return without_throwing(impl_->load(std::move(request), deadline));
}

asio::awaitable<LoadOutcome> Client::prepare(TableName table, std::string label,
                                             std::chrono::seconds prepared_timeout,
                                             Deadline deadline) {
  return without_throwing(
      impl_->prepare(std::move(table), std::move(label), prepared_timeout, deadline));
}

asio::awaitable<Result<CommitReply>> Client::commit(TableName table, std::string label,
                                                    std::chrono::seconds publish_timeout,
                                                    Deadline deadline) {
  return without_throwing(
      impl_->commit(std::move(table), std::move(label), publish_timeout, deadline));
}

asio::awaitable<Result<void>> Client::rollback(TableName table, std::string label,
                                               Deadline deadline) {
  return without_throwing(impl_->rollback(std::move(table), std::move(label), deadline));
}

asio::awaitable<Result<void>> Client::cancel(std::string database, std::string label,
                                             Deadline deadline) {
  return without_throwing(impl_->cancel(std::move(database), std::move(label), deadline));
}

asio::awaitable<Result<LabelStatus>> Client::label_state(std::string database, std::string label,
                                                         Deadline deadline) {
  return without_throwing(impl_->label_state(std::move(database), std::move(label), deadline));
}

asio::awaitable<Result<TableSchema>> Client::table_schema(TableName table, Deadline deadline) {
  return without_throwing(impl_->table_schema(std::move(table), deadline));
}

asio::awaitable<Result<Version>> Client::version(Deadline deadline) {
  return without_throwing(impl_->version(deadline));
}

void Client::hurry() { impl_->hurry(); }

std::string Client::last_version() const { return impl_->last_version(); }

asio::awaitable<Result<bool>> Client::has_transactions(Deadline deadline) {
  return without_throwing(impl_->has_transactions(deadline));
}

asio::awaitable<Result<SqlResult>> Client::sql(std::string query, Deadline deadline) {
  return without_throwing(impl_->sql(std::move(query), deadline));
}

asio::awaitable<Result<void>> Client::health(Deadline deadline) {
  return without_throwing(impl_->health(deadline));
}

asio::awaitable<Result<std::string>> Client::error_log(std::string url, Deadline deadline) {
  return without_throwing(impl_->error_log(std::move(url), deadline));
}

}  // namespace loadstar::starrocks
