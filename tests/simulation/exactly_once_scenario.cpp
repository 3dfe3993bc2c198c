#include "tests/simulation/exactly_once_scenario.hpp"

#include "core/base/deadline.hpp"
#include "tests/simulation/cluster.hpp"
#include "tests/simulation/exactly_once_client.hpp"
#include "tests/simulation/exactly_once_oracle.hpp"
#include "tests/simulation/operation_log.hpp"
#include "tests/simulation/simulated_starrocks.hpp"
#include "tests/simulation/trace.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/virtual_time.hpp"

#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

namespace loadstar::simulation {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;

/// Faults stop here at the latest, so that each run can end well.
constexpr minutes kFaultsEnd{20};
/// V15: a new incarnation is through within this once nothing fails any more; twice the longest
/// back-off and request timeout, and what it takes to load the rest.
constexpr minutes kRecovery{30};
/// No message of a client has more bytes.
constexpr std::uint64_t kMostMessage = 160;

// Both draw the same from `random`, scripted or not, so that a script of what struck repeats the
// run.

FaultPlan network_of(const ExactlyOncePlan& plan, Random& random) {
  FaultPlan drawn(random, plan.network_faults);
  return plan.network ? FaultPlan(*plan.network) : std::move(drawn);
}

MishapPlan mishaps_of(const ExactlyOncePlan& plan, Random& random) {
  MishapPlan drawn(random, plan.mishaps);
  return plan.clients ? MishapPlan(*plan.clients) : std::move(drawn);
}

StarrocksBehaviour behaviour_of(const ExactlyOncePlan& plan) {
  StarrocksBehaviour behaviour;
  behaviour.forgets_committed = plan.prepared_for.has_value();
  behaviour.begin_is_idempotent = plan.seed % 3 == 0;
  if (plan.prepared_for) behaviour.longest_prepared = *plan.prepared_for;
  return behaviour;
}

class Run {
 public:
  explicit Run(const ExactlyOncePlan& plan)
      : plan_(plan),
        random_(plan.seed * 11'400'714'819'323'198'485ULL + 3),
        log_(violations_),
        starrocks_(io_, random_, network_of(plan, random_), behaviour_of(plan)),
        cluster_(io_, plan_, options_for(plan), starrocks_, log_, random_),
        oracle_(plan_, starrocks_.model(), log_, violations_),
        mishaps_(mishaps_of(plan, random_)),
        world_{io_, plan_, cluster_, starrocks_, mishaps_, oracle_},
        changed_(io_.get_executor()),
        supervisors_(io_.get_executor()),
        clients_running_(io_.get_executor()),
        time_(io_) {
    if (plan.prepared_for) log_.tolerate_rollback();
  }

  ExactlyOnceReport report() {
    const auto begin = Clock::now();
    for (const auto& writer : oracle_.writers()) supervisors_.spawn(supervise(*writer));
    time_.settle();
    while (true) {
      if (supervisors_.size() == 0) {
        // Few large batches make few exchanges; further writers make up for it.
        if (starrocks_.exchanges() >= plan_.least_exchanges) break;
        supervisors_.spawn(supervise(oracle_.add_writer()));
        time_.settle();
      }
      const bool enough = starrocks_.exchanges() >= plan_.most_exchanges;
      if (!healed_ && (enough || Clock::now() - begin >= kFaultsEnd)) {
        heal();
        time_.settle();
      }
      if (healed_ && Clock::now() - healed_at_ >= kRecovery) {
        report_stuck();
        break;
      }
      time_.step(healed_ ? healed_at_ + kRecovery : begin + kFaultsEnd);
      check_memory();
    }
    heal();
    wind_up();
    ExactlyOnceReport report;
    report.virtual_seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    oracle_.check_end();
    fill(report);
    return report;
  }

 private:
  /// Starts incarnations of one client: the next when the last is over, or is thought to be.
  asio::awaitable<void> supervise(SimulatedWriter& writer) {
    unsigned made = 0;
    while (!writer.finished && !writer.lost && !stuck_) {
      if (!healed_ && made >= plan_.incarnations) {
        co_await changed_.wait();
        continue;
      }
      ++made;
      const auto client =
          std::make_shared<ExactlyOnceClient>(world_, writer, random_.below(UINT64_MAX), changed_);
      clients_.push_back(client);
      clients_running_.spawn(client->run());
      const bool calm = healed_ || !plan_.mishaps;
      // Who thinks that the client is dead may be wrong: then two are alive.
      const Deadline patience =
          calm ? kNever
               : Clock::now() +
                     milliseconds(random_.chance(50) ? 5'000 + random_.below(90'000) : 600'000);
      while (!client->over() && !writer.finished && !writer.lost && !stuck_ &&
             Clock::now() < patience && (calm || !healed_)) {
        co_await changed_.wait_until(patience);
      }
      co_await sleep_for(milliseconds(1 + random_.below(5'000)));
    }
  }

  void heal() {
    if (std::exchange(healed_, true)) return;
    healed_at_ = Clock::now();
    trace("faults end");
    starrocks_.heal();
    mishaps_.heal();
    cluster_.heal();
    for (const auto& client : clients_) {
      client->retire();
      if (random_.chance(50)) client->crash();
    }
    changed_.notify();
  }

  /// V14, as far as virtual time can tell: no daemon takes in more than its budget and one message
  /// of each writer, which is charged before its sender is made to wait.
  void check_memory() {
    const auto limit = static_cast<double>(cluster_.options().limits.memory.value +
                                           oracle_.writers().size() * kMostMessage);
    for (const auto& process : cluster_.all()) {
      if (process->reserved_bytes() <= limit) continue;
      violations_.add("V14", fmt::format("daemon {} holds {} bytes of at most {}",
                                         process->number(), process->reserved_bytes(), limit));
    }
  }

  void report_stuck() {
    for (const auto& writer : oracle_.writers()) {
      if (writer->finished || writer->lost) continue;
      violations_.add("V15", fmt::format("{} is stuck at row {} of {}, epoch {}", writer->name,
                                         writer->store.load().position, writer->rows.size(),
                                         writer->store.load().epoch));
    }
    stuck_ = true;
    changed_.notify();
  }

  /// Ends everything in order: clients, daemons, what is still in the network.
  void wind_up() {
    for (const auto& client : clients_) client->crash();
    TaskGroup last(io_.get_executor());
    const auto finish = [](Run& run) -> asio::awaitable<void> {
      co_await run.clients_running_.join();
      co_await run.supervisors_.join();
      co_await run.cluster_.stop();
      co_await run.starrocks_.settle();
    };
    last.spawn(finish(*this));
    const auto limit = Clock::now() + hours(48);
    time_.settle();
    while (last.size() > 0) {
      const bool more = time_.step(limit);
      LOADSTAR_ASSERT(more, "the run ends once its clients and daemons are told to");
    }
    // V13: what daemons hold at the end is nothing.
    for (const auto& process : cluster_.all()) {
      if (process->reserved_bytes() == 0) continue;
      violations_.add("V13",
                      fmt::format("{} bytes are charged to the budget of daemon {} at the end",
                                  process->reserved_bytes(), process->number()));
    }
  }

  void fill(ExactlyOnceReport& report) {
    report.plan = plan_;
    report.violations = violations_.list();
    report.grid = starrocks_.grid();
    report.clients = mishaps_.grid();
    report.exchanges = starrocks_.exchanges();
    report.rows = oracle_.rows();
    report.incarnations = clients_.size();
    report.kills = cluster_.kills();
    report.drains = cluster_.drains();
    report.lingering = oracle_.lingering();
    report.digest = oracle_.digest();
    report.network = starrocks_.faults().struck();
    report.mishaps = mishaps_.struck();
    for (const auto& writer : oracle_.writers()) {
      report.epochs += writer->store.load().epoch;
      if (writer->lost) ++report.lost;
    }
  }

  ExactlyOncePlan plan_;
  boost::asio::io_context io_;
  Random random_;
  Violations violations_;
  OperationLog log_;
  SimulatedStarrocks starrocks_;
  Cluster cluster_;
  ExactlyOnceOracle oracle_;
  MishapPlan mishaps_;
  ClientWorld world_;
  Signal changed_;
  std::vector<std::shared_ptr<ExactlyOnceClient>> clients_;
  TaskGroup supervisors_;
  TaskGroup clients_running_;
  bool healed_ = false;
  bool stuck_ = false;
  Clock::time_point healed_at_;
  test::VirtualTime time_;
};

}  // namespace

ExactlyOnceReport run_exactly_once(const ExactlyOncePlan& plan) {
  test::reset_clock();
  Run run(plan);
  return run.report();
}

}  // namespace loadstar::simulation
