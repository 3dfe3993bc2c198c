// bench_sink: the receiving end of every case, one thread with epoll. Prints its ports as JSON; a
// line on its input asks for the rows and bytes loaded so far, and the end of its input ends it.

#include "tests/bench/sink_connection.hpp"
#include "tests/bench/tcp.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <exception>
#include <map>
#include <memory>
#include <utility>
#include <vector>

namespace {

using namespace loadstar::bench;  // NOLINT(google-build-using-namespace)

constexpr std::size_t kRead = 256U << 10U;  // bytes a read, as performance.md 10

class Sink {
 public:
  Sink() : epoll_(::epoll_create1(EPOLL_CLOEXEC)), buffer_(kRead) {
    std::array<std::uint16_t, 4> ports{};
    for (std::size_t i = 0; i < ports.size(); ++i) {
      const int listener = listen_on(ports[i]);
      doors_.emplace(listener, static_cast<Door>(i));
      watch(listener);
    }
    starrocks_ = std::make_unique<FakeStarRocks>(ports[1]);
    watch(STDIN_FILENO);
    std::printf("{\"fe\": %u, \"be\": %u, \"raw\": %u, \"echo\": %u}\n", ports[0], ports[1],
                ports[2], ports[3]);
    std::fflush(stdout);
  }

  void run() {
    std::array<epoll_event, 64> events{};
    while (running_) {
      const int ready = ::epoll_wait(epoll_, events.data(), events.size(), -1);
      for (int i = 0; i < ready; ++i) handle(events[static_cast<std::size_t>(i)].data.fd);
    }
  }

 private:
  void watch(int descriptor) const {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = descriptor;
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event);
  }

  void handle(int descriptor) {
    if (descriptor == STDIN_FILENO) return report();
    if (const auto door = doors_.find(descriptor); door != doors_.end()) {
      const int accepted = ::accept4(descriptor, nullptr, nullptr, SOCK_CLOEXEC);
      if (accepted < 0) return;
      connections_.emplace(accepted, std::make_unique<Open>(accepted, door->second, *starrocks_));
      watch(accepted);
      return;
    }
    read(descriptor);
  }

  void report() {
    running_ = ::read(STDIN_FILENO, buffer_.data(), buffer_.size()) > 0;
    if (!running_) return;
    const Totals totals = starrocks_->totals();
    std::printf("{\"rows\": %llu, \"bytes\": %llu}\n", static_cast<unsigned long long>(totals.rows),
                static_cast<unsigned long long>(totals.bytes));
    std::fflush(stdout);
  }

  void read(int descriptor) {
    Open& open = *connections_.at(descriptor);
    const ssize_t got = ::recv(descriptor, buffer_.data(), buffer_.size(), 0);
    std::string out;
    if (got > 0) {
      open.connection.receive({buffer_.data(), static_cast<std::size_t>(got)}, out);
    } else if (got == 0) {
      open.connection.end(out);
    }
    try {
      open.socket.send_all(out);  // short: it never fills the socket's buffer
    } catch (const std::exception&) {
      connections_.erase(descriptor);
      return;
    }
    if (got <= 0) connections_.erase(descriptor);
  }

  struct Open {
    Open(int descriptor, Door door, FakeStarRocks& starrocks)
        : socket(descriptor), connection(door, starrocks) {}
    Socket socket;
    SinkConnection connection;
  };

  int epoll_;
  std::vector<char> buffer_;
  std::map<int, Door> doors_;
  std::map<int, std::unique_ptr<Open>> connections_;
  std::unique_ptr<FakeStarRocks> starrocks_;
  bool running_ = true;
};

}  // namespace

int main() {
  try {
    Sink().run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_sink: %s\n", error.what());
    return 1;
  }
  return 0;
}
