#include "tests/emulator/server/frontend.hpp"

#include "tests/emulator/server/text.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace emulator {
inline namespace server {
namespace {

/// Bytes that Java's URI leaves alone in a path, and in a query (2.3).
constexpr std::string_view kPathBytes = "/!'()*,;:$&+=@";
constexpr std::string_view kQueryBytes = "/!'()*,;:$&+=@?[]";

std::string reencode(std::string_view text, std::string_view legal, bool ascii_only) {
  const std::string decoded = percent_decode(text);
  if (ascii_only) return percent_encode(decoded, legal);
  std::string out;
  for (const char c : decoded) {
    const bool ascii = static_cast<unsigned char>(c) < 0x80;
    out += ascii ? percent_encode(std::string_view(&c, 1), legal) : std::string(1, c);
  }
  return out;
}

}  // namespace

Frontend::Frontend(Cluster& cluster, LeaderMemory memory, std::size_t index)
    : cluster_(cluster), memory_(memory), index_(index) {}

Response Frontend::redirect(const Request& request, const Endpoint& target) const {
  const bool ascii = cluster_.since({{3, 5, 1}});
  const bool ipv6 = target.host.find(':') != std::string::npos;
  std::string location = "http://" + (ipv6 ? "[" + target.host + "]" : target.host) + ":" +
                         std::to_string(target.port) + reencode(request.path, kPathBytes, ascii);
  if (!request.query.empty()) location += "?" + reencode(request.query, kQueryBytes, ascii);
  // What would break the head cannot be written into it.
  std::erase_if(location, [](char c) { return c == '\r' || c == '\n'; });
  Response response;
  response.status = 307;
  response.headers = {{"location", location}, {"content-type", "text/html"}};
  return response;
}

Response Frontend::redirect_to_leader(const Request& request) const {
  return redirect(request, cluster_.frontends[cluster_.leader].http);
}

Response Frontend::redirect_to_backend(const Request& request, std::size_t backend) const {
  return redirect(request, cluster_.backends[backend].http);
}

std::optional<std::size_t> Frontend::choose_backend() {
  const std::size_t count = cluster_.backends.size();
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t candidate = turn_++ % count;
    if (cluster_.backends[candidate].alive) return candidate;
  }
  return std::nullopt;
}

Response Frontend::json_reply(std::string body) const {
  Response response;
  const bool labelled = cluster_.since({{3, 4, 0}});
  response.headers = {{"content-type", labelled ? "application/json; charset=UTF-8" : "text/html"}};
  response.body = std::move(body);
  return response;
}

Response Frontend::status_reply(const Json& json) const { return json_reply(fe_json(json)); }

Response Frontend::failed(const std::string& exception_class, const std::string& text) const {
  return status_reply(
      {{"Status", "FAILED"}, {"Message", "class " + exception_class + ": " + text}});
}

Response Frontend::failed(const std::string& text) const {
  return failed(cluster_.since({{3, 5, 0}}) ? "com.starrocks.common.StarRocksException"
                                            : "com.starrocks.common.UserException",
                text);
}

Response Frontend::rest(Json extra, bool ok, const std::string& text) const {
  extra["status"] = ok ? "OK" : "FAILED";
  if (cluster_.since({{3, 4, 0}})) extra["code"] = ok ? "0" : "1";
  extra["msg"] = ok ? "Success" : text;
  if (cluster_.since({{3, 2, 0}})) extra["message"] = ok ? "OK" : text;
  return json_reply(fe_compact_json(extra));
}

/// Paths that this release has. Methods decide too (8.8).
bool Frontend::path_exists(const Exchange& exchange) const {
  const std::string& operation = exchange.route.operation;
  const std::string& method = exchange.request.method;
  if (operation == "stream_load") return method == "PUT";
  const auto& segments = exchange.request.segments;
  if (segments.size() == 3 && segments[1] == "transaction") {
    return cluster_.since({{2, 4, 0}}) && (method == "POST" || method == "PUT");
  }
  if (operation == "sql") return cluster_.since({{3, 2, 0}}) && method == "POST";
  if (operation == "cancel") return method == "POST";
  if (method != "GET") return false;
  if (operation == "feature") return cluster_.since({{3, 2, 0}});
  if (operation == "schema_v2" || operation == "partitions_v2" || operation == "stream_load_meta") {
    return cluster_.since({{3, 4, 0}});
  }
  return operation == "get_load_state" || operation == "schema" || operation == "health";
}

Response Frontend::unknown_path(const Request& request, bool authenticated,
                                const std::string& reason) const {
  Response response;
  response.headers = {{"content-type", "text/html"}};
  if (!authenticated) {
    response.status = 401;
    response.headers.emplace_back("www-authenticate", "Basic realm=\"\"");
    response.body = "Authentication Failed. <br/> " + reason;
    return response;
  }
  if (request.method == "GET") {
    response.status = 404;
    response.body =
        "<html><head><title>StarRocks</title></head><body>this is 404 page.</body></html>";
    return response;
  }
  const bool post = request.method == "POST";
  response.status = post ? 501 : 405;
  response.body = rest(Json::object(), false,
                       post ? "Not implemented" : "HTTP method is not allowed: " + request.method)
                      .body;
  return response;
}

asio::awaitable<std::optional<Response>> Frontend::handle(Exchange& exchange) {
  const Request& request = exchange.request;
  const bool exists = path_exists(exchange);
  if (exists && exchange.route.operation == "health") co_return health();
  if (exists && exchange.route.operation == "feature") co_return feature();
  const auto who = Access::parse_frontend(request);
  std::string refusal;
  if (!who) {
    refusal = "Need auth information.";
  } else if (!cluster_.access.authenticate(*who)) {
    refusal = "Access denied for " + who->user + "@" + request.client_address;
  }
  if (!refusal.empty() && cluster_.config.unauthorized_reads_body) {
    for (;;) {
      const BodyPiece piece = co_await exchange.read_body();
      if (piece.kind != BodyPiece::Kind::kBytes) break;
    }
  }
  if (!exists) co_return unknown_path(request, refusal.empty(), refusal);
  if (!refusal.empty()) co_return unauthorized(refusal);
  Response response = co_await dispatch(exchange, *who);
  co_return response;
}

asio::awaitable<Response> Frontend::dispatch(Exchange& exchange, const Credentials& who) {
  const std::string& operation = exchange.route.operation;
  if (operation == "stream_load") co_return stream_load(exchange, who);
  if (operation == "get_load_state") co_return get_load_state(exchange);
  if (operation == "cancel") co_return cancel(exchange);
  if (operation == "schema") co_return schema(exchange, who);
  if (operation == "schema_v2") co_return schema_v2(exchange, who);
  if (operation == "partitions_v2") co_return partitions_v2(exchange);
  if (operation == "stream_load_meta") co_return stream_load_meta(exchange);
  if (operation == "sql") co_return sql(exchange);
  Response response = co_await transaction(exchange, who);
  co_return response;
}

}  // namespace server
}  // namespace emulator
