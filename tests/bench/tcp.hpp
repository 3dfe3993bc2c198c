#pragma once

#include "tests/bench/rows.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace loadstar::bench {

/// A blocking TCP socket on loopback; throws std::system_error.
class Socket {
 public:
  explicit Socket(int descriptor) : descriptor_(descriptor) {}
  Socket(Socket&& other) noexcept : descriptor_(other.descriptor_) { other.descriptor_ = -1; }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  Socket& operator=(Socket&&) = delete;
  ~Socket();

  [[nodiscard]] static Socket connect(std::uint16_t port);

  [[nodiscard]] int descriptor() const { return descriptor_; }
  void send_all(std::string_view bytes);
  /// 0 at the end of the stream.
  [[nodiscard]] std::size_t receive(char* to, std::size_t limit);
  void end_writing();

 private:
  int descriptor_;
};

/// A listening socket on 127.0.0.1; port 0: chosen by the system and stored back.
[[nodiscard]] int listen_on(std::uint16_t& port);

/// Sends `payloads` in a circle, `bytes` together, to the raw port of a sink or a relay. Returns
/// the rows that the receiver has counted. Throws if they are not those that were sent.
[[nodiscard]] std::uint64_t send_raw(std::uint16_t port, const std::vector<Payload>& payloads,
                                     std::uint64_t bytes, std::uint64_t& sent);

/// Closed loop: `size` bytes there, 16 back. Microseconds of each round.
[[nodiscard]] std::vector<double> echo_latency(std::uint16_t port, std::size_t size,
                                               std::size_t count);

/// Messages of the echo port, and what comes back for each.
inline constexpr std::size_t kEchoRequest = 1024;
inline constexpr std::size_t kEchoReply = 16;

}  // namespace loadstar::bench
