#pragma once

#include "core/base/deadline.hpp"
#include "core/http/transport.hpp"

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace loadstar::txn {

inline http::Response reply_of(std::string body, unsigned status = 200) {
  http::Response response;
  response.status = status;
  response.body = std::move(body);
  return response;
}

/// What becomes of one exchange before the StarRocks behind it hears of it.
enum class Mood { kPass, kRefuse, kHang, kLate };

/// Whether a request ends a transaction: rollback, or the frontend's cancel.
inline bool is_rollback(const http::Request& request) {
  return request.target.ends_with("/transaction/rollback");
}
inline bool is_cancel(const http::Request& request) {
  return request.target.find("/_cancel?") != std::string::npos;
}

/// Wraps a transport; the test says of each request whether it passes, is refused, or gets no
/// answer until its deadline or a cancel (as from a stopped process); or answers it itself.
class MoodyTransport final : public http::Transport {
 public:
  explicit MoodyTransport(http::Transport& inner) : inner_(inner) {}

  /// How long after it was done a reply comes, for kLate.
  static constexpr std::chrono::seconds kLateBy{3};

  std::function<Mood(const http::Endpoint&, const http::Request&)> mood;
  /// Asked first; nullopt: `mood` decides.
  std::function<std::optional<http::Response>(const http::Endpoint&, const http::Request&)> answer;

  /// From now on every answer refuses the account; `asked` learns when each question came.
  void refuse_account(std::vector<Clock::time_point>& asked) {
    answer = [&asked](const http::Endpoint&,
                      const http::Request&) -> std::optional<http::Response> {
      asked.push_back(Clock::now());
      return reply_of(R"({"status":"FAILED","msg":"Access denied for loader@10.0.0.1"})", 401);
    };
  }

  asio::awaitable<Result<http::Response>> send(http::Endpoint endpoint, http::Request request,
                                               Deadline deadline) override {
    // As the pool: what has no time left is not sent.
    if (Clock::now() >= deadline) {
      co_return Error{Errc::kDeadlineExceeded, Certainty::kNotApplied, "no time left"};
    }
    auto own = answer ? answer(endpoint, request) : std::nullopt;
    if (own) co_return std::move(*own);
    const Mood now = mood ? mood(endpoint, request) : Mood::kPass;
    if (now == Mood::kRefuse) {
      co_return Error{Errc::kConnectFailed, Certainty::kNotApplied, "refused"};
    }
    if (now == Mood::kHang) {
      co_await asio::this_coro::throw_if_cancelled(false);
      const bool waited = co_await sleep_until(deadline);
      co_return Error{waited ? Errc::kDeadlineExceeded : Errc::kCancelled, Certainty::kUnknown,
                      "no answer"};
    }
    auto reply = co_await inner_.send(std::move(endpoint), std::move(request), deadline);
    if (now == Mood::kLate) co_await sleep_for(kLateBy);
    co_return reply;
  }

 private:
  http::Transport& inner_;
};

}  // namespace loadstar::txn
