#include "tests/emulator/server/server.hpp"

#include "tests/emulator/server/server_exchange.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace emulator {
inline namespace server {
namespace {

/// Netty's aggregator in the FE (2.1).
constexpr std::int64_t kLargestFrontendBody = 6'553'600;
/// POST bodies at the other doors; StarRocks' BE has no bound of its own there.
constexpr std::int64_t kLargestPostBody = 64LL * 1024 * 1024;
/// No limit is configured in the BE (2.2); the emulator protects itself.
constexpr std::size_t kLargestBackendHead = 16U * 1024U * 1024U;

/// Exceptions end the program: everything expected is a value.
void rethrow(std::exception_ptr error) {
  if (error) std::rethrow_exception(error);
}

bool known_method(const std::string& method) {
  static constexpr std::array<std::string_view, 5> kKnown = {"GET", "POST", "HEAD", "PUT",
                                                             "DELETE"};
  return std::find(kKnown.begin(), kKnown.end(), method) != kKnown.end();
}

Response bad_request(Flavor flavor, const std::string& reason) {
  if (flavor == Flavor::kBackend) return backend_page(400);
  Response response;
  response.status = 400;
  response.headers = {{"content-type", "text/html"}};
  response.body = "Bad Request. <br/> " + reason;
  response.close = true;
  return response;
}

}  // namespace

Server::Server(ServerContext context, Flavor flavor, std::string name, std::string role,
               Handler& handler)
    : context_(context),
      flavor_(flavor),
      name_(std::move(name)),
      role_(std::move(role)),
      handler_(handler) {}

Server::~Server() = default;

void Server::open(const std::string& address, std::uint16_t port) {
  endpoint_ = asio::ip::tcp::endpoint(asio::ip::make_address(address), port);
  start_accepting();
  endpoint_ = acceptor_->local_endpoint();
}

void Server::start_accepting() {
  acceptor_ = std::make_shared<asio::ip::tcp::acceptor>(context_.io, endpoint_, true);
  asio::co_spawn(context_.io, accept_loop(acceptor_), rethrow);
}

void Server::set_listening(bool listening) {
  if (listening == (acceptor_ != nullptr)) return;
  if (listening) {
    start_accepting();
    return;
  }
  boost::system::error_code ignored;
  acceptor_->close(ignored);
  acceptor_.reset();
}

void Server::reset_connections() {
  for (const auto& connection : connections_) connection->reset();
}

void Server::close() {
  set_listening(false);
  for (const auto& connection : connections_) connection->close();
}

HeadLimits Server::head_limits() const {
  if (flavor_ != Flavor::kFrontend) return {kLargestBackendHead, kLargestBackendHead};
  return {static_cast<std::size_t>(context_.config.http_max_initial_line_length),
          static_cast<std::size_t>(context_.config.http_max_header_size)};
}

asio::awaitable<void> Server::accept_loop(std::shared_ptr<asio::ip::tcp::acceptor> acceptor) {
  const auto token = asio::as_tuple(asio::use_awaitable);
  for (;;) {
    auto [error, socket] = co_await acceptor->async_accept(token);
    if (!acceptor->is_open()) co_return;
    if (error) {
      // Out of descriptors or an aborted handshake: the listener stays.
      const bool running = co_await context_.clock.pause(milliseconds(10));
      if (!running) co_return;
      continue;
    }
    auto connection = std::make_shared<Connection>(std::move(socket), context_.clock);
    asio::co_spawn(context_.io, serve(std::move(connection)), rethrow);
  }
}

asio::awaitable<void> Server::serve(std::shared_ptr<Connection> connection) {
  const auto place = connections_.insert(connections_.end(), connection);
  for (;;) {
    Request request;
    std::string reason;
    const auto outcome = co_await connection->read_head(head_limits(), request, reason);
    if (outcome == Connection::HeadOutcome::kClosed) break;
    if (outcome == Connection::HeadOutcome::kBad) {
      std::string bytes = render(bad_request(flavor_, reason), flavor_, false, false);
      const bool sent = co_await connection->write(std::move(bytes));
      if (sent) co_await connection->linger();
      break;
    }
    const bool goes_on = co_await serve_one(connection, std::move(request));
    if (!goes_on || context_.clock.stopped()) break;
  }
  connection->close();
  connections_.erase(place);
}

asio::awaitable<bool> Server::serve_one(std::shared_ptr<Connection> connection, Request request) {
  SocketExchange exchange(connection, context_.clock);
  exchange.request = std::move(request);
  exchange.route = classify(exchange.request, flavor_);
  exchange.chunked_limit = context_.config.streaming_load_max_mb * 1024 * 1024;
  if (flavor_ != Flavor::kAdmin) exchange.faults = context_.faults.strike(role_, exchange.route);
  std::optional<milliseconds> duplicate;
  if (const FaultRule* const rule = exchange.fault(FaultAction::kDuplicate)) {
    duplicate = rule->delay;
    exchange.record_body();
  }

  std::optional<Response> response = co_await receive(exchange);
  if (!response) {
    const bool ended = co_await strike(exchange, FaultPhase::kBefore);
    if (ended) {
      log(exchange, 0, "fault", false);
      co_return false;
    }
    response = co_await handler_.handle(exchange);
  }
  if (!response || exchange.struck()) {
    log(exchange, 0, "no reply", false);
    co_return false;
  }
  const bool ended = co_await strike(exchange, FaultPhase::kAfter);
  if (ended) {
    log(exchange, 0, "fault after " + status_word_of(response->body), false);
    co_return false;
  }
  if (duplicate) {
    asio::co_spawn(context_.io,
                   repeat(exchange.request, exchange.route, exchange.take_recorded(), *duplicate),
                   rethrow);
  }
  log(exchange, response->status, status_word_of(response->body), false);
  const bool goes_on = co_await answer(exchange, std::move(*response));
  co_return goes_on;
}

asio::awaitable<std::optional<Response>> Server::receive(SocketExchange& exchange) {
  Request& request = exchange.request;
  if (flavor_ == Flavor::kBackend) {
    if (!known_method(request.method)) co_return backend_page(501);
    const bool other_expectation = !request.header("expect").empty() && !request.expects_continue();
    if (other_expectation && request.minor_version >= 1) co_return backend_page(417);
  }
  if (request.method != "POST") co_return std::nullopt;
  const bool frontend = flavor_ == Flavor::kFrontend;
  const std::int64_t limit = frontend ? kLargestFrontendBody : kLargestPostBody;
  if (request.content_length.value_or(0) > limit) co_return backend_page(413);
  exchange.chunked_limit = limit;
  // The FE collects a POST without ever saying 100 (2.1).
  if (frontend) request.headers.erase("expect");
  for (;;) {
    const BodyPiece piece = co_await exchange.read_body();
    if (piece.kind == BodyPiece::Kind::kEnd) break;
    if (piece.kind == BodyPiece::Kind::kRefused) co_return backend_page(413);
    // A broken body leaves nobody to answer; the handler is not asked.
    if (piece.kind == BodyPiece::Kind::kBroken) {
      exchange.connection().close();
      co_return backend_page(400);
    }
    request.body.append(piece.bytes);
  }
  co_return std::nullopt;
}

void Server::log(const Exchange& exchange, int status, std::string outcome, bool duplicate) {
  if (flavor_ == Flavor::kAdmin) return;
  LoggedRequest entry;
  entry.time_ms = context_.clock.now().count();
  entry.server = name_;
  entry.operation = exchange.route.operation;
  entry.label = exchange.route.label;
  entry.database = exchange.route.database;
  entry.table = exchange.route.table;
  entry.method = exchange.request.method;
  entry.target = exchange.request.target;
  entry.body_bytes = exchange.body_bytes;
  entry.headers = exchange.request.headers;
  entry.http_status = status;
  entry.outcome = std::move(outcome);
  for (const FaultRule& rule : exchange.faults) {
    if (!entry.faults.empty()) entry.faults += ",";
    entry.faults += name_of(rule.action);
  }
  entry.duplicate = duplicate;
  context_.log.append(std::move(entry));
}

asio::awaitable<void> Server::repeat(Request request, Route route, std::string body,
                                     milliseconds delay) {
  const bool running = co_await context_.clock.pause(delay);
  if (!running) co_return;
  ReplayExchange exchange(std::move(body));
  exchange.request = std::move(request);
  exchange.route = std::move(route);
  const std::optional<Response> response = co_await handler_.handle(exchange);
  log(exchange, response ? response->status : 0,
      response ? status_word_of(response->body) : "no reply", true);
}

}  // namespace server
}  // namespace emulator
