#pragma once

#include "tests/emulator/server/exchange.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace emulator {
inline namespace server {

/// The bytes of one client connection: heads in, bodies in (by length or chunked), answers out.
/// Confined to the emulator's thread.
class Connection {
 public:
  Connection(asio::ip::tcp::socket socket, Clock& clock);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  enum class HeadOutcome { kRequest, kClosed, kBad };

  /// Waits for the next request. kBad: `reason` says why it cannot be understood.
  asio::awaitable<HeadOutcome> read_head(HeadLimits limits, Request& request, std::string& reason);

  /// Body of the request whose head was read last; `limit` bounds chunked bodies. At most `want`
  /// bytes at once, except that a chunk comes whole (4.5).
  asio::awaitable<BodyPiece> read_body(std::int64_t limit, std::size_t want);
  /// Bytes that follow the head have already arrived, so no 100 is due (2.4).
  [[nodiscard]] bool bytes_waiting() const { return position_ < filled_; }

  /// False: the client is gone.
  asio::awaitable<bool> write(std::string bytes);
  /// One byte at a time with `pause` between two.
  asio::awaitable<bool> drip(std::string bytes, milliseconds pause);

  /// Reads and drops the rest of the body, as both servers do before the next request.
  asio::awaitable<bool> discard_body(std::int64_t limit);
  /// Ends sending, then takes what still arrives for a moment, so that the answer is not lost to an
  /// RST.
  asio::awaitable<void> linger();
  /// Waits until the client closes, or `longest` (0: for ever).
  asio::awaitable<void> wait_for_close(milliseconds longest);

  void reset();
  void close();
  [[nodiscard]] std::string peer_address() const;

 private:
  struct Body {
    bool chunked = false;
    std::int64_t remaining = 0;  ///< of a body with a length
    std::int64_t received = 0;
    bool done = true;
    bool failed = false;
  };

  asio::awaitable<bool> fill();
  asio::awaitable<BodyPiece> read_chunk(std::int64_t limit);
  asio::awaitable<bool> read_line(std::string& line, std::size_t longest);

  asio::ip::tcp::socket socket_;
  Clock& clock_;
  std::vector<char> buffer_;
  std::size_t position_ = 0;
  std::size_t filled_ = 0;
  std::string head_;
  std::string chunk_;
  Body body_;
};

}  // namespace server
}  // namespace emulator
