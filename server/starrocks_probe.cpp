#include "server/starrocks_probe.hpp"

#include "core/base/backoff.hpp"
#include "core/base/deadline.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <utility>

namespace loadstar::server {
namespace {

constexpr std::chrono::seconds kTimeout{10};
constexpr std::chrono::seconds kPeriod{30};  // while StarRocks answers
constexpr unsigned kMaxAttempt = 16;         // the delay has long reached its maximum

}  // namespace

StarrocksProbe::StarrocksProbe(const asio::any_io_executor& executor, Ask ask,
                               OnFirstAnswer on_first_answer, DaemonState& state, Metrics& metrics,
                               Logger logger, std::uint64_t random_seed)
    : strand_(asio::make_strand(executor)),
      ask_(std::move(ask)),
      on_first_answer_(std::move(on_first_answer)),
      state_(state),
      metrics_(metrics),
      logger_(std::move(logger)),
      random_(random_seed),
      tasks_(strand_) {}

void StarrocksProbe::start() {
  auto begin = [this] { tasks_.spawn(run()); };
  asio::dispatch(strand_, std::move(begin));
}

asio::awaitable<void> StarrocksProbe::run() {
  co_await asio::this_coro::throw_if_cancelled(false);
  const BackoffOptions backoff;
  unsigned failures = 0;
  for (;;) {
    const Deadline deadline = Clock::now() + kTimeout;
    const Result<starrocks::Version> answer = co_await ask_(deadline);
    const auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none) co_return;
    const bool before = answered_;
    note(answer);
    if (answered_ && !before) co_await on_first_answer_();
    failures = answer.has_value() ? 0 : std::min(failures + 1, kMaxAttempt);
    // A refused account is not tried more often than a good one (delivery-and-faults.md F050).
    const bool steady = failures == 0 || answer.error().code == Errc::kBadCredentials;
    const Clock::duration pause =
        steady ? Clock::duration(kPeriod) : backoff_delay(backoff, failures, random_);
    const bool passed = co_await sleep_for(pause);
    if (!passed) co_return;
  }
}

void StarrocksProbe::note(const Result<starrocks::Version>& answer) {
  // An FE that answers "I cannot tell" is there.
  const bool up = answer.has_value() || answer.error().code == Errc::kUnsupported;
  const bool changed = up != up_ || !answered_;
  up_ = up;
  state_.set_starrocks_up(up);
  if (answer.has_value()) metrics_.starrocks_version(starrocks::to_string(*answer));
  if (changed && up) {
    logger_.info(
        "StarRocks answers",
        {{"version", answer.has_value() ? starrocks::to_string(*answer) : std::string("unknown")}});
  } else if (changed && answer.error().code != Errc::kCancelled) {
    logger_.warn("StarRocks does not answer", {{"error", loadstar::describe(answer.error())}});
  }
  if (up && !std::exchange(answered_, true)) first_answer_.set_value();
}

asio::awaitable<void> StarrocksProbe::stop() {
  co_await asio::co_spawn(strand_, end(), asio::use_awaitable);
}

asio::awaitable<void> StarrocksProbe::end() {
  tasks_.cancel();
  co_await tasks_.join();
}

}  // namespace loadstar::server
