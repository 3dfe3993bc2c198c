#include "tests/emulator/server/backend.hpp"

#include "tests/emulator/server/text.hpp"

#include <algorithm>
#include <array>

namespace emulator {
inline namespace server {
namespace {

constexpr std::chrono::seconds kScanInterval{30};
/// BE and leader scan at different moments; the emulator keeps them half an interval apart.
constexpr std::chrono::seconds kScanOffset{15};
constexpr std::chrono::hours kErrorLogReserve{48};

}  // namespace

Response backend_reply(const Json& json) {
  Response response;
  response.body = be_json(json);
  return response;
}

std::optional<milliseconds> publish_delay_of(const Exchange& exchange) {
  const FaultRule* const rule = exchange.fault(FaultAction::kPublishDelay);
  return rule == nullptr ? std::nullopt : std::optional<milliseconds>(rule->delay);
}

std::string publish_timeout_text(std::int64_t transaction_id) {
  return "Publish timeout. The data will be visible after a while, txn_id: " +
         std::to_string(transaction_id) + ", tablets not finished yet";
}

bool known_format(const std::string& format) {
  static constexpr std::array<std::string_view, 7> kFormats = {"csv", "json",    "gzip", "bzip2",
                                                               "lz4", "deflate", "zstd"};
  const std::string lower = to_lower(format);
  return std::find(kFormats.begin(), kFormats.end(), lower) != kFormats.end();
}

Backend::Backend(Cluster& cluster, std::size_t index)
    : cluster_(cluster), index_(index), next_scan_(cluster.clock.now() + kScanOffset) {}

asio::awaitable<std::optional<Response>> Backend::handle(Exchange& exchange) {
  if (!cluster_.since({{3, 2, 7}, {3, 3, 0}})) {
    // Not known yet, and so ignored as any unknown header (4.2, 12).
    exchange.request.headers.erase("compression");
    exchange.request.headers.erase("content-encoding");
  }
  const Request& request = exchange.request;
  const std::string& operation = exchange.route.operation;
  Response response;
  if (operation == "stream_load" && request.method == "PUT") {
    std::optional<Response> reply = co_await stream_load(exchange);
    co_return reply;
  }
  const bool transaction_path =
      request.segments.size() == 3 && request.segments[1] == "transaction";
  if (transaction_path &&
      (request.method == "POST" || (request.method == "PUT" && operation == "load"))) {
    std::optional<Response> reply = co_await transaction(exchange);
    co_return reply;
  }
  if (operation == "health" && request.method == "GET") {
    response.headers = {{"Content-Type", "application/json"}};
    response.body = "{\"status\": \"OK\",\"msg\": \"To Be Added\"}";
  } else if (operation == "error_log" && (request.method == "GET" || request.method == "HEAD")) {
    response = load_error_log(request);
  } else {
    response.status = 404;
    response.body = "Not Found";
  }
  co_return response;
}

void Backend::restart() {
  ++generation_;
  for (const auto& [key, context] : contexts_) context->failed = true;
  contexts_.clear();
  groups_.clear();
}

void Backend::tick() {
  const milliseconds now = cluster_.clock.now();
  if (now < next_scan_) return;
  next_scan_ = now + kScanInterval;
  std::vector<std::pair<std::string, std::string>> expired;
  for (const auto& [key, context] : contexts_) {
    if (context->locked) continue;
    const auto seconds = [](milliseconds time) { return std::to_string(time.count() / 1000); };
    if (context->timeout && now > context->begun + *context->timeout) {
      expired.emplace_back(
          key, "transaction is aborted by timeout " + seconds(*context->timeout) + " seconds.");
    } else if (context->idle_timeout &&
               now > context->last_active + *context->idle_timeout + kScanInterval) {
      expired.emplace_back(key, "transaction is aborted by idle timeout " +
                                    seconds(*context->idle_timeout) + " seconds.");
    }
  }
  for (const auto& [key, reason] : expired) {
    const std::shared_ptr<LoadContext> context = contexts_.at(key);
    contexts_.erase(key);
    context->failed = true;
    cluster_.transactions.abort(context->transaction_id, reason);
  }
  std::erase_if(error_logs_,
                [now](const auto& item) { return now - item.second.written > kErrorLogReserve; });
}

bool Backend::mark_failed(const std::string& label) {
  const auto found = contexts_.find(label);
  if (found == contexts_.end()) return false;
  found->second->failed = true;
  return true;
}

bool Backend::mark_timing_out(const std::string& label) {
  const auto found = contexts_.find(label);
  if (found == contexts_.end()) return false;
  found->second->timing_out = true;
  return true;
}

void Backend::adopt(const std::string& key, std::shared_ptr<LoadContext> context) {
  contexts_[key] = std::move(context);
}

Response Backend::load_error_log(const Request& request) const {
  Response response;
  const auto file = request.parameter("file");
  if (!file || file->empty()) {
    response.body = "parameter file not specified in url.";
    return response;
  }
  const auto found = error_logs_.find(*file);
  if (found == error_logs_.end()) {
    response.status = 404;
    response.body = "Not Found";
    return response;
  }
  response.headers = {{"Content-Type", "text/plain"}};
  response.body = found->second.text;
  return response;
}

std::string Backend::keep_error_log(const std::vector<std::string>& lines) {
  if (lines.empty()) return "";
  std::string name = "error_log_" + random_uuid();
  std::replace(name.begin(), name.end(), '-', '_');
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  error_logs_[name] = {std::move(text), cluster_.clock.now()};
  return "http://" + cluster_.backends[index_].http.text() + "/api/_load_error_log?file=" + name;
}

std::string Backend::keep_rejected(const std::vector<std::string>& lines) {
  if (lines.empty()) return "";
  const std::string path =
      cluster_.backends[index_].http.host + ":/be/storage/rejected_record/" + random_uuid();
  rejected_[path] = lines;
  return path;
}

std::vector<std::string> Backend::rejected_records(const std::string& path) const {
  const auto found = rejected_.find(path);
  return found == rejected_.end() ? std::vector<std::string>() : found->second;
}

std::optional<EngineError> Backend::injected_failure(const Exchange& exchange) const {
  if (exchange.fault(FaultAction::kTooManyVersions) == nullptr) return std::nullopt;
  return EngineError{
      "Failed to load data into tablet 10007, because of too many versions, current/limit: "
      "1001/1000. You can reduce the loading job concurrency, or increase loading data batch size. "
      "If you are loading data with Routine Load, you can increase FE configs "
      "routine_load_task_consume_second and max_routine_load_batch_size,",
      "INTERNAL_ERROR"};
}

LoadLimits Backend::limits() const {
  return {cluster_.config.streaming_load_max_mb * 1024 * 1024,
          cluster_.config.streaming_load_max_batch_size_mb * 1024 * 1024};
}

}  // namespace server
}  // namespace emulator
