#include "tests/emulator/server/http_client.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <stdexcept>

namespace emulator::testing {
namespace {

constexpr int kPatienceMs = 20'000;

bool same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return std::tolower(static_cast<unsigned char>(x)) ==
           std::tolower(static_cast<unsigned char>(y));
  });
}

}  // namespace

std::string Reply::header(std::string_view name) const {
  for (const auto& [known, value] : headers) {
    if (same_name(known, name)) return value;
  }
  return "";
}

TestClient::TestClient(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  sockaddr* const generic = static_cast<sockaddr*>(static_cast<void*>(&address));
  if (socket_ < 0 || ::connect(socket_, generic, sizeof(address)) != 0) {
    if (socket_ >= 0) ::close(socket_);
    throw std::runtime_error("connection refused");
  }
  const int on = 1;
  ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

TestClient::TestClient(TestClient&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)), buffer_(std::move(other.buffer_)) {}

TestClient::~TestClient() { close(); }

void TestClient::close(bool with_reset) {
  if (socket_ < 0) return;
  if (with_reset) {
    const linger now{1, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
  }
  ::close(socket_);
  socket_ = -1;
}

bool TestClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool TestClient::fill() {
  pollfd wait{socket_, POLLIN, 0};
  if (::poll(&wait, 1, kPatienceMs) <= 0) throw std::runtime_error("no answer in time");
  std::array<char, 65536> bytes{};
  const ssize_t size = ::recv(socket_, bytes.data(), bytes.size(), 0);
  if (size <= 0) return false;
  buffer_.append(bytes.data(), static_cast<std::size_t>(size));
  return true;
}

bool TestClient::readable_now() {
  pollfd wait{socket_, POLLIN, 0};
  return !buffer_.empty() || ::poll(&wait, 1, 0) > 0;
}

bool TestClient::ended() { return buffer_.empty() && !fill(); }

std::optional<Reply> TestClient::read_reply() {
  std::size_t end = std::string::npos;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
    if (!fill()) return std::nullopt;
  }
  Reply reply;
  std::string_view head(buffer_.data(), end);
  reply.status = std::stoi(std::string(head.substr(9, 3)));
  std::size_t line = head.find("\r\n");
  while (line != std::string_view::npos) {
    const std::size_t start = line + 2;
    line = head.find("\r\n", start);
    const std::string_view text =
        head.substr(start, line == std::string_view::npos ? line : line - start);
    const std::size_t colon = text.find(": ");
    if (colon == std::string_view::npos) throw std::runtime_error("broken header line");
    reply.headers.emplace_back(text.substr(0, colon), text.substr(colon + 2));
  }
  buffer_.erase(0, end + 4);
  if (reply.status == 100) return reply;
  const std::string length = reply.header("content-length");
  const std::size_t wanted = length.empty() ? 0 : std::stoul(length);
  while (buffer_.size() < wanted) {
    if (!fill()) return std::nullopt;
  }
  reply.body = buffer_.substr(0, wanted);
  buffer_.erase(0, wanted);
  return reply;
}

std::string RequestText::head() const {
  std::string text = method + " " + target + " " + version + "\r\n";
  for (const auto& [name, value] : headers) text += name + ": " + value + "\r\n";
  return text + "\r\n";
}

std::optional<Reply> exchange(TestClient& client, RequestText request) {
  bool expects = false;
  bool framed = false;
  for (const auto& [name, value] : request.headers) {
    expects = expects || (same_name(name, "expect") && same_name(value, "100-continue"));
    framed = framed || same_name(name, "content-length") || same_name(name, "transfer-encoding");
  }
  if (!framed && !request.body.empty()) {
    request.headers.emplace_back("Content-Length", std::to_string(request.body.size()));
  }
  if (!client.send(request.head())) return std::nullopt;
  if (!expects) {
    client.send(request.body);
    return client.read_reply();
  }
  auto first = client.read_reply();
  if (!first || first->status != 100) return first;
  client.send(request.body);
  auto final = client.read_reply();
  if (final) final->continued = true;
  return final;
}

std::optional<Reply> exchange(std::uint16_t port, RequestText request) {
  TestClient client(port);
  return exchange(client, std::move(request));
}

}  // namespace emulator::testing
