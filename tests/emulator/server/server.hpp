#pragma once

#include "tests/emulator/server/connection.hpp"
#include "tests/emulator/server/exchange.hpp"
#include "tests/emulator/server/faults.hpp"
#include "tests/emulator/server/options.hpp"
#include "tests/emulator/server/request_log.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>

namespace emulator {
inline namespace server {

/// What all servers of the emulated cluster share.
struct ServerContext {
  asio::io_context& io;
  Clock& clock;
  const Config& config;
  Faults& faults;
  RequestLog& log;
};

/// One HTTP listener: an FE, a BE or the admin door. Reads requests, lets the faults strike, hands
/// the rest to its handler, and answers the way its flavor does. Confined to the emulator's thread.
class Server {
 public:
  /// `name` is "fe1", "be2", ...; `role` is what fault rules call it: "fe", "be", "admin".
  Server(ServerContext context, Flavor flavor, std::string name, std::string role,
         Handler& handler);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server();

  /// Binds and starts to accept. Throws boost::system::system_error if the port is taken.
  void open(const std::string& address, std::uint16_t port);
  /// False: connections are refused until it is true again; open connections stay.
  void set_listening(bool listening);
  /// Ends all open connections, as a killed process does.
  void reset_connections();
  void close();

  [[nodiscard]] std::uint16_t port() const { return endpoint_.port(); }
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  class SocketExchange;
  class ReplayExchange;

  void start_accepting();
  asio::awaitable<void> accept_loop(std::shared_ptr<asio::ip::tcp::acceptor> acceptor);
  asio::awaitable<void> serve(std::shared_ptr<Connection> connection);
  /// One request to its answer. False: the connection has ended.
  asio::awaitable<bool> serve_one(std::shared_ptr<Connection> connection, Request request);
  /// Requests that never reach a handler: 417, 501 (BE), bodies of POST.
  asio::awaitable<std::optional<Response>> receive(SocketExchange& exchange);
  /// True: the fault has ended the exchange.
  asio::awaitable<bool> strike(SocketExchange& exchange, FaultPhase phase);
  asio::awaitable<bool> answer(SocketExchange& exchange, Response response);
  asio::awaitable<void> repeat(Request request, Route route, std::string body, milliseconds delay);
  asio::awaitable<void> refuse_for(milliseconds time);
  void log(const Exchange& exchange, int status, std::string outcome, bool duplicate);
  [[nodiscard]] HeadLimits head_limits() const;

  ServerContext context_;
  Flavor flavor_;
  std::string name_;
  std::string role_;
  Handler& handler_;
  asio::ip::tcp::endpoint endpoint_;
  std::shared_ptr<asio::ip::tcp::acceptor> acceptor_;
  std::list<std::shared_ptr<Connection>> connections_;
};

}  // namespace server
}  // namespace emulator
