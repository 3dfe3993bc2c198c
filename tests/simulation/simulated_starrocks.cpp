#include "tests/simulation/simulated_starrocks.hpp"

#include "core/base/deadline.hpp"
#include "tests/simulation/trace.hpp"

#include <boost/asio/this_coro.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace loadstar::simulation {
namespace {

using namespace std::chrono_literals;
using http::Response;
using State = TransactionState;

constexpr std::uint16_t kFrontendPort = 8030;
constexpr std::uint16_t kBackendPort = 8040;
/// BE keeps a torn or an unanswered request apart from a whole one only by what arrived.
constexpr auto kExpectTimeout = 10s;
constexpr auto kDefaultTimeout = 600s;
constexpr auto kDefaultPreparedTimeout = 86'400s;

std::string header(const http::Request& request, std::string_view name) {
  for (const auto& field : request.fields) {
    if (std::equal(
            field.name.begin(), field.name.end(), name.begin(), name.end(),
            [](char left, char right) { return std::tolower(left) == std::tolower(right); })) {
      return field.value;
    }
  }
  return "";
}

std::chrono::seconds seconds_in(const http::Request& request, std::string_view name,
                                std::chrono::seconds otherwise) {
  const std::string text = header(request, name);
  std::int64_t value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  return ec == std::errc() ? std::chrono::seconds(value) : otherwise;
}

/// `/api/db/table/...`: segment 2.
std::string table_of(const std::string& target) {
  const auto first = target.find('/', 5);
  const auto second = target.find('/', first + 1);
  return target.substr(first + 1, second - first - 1);
}

Response redirect(const std::string& host, std::uint16_t port, const std::string& target) {
  Response response;
  response.status = 307;
  response.fields.push_back({"location", fmt::format("http://{}:{}{}", host, port, target)});
  return response;
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
    case Fault::kDeliveredLate:
    case Fault::kLockTimeout:
    case Fault::kSlowPublish:
      return true;
    default:
      return false;
  }
}

}  // namespace

SimulatedStarrocks::SimulatedStarrocks(boost::asio::io_context& io, Random& random,
                                       FaultPlan faults, StarrocksBehaviour behaviour)
    : random_(random),
      faults_(std::move(faults)),
      model_(behaviour, random),
      tasks_(io.get_executor()) {}

Operation SimulatedStarrocks::operation_of(const http::Request& request) {
  const auto has = [&request](std::string_view part) {
    return request.target.find(part) != std::string::npos;
  };
  if (has("/api/transaction/begin")) return Operation::kBegin;
  if (has("/api/transaction/load")) return Operation::kLoad;
  if (has("/api/transaction/prepare")) return Operation::kPrepare;
  if (has("/api/transaction/commit")) return Operation::kCommit;
  if (has("/api/transaction/rollback")) return Operation::kRollback;
  if (has("/get_load_state")) return Operation::kQuery;
  if (has("/_stream_load")) return Operation::kStreamLoad;
  if (has("/_cancel")) return Operation::kCancel;
  return Operation::kOther;
}

std::string SimulatedStarrocks::label_of(const http::Request& request) {
  std::string label = header(request, "label");
  if (!label.empty()) return label;
  const auto at = request.target.find("label=");
  return at == std::string::npos ? "" : request.target.substr(at + 6);
}

SimulatedStarrocks::Arrived SimulatedStarrocks::arrival(http::Endpoint endpoint,
                                                        http::Request request) {
  Arrived arrived;
  arrived.operation = operation_of(request);
  arrived.label = label_of(request);
  arrived.at_backend = endpoint.port == kBackendPort;
  arrived.endpoint = std::move(endpoint);
  arrived.request = std::move(request);
  return arrived;
}

bool SimulatedStarrocks::is_processed_here(const Arrived& arrived) const {
  if (arrived.at_backend) return true;
  const bool at_follower = arrived.endpoint.host == kFollower;
  if (arrived.operation == Operation::kQuery || arrived.operation == Operation::kCancel) {
    return !at_follower;
  }
  if (arrived.operation != Operation::kCommit && arrived.operation != Operation::kRollback) {
    return false;
  }
  return !at_follower && model_.state(arrived.label) != State::kPrepare;
}

asio::awaitable<Result<Response>> SimulatedStarrocks::send(http::Endpoint endpoint,
                                                           http::Request request,
                                                           Deadline deadline) {
  co_await asio::this_coro::throw_if_cancelled(false);
  ++exchanges_;
  Arrived arrived = arrival(std::move(endpoint), std::move(request));
  if (!tracing()) {
    auto answer = co_await exchange(std::move(arrived), deadline);
    co_return answer;
  }
  const std::string what =
      fmt::format("{} {} {} at {} [{}]", exchanges_, to_string(arrived.operation), arrived.label,
                  arrived.endpoint.host, fmt::join(lines(arrived.request.body.to_string()), " "));
  auto answer = co_await exchange(std::move(arrived), deadline);
  trace("  {} -> {}", what, answer ? answer->body.substr(0, 100) : describe(answer.error()));
  co_return answer;
}

asio::awaitable<Result<Response>> SimulatedStarrocks::exchange(Arrived arrived, Deadline deadline) {
  co_await asio::this_coro::throw_if_cancelled(false);
  if (arrived.endpoint.host == "dead1") {
    co_return Error{Errc::kConnectFailed, Certainty::kNotApplied, "refused by a dead host"};
  }
  const bool expects = arrived.request.expect_continue;
  const Operation operation = arrived.operation;
  model_.expire();
  const bool processed = is_processed_here(arrived);
  Fault fault = faults_.draw(operation);
  if (redirects(fault) && arrived.at_backend) fault = Fault::kNone;
  if (needs_processing(fault) && !processed) fault = Fault::kNone;
  if (fault != Fault::kNone) grid_.hit(fault, operation);

  if (fault == Fault::kRefused) {
    co_await sleep_for(1ms);
    co_return Error{Errc::kConnectFailed, Certainty::kNotApplied, "refused"};
  }
  const bool undisturbed = co_await sleep_for(std::chrono::milliseconds(1 + random_.below(20)));
  if (!undisturbed) {
    const auto late = std::chrono::milliseconds(random_.chance(70) ? 50 : random_.below(60'000));
    if (random_.chance(50)) tasks_.spawn(process_later(std::move(arrived), late));
    co_return Error{Errc::kCancelled, Certainty::kUnknown, "cancelled"};
  }
  const Certainty unsent = expects ? Certainty::kNotApplied : Certainty::kUnknown;
  if (fault != Fault::kNone)
    trace("  {} {}: {}", to_string(operation), arrived.label, to_string(fault));
  strike(fault, arrived.label);
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
      Response unavailable;
      // Of a proxy, whose 404 says no more than its 503.
      unavailable.status = exchanges_ % 2 == 0 ? 503 : 404;
      if (processed && random_.chance(50)) {
        static_cast<void>(process(arrived, false));
        unavailable.body_started = true;
      }
      unavailable.body = "<html>busy</html>";
      co_return unavailable;
    }
    case Fault::kForeignRedirect:
      co_return redirect("foreign.example", 8040, arrived.request.target);
    case Fault::kDeadRedirect:
      co_return redirect("dead1", kBackendPort, arrived.request.target);
    case Fault::kRedirectLoop:
      co_return redirect(arrived.endpoint.host, arrived.endpoint.port, arrived.request.target);
    case Fault::kFailedWord:
    case Fault::kInProcessing:
    case Fault::kTooManyTransactions:
    case Fault::kTooManyVersions:
    case Fault::kLockTimeout:
    case Fault::kUnauthorized:
      co_return refuse_load(arrived, fault);
    case Fault::kTornBody: {
      std::string part = arrived.request.body.to_string();
      part.resize(random_.below(part.size() + 1));
      // A plain Stream Load is cancelled with its connection; a transaction keeps what arrived
      // (E1).
      if (operation == Operation::kLoad)
        static_cast<void>(model_.load(arrived.label, std::move(part)));
      co_return Error{Errc::kConnectionLost, Certainty::kUnknown, "reset in the body"};
    }
    case Fault::kDeliveredLate: {
      const auto late = std::chrono::milliseconds(100 + random_.below(120'000));
      tasks_.spawn(process_later(std::move(arrived), late));
      co_return Error{Errc::kConnectionLost, Certainty::kUnknown, "reset, and delivered later"};
    }
    case Fault::kDelayedDuplicate: {
      const auto later = std::chrono::milliseconds(100 + random_.below(60'000));
      tasks_.spawn(process_later(arrived, later));
      break;
    }
    case Fault::kSlow:
      delay = std::chrono::seconds(60 + random_.below(240));
      break;
    default:
      break;
  }
  Response answer = process(arrived, fault == Fault::kSlowPublish);
  if (fault == Fault::kResetAfter) {
    co_return Error{Errc::kConnectionLost, Certainty::kUnknown, "reset after processing"};
  }
  if (fault == Fault::kTimeoutAfter) delay = std::max<Clock::duration>(deadline - Clock::now(), 0s);
  if (fault == Fault::kMalformedReply) answer.body = answer.body.substr(0, answer.body.size() / 2);
  if (delay == 0s) delay = std::chrono::milliseconds(random_.below(20));
  const Deadline end = std::min(deadline, Clock::now() + delay);
  const bool waited = co_await sleep_until(end);
  if (!waited) co_return Error{Errc::kCancelled, Certainty::kUnknown, "cancelled"};
  if (Clock::now() >= deadline) {
    co_return Error{Errc::kDeadlineExceeded, Certainty::kUnknown, "no answer in time"};
  }
  co_return answer;
}

void SimulatedStarrocks::deliver_late(http::Endpoint endpoint, http::Request request,
                                      Clock::duration delay) {
  tasks_.spawn(process_later(arrival(std::move(endpoint), std::move(request)), delay));
}

asio::awaitable<void> SimulatedStarrocks::process_later(Arrived arrived, Clock::duration delay) {
  co_await sleep_for(delay);
  const Response answer = process(arrived, false);
  trace("  late: {} {} at {} -> {}", to_string(arrived.operation), arrived.label,
        arrived.endpoint.host, answer.body.substr(0, 100));
}

Response SimulatedStarrocks::process(const Arrived& arrived, bool publish_slowly) {
  model_.expire();
  const http::Request& request = arrived.request;
  const std::string backend = random_.chance(50) ? "be1" : "be2";
  // A follower sends transactions and queries to the leader, loads to a backend (2.3, 5.3).
  const bool at_follower = arrived.endpoint.host == kFollower && !arrived.at_backend;
  if (at_follower && arrived.operation != Operation::kStreamLoad &&
      arrived.operation != Operation::kOther) {
    return redirect(kFrontend, kFrontendPort, request.target);
  }
  if (arrived.operation == Operation::kOther) return answer_other(arrived);
  if (!is_processed_here(arrived)) return redirect(backend, kBackendPort, request.target);
  switch (arrived.operation) {
    case Operation::kBegin:
      return model_.begin(arrived.label, header(request, "table"),
                          seconds_in(request, "timeout", kDefaultTimeout));
    case Operation::kLoad:
      return model_.load(arrived.label, request.body.to_string());
    case Operation::kPrepare:
      return model_.prepare(arrived.label,
                            seconds_in(request, "prepared_timeout", kDefaultPreparedTimeout));
    case Operation::kStreamLoad:
      return model_.stream_load(arrived.label, table_of(request.target), request.body.to_string(),
                                publish_slowly);
    case Operation::kCommit:
      return model_.commit(arrived.label, publish_slowly);
    case Operation::kRollback:
      return model_.rollback(arrived.label);
    case Operation::kQuery:
      return model_.query(arrived.label);
    case Operation::kCancel:
      return model_.cancel(arrived.label);
    case Operation::kOther:
      break;
  }
  return answer_other(arrived);
}

void SimulatedStarrocks::strike(Fault fault, const std::string& label) {
  switch (fault) {
    case Fault::kLeaderChange:
      model_.leader_change();
      break;
    case Fault::kBackendRestart:
      model_.backend_restart();
      break;
    case Fault::kTransactionTimeout:
      model_.time_out(label);
      break;
    case Fault::kLabelEvicted:
      model_.evict();
      break;
    default:
      break;
  }
}

}  // namespace loadstar::simulation
