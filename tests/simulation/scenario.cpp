#include "tests/simulation/scenario.hpp"

#include "core/base/deadline.hpp"
#include "core/txn/writer_registry.hpp"
#include "tests/simulation/ledger.hpp"
#include "tests/simulation/simulated_client.hpp"
#include "tests/simulation/simulated_starrocks.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/run.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <fmt/format.h>
#include <prometheus/registry.h>

#include <functional>
#include <memory>
#include <utility>

namespace loadstar::simulation {
namespace {

using namespace std::chrono_literals;

/// A run that has not ended by then has a stuck writer.
constexpr auto kLongestRun = 8h;
/// Each run has at least so many.
constexpr std::uint64_t kLeastExchanges = 200;
/// Faults stop here at the latest, so that each run can end well.
constexpr auto kFaultsEnd = 10min;
/// No message of a client has more bytes.
constexpr std::uint64_t kMostMessage = 200;

CoreOptions options_for(Random& random) {
  CoreOptions options;
  options.starrocks.load_urls = {{false, SimulatedStarrocks::kFrontend, 8030},
                                 {false, SimulatedStarrocks::kFollower, 8030}};
  options.starrocks.user = "loader";
  options.starrocks.password = [] { return Secret("secret"); };
  options.starrocks.redirect_allow = {"be1:8040", "be2:8040", "dead1:8040", "fe1:8030", "fe2:8030"};
  options.allow_unknown_tables = true;
  options.max_loads = 1 + static_cast<unsigned>(random.below(4));
  auto& table = options.defaults;
  constexpr std::array kProtocols{Protocol::kStreamLoad, Protocol::kTransaction, Protocol::kAuto};
  table.protocol = kProtocols[random.below(kProtocols.size())];
  table.flush.max_bytes = Bytes{50 + random.below(400)};
  table.flush.max_rows = 3 + random.below(50);
  table.flush.max_ack_wait = std::chrono::milliseconds(100 + random.below(3000));
  table.parallelism = random.chance(20) ? 2 : 1;
  // No refusal for bad luck: a fault that strikes ten times is still a fault.
  table.retry.max_attempts = 1000;
  table.max_isolation_loads = 1000;
  options.limits.memory = Bytes{200 + random.below(20'000)};
  options.limits.memory_soft_percent = 100;
  options.limits.session_grace = std::chrono::milliseconds(1000 + random.below(60'000));
  return options;
}

/// The daemon process: a registry with its client, replaced when it is killed.
class SimulatedDaemon {
 public:
  SimulatedDaemon(boost::asio::io_context& io, const CoreOptions& options,
                  http::Transport& transport, std::uint64_t seed)
      : metrics_(registry_, "sim", 50),
        client_(options.starrocks, transport, metrics_, Logger(), seed),
        writers_(std::make_shared<txn::WriterRegistry>(io.get_executor(), options, client_,
                                                       metrics_, Logger(), seed)) {}

  [[nodiscard]] const std::shared_ptr<txn::WriterRegistry>& writers() const { return writers_; }
  [[nodiscard]] double reserved_bytes() const { return metrics_.memory_reserved.Value(); }

 private:
  prometheus::Registry registry_;
  Metrics metrics_;
  starrocks::Client client_;
  std::shared_ptr<txn::WriterRegistry> writers_;
};

void check_rows(const Ledger& ledger, const SimulatedStarrocks& starrocks, RunReport& report) {
  std::uint64_t digest = 1469598103934665603ULL;
  for (const auto& [row, sent] : ledger.rows) {
    const auto& visible = starrocks.rows(sent.table);
    const auto found = visible.find(row);
    const unsigned count = found == visible.end() ? 0 : found->second;
    digest = (digest ^ (std::hash<std::string>()(row) + count)) * 1099511628211ULL;
    if (sent.acknowledged && count == 0) {
      report.violations.push_back(fmt::format("V7: acknowledged row {} is not in the table", row));
    }
    if (sent.bad && count > 0) {
      report.violations.push_back(fmt::format("refused row {} is in the table", row));
    }
    if (count > 1) ++report.duplicates;
    // A row may be there once for each incarnation it was sent in; more only when StarRocks forgot
    // what it had done.
    if (count > sent.sendings && starrocks.evictions() == 0) {
      report.violations.push_back(fmt::format("row {} is there {} times, but was sent {} times",
                                              row, count, sent.sendings));
    }
  }
  for (const char* table : {"t1", "t2", "t3"}) {
    for (const auto& [row, count] : starrocks.rows(table)) {
      const auto known = ledger.rows.find(row);
      if (known == ledger.rows.end() || known->second.table != table) {
        report.violations.push_back(fmt::format("row \"{}\" of {} was never sent", row, table));
      }
    }
  }
  report.digest = digest;
}

}  // namespace

RunReport run_seed(std::uint64_t seed) {
  RunReport report;
  report.seed = seed;
  test::reset_clock();
  Random random(seed);
  boost::asio::io_context io;
  const CoreOptions options = options_for(random);
  FaultPlan faults(random, true);
  SimulatedStarrocks starrocks(io, random, std::move(faults));
  Ledger ledger;
  auto daemon = std::make_unique<SimulatedDaemon>(io, options, starrocks, seed);
  std::vector<std::unique_ptr<SimulatedDaemon>> dead;
  const auto serving = [&daemon]() -> std::shared_ptr<txn::WriterRegistry> {
    return daemon ? daemon->writers() : nullptr;
  };

  TaskGroup tasks(io.get_executor());
  std::vector<std::unique_ptr<SimulatedClient>> clients;
  const auto client_count = 2 + random.below(4);
  const unsigned bad_percent = random.chance(30) ? 10 : 0;
  const unsigned break_percent = random.chance(60) ? 5 : 0;
  const unsigned away_percent = random.chance(30) ? 20 : 0;
  const auto add_client = [&](std::uint64_t i) {
    ClientPlan plan;
    plan.name = fmt::format("w{}", i);
    plan.named = random.chance(70);
    // A plain Stream Load is two exchanges, a transaction seven or more.
    const bool plain = options.defaults.protocol == Protocol::kStreamLoad;
    plan.batches = (plain ? 160 : 30) + static_cast<unsigned>(random.below(30));
    plan.bad_percent = bad_percent;
    plan.break_percent = break_percent;
    plan.away_percent = away_percent;
    plan.checkpoint_percent = random.chance(50) ? 10 : 0;
    plan.tables = {"t1", "t2", "t3"};
    clients.push_back(std::make_unique<SimulatedClient>(io, random, plan, ledger, serving));
    tasks.spawn(clients.back()->run());
  };
  for (std::uint64_t i = 0; i < client_count; ++i) add_client(i);

  const auto begin = Clock::now();
  const auto kill_at = begin + std::chrono::milliseconds(500 + random.below(60'000));
  bool kill_due = random.chance(30);
  const bool drain_first = random.chance(50);
  const auto kill = [&]() -> asio::awaitable<void> {
    auto victim = std::move(daemon);
    const auto writers = victim->writers();
    if (drain_first) {
      const Deadline deadline = Clock::now() + 5s;
      const auto drained = co_await writers->drain(deadline);
      static_cast<void>(drained);
    }
    co_await writers->stop();
    dead.push_back(std::move(victim));
    daemon = std::make_unique<SimulatedDaemon>(io, options, starrocks, seed + dead.size() * 7919);
    ++report.kills;
  };

  const auto all_finished = [&] { return tasks.size() == 0; };
  auto step = std::chrono::milliseconds(5);
  test::run_until_idle(io);
  std::uint64_t next_client = client_count;
  while (Clock::now() - begin < kLongestRun) {
    if (all_finished()) {
      // Large loads can make few exchanges; further clients make up for it.
      if (starrocks.exchanges() >= kLeastExchanges) break;
      add_client(next_client++);
    }
    const auto before = starrocks.exchanges();
    test::pass_time(io, step, step);
    step = starrocks.exchanges() == before ? std::min(step * 2, std::chrono::milliseconds(1000))
                                           : std::chrono::milliseconds(5);
    // V14: more than the budget only by a message of each client, charged before it has to wait.
    const auto most =
        static_cast<double>(options.limits.memory.value + clients.size() * kMostMessage);
    if (daemon && daemon->reserved_bytes() > most && report.violations.empty()) {
      report.violations.push_back(fmt::format("V14: {} bytes are held, and {} are the most",
                                              daemon->reserved_bytes(), most));
    }
    if (Clock::now() - begin >= kFaultsEnd) starrocks.heal();
    if (kill_due && Clock::now() >= kill_at && daemon) {
      kill_due = false;
      tasks.spawn(kill());
    }
  }
  if (!all_finished()) {
    for (std::size_t i = 0; i < clients.size(); ++i) {
      if (!clients[i]->finished()) {
        report.violations.push_back(fmt::format("client w{} is stuck", i));
      }
    }
  }
  starrocks.heal();
  const auto finish = [&]() -> asio::awaitable<bool> {
    const Deadline deadline = Clock::now() + 1h;
    const auto drained = co_await daemon->writers()->drain(deadline);
    if (drained.uncommitted_batches > 0) {
      report.violations.push_back(
          fmt::format("{} batches are held after the drain", drained.uncommitted_batches));
    }
    if (daemon->reserved_bytes() != 0) {
      report.violations.push_back(
          fmt::format("{} bytes are charged to the budget at the end", daemon->reserved_bytes()));
    }
    co_await daemon->writers()->stop();
    co_await starrocks.settle();
    co_return true;
  };
  static_cast<void>(test::run(io, finish()));
  report.violations.insert(report.violations.end(), ledger.violations.begin(),
                           ledger.violations.end());
  check_rows(ledger, starrocks, report);
  report.grid = starrocks.grid();
  report.exchanges = starrocks.exchanges();
  report.rows = ledger.rows.size();
  report.virtual_seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  if (!all_finished()) tasks.cancel();
  test::run_until_idle(io);
  return report;
}

}  // namespace loadstar::simulation
