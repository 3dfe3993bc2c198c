#include "tests/bench/tcp.hpp"

#include "tests/bench/measure.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <stdexcept>
#include <system_error>

namespace loadstar::bench {
namespace {

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

}  // namespace

Socket::~Socket() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Socket Socket::connect(std::uint16_t port) {
  Socket socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_in address = loopback(port);
  if (::connect(socket.descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) !=
      0) {
    fail("connect");
  }
  const int on = 1;
  ::setsockopt(socket.descriptor_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  return socket;
}

void Socket::send_all(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0) fail("send");
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

std::size_t Socket::receive(char* to, std::size_t limit) {
  const ssize_t got = ::recv(descriptor_, to, limit, 0);
  if (got < 0) fail("recv");
  return static_cast<std::size_t>(got);
}

void Socket::end_writing() { ::shutdown(descriptor_, SHUT_WR); }

int listen_on(std::uint16_t& port) {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(port);
  if (::bind(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    fail("bind");
  }
  if (::listen(descriptor, 128) != 0) fail("listen");
  socklen_t size = sizeof(address);
  ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size);
  port = ntohs(address.sin_port);
  return descriptor;
}

std::uint64_t send_raw(std::uint16_t port, const std::vector<Payload>& payloads,
                       std::uint64_t bytes, std::uint64_t& sent) {
  Socket socket = Socket::connect(port);
  std::uint64_t rows = 0;
  for (std::size_t i = 0; sent < bytes; ++i) {
    const Payload& payload = payloads[i % payloads.size()];
    socket.send_all(payload.bytes);
    sent += payload.bytes.size();
    rows += payload.rows;
  }
  socket.end_writing();
  std::array<char, 64> text{};
  std::string reply;
  while (const std::size_t got = socket.receive(text.data(), text.size())) {
    reply.append(text.data(), got);
  }
  if (reply != std::to_string(rows)) {
    throw std::runtime_error(std::to_string(rows) + " rows were sent, but the sink counted " +
                             reply);
  }
  return rows;
}

std::vector<double> echo_latency(std::uint16_t port, std::size_t size, std::size_t count) {
  Socket socket = Socket::connect(port);
  const std::string request(size, 'x');
  std::array<char, kEchoReply> reply{};
  std::vector<double> micros;
  for (std::size_t i = 0; i < count; ++i) {
    const Stopwatch watch;
    socket.send_all(request);
    std::size_t got = 0;
    while (got < reply.size()) {
      const std::size_t more = socket.receive(reply.data() + got, reply.size() - got);
      if (more == 0) throw std::runtime_error("the echo port closed");
      got += more;
    }
    micros.push_back(watch.seconds() * 1e6);
  }
  return micros;
}

}  // namespace loadstar::bench
