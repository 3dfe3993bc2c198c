#pragma once

#include "core/base/clock.hpp"
#include "core/starrocks/client.hpp"
#include "core/starrocks/redirect.hpp"

#include <optional>
#include <string>
#include <vector>

namespace loadstar::starrocks {

/// Nodes of `SHOW FRONTENDS`, `SHOW BACKENDS` or `SHOW COMPUTE NODES`: the columns `IP` (or `Host`)
/// and `HttpPort`, in any case. Rows without a usable host and port are left out.
[[nodiscard]] std::vector<ClusterNode> nodes_of(const SqlResult& result, bool frontends);

/// What the cluster lists, and when it may be asked again. Pure; not thread-safe, the owner has a
/// lock.
class ClusterNodes {
 public:
  /// Whether a miss may ask the cluster now. Not more often than once a second, and after a read
  /// that failed (no privilege, say) not more often than every ten.
  [[nodiscard]] bool may_read(Clock::time_point now) const;

  /// A read has ended: what it found, or nullopt if nothing could be read; then the old list stays.
  void on_read(std::optional<std::vector<ClusterNode>> nodes, Clock::time_point now);

  [[nodiscard]] const std::vector<ClusterNode>& list() const { return nodes_; }

 private:
  std::vector<ClusterNode> nodes_;
  std::optional<Clock::time_point> next_read_;
};

}  // namespace loadstar::starrocks
