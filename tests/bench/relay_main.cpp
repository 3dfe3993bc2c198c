// bench_relay: receives and sends, and nothing else: what the middle of a chain of three processes
// cannot do without (performance.md 4, "raw TCP relay").
//
// Usage: bench_relay PORT: listens on a port that the system chooses, prints it as JSON, and passes
// each connection, one after the other, on to PORT of 127.0.0.1.

#include "tests/bench/tcp.hpp"

#include <sys/socket.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <vector>

namespace {

using loadstar::bench::Socket;

constexpr std::size_t kBuffer = 256U << 10U;

void pass_on(Socket& from, Socket& to, std::vector<char>& buffer) {
  while (const std::size_t got = from.receive(buffer.data(), buffer.size())) {
    to.send_all({buffer.data(), got});
  }
  to.end_writing();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 64;
  try {
    const auto target = static_cast<std::uint16_t>(std::strtoul(argv[1], nullptr, 10));
    std::uint16_t port = 0;
    const int listener = loadstar::bench::listen_on(port);
    std::printf("{\"port\": %u}\n", static_cast<unsigned>(port));
    std::fflush(stdout);
    std::vector<char> buffer(kBuffer);
    while (true) {
      Socket client(::accept(listener, nullptr, nullptr));
      Socket server = Socket::connect(target);
      pass_on(client, server, buffer);
      pass_on(server, client, buffer);
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_relay: %s\n", error.what());
    return 1;
  }
}
