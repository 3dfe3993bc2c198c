#pragma once

#include "core/txn/api.hpp"
#include "server/daemon_info.hpp"
#include "server/daemon_state.hpp"

#include <string>

namespace loadstar::server {

/// The status report as a page for people: plain HTML without scripts, everything escaped.
[[nodiscard]] std::string status_html(const DaemonInfo& info, Phase phase,
                                      const txn::StatusReport& report);

/// The same as one JSON object, with stable keys, for scripts.
[[nodiscard]] std::string status_json(const DaemonInfo& info, Phase phase,
                                      const txn::StatusReport& report);

}  // namespace loadstar::server
