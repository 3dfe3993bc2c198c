#include "tests/emulator/server/runtime.hpp"

#include "tests/emulator/server/admin.hpp"

#include <boost/asio/co_spawn.hpp>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace emulator {
inline namespace server {
namespace {

std::unique_ptr<Engine> open_engine(const Options& options) {
  auto engine = options.open_engine ? options.open_engine(options.database_path)
                                    : Engine::open(options.database_path);
  if (!engine) throw std::runtime_error("cannot open " + options.database_path);
  if (!options.init_sql.empty()) {
    const auto error = engine->execute(options.init_sql);
    if (error) throw std::runtime_error("init SQL: " + error->message);
  }
  return engine;
}

std::vector<std::unique_ptr<Backend>> make_backends(Cluster& cluster) {
  std::vector<std::unique_ptr<Backend>> backends;
  for (std::size_t i = 0; i < cluster.backends.size(); ++i) {
    backends.push_back(std::make_unique<Backend>(cluster, i));
  }
  return backends;
}

std::vector<Backend*> pointers(const std::vector<std::unique_ptr<Backend>>& backends) {
  std::vector<Backend*> list;
  for (const auto& backend : backends) list.push_back(backend.get());
  return list;
}

}  // namespace

Runtime::Runtime(asio::io_context& io, const Options& options)
    : config_(options.config),
      clock_(io, options.still_clock),
      engine_(open_engine(options)),
      access_(options.users),
      transactions_(*engine_, clock_, config_, access_),
      cluster_{io,
               clock_,
               config_,
               Version::parse(options.version),
               options.version,
               *engine_,
               access_,
               transactions_,
               options.warehouses,
               std::vector<BackendInfo>(options.backends),
               std::vector<FrontendInfo>(options.follower ? 2 : 1),
               0},
      log_(options.request_log_path),
      coordinators_(clock_, config_, Version::parse(options.version).has({{3, 5, 3}}),
                    options.backends),
      backends_(make_backends(cluster_)),
      tasks_(cluster_, pointers(backends_)) {
  for (std::size_t i = 0; i < cluster_.frontends.size(); ++i) {
    frontends_.push_back(
        std::make_unique<Frontend>(cluster_, LeaderMemory{coordinators_, tasks_}, i));
  }
  admin_ = std::make_unique<Admin>(*this);
}

Runtime::~Runtime() = default;

void Runtime::open(const Options& options) {
  const ServerContext context{cluster_.io, clock_, config_, faults_, log_};
  for (std::size_t i = 0; i < frontends_.size(); ++i) {
    auto server = std::make_unique<Server>(context, Flavor::kFrontend, "fe" + std::to_string(i + 1),
                                           "fe", *frontends_[i]);
    server->open(options.listen, i == 0 ? options.fe_port : options.fe_follower_port);
    cluster_.frontends[i].http = {options.advertise, server->port()};
    servers_.push_back(std::move(server));
  }
  for (std::size_t i = 0; i < backends_.size(); ++i) {
    auto server = std::make_unique<Server>(context, Flavor::kBackend, "be" + std::to_string(i + 1),
                                           "be", *backends_[i]);
    server->open(options.listen,
                 i < options.be_ports.size() ? options.be_ports[i] : std::uint16_t{0});
    cluster_.backends[i].http = {options.advertise, server->port()};
    servers_.push_back(std::move(server));
  }
  auto admin = std::make_unique<Server>(context, Flavor::kAdmin, "admin", "admin", *admin_);
  admin->open(options.listen, options.admin_port);
  servers_.push_back(std::move(admin));
  auto rethrow = [](std::exception_ptr error) {
    if (error) std::rethrow_exception(error);
  };
  asio::co_spawn(cluster_.io, tick_loop(), rethrow);
}

void Runtime::close() {
  for (const auto& server : servers_) server->close();
  clock_.stop();
}

Server* Runtime::server(const std::string& name) {
  const auto found = std::find_if(servers_.begin(), servers_.end(),
                                  [&name](const auto& server) { return server->name() == name; });
  return found == servers_.end() ? nullptr : found->get();
}

void Runtime::restart_backend(std::size_t backend, bool leader_notices) {
  backends_.at(backend)->restart();
  server("be" + std::to_string(backend + 1))->reset_connections();
  if (leader_notices) transactions_.backend_lost(backend);
}

void Runtime::change_leader() {
  tasks_.clear();
  transactions_.forget_prepare();
  coordinators_.clear();
  cluster_.leader = (cluster_.leader + 1) % cluster_.frontends.size();
  clock_.wake();
}

void Runtime::advance(milliseconds amount) {
  clock_.advance(amount);
  tick();
}

void Runtime::tick() {
  // Whoever is due first acts first, so that one long advance() has one outcome.
  for (const auto& backend : backends_) {
    if (backend->next_tick() < transactions_.next_tick()) backend->tick();
  }
  transactions_.tick();
  for (const auto& backend : backends_) backend->tick();
}

asio::awaitable<void> Runtime::tick_loop() {
  for (;;) {
    tick();
    milliseconds next = transactions_.next_tick();
    for (const auto& backend : backends_) next = std::min(next, backend->next_tick());
    const bool running = co_await clock_.wait_until(next);
    if (!running) co_return;
  }
}

}  // namespace server
}  // namespace emulator
