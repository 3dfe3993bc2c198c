// bench_client: the sending end of every case; prints one JSON line with what it measured.

#include "tests/bench/load_client.hpp"
#include "tests/bench/measure.hpp"
#include "tests/bench/messages.hpp"
#include "tests/bench/rows.hpp"
#include "tests/bench/tcp.hpp"

#include <CLI/CLI.hpp>
#include <malloc.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

namespace {

using namespace loadstar::bench;  // NOLINT(google-build-using-namespace)

/// Distinct payload of one stream; larger than every cache.
constexpr std::size_t kDistinct = 90U << 20U;

struct Arguments {
  std::string target;
  std::uint16_t port = 0;
  std::string format = "csv";
  std::string file;
  std::size_t streams = 1;
  double skew = 0;
  double megabytes = 1000;
  std::size_t message_bytes = 1U << 20U;
  std::uint32_t message_rows = 1000;
  std::size_t count = 10'000;
  std::size_t cork = 1;
};

void print(const nlohmann::json& result) { std::cout << result.dump() << std::endl; }

nlohmann::json to_json(const LoadResult& result) {
  return {{"seconds", result.seconds}, {"cpu", result.cpu_seconds},     {"bytes", result.bytes},
          {"rows", result.rows},       {"pause", result.longest_pause}, {"error", result.error}};
}

/// Share of all bytes that stream `number` sends: equal, or `skew` of them by the first stream.
double share(const Arguments& arguments, std::size_t number) {
  const auto streams = static_cast<double>(arguments.streams);
  if (arguments.skew <= 0 || arguments.streams == 1) return 1 / streams;
  return number == 0 ? arguments.skew : (1 - arguments.skew) / (streams - 1);
}

void load(const Arguments& arguments) {
  std::vector<StreamPlan> plans;
  for (std::size_t i = 0; i < arguments.streams; ++i) {
    const std::string table = "t" + std::to_string(i);
    const std::size_t distinct = std::max(arguments.message_bytes, kDistinct / arguments.streams);
    StreamPlan plan;
    if (arguments.format == "typed") {
      const std::size_t message = std::size_t{arguments.message_rows} * 95;
      plan.messages = typed_messages(table, arguments.message_rows, distinct / message + 1);
    } else {
      plan.messages = csv_messages(table, distinct, arguments.message_bytes);
    }
    plan.bytes = static_cast<std::uint64_t>(arguments.megabytes * 1e6 * share(arguments, i));
    plans.push_back(std::move(plan));
  }
  print(to_json(run_load(arguments.target, std::move(plans))));
}

void raw(const Arguments& arguments) {
  const auto payloads = csv_payloads(kDistinct, arguments.message_bytes);
  LoadResult result;
  const Stopwatch watch;
  result.rows = send_raw(arguments.port, payloads,
                         static_cast<std::uint64_t>(arguments.megabytes * 1e6), result.bytes);
  result.seconds = watch.seconds();
  result.cpu_seconds = watch.cpu_seconds();
  print(to_json(result));
}

void print_latency(std::vector<double> micros, const std::string& error) {
  if (micros.empty()) micros.push_back(0);
  std::sort(micros.begin(), micros.end());
  print({{"p50", micros[micros.size() / 2]},
         {"p99", micros[micros.size() * 99 / 100]},
         {"count", micros.size()},
         {"error", error}});
}

void write_file(const Arguments& arguments) {
  const auto payloads =
      csv_payloads(static_cast<std::size_t>(arguments.megabytes * 1e6), arguments.message_bytes);
  std::ofstream file(arguments.file, std::ios::binary);
  LoadResult result;
  for (const Payload& payload : payloads) {
    file << payload.bytes;
    result.bytes += payload.bytes.size();
    result.rows += payload.rows;
  }
  if (!file.flush()) result.error = "cannot write " + arguments.file;
  print(to_json(result));
}

int run(int argc, char** argv) {
  Arguments arguments;
  CLI::App app{"The sending end of the benchmarks"};
  app.require_subcommand(1);
  CLI::App& loads = *app.add_subcommand("load", "Rows through a daemon, until all are committed");
  CLI::App& raws = *app.add_subcommand("raw", "The same bytes through plain TCP");
  CLI::App& latency = *app.add_subcommand("latency", "One message at a time through a daemon");
  CLI::App& appends =
      *app.add_subcommand("appends", "One-row messages, pipelined, through a daemon");
  CLI::App& echo = *app.add_subcommand("echo", "One message at a time through plain TCP");
  CLI::App& file = *app.add_subcommand("file", "Writes the rows to a file");
  for (CLI::App* const command : {&loads, &latency, &appends}) {
    command->add_option("--target", arguments.target, "host:port of the daemon")->required();
  }
  for (CLI::App* const command : {&raws, &echo}) {
    command->add_option("--port", arguments.port)->required();
  }
  for (CLI::App* const command : {&loads, &raws, &file}) {
    command->add_option("--megabytes", arguments.megabytes, "Payload, 1 MB = 1e6 bytes");
    command->add_option("--message-bytes", arguments.message_bytes);
  }
  for (CLI::App* const command : {&latency, &appends, &echo}) {
    command->add_option("--count", arguments.count, "Messages");
  }
  loads.add_option("--format", arguments.format)->check(CLI::IsMember({"csv", "typed"}));
  loads.add_option("--streams", arguments.streams, "Each with a table of its own");
  loads.add_option("--skew", arguments.skew, "Share of the first stream; 0: equal shares");
  loads.add_option("--message-rows", arguments.message_rows, "Of typed rows");
  appends.add_option("--cork", arguments.cork, "Messages between two flushes");
  file.add_option("--path", arguments.file)->required();
  CLI11_PARSE(app, argc, argv);
  if (loads) load(arguments);
  if (raws) raw(arguments);
  if (latency) {
    auto result =
        run_latency(arguments.target, one_row_message("t0", kEchoRequest), arguments.count);
    print_latency(std::move(result.micros), result.error);
  }
  if (appends) {
    print(to_json(run_appends(arguments.target, one_row_message("t0", 100), arguments.count,
                              arguments.cork)));
  }
  if (echo) print_latency(echo_latency(arguments.port, kEchoRequest, arguments.count), "");
  if (file) write_file(arguments);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  // As the daemon: what a client allocates is not what is measured.
  ::mallopt(M_MMAP_THRESHOLD, 1 << 30);
  ::mallopt(M_TRIM_THRESHOLD, 1 << 30);
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_client: %s\n", error.what());
    return 1;
  }
}
