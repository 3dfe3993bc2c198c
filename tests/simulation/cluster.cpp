#include "tests/simulation/cluster.hpp"

#include "core/base/deadline.hpp"
#include "tests/simulation/trace.hpp"

#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <utility>

namespace loadstar::simulation {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Outcome = OperationLog::Outcome;

DaemonLink::DaemonLink(unsigned daemon, SimulatedStarrocks& starrocks, OperationLog& log,
                       Random& random, OnExchange told)
    : daemon_(daemon), starrocks_(starrocks), log_(log), random_(random), told_(std::move(told)) {}

asio::awaitable<Result<http::Response>> DaemonLink::send(http::Endpoint endpoint,
                                                         http::Request request, Deadline deadline) {
  co_await asio::this_coro::throw_if_cancelled(false);
  const std::uint64_t number = starrocks_.exchanges() + 1;
  if (!cut_) told_(number, false);
  if (cut_) {
    auto swallowed = co_await swallow(std::move(endpoint), std::move(request));
    co_return swallowed;
  }
  const Operation operation = SimulatedStarrocks::operation_of(request);
  const std::string label = SimulatedStarrocks::label_of(request);
  log_.sent(daemon_, operation, label);
  auto answer = co_await starrocks_.send(std::move(endpoint), std::move(request), deadline);
  Outcome outcome = Outcome::kOther;
  if (!answer) {
    if (answer.error().certainty == Certainty::kNotApplied) outcome = Outcome::kNothing;
  } else if (says_ok(*answer)) {
    outcome = Outcome::kOk;
  } else if (answer->status != 200) {
    outcome = Outcome::kNothing;  // a redirect, or an answer that core may take to another frontend
  }
  if (tracing()) {
    trace("  d{} {} {} -> {}", daemon_, to_string(operation), label,
          answer ? answer->body.substr(0, 60) : describe(answer.error()));
  }
  if (!cut_) told_(number, true);
  log_.answered(daemon_, operation, label, cut_ ? Outcome::kOther : outcome);
  if (cut_) co_return Error{Errc::kConnectionLost, Certainty::kUnknown, "the process is dead"};
  co_return answer;
}

asio::awaitable<Result<http::Response>> DaemonLink::swallow(http::Endpoint endpoint,
                                                            http::Request request) {
  if (random_.chance(20)) {
    const auto late = milliseconds(random_.below(120'000));
    starrocks_.deliver_late(std::move(endpoint), std::move(request), late);
  }
  co_await sleep_for(milliseconds(5));
  co_return Error{Errc::kConnectionLost, Certainty::kUnknown, "the process is dead"};
}

DaemonProcess::DaemonProcess(boost::asio::io_context& io, unsigned number,
                             const CoreOptions& options, SimulatedStarrocks& starrocks,
                             OperationLog& log, Random& random, DaemonLink::OnExchange told)
    : number_(number),
      link_(number, starrocks, log, random, std::move(told)),
      metrics_(registry_, "sim", 50),
      client_(options.starrocks, link_, metrics_, Logger(), number),
      writers_(std::make_shared<txn::WriterRegistry>(io.get_executor(), options, client_, metrics_,
                                                     Logger(), number * 7919)) {}

Cluster::Cluster(boost::asio::io_context& io, const ExactlyOncePlan& plan, CoreOptions options,
                 SimulatedStarrocks& starrocks, OperationLog& log, Random& random)
    : io_(io),
      plan_(plan),
      options_(std::move(options)),
      starrocks_(starrocks),
      log_(log),
      random_(random),
      tasks_(io.get_executor()) {
  for (std::size_t at = 0; at < kDaemons; ++at) daemons_[at] = make(at);
}

std::shared_ptr<DaemonProcess> Cluster::make(std::size_t at) {
  const auto number = static_cast<unsigned>(all_.size() + 1);
  auto told = [this, at, number](std::uint64_t /*exchange*/, bool after) {
    on_exchange(at, number, after);
  };
  auto process = std::make_shared<DaemonProcess>(io_, number, options_, starrocks_, log_, random_,
                                                 std::move(told));
  all_.push_back(process);
  running_.push_back(process);
  return process;
}

/// Ends the daemon if the plan says so, and puts a new one in its place.
void Cluster::on_exchange(std::size_t at, unsigned process, bool after) {
  if (!after) ++exchanges_;
  if (healed_ || daemons_[at]->number() != process) return;
  const auto due = std::find_if(plan_.ends.begin(), plan_.ends.end(), [&](const DaemonEnd& end) {
    return end.exchange == exchanges_ && (end.kind == DaemonEnd::Kind::kKilledAfter) == after;
  });
  if (due == plan_.ends.end()) return;
  const auto victim = daemons_[at];
  const bool drain = due->kind == DaemonEnd::Kind::kDrained;
  trace("daemon {} ends: {}", process, to_string(due->kind));
  if (!drain) victim->link().cut();
  daemons_[at] = make(at);
  tasks_.spawn(end(victim, drain));
  ++(drain ? drains_ : kills_);
}

asio::awaitable<void> Cluster::end(std::shared_ptr<DaemonProcess> process, bool drain) {
  if (drain) {
    const Deadline deadline = Clock::now() + seconds(1 + random_.below(60));
    const auto report = co_await process->writers()->drain(deadline);
    static_cast<void>(report);
  }
  std::erase(running_, process);
  co_await process->writers()->stop();
  // Whoever still asks it gets no answer.
  process->link().cut();
}

asio::awaitable<void> Cluster::stop() {
  co_await tasks_.join();
  const auto running = running_;
  for (const auto& process : running) co_await end(process, false);
}

}  // namespace loadstar::simulation
