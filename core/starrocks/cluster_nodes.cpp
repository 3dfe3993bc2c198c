#include "core/starrocks/cluster_nodes.hpp"

#include "core/starrocks/server_url.hpp"
#include "core/starrocks/sql_reply.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace loadstar::starrocks {
namespace {}  // namespace

std::vector<ClusterNode> nodes_of(const SqlResult& result, bool frontends) {
  std::vector<ClusterNode> nodes;
  auto host = column_of(result, "IP");
  if (!host) host = column_of(result, "Host");
  const auto port = column_of(result, "HttpPort");
  if (!host || !port) return nodes;
  for (const auto& row : result.rows) {
    if (row.size() <= std::max(*host, *port) || !row[*host] || !row[*port]) continue;
    const std::string& name = *row[*host];
    const bool bare_v6 = name.find(':') != std::string::npos && !name.starts_with('[');
    std::string text = bare_v6 ? "[" + name + "]" : name;
    text += ":" + *row[*port];
    // The same rules and the same canonical text as for the Location it is compared with.
    const auto endpoint = parse_host_port(text, false);
    if (endpoint) nodes.push_back(ClusterNode{endpoint->host, endpoint->port, frontends});
  }
  return nodes;
}

bool ClusterNodes::may_read(Clock::time_point now) const {
  return !next_read_ || now >= *next_read_;
}

void ClusterNodes::on_read(std::optional<std::vector<ClusterNode>> nodes, Clock::time_point now) {
  constexpr std::chrono::seconds kAfterRead{1};
  constexpr std::chrono::seconds kAfterFailure{10};
  next_read_ = now + (nodes ? kAfterRead : kAfterFailure);
  if (nodes) nodes_ = std::move(*nodes);
}

}  // namespace loadstar::starrocks
