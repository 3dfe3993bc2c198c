#include "core/base/clock.hpp"
#include "core/base/random.hpp"
#include "server/build_info.hpp"
#include "server/commands/commands.hpp"
#include "server/exit_status.hpp"
#include "server/push/file_input.hpp"
#include "server/push/progress.hpp"
#include "server/push/push_arguments.hpp"
#include "server/push/push_session.hpp"
#include "server/push/row_source.hpp"
#include "server/push/stop_signals.hpp"
#include "server/size_text.hpp"

#include <fmt/format.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <nlohmann/json.hpp>
#include <sys/ioctl.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <iostream>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace loadstar::server {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kBarEvery{100};
constexpr milliseconds kLineEvery{5'000};
// What was sent when a signal came may become final in this time.
constexpr milliseconds kStopGrace{10'000};
constexpr std::size_t kMaxListed = 20;  // rejected batches that are shown one by one

// Shows the progress on stderr: a bar on a terminal, a line now and then elsewhere.
class Display {
 public:
  Display(bool quiet, std::optional<std::uint64_t> total)
      : quiet_(quiet), terminal_(::isatty(STDERR_FILENO) == 1), started_(Clock::now()) {
    progress_.total_bytes = total;
  }

  void update(std::uint64_t read_bytes, const PushLedger& ledger) {
    progress_.done_bytes = read_bytes - std::min(read_bytes, ledger.held_bytes());
    progress_.committed_rows = ledger.totals().committed_rows;
    progress_.rejected_rows = ledger.totals().rejected_rows;
    const auto now = Clock::now();
    progress_.elapsed = std::chrono::duration_cast<milliseconds>(now - started_);
    if (quiet_ || now - shown_ < (terminal_ ? kBarEvery : kLineEvery)) return;
    if (!terminal_ && shown_ == Clock::time_point()) {
      shown_ = now;  // the first line comes after a while, not at once
      return;
    }
    shown_ = now;
    show();
  }

  /// The last state, and the line is left.
  void end() {
    if (quiet_ || !terminal_) return;
    show();
    std::cerr << "\n";
  }

  [[nodiscard]] milliseconds elapsed() const { return progress_.elapsed; }

 private:
  void show() const {
    if (!terminal_) {
      std::cerr << progress_text(progress_) << "\n";
      return;
    }
    winsize size{};
    const bool known = ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    const std::size_t width = known ? size.ws_col : 80U;
    std::string line = progress_bar(progress_, width - 1);
    line.resize(width - 1, ' ');  // over what stood there before
    std::cerr << "\r" << line << std::flush;
  }

  bool quiet_;
  bool terminal_;
  Clock::time_point started_;
  Clock::time_point shown_;
  PushProgress progress_;
};

std::string writer_name(const PushArguments& arguments) {
  if (!arguments.writer_id.empty()) return arguments.writer_id;
  std::random_device device;
  Random random((std::uint64_t{device()} << 32U) | device());
  return "push_" + random.token(16);
}

void print_rejected(const std::vector<RejectedRows>& rejected) {
  for (std::size_t i = 0; i < rejected.size() && i < kMaxListed; ++i) {
    const RejectedRows& batch = rejected[i];
    std::cerr << fmt::format("rejected: lines {}-{} ({} rows): {}\n", batch.first_line,
                             batch.last_line, group_digits(batch.rows), batch.reason);
  }
  if (rejected.size() > kMaxListed) {
    std::cerr << fmt::format("... and {} more batches\n", rejected.size() - kMaxListed);
  }
}

void print_json(const PushLedger& ledger, const std::string& error, milliseconds elapsed) {
  const PushTotals& totals = ledger.totals();
  nlohmann::ordered_json root;
  root["complete"] = error.empty() && totals.rejected_rows == 0;
  root["committed_rows"] = totals.committed_rows;
  root["committed_bytes"] = totals.committed_bytes;
  root["committed_batches"] = totals.committed_batches;
  root["filtered_rows"] = totals.filtered_rows;
  root["rejected_rows"] = totals.rejected_rows;
  root["uncommitted_rows"] = ledger.held_rows();
  root["next_line"] = ledger.next_line();
  root["elapsed_ms"] = elapsed.count();
  root["error"] = error;
  root["rejected"] = nlohmann::ordered_json::array();
  for (const RejectedRows& batch : ledger.rejected()) {
    nlohmann::ordered_json entry;
    entry["first_line"] = batch.first_line;
    entry["last_line"] = batch.last_line;
    entry["rows"] = batch.rows;
    entry["reason"] = batch.reason;
    root["rejected"].push_back(std::move(entry));
  }
  std::cout << root.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) << "\n";
}

void print_text(const PushLedger& ledger, const std::string& error, milliseconds elapsed) {
  const PushTotals& totals = ledger.totals();
  print_rejected(ledger.rejected());
  std::cout << fmt::format("{} rows committed ({} in {})", group_digits(totals.committed_rows),
                           size_text(totals.committed_bytes), duration_text(elapsed));
  if (totals.filtered_rows > 0) {
    std::cout << fmt::format(", {} of them dropped by max_filter_ratio",
                             group_digits(totals.filtered_rows));
  }
  if (totals.rejected_rows > 0) {
    std::cout << fmt::format(", {} rows rejected", group_digits(totals.rejected_rows));
  }
  std::cout << "\n";
  if (!error.empty()) {
    std::cerr << fmt::format(
        "loadstar push: {} ({} rows that were read are not known to be committed; go on from line "
        "{})\n",
        error, group_digits(ledger.held_rows()), ledger.next_line());
  }
}

std::shared_ptr<grpc::Channel> make_channel(const std::string& server) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 30'000);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 2'000);
  return grpc::CreateCustomChannel(server, grpc::InsecureChannelCredentials(), arguments);
}

// What a signal ends: nothing before the session is there, then that.
class Stopper {
 public:
  void stop() {
    // The bar of a terminal stands in the line.
    std::cerr << fmt::format(
        "{}loadstar push: stopping; what was sent may become final for {} s, a second signal ends "
        "at once\n",
        ::isatty(STDERR_FILENO) == 1 ? "\n" : "", kStopGrace.count() / 1'000);
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    if (session_ != nullptr) session_->stop();
  }
  void give_up() {
    const std::lock_guard lock(mutex_);
    if (session_ != nullptr) session_->give_up();
  }
  void watch(PushSession* session) {
    const std::lock_guard lock(mutex_);
    session_ = session;
    if (stopping_ && session_ != nullptr) session_->stop();
  }
  [[nodiscard]] const std::atomic<bool>& stopping() const { return stopping_; }

 private:
  std::mutex mutex_;  // guards session_
  std::atomic<bool> stopping_{false};
  PushSession* session_ = nullptr;
};

int push(const PushArguments& arguments) {
  std::string problem;
  std::optional<PushPlan> plan = plan_push(arguments, problem);
  if (!plan) {
    std::cerr << "loadstar push: " << problem << "\n";
    return kExitUsage;
  }
  FileInput input(arguments.file);
  if (!input.is_open()) {
    std::cerr << fmt::format("loadstar push: '{}': {}\n", arguments.file,
                             std::generic_category().message(input.error()));
    return kExitNoInput;
  }
  Stopper stopper;
  const StopSignals signals(kStopGrace,
                            {[&stopper] { stopper.stop(); }, [&stopper] { stopper.give_up(); }});
  RowSource rows(input, plan->chunker);
  PushTarget target = plan->target;
  target.writer_id = writer_name(arguments);
  target.client_name = "loadstar push " + build_info().version;
  if (arguments.header) {
    const std::optional<std::string>& header = rows.read_header(stopper.stopping());
    if (header && target.prototype.columns().empty()) {
      set_columns(split_header(*header, plan->separator), target.prototype);
    }
  }
  Display display(arguments.output == "json" && ::isatty(STDERR_FILENO) != 1, input.size());
  PushSession session(make_channel(arguments.server), std::move(target), plan->session);
  stopper.watch(&session);
  const PushEnd end =
      session.run([&rows](std::size_t max_bytes) { return rows.next(max_bytes); },
                  [&](const PushLedger& ledger) { display.update(rows.read_bytes(), ledger); });
  stopper.watch(nullptr);
  display.end();

  const PushLedger& ledger = session.ledger();
  std::string error = end.error;
  if (end.stopped) {
    error += fmt::format(", {} rows committed", group_digits(ledger.totals().committed_rows));
  } else if (end.never_opened) {
    error = fmt::format("{} at {}", error, arguments.server);
  }
  if (error.empty() && rows.error()) error = *rows.error();
  if (error.empty() && input.error() != 0) {
    error = fmt::format("'{}': {}", arguments.file, std::generic_category().message(input.error()));
  }
  if (arguments.output == "json") {
    print_json(ledger, error, display.elapsed());
  } else {
    print_text(ledger, error, display.elapsed());
  }
  if (end.never_opened && !end.stopped) return kExitUnavailable;
  const bool all = error.empty() && ledger.totals().rejected_rows == 0;
  return all ? kExitOk : kExitUnfinished;
}

}  // namespace

void add_push_command(CLI::App& app, Command& run) {
  auto arguments = std::make_shared<PushArguments>();
  CLI::App* const command =
      app.add_subcommand("push", "Send a file through a daemon, and wait until it is committed");
  command->add_option("TABLE", arguments->table, "DATABASE.TABLE")->required();
  command->add_option("FILE", arguments->file, "File, or - for standard input")->required();
  command
      ->add_option("--server,--target", arguments->server, "host:port or unix:PATH of the daemon")
      ->capture_default_str();
  command
      ->add_option("--format", arguments->format,
                   "csv or ndjson; by the file's extension if not given")
      ->check(CLI::IsMember({"csv", "ndjson"}));
  command->add_option("--column-separator", arguments->column_separator,
                      "CSV; \\t and \\xHH are understood; default: comma, tab for .tsv");
  command->add_option("--row-delimiter", arguments->row_delimiter, "CSV; default: line feed");
  command->add_option("--enclose", arguments->enclose,
                      "CSV: the character around fields, such as \"");
  command->add_option("--columns", arguments->columns, "Columns of the file, in order: a,b,c");
  command->add_option("--property", arguments->properties,
                      "NAME=VALUE: a Stream Load header; repeatable");
  command
      ->add_option("--batch-bytes", arguments->batch_bytes,
                   "Size of a batch; smaller if the daemon's listen.max_message is")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{64U << 20U}))
      ->capture_default_str();
  command
      ->add_option("--batch-rows", arguments->batch_rows,
                   "Rows of a batch at most; the daemon's limit is limits.max_batch_rows")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{100'000'000}))
      ->capture_default_str();
  command->add_flag("--header", arguments->header, "CSV: the first row has the column names");
  command->add_option("--writer-id", arguments->writer_id,
                      "Name of the writer; default: a random one");
  command->add_option("--retry-for", arguments->retry_seconds, "Seconds that a daemon may be away")
      ->capture_default_str();
  command->add_option("-o,--output", arguments->output, "text or json")
      ->check(CLI::IsMember({"text", "json"}));
  command->callback([&run, arguments] { run = [arguments] { return push(*arguments); }; });
}

}  // namespace loadstar::server
