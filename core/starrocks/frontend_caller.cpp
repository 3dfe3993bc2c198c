#include "core/starrocks/frontend_caller.hpp"

#include "core/starrocks/reply.hpp"
#include "core/starrocks/server_url.hpp"
#include "core/starrocks/sql_reply.hpp"
#include "core/starrocks/status.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace loadstar::starrocks {
namespace {

namespace asio = boost::asio;

using Verdict = RedirectDecision::Verdict;

bool is_redirect(unsigned status) { return status >= 300 && status < 400; }

/// 501 is an answer: "no such interface" (8.8).
bool is_server_failure(unsigned status) { return status >= 500 && status != 501; }

/// Whether another frontend may do better.
bool is_worth_another(const Error& error) {
  switch (error.code) {
    case Errc::kCancelled:
    case Errc::kInvalidRequest:
    case Errc::kRedirectRefused:  // a matter of settings, the same everywhere
    case Errc::kCircuitOpen:
      return false;
    default:
      return true;
  }
}

/// Label `reason` of loadstar_load_attempts_total (operations.md 4.2).
std::string_view reason_of(const Error& error) {
  switch (error.code) {
    case Errc::kConnectFailed:
    case Errc::kCircuitOpen:
      return "connect";
    case Errc::kDeadlineExceeded:
      return "timeout";
    case Errc::kRedirectRefused:
    case Errc::kRedirectFailed:
      return "redirect";
    case Errc::kBadCredentials:
    case Errc::kAccessDenied:
      return "auth";
    case Errc::kCongested:
      return "congestion";
    case Errc::kRowsRejected:
      return "bad_rows";
    default:
      return error.certainty == Certainty::kUnknown ? "ambiguous" : "server";
  }
}

/// A line now and then is enough for what each call runs into.
constexpr std::chrono::seconds kAccountReportedEvery{30};

/// Half of the time that is left.
Deadline halfway_to(Deadline deadline) {
  const auto now = Clock::now();
  return deadline == kNever || deadline <= now ? deadline : now + (deadline - now) / 2;
}

asio::awaitable<bool> is_cancelled() {
  const auto state = co_await asio::this_coro::cancellation_state;
  co_return state.cancelled() != asio::cancellation_type::none;
}

Result<Answer> no_answer(Errc code, Certainty certainty, std::string detail) {
  return Error{code, certainty, std::move(detail)};
}

}  // namespace

FrontendCaller::FrontendCaller(const ClientOptions& options, http::Transport& transport,
                               Metrics& metrics, Logger logger, std::uint64_t random_seed)
    : options_(options),
      transport_(transport),
      metrics_(metrics),
      logger_(std::move(logger)),
      rules_(options_),
      frontends_(options_.load_urls.size(), random_seed, options_.circuit_breaker) {}

Credentials FrontendCaller::credentials() const {
  return Credentials{options_.user, options_.password ? options_.password() : Secret()};
}

asio::awaitable<Result<Answer>> FrontendCaller::call(Call call, Deadline deadline) {
  std::vector<bool> tried(options_.load_urls.size(), false);
  bool may_ask_again = true;  // the frontend that led to a dead BE, once (F062)
  std::optional<Error> last;
  for (;;) {
    const bool cancelled = co_await is_cancelled();
    if (cancelled) {
      co_return no_answer(Errc::kCancelled, last ? last->certainty : Certainty::kNotApplied,
                          "cancelled before the request was sent");
    }
    if (last && Clock::now() >= deadline) co_return *last;
    const auto index = pick(tried);
    if (!index) {
      if (!last) {
        const bool waited = co_await wait_for_outcome(deadline);
        if (waited) continue;
        metrics_.starrocks_up.Set(0);
        co_return no_answer(Errc::kCircuitOpen, Certainty::kNotApplied,
                            "no frontend answered lately; all circuit breakers are open");
      }
      co_return *last;
    }
    tried[*index] = true;
    const bool more = std::find(tried.begin(), tried.end(), false) != tried.end();
    // A frontend that hangs leaves time to ask another, if asking again is safe.
    const Deadline until = call.repeatable && more ? halfway_to(deadline) : deadline;
    Attempt attempt = co_await follow(call, *index, until);
    const bool answered = attempt.frontend_answered;
    // One that redirected was reported then.
    if (!attempt.behind_redirect) {
      report(*index, answered ? std::nullopt : std::optional(attempt.result.error()));
    }
    if (attempt.result.has_value()) {
      report_refused_account(attempt.result->response);
      co_return std::move(attempt.result);
    }
    Error error = attempt.result.error();
    if (call.is_load) count_load(error);
    const bool go_on =
        is_worth_another(error) && (error.certainty == Certainty::kNotApplied || call.repeatable);
    // What an earlier try may have done, a later one does not undo.
    if (last && last->certainty == Certainty::kUnknown) error.certainty = Certainty::kUnknown;
    if (!go_on) co_return error;
    if (attempt.behind_redirect && may_ask_again) {
      may_ask_again = false;
      tried[*index] = false;
    }
    last = std::move(error);
  }
}

asio::awaitable<FrontendCaller::Attempt> FrontendCaller::follow(const Call& call,
                                                                std::size_t frontend,
                                                                Deadline deadline) {
  http::Endpoint at = options_.load_urls[frontend];
  std::vector<http::Endpoint> visited{at};
  bool at_frontend = true;
  for (unsigned followed = 0;; ++followed) {
    // The slices of the body are shared, not copied.
    http::Request request = call.request;
    auto response = co_await transport_.send(at, std::move(request), deadline);
    if (!response) co_return Attempt{response.error(), followed > 0, followed > 0};
    if (is_server_failure(response->status)) {
      const bool worded = parse_reply(response->body).has_value();
      if (!worded || !call.server_error_is_answer) {
        const Error error =
            judge_http_status(response->status, response->body, response->body_started);
        co_return Attempt{error, followed > 0, followed > 0 || worded};
      }
    }
    if (!is_redirect(response->status)) {
      co_return Attempt{Answer{std::move(*response), at_frontend}, followed > 0, true};
    }
    // It is alive, whatever comes of the redirect, and a load behind it can take minutes.
    if (followed == 0) report(frontend, std::nullopt);
    RedirectFacts facts{response->status, response->field("location"), at,
                        at_frontend,      response->body_started,      followed};
    RedirectDecision decision = co_await decide(facts, call.may_read_nodes, deadline);
    const bool cancelled_meanwhile = co_await is_cancelled();
    if (cancelled_meanwhile) {
      co_return Attempt{no_answer(Errc::kCancelled, call.lost_redirect, "cancelled"), true, true};
    }
    if (decision.verdict == Verdict::kFollow &&
        std::find(visited.begin(), visited.end(), decision.target) != visited.end()) {
      decision.verdict = Verdict::kRefuse;
      decision.error =
          Error{Errc::kRedirectFailed, Certainty::kNotApplied, "redirects in a circle"};
    }
    count_redirect(decision);
    if (decision.verdict != Verdict::kFollow) {
      Error error = decision.error;
      if (error.certainty == Certainty::kNotApplied) error.certainty = call.lost_redirect;
      co_return Attempt{std::move(error), true, true};
    }
    at = decision.target;
    at_frontend = decision.leader;
    visited.push_back(at);
  }
}

asio::awaitable<RedirectDecision> FrontendCaller::decide(const RedirectFacts& facts,
                                                         bool may_read_nodes, Deadline deadline) {
  RedirectDecision decision = rules_.decide(facts, nodes());
  if (decision.verdict != Verdict::kUnlisted || !may_read_nodes) co_return decision;
  co_await read_nodes(deadline);
  decision = rules_.decide(facts, nodes());
  co_return decision;
}

asio::awaitable<void> FrontendCaller::read_nodes(Deadline deadline) {
  const Deadline until = std::min(deadline, Clock::now() + options_.query_timeout);
  if (!reading_nodes_.begin()) {
    co_await reading_nodes_.wait(until);
    co_return;
  }
  bool may_read = false;
  {
    const std::lock_guard lock(mutex_);
    may_read = nodes_.may_read(Clock::now());
  }
  if (may_read) {
    auto found = co_await ask_for_nodes(until);
    const bool cancelled = co_await is_cancelled();
    if (cancelled) {
      reading_nodes_.end();
      co_return;
    }
    if (!found)
      logger_.warn(
          "the cluster's nodes could not be listed; redirects are followed only to "
          "hosts that starrocks.redirect_allow or redirect_map names");
    const std::lock_guard lock(mutex_);
    nodes_.on_read(std::move(found), Clock::now());
  }
  reading_nodes_.end();
}

asio::awaitable<std::optional<std::vector<ClusterNode>>> FrontendCaller::ask_for_nodes(
    Deadline deadline) {
  struct Listing {
    const char* query;
    bool frontends;
  };
  constexpr std::array kListings{Listing{"SHOW FRONTENDS", true}, Listing{"SHOW BACKENDS", false},
                                 Listing{"SHOW COMPUTE NODES", false}};
  std::optional<std::vector<ClusterNode>> all;
  for (const Listing& listing : kListings) {
    auto request = sql_request(listing.query, credentials());
    if (!request) break;
    Call query;
    query.request = std::move(*request);
    query.repeatable = true;
    query.server_error_is_answer = true;
    query.may_read_nodes = false;
    const auto answer = co_await call(std::move(query), deadline);
    if (!answer) continue;
    const auto result = parse_sql_reply(answer->response);
    if (!result) continue;
    const auto found = nodes_of(*result, listing.frontends);
    if (!all) all.emplace();
    all->insert(all->end(), found.begin(), found.end());
  }
  co_return all;
}

asio::awaitable<Result<http::Response>> FrontendCaller::send_to(http::Endpoint endpoint,
                                                                http::Request request,
                                                                Deadline deadline) {
  return transport_.send(std::move(endpoint), std::move(request), deadline);
}

asio::awaitable<Result<http::Endpoint>> FrontendCaller::resolve_error_url(http::Endpoint endpoint,
                                                                          Deadline deadline) {
  RedirectDecision decision = rules_.decide_error_url(endpoint, nodes());
  if (decision.verdict == Verdict::kUnlisted) {
    co_await read_nodes(deadline);
    decision = rules_.decide_error_url(endpoint, nodes());
  }
  if (decision.verdict != Verdict::kFollow) co_return decision.error;
  co_return decision.target;
}

void FrontendCaller::count_load(const std::optional<Error>& error) {
  if (!error) return metrics_.load_attempt("succeeded", "none");
  const bool unknown = error->certainty == Certainty::kUnknown;
  metrics_.load_attempt(unknown ? "unknown" : "failed", reason_of(*error));
}

void FrontendCaller::hurry() {
  const std::lock_guard lock(mutex_);
  frontends_.hurry(Clock::now());
  wake_waiting();
}

std::optional<std::size_t> FrontendCaller::pick(const std::vector<bool>& tried) {
  const std::lock_guard lock(mutex_);
  return frontends_.pick(Clock::now(), tried);
}

asio::awaitable<bool> FrontendCaller::wait_for_outcome(Deadline deadline) {
  const auto executor = co_await asio::this_coro::executor;
  // Shared with whoever wakes it, perhaps on another thread while this coroutine is given up.
  const auto timer = std::make_shared<Timer>(executor);
  {
    const std::lock_guard lock(mutex_);
    const auto now = Clock::now();
    const auto expected_by = frontends_.outcome_expected_by(now);
    if (!expected_by || now >= deadline) co_return false;
    timer->expires_at(std::min<Deadline>(deadline, *expected_by));
    waiting_.push_back(timer);
  }
  const auto token = asio::as_tuple(asio::use_awaitable);
  co_await timer->async_wait(token);
  const std::lock_guard lock(mutex_);
  std::erase(waiting_, timer);
  co_return true;
}

/// Under the lock. Each on its own executor, which is a strand or runs on one thread.
void FrontendCaller::wake_waiting() {
  for (auto& timer : waiting_) {
    auto executor = timer->get_executor();
    asio::post(executor, [timer = std::move(timer)] { timer->cancel(); });
  }
  waiting_.clear();
}

void FrontendCaller::report(std::size_t frontend, const std::optional<Error>& failure) {
  const bool given_up = failure && failure->code == Errc::kCancelled;
  bool changed = false;
  std::size_t open = 0;
  {
    const std::lock_guard lock(mutex_);
    if (given_up) {
      frontends_.on_given_up(frontend);
    } else {
      changed =
          failure ? frontends_.on_failure(frontend, Clock::now()) : frontends_.on_success(frontend);
    }
    open = frontends_.open_count();
    wake_waiting();
  }
  if (given_up) return;
  metrics_.circuits_open.Set(static_cast<double>(open));
  if (!failure) metrics_.starrocks_up.Set(1);
  if (failure && open == options_.load_urls.size()) metrics_.starrocks_up.Set(0);
  if (!changed) return;
  const std::string name = http::to_string(options_.load_urls[frontend]);
  if (!failure) {
    logger_.info("frontend answers again", {{"frontend", name}});
  } else {
    logger_.warn("frontend is left alone for a while",
                 {{"frontend", name}, {"error", describe(*failure)}});
  }
}

void FrontendCaller::report_refused_account(const http::Response& response) {
  constexpr unsigned kUnauthorized = 401;
  if (response.status != kUnauthorized) return;
  const Error error = judge_http_status(response.status, response.body, response.body_started);
  if (error.code != Errc::kBadCredentials) return;  // a privilege: told by whoever needs it
  {
    const std::lock_guard lock(mutex_);
    const auto now = Clock::now();
    if (account_reported_at_ && now - *account_reported_at_ < kAccountReportedEvery) return;
    account_reported_at_ = now;
  }
  logger_.error("StarRocks refuses the account; rows wait until it is accepted",
                {{"user", options_.user}, {"error", describe(error)}});
}

void FrontendCaller::count_redirect(const RedirectDecision& decision) {
  const bool to_proxy = options_.redirect_policy == RedirectPolicy::kProxyOnly;
  const std::string_view kind = to_proxy ? "proxy" : decision.leader ? "leader" : "backend";
  if (decision.verdict == Verdict::kFollow) {
    return metrics_.redirect(kind, decision.mapped ? "mapped" : "followed");
  }
  metrics_.redirect(kind,
                    decision.error.code == Errc::kRedirectRefused ? "refused" : "unreachable");
  logger_.warn("redirect not followed", {{"error", describe(decision.error)}});
}

std::vector<ClusterNode> FrontendCaller::nodes() const {
  const std::lock_guard lock(mutex_);
  return nodes_.list();
}

}  // namespace loadstar::starrocks
