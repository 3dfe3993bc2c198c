#include "server/admin_pages.hpp"

#include "server/status_page.hpp"

#include <nlohmann/json.hpp>
#include <prometheus/text_serializer.h>

#include <iterator>
#include <string_view>
#include <utility>
#include <vector>

namespace loadstar::server {
namespace {

constexpr std::string_view kJson = "application/json";
constexpr std::string_view kHtml = "text/html; charset=utf-8";
constexpr std::string_view kMetrics = "text/plain; version=0.0.4; charset=utf-8";

AdminReply reply(unsigned status, std::string_view content_type, std::string body) {
  return {status, std::string(content_type), std::move(body)};
}

AdminReply plain(unsigned status, std::string body) {
  AdminReply result;
  result.status = status;
  result.body = std::move(body) + "\n";
  return result;
}

AdminReply probe_reply(const ProbeResult& result, bool verbose) {
  const unsigned status = result.ok() ? 200 : 503;
  if (!verbose) {
    std::string text = "ok";
    for (const ProbeCheck& check : result.checks) {
      if (!check.ok) text = check.name + ": " + check.text;
    }
    return plain(status, std::move(text));
  }
  nlohmann::ordered_json root;
  root["ok"] = result.ok();
  for (const ProbeCheck& check : result.checks) {
    nlohmann::ordered_json entry;
    entry["ok"] = check.ok;
    entry["text"] = check.text;
    root["checks"][check.name] = std::move(entry);
  }
  return reply(status, kJson, root.dump(2) + "\n");
}

}  // namespace

AdminPages::AdminPages(const DaemonInfo& info, const DaemonState& state, const Probes& probes,
                       prometheus::Registry& registry, Writers& writers,
                       std::function<void()> refresh)
    : info_(info),
      state_(state),
      probes_(probes),
      registry_(registry),
      writers_(writers),
      refresh_(std::move(refresh)) {}

asio::awaitable<AdminReply> AdminPages::answer(Door door, AdminRequest request) {
  if (request.method != "GET" && request.method != "HEAD") {
    co_return plain(405, "only GET and HEAD are served here");
  }
  const std::size_t question = request.target.find('?');
  const std::string path = request.target.substr(0, question);
  const std::string query =
      question == std::string::npos ? "" : request.target.substr(question + 1);
  const bool verbose = query == "verbose" || query.starts_with("verbose=");
  if (path == "/startupz") co_return probe_reply(probes_.startup(), verbose);
  if (path == "/livez") co_return probe_reply(probes_.live(), verbose);
  if (path == "/readyz") co_return probe_reply(probes_.ready(), verbose);
  if (path == "/metrics") co_return reply(200, kMetrics, metrics_text());
  if (door == Door::kAdmin && (path == "/" || path == "/api/status")) {
    std::string everybody;
    const txn::StatusReport report = co_await writers_.status(std::move(everybody));
    if (path == "/") co_return reply(200, kHtml, status_html(info_, state_.phase(), report));
    co_return reply(200, kJson, status_json(info_, state_.phase(), report));
  }
  co_return plain(404, "not found; this door has /startupz /livez /readyz /metrics" +
                           std::string(door == Door::kAdmin ? " / /api/status" : ""));
}

std::string AdminPages::metrics_text() const {
  refresh_();
  std::vector<prometheus::MetricFamily> families = registry_.Collect();
  std::vector<prometheus::MetricFamily> process = process_metrics_.Collect();
  families.insert(families.end(), std::make_move_iterator(process.begin()),
                  std::make_move_iterator(process.end()));
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace loadstar::server
