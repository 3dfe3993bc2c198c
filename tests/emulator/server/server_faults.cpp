#include "tests/emulator/server/server_exchange.hpp"
#include "tests/emulator/server/text.hpp"

#include <boost/asio/co_spawn.hpp>

#include <regex>
#include <utility>

// How faults change an answer or end an exchange (trap E16).

namespace emulator {
inline namespace server {
namespace {

Response redirect_to(const std::string& location, Flavor flavor) {
  Response response;
  response.status = 307;
  response.headers = {{flavor == Flavor::kFrontend ? "location" : "Location", location},
                      {"content-type", "text/html"}};
  return response;
}

/// Replaces the value of Status (or status) in the JSON text of an answer.
std::string with_status_word(const std::string& body, const std::string& word) {
  static const std::regex kStatus("(\"[Ss]tatus\": ?\")[^\"]*\"");
  std::string out;
  std::smatch match;
  if (!std::regex_search(body, match, kStatus)) return body;
  out = match.prefix().str() + match[1].str() + word + "\"" + match.suffix().str();
  return out;
}

/// The reply to a load or begin under a label that StarRocks knows (4.2, 5.2); no ExistingJobStatus
/// if `job_status` is empty.
std::string with_existing_label(bool transaction, const std::string& job_status) {
  Json json = {{"Status", transaction ? "LABEL_ALREADY_EXISTS" : "Label Already Exists"}};
  if (!job_status.empty()) json["ExistingJobStatus"] = job_status;
  json["Message"] = "label already exists";
  return json.dump(4);
}

/// A port that refuses connections: bound, never listening, held for the life of the process.
std::uint16_t refusing_port() {
  static asio::io_context io;
  static asio::ip::tcp::socket socket(io, {asio::ip::make_address("127.0.0.1"), 0});
  return socket.local_endpoint().port();
}

}  // namespace

asio::awaitable<void> Server::refuse_for(milliseconds time) {
  set_listening(false);
  if (time.count() == 0) co_return;
  const bool running = co_await context_.clock.pause(time);
  if (running) set_listening(true);
}

asio::awaitable<bool> Server::strike(SocketExchange& exchange, FaultPhase phase) {
  Connection& connection = exchange.connection();
  for (const FaultRule& rule : exchange.faults) {
    if (rule.phase != phase) continue;
    switch (rule.action) {
      case FaultAction::kReset:
        connection.reset();
        co_return true;
      case FaultAction::kDropReply:
        connection.close();
        co_return true;
      case FaultAction::kRefuse: {
        connection.reset();
        auto rethrow = [](std::exception_ptr error) {
          if (error) std::rethrow_exception(error);
        };
        asio::co_spawn(context_.io, refuse_for(rule.delay), rethrow);
        co_return true;
      }
      case FaultAction::kDelay: {
        const bool running = co_await context_.clock.pause(rule.delay);
        if (!running) co_return true;
        break;
      }
      case FaultAction::kHang:
        co_await connection.wait_for_close(rule.delay);
        connection.close();
        co_return true;
      default:
        // These replace an answer: before, they do so without anything having been done.
        if (phase == FaultPhase::kBefore && rule.action != FaultAction::kDuplicate &&
            rule.action != FaultAction::kTooManyVersions &&
            rule.action != FaultAction::kPublishDelay && rule.action != FaultAction::kSlowDrip) {
          Response nothing;
          nothing.body = "{\n    \"Status\": \"OK\",\n    \"Message\": \"\"\n}\n";
          nothing.close = true;
          co_await answer(exchange, std::move(nothing));
          co_return true;
        }
    }
  }
  co_return false;
}

asio::awaitable<bool> Server::answer(SocketExchange& exchange, Response response) {
  Connection& connection = exchange.connection();
  const Request& request = exchange.request;
  bool half = false;
  milliseconds drip_pause{0};
  for (const FaultRule& rule : exchange.faults) {
    switch (rule.action) {
      case FaultAction::kHalfBody:
        half = true;
        break;
      case FaultAction::kHttpStatus:
        response = backend_page(rule.status);
        break;
      case FaultAction::kMalformedJson:
        response.body = "{\"Status\": OK, \"Message\": }}" + response.body;
        break;
      case FaultAction::kTruncatedJson:
        response.body.resize(response.body.size() * 2 / 3);
        break;
      case FaultAction::kWrongContentType:
        std::erase_if(response.headers, [](const auto& header) {
          return equals_ignoring_case(header.first, "content-type");
        });
        response.headers.emplace_back("Content-Type", "image/png");
        break;
      case FaultAction::kRedirectDead:
        response = redirect_to(
            "http://127.0.0.1:" + std::to_string(refusing_port()) + request.target, flavor_);
        break;
      case FaultAction::kRedirectLoop:
        response = redirect_to("http://" + request.header("host") + request.target, flavor_);
        break;
      case FaultAction::kRedirectForeign:
        response = redirect_to(rule.text + request.target, flavor_);
        break;
      case FaultAction::kStatusWord:
        response.body = with_status_word(response.body, rule.text);
        break;
      case FaultAction::kLabelExists:
        response.body = with_existing_label(exchange.route.operation == "begin", rule.text);
        break;
      case FaultAction::kSlowDrip:
        drip_pause = rule.delay;
        break;
      case FaultAction::kReset:
      case FaultAction::kDropReply:
      case FaultAction::kRefuse:
      case FaultAction::kDelay:
      case FaultAction::kDuplicate:
      case FaultAction::kTooManyVersions:
      case FaultAction::kHang:
      case FaultAction::kPublishDelay:
        break;
    }
  }
  const bool head_only = request.method == "HEAD";
  const bool close = response.close || !request.keep_alive;
  std::string bytes = render(response, flavor_, request.keep_alive, head_only);
  if (half) {
    bytes.resize(bytes.size() - response.body.size() / 2 - 1);
    co_await connection.write(std::move(bytes));
    connection.reset();
    co_return false;
  }
  bool sent = false;
  if (drip_pause.count() > 0) {
    sent = co_await connection.drip(std::move(bytes), drip_pause);
  } else {
    sent = co_await connection.write(std::move(bytes));
  }
  if (!sent) co_return false;
  if (close) {
    co_await connection.linger();
    co_return false;
  }
  const bool drained = co_await connection.discard_body(exchange.chunked_limit);
  co_return drained;
}

}  // namespace server
}  // namespace emulator
