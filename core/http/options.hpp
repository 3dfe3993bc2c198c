#pragma once

#include "core/base/bytes.hpp"

#include <chrono>
#include <cstddef>
#include <string>

namespace loadstar::http {

/// TLS towards frontends. Keys: `starrocks.tls.*`.
struct TlsOptions {
  std::string ca_file;      ///< PEM; empty = system store
  std::string cert_file;    ///< PEM client certificate; empty = none
  std::string key_file;     ///< PEM key of cert_file
  std::string server_name;  ///< name to verify instead of the host; empty = the host
  bool insecure_skip_verify = false;
};

/// Bounds and time limits of the connection pool. Every value is checked by config/validate and
/// asserted by the pool.
struct PoolOptions {
  /// Key `starrocks.max_connections_per_host`; 1..1024.
  std::size_t max_connections_per_host = 8;
  /// Requests that may wait for a connection to one host; more fail with
  /// kConnectFailed/kNotApplied.
  std::size_t max_waiting_per_host = 1024;
  /// Key `starrocks.connect_timeout` (sink.connect.timeout-ms): for the name, and then for TCP and
  /// TLS together of each of its addresses, so that one dead address does not use up the others'
  /// time.
  std::chrono::milliseconds connect_timeout{1000};
  /// Key `starrocks.expect_continue_timeout` (sink.wait-for-continue.timeout-ms).
  std::chrono::milliseconds expect_continue_timeout{10'000};
  /// An exchange in which no byte moves for this long while sending the body is given up
  /// (delivery-and-faults.md F080). The wait for the reply is bounded by the deadline alone.
  std::chrono::milliseconds send_stall_timeout{30'000};
  /// An idle connection older than this is closed instead of used again.
  std::chrono::milliseconds idle_timeout{20'000};
  Bytes max_response_header = 16_KiB;
  Bytes max_response_body = 1_MiB;
  TlsOptions tls;
};

}  // namespace loadstar::http
