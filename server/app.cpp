#include "server/app.hpp"

#include "core/http/pool.hpp"
#include "core/starrocks/client.hpp"
#include "core/txn/writer_registry.hpp"
#include "server/admin_pages.hpp"
#include "server/admin_service.hpp"
#include "server/build_info.hpp"
#include "server/exit_status.hpp"
#include "server/grpc_log.hpp"
#include "server/grpc_server.hpp"
#include "server/heartbeat.hpp"
#include "server/http_listener.hpp"
#include "server/ingest_service.hpp"
#include "server/io_threads.hpp"
#include "server/label_memory.hpp"
#include "server/registry_writers.hpp"
#include "server/starrocks_probe.hpp"
#include "server/stop_switch.hpp"
#include "server/tls.hpp"
#include "server/tls_reload.hpp"
#include "server/transaction_service.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <fmt/format.h>
#include <prometheus/registry.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <future>
#include <random>
#include <utility>
#include <vector>

namespace loadstar::server {
namespace {

using std::chrono::milliseconds;

// After the drain nothing is under way any more but the last trailers of calls.
constexpr milliseconds kLastCalls{500};

std::uint64_t random_seed() {
  std::random_device device;
  return (std::uint64_t{device()} << 32U) | device();
}

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return "loadstar";
  return name.data();
}

DaemonInfo make_info(const config::Options& options, std::uint64_t seed) {
  DaemonInfo info;
  info.version = build_info().version;
  info.revision = build_info().revision;
  const std::string id = options.instance.id.empty() ? host_name() : options.instance.id;
  info.daemon_id = fmt::format("{}-{:08x}", id, seed >> 32U);
  info.start_time = wall_now();
  return info;
}

double seconds(Clock::duration length) { return std::chrono::duration<double>(length).count(); }

}  // namespace

class App::Impl {
 public:
  Impl(config::Options options, const std::string& config_hash, Logger logger)
      : options_(std::move(options)),
        logger_(std::move(logger)),
        seed_(random_seed()),
        info_(make_info(options_, seed_)),
        metrics_(registry_, options_.core.starrocks.name, options_.core.max_metric_tables),
        grpc_log_(counting(logger_)),
        state_(metrics_),
        pool_threads_(options_.threads),
        admin_threads_(1),
        signals_(admin_threads_.executor(), SIGTERM, SIGINT, SIGHUP),
        heartbeat_(pool_threads_.executor()),
        probes_({options_.admin.livez_stall, options_.admin.readiness_requires_starrocks}, state_,
                heartbeat_) {
    logger_ = counting(logger_);
    register_info_metrics(registry_, config_hash);
    // Their series are there, with 0, before anything is loaded (operations.md 4.1).
    for (const auto& [name, table] : options_.core.tables) {
      const std::size_t dot = name.find('.');
      metrics_.table(name.substr(0, dot), name.substr(dot + 1));
    }
    watch_signals();
  }

  ~Impl() { undo_all(); }

  int run() {
    logger_.info("starting", {{"version", info_.version},
                              {"revision", info_.revision},
                              {"daemon_id", info_.daemon_id},
                              {"threads", fmt::to_string(options_.threads)},
                              {"memory_bytes", fmt::to_string(options_.core.limits.memory.value)}});
    int status = start();
    if (status == kExitOk) {
      state_.enter(Phase::kServing);
      // The line that scripts wait for: where everything listens.
      logger_.info("ready", {{"grpc", listening_on()},
                             {"probe", to_string(doors_[0]->address())},
                             {"admin", to_string(doors_[1]->address())}});
      status = end(stop_.wait());
    }
    undo_all();
    logger_.info(last_words_.empty() ? "ended" : last_words_,
                 {{"exit_status", fmt::to_string(status)}});
    return status;
  }

 private:
  using Undo = std::function<void()>;

  Logger counting(const Logger& logger) {
    return logger.counting([this](LogLevel level) { metrics_.log_message(level); });
  }

  // The reverse of what start() has done so far.
  void undo_all() {
    while (!undo_.empty()) {
      const Undo undo = std::move(undo_.back());
      undo_.pop_back();
      undo();
    }
  }

  int fail(int status, const std::string& message) {
    logger_.error(message);
    last_words_ = "not started";
    return status;
  }

  int start() {
    heartbeat_.start();
    // The pool's threads end after everything that runs on them.
    undo_.emplace_back([this] {
      pool_threads_.wait(heartbeat_.stop());
      pool_threads_.join();
      asio::post(admin_threads_.executor(), [this] { signals_.cancel(); });
      admin_threads_.join();
    });
    // The doors close last: a daemon that stops answering its liveness probe is killed.
    undo_.emplace_back([this] {
      for (const auto& door : doors_) admin_threads_.wait(door->stop());
    });
    std::string error;
    if (!start_tls(error)) return fail(kExitBadConfig, error);
    const int core = start_core();
    if (core != kExitOk) return core;
    if (!start_doors(error)) return fail(kExitBadConfig, error);
    const int starrocks = await_starrocks();
    if (starrocks != kExitOk) return starrocks;
    if (!start_grpc(error)) return fail(kExitBadConfig, error);
    return kExitOk;
  }

  bool start_tls(std::string& error) {
    if (!options_.listen.tls.enabled) return true;
    tls_ = ServerTls::open(options_.listen.tls, logger_, error);
    if (!tls_) return false;
    tls_reload_ = std::make_unique<TlsReload>(pool_threads_.executor(), *tls_,
                                              options_.listen.tls.reload_interval);
    tls_reload_->start();
    undo_.emplace_back([this] { pool_threads_.wait(tls_reload_->stop()); });
    return true;
  }

  int start_core() {
    auto pool = http::Pool::create(pool_threads_.executor(), options_.core.pool);
    if (pool.has_error()) {
      return fail(kExitBadConfig, "starrocks.tls: " + loadstar::describe(pool.error()));
    }
    pool_ = std::move(*pool);
    undo_.emplace_back([this] { pool_threads_.wait(pool_->stop()); });
    client_ = std::make_unique<starrocks::Client>(options_.core.starrocks, *pool_, metrics_,
                                                  logger_, seed_ + 1);
    writers_ = std::make_unique<txn::WriterRegistry>(pool_threads_.executor(), options_.core,
                                                     *client_, metrics_, logger_, seed_ + 2);
    view_ = std::make_unique<RegistryWriters>(*writers_);
    // Half of the margin for transactions that are still open, the rest for everything else.
    undo_.emplace_back([this] {
      const Deadline rollbacks_until = Clock::now() + options_.shutdown.margin / 2;
      pool_threads_.wait(writers_->stop(rollbacks_until));
    });
    auto ask = [this](Deadline deadline) { return client_->version(deadline); };
    auto check = [this] {
      return check_label_memory(*client_, options_.core.times.prepared_timeout, logger_);
    };
    starrocks_ =
        std::make_unique<StarrocksProbe>(pool_threads_.executor(), std::move(ask), std::move(check),
                                         state_, metrics_, logger_, seed_ + 3);
    starrocks_->start();
    undo_.emplace_back([this] { pool_threads_.wait(starrocks_->stop()); });
    return kExitOk;
  }

  bool start_doors(std::string& error) {
    auto refresh = [this] {
      metrics_.refresh();
      if (tls_) metrics_.certificate_expiry("grpc", tls_->certificate_end());
    };
    pages_ =
        std::make_unique<AdminPages>(info_, state_, probes_, registry_, *view_, std::move(refresh));
    const bool probes = open_door(Door::kProbe, options_.admin.probe_listen, error);
    return probes && open_door(Door::kAdmin, options_.admin.listen, error);
  }

  bool open_door(Door door, const config::ListenAddress& address, std::string& error) {
    auto answer = [this, door](AdminRequest request) {
      return pages_->answer(door, std::move(request));
    };
    auto listener =
        HttpListener::listen(admin_threads_.executor(), address, std::move(answer), error);
    if (!listener) return false;
    doors_.push_back(std::move(listener));
    return true;
  }

  int await_starrocks() {
    if (!options_.admin.startup_requires_starrocks) return kExitOk;
    std::future<void> answer = starrocks_->first_answer();
    const auto until = Clock::now() + options_.admin.startup_timeout;
    constexpr milliseconds kStep{100};  // SIGTERM is looked at so often
    while (answer.wait_for(std::chrono::seconds(0)) != std::future_status::ready) {
      if (stop_.wait_for(kStep)) return kExitOk;
      if (Clock::now() >= until) {
        return fail(kExitUnavailable,
                    fmt::format("none of {} has answered within {} ms "
                                "(admin.startup.require_starrocks)",
                                frontends(), options_.admin.startup_timeout.count()));
      }
    }
    return kExitOk;
  }

  bool start_grpc(std::string& error) {
    ingest_ = std::make_unique<IngestService>(pool_threads_.executor(), options_.core, info_,
                                              *view_, metrics_, logger_);
    transactions_ =
        std::make_unique<TransactionService>(pool_threads_.executor(), info_, *view_, metrics_);
    admin_ = std::make_unique<AdminService>(pool_threads_.executor(), info_, *view_, StartDrain());
    control_ = std::make_unique<AdminService>(
        pool_threads_.executor(), info_, *view_,
        [this](std::optional<milliseconds> grace) { stop_.stop(grace); });

    GrpcServerOptions grpc;
    grpc.addresses = options_.listen.grpc;
    grpc.max_message = options_.core.limits.max_message;
    grpc.max_concurrent_streams = options_.listen.max_concurrent_streams;
    grpc.reflection = options_.listen.reflection;
    grpc.keepalive = options_.listen.keepalive;
    if (tls_) grpc.credentials = tls_->credentials();
    GrpcServerOptions control = grpc;
    grpc_server_ =
        GrpcServer::start(grpc, {ingest_.get(), transactions_.get(), admin_.get()}, error);
    if (!grpc_server_) return false;
    undo_.emplace_back([this] { grpc_server_->shutdown(std::chrono::system_clock::now()); });
    if (options_.admin.control_socket.unix_path.empty()) return true;
    control.addresses = {options_.admin.control_socket};
    control.private_sockets = true;
    control.max_message = 1_MiB;
    control_server_ = GrpcServer::start(control, {control_.get()}, error);
    if (!control_server_) {
      error += " (admin.control_socket)";
      // The default path is for containers; elsewhere its directory is missing, or another
      // daemon's.
      if (options_.admin.control_socket != config::AdminOptions().control_socket) return false;
      logger_.warn("no control socket: only signals end this daemon", {{"error", error}});
      return true;
    }
    undo_.emplace_back([this] { control_server_->shutdown(std::chrono::system_clock::now()); });
    return true;
  }

  // SIGTERM .. the last received row is final, or time is up.
  int end(std::optional<milliseconds> grace) {
    const config::ShutdownOptions& shutdown = options_.shutdown;
    const milliseconds latest = std::max(shutdown.grace - shutdown.margin, milliseconds(0));
    const milliseconds time = grace ? *grace : std::min(shutdown.deadline, latest);
    logger_.info("draining", {{"deadline_ms", fmt::to_string(time.count())},
                              {"streams", fmt::to_string(ingest_->streams())}});
    state_.enter(Phase::kDraining);
    grpc_server_->set_serving(false);
    const auto begin = Clock::now();
    const txn::DrainReport report = pool_threads_.wait(writers_->drain(begin + time));
    state_.enter(Phase::kDrained);
    grpc_server_->shutdown(std::chrono::system_clock::now() + kLastCalls);
    last_words_ = fmt::format(
        "drained in {:.1f} s: {} batches committed; {} batches with {} rows were received and are "
        "not "
        "committed",
        seconds(Clock::now() - begin), report.committed_batches, report.uncommitted_batches,
        report.uncommitted_rows);
    return report.uncommitted_batches == 0 ? kExitOk : kExitUnfinished;
  }

  void watch_signals() {
    auto react = [this](const boost::system::error_code& error, int signal) {
      if (error) return;
      if (signal == SIGHUP) {
        // By itself it would end the daemon, and with it what was received.
        logger_.warn("SIGHUP is ignored: the configuration is read at the start only");
        watch_signals();
        return;
      }
      if (std::exchange(signalled_, true)) {
        // Rows that were not acknowledged are still with their clients (D1): nothing is lost by it.
        logger_.warn("second signal: left at once, without waiting for what was received",
                     {{"exit_status", fmt::to_string(kExitUnfinished)}});
        std::_Exit(kExitUnfinished);
      }
      logger_.info("signal received", {{"signal", signal == SIGTERM ? "SIGTERM" : "SIGINT"}});
      stop_.stop(std::nullopt);
      watch_signals();
    };
    signals_.async_wait(std::move(react));
  }

  [[nodiscard]] std::string frontends() const {
    std::string text;
    for (const http::Endpoint& endpoint : options_.core.starrocks.load_urls) {
      text += (text.empty() ? "" : ", ") + http::to_string(endpoint);
    }
    return text;
  }

  [[nodiscard]] std::string listening_on() const {
    std::string text;
    for (const config::ListenAddress& address : grpc_server_->addresses()) {
      text += (text.empty() ? "" : ",") + to_string(address);
    }
    return text;
  }

  config::Options options_;
  Logger logger_;
  std::uint64_t seed_;
  DaemonInfo info_;
  prometheus::Registry registry_;
  Metrics metrics_;
  GrpcLog grpc_log_;
  DaemonState state_;
  StopSwitch stop_;
  IoThreads pool_threads_;
  IoThreads admin_threads_;  // of its own, so that probes answer when the pool does not
  asio::signal_set signals_;
  bool signalled_ = false;  // on the admin thread
  Heartbeat heartbeat_;
  Probes probes_;
  std::string last_words_;

  std::unique_ptr<ServerTls> tls_;  // read by gRPC until its servers are gone
  std::unique_ptr<TlsReload> tls_reload_;
  std::unique_ptr<http::Pool> pool_;
  std::unique_ptr<starrocks::Client> client_;
  std::unique_ptr<txn::WriterRegistry> writers_;
  std::unique_ptr<RegistryWriters> view_;
  std::unique_ptr<StarrocksProbe> starrocks_;
  std::unique_ptr<AdminPages> pages_;
  std::vector<std::unique_ptr<HttpListener>> doors_;
  std::unique_ptr<IngestService> ingest_;
  std::unique_ptr<TransactionService> transactions_;
  std::unique_ptr<AdminService> admin_;
  std::unique_ptr<AdminService> control_;
  std::unique_ptr<GrpcServer> grpc_server_;
  std::unique_ptr<GrpcServer> control_server_;
  std::vector<Undo> undo_;
};

App::App(config::Options options, const std::string& config_hash, Logger logger)
    : impl_(std::make_unique<Impl>(std::move(options), config_hash, std::move(logger))) {}

App::~App() = default;

int App::run() { return impl_->run(); }

}  // namespace loadstar::server
