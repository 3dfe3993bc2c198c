#include "tests/emulator/server/emulator.hpp"

#include "tests/emulator/server/runtime.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <exception>
#include <functional>
#include <future>
#include <stdexcept>
#include <thread>
#include <utility>

namespace emulator {
inline namespace server {

/// The thread on which the cluster lives.
struct Emulator::Thread {
  asio::io_context io{1};
  std::unique_ptr<Runtime> runtime;
  std::thread thread;

  /// Runs `work` there and waits; its exceptions come back.
  template <class Work>
  auto call(Work work) {
    using Value = std::invoke_result_t<Work>;
    std::packaged_task<Value()> task(std::move(work));
    auto value = task.get_future();
    asio::post(io, [&task] { task(); });
    return value.get();
  }
};

Emulator::Emulator(Options options) : options_(std::move(options)) {}

Emulator::~Emulator() { stop(); }

void Emulator::start() {
  if (thread_) throw std::runtime_error("the emulator is running");
  auto thread = std::make_unique<Thread>();
  std::promise<void> started;
  auto ready = started.get_future();
  thread->thread = std::thread([this, raw = thread.get(), &started] {
    try {
      raw->runtime = std::make_unique<Runtime>(raw->io, options_);
      raw->runtime->open(options_);
    } catch (...) {
      if (raw->runtime) raw->runtime->close();
      raw->io.run();
      raw->runtime.reset();
      started.set_exception(std::current_exception());
      return;
    }
    started.set_value();
    raw->io.run();
    raw->runtime.reset();
  });
  try {
    ready.get();
  } catch (...) {
    thread->thread.join();
    throw;
  }
  thread_ = std::move(thread);
  Cluster& cluster = thread_->runtime->cluster();
  fe_port_ = cluster.frontends[0].http.port;
  follower_port_ = options_.follower ? cluster.frontends[1].http.port : std::uint16_t{0};
  be_ports_.clear();
  for (const BackendInfo& backend : cluster.backends) be_ports_.push_back(backend.http.port);
  admin_port_ = thread_->runtime->server("admin")->port();
  // A restart comes back where its clients look for it.
  options_.fe_port = fe_port_;
  options_.fe_follower_port = follower_port_;
  options_.be_ports = be_ports_;
  options_.admin_port = admin_port_;
}

void Emulator::stop() {
  if (!thread_) return;
  thread_->call([this] { thread_->runtime->close(); });
  thread_->thread.join();
  thread_.reset();
}

std::uint16_t Emulator::fe_port() const { return fe_port_; }
std::uint16_t Emulator::follower_port() const { return follower_port_; }
std::uint16_t Emulator::be_port(std::size_t backend) const { return be_ports_.at(backend); }
std::uint16_t Emulator::admin_port() const { return admin_port_; }
std::size_t Emulator::backends() const { return be_ports_.size(); }

std::string Emulator::fe_url() const {
  return "http://" + options_.advertise + ":" + std::to_string(fe_port_);
}

std::string Emulator::follower_url() const {
  return "http://" + options_.advertise + ":" + std::to_string(follower_port_);
}

std::string Emulator::be_url(std::size_t backend) const {
  return "http://" + options_.advertise + ":" + std::to_string(be_port(backend));
}

void Emulator::execute(const std::string& sql) {
  const auto error = thread_->call([&] { return thread_->runtime->engine().execute(sql); });
  if (error) throw std::runtime_error(error->message);
}

QueryResult Emulator::query(const std::string& sql, const std::string& database) {
  EngineError error;
  const auto result =
      thread_->call([&] { return thread_->runtime->engine().query(sql, database, error); });
  if (!result) throw std::runtime_error(error.message);
  return *result;
}

std::string Emulator::label_state(const std::string& database, const std::string& label) {
  return thread_->call([&] {
    const Transaction* const newest = thread_->runtime->transactions().newest(database, label);
    return newest == nullptr ? std::string("UNKNOWN") : std::string(name_of(newest->state));
  });
}

std::string Emulator::label_reason(const std::string& database, const std::string& label) {
  return thread_->call([&] {
    const Transaction* const newest = thread_->runtime->transactions().newest(database, label);
    return newest == nullptr ? std::string() : newest->reason;
  });
}

std::int64_t Emulator::running_transactions(const std::string& database) {
  return thread_->call([&] { return thread_->runtime->transactions().running(database); });
}

void Emulator::set_next_transaction_id(std::int64_t id) {
  thread_->call([&] { thread_->runtime->transactions().set_next_id(id); });
}

void Emulator::add_fault(FaultRule rule) {
  thread_->call([&] { thread_->runtime->faults().add(std::move(rule)); });
}

void Emulator::clear_faults() {
  thread_->call([&] { thread_->runtime->faults().clear(); });
}

void Emulator::set_config(const std::string& key, const std::string& value) {
  const bool known = thread_->call([&] { return thread_->runtime->config().set(key, value); });
  if (!known) throw std::invalid_argument("no such key or bad value: " + key);
}

void Emulator::set_users(std::vector<User> users) {
  thread_->call([&] { thread_->runtime->access().set_users(std::move(users)); });
}

void Emulator::restart_backend(std::size_t backend, bool leader_notices) {
  thread_->call([&] { thread_->runtime->restart_backend(backend, leader_notices); });
}

void Emulator::set_backend_stopping(std::size_t backend, bool stopping) {
  thread_->call([&] { thread_->runtime->backend(backend).set_stopping(stopping); });
}

void Emulator::set_backend_alive(std::size_t backend, bool alive) {
  thread_->call([&] { thread_->runtime->cluster().backends.at(backend).alive = alive; });
}

void Emulator::change_leader() {
  thread_->call([&] { thread_->runtime->change_leader(); });
}

void Emulator::set_frontends_stopping(bool stopping) {
  thread_->call([&] {
    for (std::size_t i = 0; i < thread_->runtime->frontends(); ++i) {
      thread_->runtime->frontend(i).set_stopping(stopping);
    }
  });
}

void Emulator::set_listening(const std::string& server, bool listening) {
  thread_->call([&] {
    Server* const found = thread_->runtime->server(server);
    if (found == nullptr) throw std::invalid_argument("no such server: " + server);
    found->set_listening(listening);
  });
}

void Emulator::advance_clock(std::chrono::milliseconds amount) {
  thread_->call([&] { thread_->runtime->advance(amount); });
}

void Emulator::evict() {
  thread_->call([&] { thread_->runtime->transactions().evict(); });
}

bool Emulator::mark_context_failed(std::size_t backend, const std::string& label) {
  return thread_->call([&] { return thread_->runtime->backend(backend).mark_failed(label); });
}

bool Emulator::mark_context_timing_out(std::size_t backend, const std::string& label) {
  return thread_->call([&] { return thread_->runtime->backend(backend).mark_timing_out(label); });
}

std::vector<LoggedRequest> Emulator::requests() {
  return thread_->call([&] {
    const auto& entries = thread_->runtime->log().entries();
    return std::vector<LoggedRequest>(entries.begin(), entries.end());
  });
}

std::vector<std::string> Emulator::rejected_records(const std::string& path) {
  return thread_->call([&] {
    for (std::size_t i = 0; i < thread_->runtime->backends(); ++i) {
      auto lines = thread_->runtime->backend(i).rejected_records(path);
      if (!lines.empty()) return lines;
    }
    return std::vector<std::string>();
  });
}

}  // namespace server
}  // namespace emulator
