#pragma once

#include "core/base/bytes.hpp"
#include "core/base/log.hpp"
#include "core/base/secret.hpp"
#include "core/options.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

// The options of the daemon around core/. As in core/options.hpp the default of each option is its
// member initialiser and stands nowhere else; config/schema.cpp names the key, unit, range and help
// text of each, once (architecture.md D10).

namespace loadstar::config {

/// Exit status of the program when its configuration cannot be used (architecture.md 7; EX_CONFIG).
inline constexpr int kExitConfig = 78;

/// An address to listen on: `host:port` or `unix:/path`.
struct ListenAddress {
  std::string host;        ///< name or address, IPv6 without brackets; empty for a UNIX socket
  std::uint16_t port = 0;  ///< 0 = any free port
  std::string unix_path;   ///< absolute path of a UNIX socket; empty for TCP

  [[nodiscard]] bool is_unix() const { return !unix_path.empty(); }

  /// True for UNIX sockets, 127.0.0.0/8, ::1 and `localhost`: nobody outside the host (or the pod,
  /// whose containers share one network) can reach it.
  [[nodiscard]] bool is_local() const;

  friend bool operator==(const ListenAddress&, const ListenAddress&) = default;
};

/// "127.0.0.1:7070", "[::1]:7070" or "unix:/run/loadstar/ingest.sock", as gRPC and the file write
/// it.
[[nodiscard]] std::string to_string(const ListenAddress& address);

/// Key `listen.tls.min_version`.
enum class TlsVersion : std::uint8_t { kTls12, kTls13 };

/// TLS of the gRPC listeners. Keys: `listen.tls.*`.
struct ServerTlsOptions {
  bool enabled = false;
  std::string cert_file;       ///< PEM chain, leaf first
  std::string key_file;        ///< PEM key of cert_file
  std::string client_ca_file;  ///< PEM; set = client certificates are required and verified
  TlsVersion min_version = TlsVersion::kTls12;
  std::chrono::milliseconds reload_interval{60'000};  ///< files are read again this often
};

/// HTTP/2 pings and connection age. Keys: `listen.keepalive.*`.
struct KeepaliveOptions {
  std::chrono::milliseconds time{30'000};     ///< ping a connection that was idle this long
  std::chrono::milliseconds timeout{10'000};  ///< close it if the ping is not answered
  /// Clients may ping this often; below gRPC's own 5 minutes on purpose.
  std::chrono::milliseconds min_client_interval{10'000};
  /// Ask clients to reconnect after this time; 0 = never. Only where all writers are at-least-once
  /// (architecture.md 7, Gateway); config/validate checks it.
  std::chrono::milliseconds max_connection_age{0};
};

/// The gRPC side. Keys: `listen.*`; `max_message` and `max_streams` are in IngestLimits.
struct ListenOptions {
  std::vector<ListenAddress> grpc{ListenAddress{"127.0.0.1", 7070, ""}};
  std::uint32_t max_concurrent_streams = 128;  ///< per connection
  bool reflection = true;
  KeepaliveOptions keepalive;
  ServerTlsOptions tls;
  bool insecure = false;  ///< permits a listener off loopback without TLS
};

/// The HTTP side: doors (1) and (2) of architecture.md 7. Keys: `admin.*`.
struct AdminOptions {
  ListenAddress probe_listen{"0.0.0.0", 7071, ""};  ///< /startupz /livez /readyz /metrics
  ListenAddress listen{"127.0.0.1", 7072, ""};      ///< page and read-only API; always local
  /// Everything that changes something; mode 0600. Key `admin.control_socket`; empty path = off.
  ListenAddress control_socket{"", 0, "/run/loadstar/control.sock"};
  std::chrono::milliseconds livez_stall{60'000};  ///< an event loop silent for longer fails /livez
  bool readiness_requires_starrocks = false;      ///< key `admin.readiness.require_starrocks`
  bool startup_requires_starrocks = false;        ///< key `admin.startup.require_starrocks`
  std::chrono::milliseconds startup_timeout{60'000};  ///< key `admin.startup.starrocks_timeout`
};

/// The end. Keys: `shutdown.*`.
struct ShutdownOptions {
  std::chrono::milliseconds grace{30'000};  ///< SIGTERM to SIGKILL, as the pod has it
  std::chrono::milliseconds margin{3'000};  ///< kept back of it for the last words
  std::chrono::milliseconds deadline{
      25'000};  ///< for the drain, when preStop did not start the clock
};

/// Key `log.format`.
enum class LogFormatOption : std::uint8_t {
  kAuto,  ///< text on a terminal, else JSON
  kJson,
  kText,
};

/// Keys: `log.*`.
struct LogOptions {
  LogLevel level = LogLevel::kInfo;
  LogFormatOption format = LogFormatOption::kAuto;
};

/// Who this daemon is. Keys: `instance.*`.
struct InstanceOptions {
  std::string id;  ///< empty = the host name
  /// Only for advice: validate warns when a fleet of this size would make too many loads.
  unsigned expected_replicas = 1;
};

/// Where the StarRocks password comes from; at most one is set. load() makes
/// `core.starrocks.password` from it.
struct CredentialOptions {
  Secret password;            ///< key `starrocks.password`
  std::string password_file;  ///< key `starrocks.password_file`; read again when it changes
};

/// What is `auto` unless set; load() resolves both from the cgroup.
struct ResourceOptions {
  std::optional<Bytes> memory;      ///< key `limits.memory`; resolved into core.limits.memory
  std::optional<unsigned> threads;  ///< key `limits.threads`; resolved into Options::threads
};

/// The whole configuration: one value for each key of the file.
///
/// A default-constructed Options has all defaults and lacks only what has none
/// (`starrocks.load_urls`, `starrocks.user`). What load() returns has passed validate().
struct Options {
  CoreOptions core;
  InstanceOptions instance;
  ListenOptions listen;
  AdminOptions admin;
  ShutdownOptions shutdown;
  LogOptions log;
  CredentialOptions credentials;
  ResourceOptions resources;
  bool starrocks_tls_required =
      false;             ///< key `starrocks.tls.enabled`: every load URL must be https
  unsigned threads = 1;  ///< threads of the io_context; resolved from `limits.threads` by load()
};

}  // namespace loadstar::config
