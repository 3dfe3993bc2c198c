#pragma once

#include "tests/emulator/server/server.hpp"

#include <memory>
#include <string>
#include <utility>

namespace emulator {
inline namespace server {

/// The exchange of a real connection: says `100 Continue` when it is due, lets body faults strike,
/// and keeps the body if the request is to be delivered twice.
class Server::SocketExchange final : public Exchange {
 public:
  SocketExchange(std::shared_ptr<Connection> connection, Clock& clock)
      : connection_(std::move(connection)), clock_(clock) {}

  asio::awaitable<BodyPiece> read_body() override;

  [[nodiscard]] Connection& connection() { return *connection_; }
  /// A body fault has ended the connection.
  [[nodiscard]] bool struck() const { return struck_; }
  void record_body() { recording_ = true; }
  [[nodiscard]] std::string take_recorded() { return std::move(recorded_); }

 private:
  asio::awaitable<bool> strike_body();

  std::shared_ptr<Connection> connection_;
  Clock& clock_;
  bool continued_ = false;
  bool struck_ = false;
  bool recording_ = false;
  std::string recorded_;
};

/// A second delivery of a request (trap E17): the same head and body, nobody to answer.
class Server::ReplayExchange final : public Exchange {
 public:
  explicit ReplayExchange(std::string body) : body_(std::move(body)) {}

  asio::awaitable<BodyPiece> read_body() override;

 private:
  std::string body_;
  bool given_ = false;
};

}  // namespace server
}  // namespace emulator
