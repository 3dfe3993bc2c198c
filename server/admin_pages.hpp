#pragma once

#include "core/base/process_metrics.hpp"
#include "server/daemon_info.hpp"
#include "server/probes.hpp"
#include "server/writers.hpp"

#include <boost/asio/awaitable.hpp>
#include <prometheus/registry.h>

#include <functional>
#include <string>

namespace loadstar::server {

/// Which HTTP door a request came through (architecture.md 7, Doors).
enum class Door : std::uint8_t {
  kProbe,  ///< on the pod's address: probes and metrics
  kAdmin,  ///< on loopback: the same, the page and the read-only API
};

/// A request to the admin doors; they have no body.
struct AdminRequest {
  std::string method;
  std::string target;  ///< path and query
};

/// What is answered, HEAD included (the listener drops its body).
struct AdminReply {
  unsigned status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

/// What the HTTP doors show: /startupz /livez /readyz (with `?verbose` as JSON), /metrics, and at
/// the admin door `/` and /api/status. Nothing here changes anything, and nothing shows a secret.
///
/// Thread-safe. References outlive the object.
class AdminPages {
 public:
  /// `refresh` brings metrics up to date that are computed; called before each scrape.
  AdminPages(const DaemonInfo& info, const DaemonState& state, const Probes& probes,
             prometheus::Registry& registry, Writers& writers, std::function<void()> refresh);

  /// 404 for what this door does not have, 405 for everything but GET and HEAD.
  asio::awaitable<AdminReply> answer(Door door, AdminRequest request);

 private:
  [[nodiscard]] std::string metrics_text() const;

  const DaemonInfo& info_;
  const DaemonState& state_;
  const Probes& probes_;
  prometheus::Registry& registry_;
  Writers& writers_;
  std::function<void()> refresh_;
  ProcessMetrics process_metrics_;
};

}  // namespace loadstar::server
