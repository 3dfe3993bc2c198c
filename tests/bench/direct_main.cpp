// bench_direct: core/http alone: bodies from memory straight to the sink, through its redirect, as
// the daemon would send them. What the daemon cannot beat, because it does this and more.

#include "core/http/pool.hpp"
#include "tests/bench/measure.hpp"
#include "tests/bench/rows.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using namespace loadstar;  // NOLINT(google-build-using-namespace)
namespace asio = boost::asio;

constexpr std::size_t kBody = 90U << 20U;  // flush.max_bytes
constexpr std::size_t kSlice = 1U << 20U;

http::Request put(const SliceList& body) {
  http::Request request;
  request.method = "PUT";
  request.target = "/api/bench/t0/_stream_load";
  request.fields = {{"label", "direct"}, {"format", "csv"}};
  request.body = body;
  request.framing = http::Framing::kContentLength;
  request.expect_continue = true;
  return request;
}

/// The endpoint of "http://127.0.0.1:PORT/...".
http::Endpoint endpoint_of(const http::Response& redirect) {
  const std::string location(redirect.field("location").value_or(""));
  const std::size_t colon = location.rfind(':');
  return {false, "127.0.0.1",
          static_cast<std::uint16_t>(std::strtoul(location.c_str() + colon + 1, nullptr, 10))};
}

asio::awaitable<void> send_body(http::Pool& pool, std::uint16_t port, const SliceList& body) {
  http::Endpoint frontend{false, "127.0.0.1", port};
  const Deadline deadline = Clock::now() + std::chrono::minutes(5);
  const auto redirect = co_await pool.send(frontend, put(body), deadline);
  if (!redirect) throw std::runtime_error(describe(redirect.error()));
  http::Endpoint backend = endpoint_of(*redirect);
  const auto reply = co_await pool.send(backend, put(body), deadline);
  if (!reply) throw std::runtime_error(describe(reply.error()));
  if (reply->status != 200) throw std::runtime_error(reply->body);
}

asio::awaitable<std::uint64_t> send_all(http::Pool& pool, std::uint16_t port, const SliceList& body,
                                        std::uint64_t bytes) {
  std::uint64_t sent = 0;
  while (sent < bytes) {
    co_await send_body(pool, port, body);
    sent += body.size();
  }
  co_await pool.stop();
  co_return sent;
}

void run(std::uint16_t port, double megabytes) {
  SliceList body;
  std::uint64_t rows = 0;
  for (auto& payload : bench::csv_payloads(kBody - kSlice, kSlice)) {
    rows += payload.rows;
    body.append(Slice::from_string(std::move(payload.bytes)));
  }
  asio::io_context io(1);
  auto pool = http::Pool::create(io.get_executor(), {});
  if (!pool) throw std::runtime_error(describe(pool.error()));
  const bench::Stopwatch watch;
  auto sent =
      asio::co_spawn(io, send_all(**pool, port, body, static_cast<std::uint64_t>(megabytes * 1e6)),
                     asio::use_future);
  io.run();
  const std::uint64_t bytes = sent.get();
  std::printf("{\"seconds\": %f, \"cpu\": %f, \"bytes\": %llu, \"rows\": %llu, \"error\": \"\"}\n",
              watch.seconds(), watch.cpu_seconds(), static_cast<unsigned long long>(bytes),
              static_cast<unsigned long long>(bytes / body.size() * rows));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: bench_direct FE_PORT MEGABYTES\n");
    return 64;
  }
  try {
    run(static_cast<std::uint16_t>(std::strtoul(argv[1], nullptr, 10)), std::atof(argv[2]));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_direct: %s\n", error.what());
    return 1;
  }
  return 0;
}
