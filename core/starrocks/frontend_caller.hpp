#pragma once

#include "core/base/clock.hpp"
#include "core/base/error.hpp"
#include "core/base/log.hpp"
#include "core/base/metrics.hpp"
#include "core/http/message.hpp"
#include "core/http/transport.hpp"
#include "core/starrocks/cluster_nodes.hpp"
#include "core/starrocks/frontends.hpp"
#include "core/starrocks/redirect.hpp"
#include "core/starrocks/request.hpp"
#include "core/starrocks/single_flight.hpp"

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace loadstar::starrocks {

/// A request, and what may be done about it when something goes wrong.
struct Call {
  http::Request request;
  /// A query: it may be asked again of another frontend whatever became of the first try.
  bool repeatable = false;
  /// HTTP 5xx with a REST envelope is the answer, as of the SQL endpoint (8.7).
  bool server_error_is_answer = false;
  /// Count each attempt in loadstar_load_attempts_total.
  bool is_load = false;
  /// What a redirect that leads nowhere proves. For loads and begin: the redirector did nothing
  /// (F061, F063). For prepare, commit and rollback the state is asked all the same (F260, F261,
  /// F174).
  Certainty lost_redirect = Certainty::kUnknown;
  /// A redirect to an unlisted host may read the node list. Off for that reading itself.
  bool may_read_nodes = true;
};

/// The reply that ended a call, and who gave it.
struct Answer {
  http::Response response;
  bool from_frontend = true;
};

/// Carries a request to a frontend and along its redirects: the loop around Transport::send.
///
/// Chooses frontends and keeps their circuit breakers, judges each redirect, reads the cluster's
/// node list when a redirect leads to an unlisted host, and goes on to the next frontend if the
/// request was proved not applied or is a query. While every frontend is left alone, calls wait for
/// the one that tries again and go on with what it found. Knows nothing of what a reply says,
/// except that 5xx is none.
///
/// Thread-safe; owned by the client. Resumes on the caller's executor.
class FrontendCaller {
 public:
  FrontendCaller(const ClientOptions& options, http::Transport& transport, Metrics& metrics,
                 Logger logger, std::uint64_t random_seed);

  /// The reply to `call`. Errors: those of Transport::send, kRedirectRefused and kRedirectFailed,
  /// kUnexpectedStatus for 5xx, kCircuitOpen/kNotApplied. Ends by `deadline`.
  boost::asio::awaitable<Result<Answer>> call(Call call, Deadline deadline);

  /// Sends `request` to `endpoint` alone: no redirect, no other frontend; for error logs.
  boost::asio::awaitable<Result<http::Response>> send_to(http::Endpoint endpoint,
                                                         http::Request request, Deadline deadline);

  /// Where an ErrorURL at `endpoint` may be fetched (F240); may read the node list.
  boost::asio::awaitable<Result<http::Endpoint>> resolve_error_url(http::Endpoint endpoint,
                                                                   Deadline deadline);

  /// User, and the password as it is now.
  [[nodiscard]] Credentials credentials() const;

  /// See Client::hurry().
  void hurry();

  /// Counts one attempt of a load that got a reply; `error` is unset for success.
  void count_load(const std::optional<Error>& error);

 private:
  /// What one frontend led to.
  struct Attempt {
    Result<Answer> result;
    bool behind_redirect = false;    ///< the failure is that of whoever it redirected to
    bool frontend_answered = false;  ///< whatever the answer was: the frontend is alive
  };

  boost::asio::awaitable<Attempt> follow(const Call& call, std::size_t frontend, Deadline deadline);
  boost::asio::awaitable<RedirectDecision> decide(const RedirectFacts& facts, bool may_read_nodes,
                                                  Deadline deadline);
  boost::asio::awaitable<void> read_nodes(Deadline deadline);
  boost::asio::awaitable<std::optional<std::vector<ClusterNode>>> ask_for_nodes(Deadline deadline);

  std::optional<std::size_t> pick(const std::vector<bool>& tried);
  /// Waits for the outcome of the try that another call makes of a frontend while all are left
  /// alone. False: nobody tries, or `deadline` is over.
  boost::asio::awaitable<bool> wait_for_outcome(Deadline deadline);
  /// What became of asking a frontend; its failure, unset if it answered.
  void report(std::size_t frontend, const std::optional<Error>& failure);
  void wake_waiting();
  /// Says that the account is refused, if it is: every call after it fails until an operator acts.
  void report_refused_account(const http::Response& response);
  void count_redirect(const RedirectDecision& decision);
  [[nodiscard]] std::vector<ClusterNode> nodes() const;

  const ClientOptions options_;
  http::Transport& transport_;
  Metrics& metrics_;
  Logger logger_;
  const RedirectRules rules_;
  SingleFlight reading_nodes_;
  mutable std::mutex mutex_;  // guards all below; never held across an await
  Frontends frontends_;
  std::vector<std::shared_ptr<Timer>> waiting_;  // for the outcome of another call's try
  ClusterNodes nodes_;
  std::optional<Clock::time_point> account_reported_at_;
};

}  // namespace loadstar::starrocks
