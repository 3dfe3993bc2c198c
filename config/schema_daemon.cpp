#include "config/schema.hpp"
#include "config/schema_build.hpp"

namespace loadstar::config {
namespace {

using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace)
using Row = build::Row<Options>;

/// The option's place in Options, for reading and for writing.
#define LOADSTAR_FIELD(path) \
  [](auto& options) -> auto& { return options.path; }  // NOLINT(bugprone-macro-parentheses)

constexpr std::array<build::Word<TlsVersion>, 2> kTlsVersions{
    {{TlsVersion::kTls12, "1.2"}, {TlsVersion::kTls13, "1.3"}}};
constexpr std::array<build::Word<starrocks::RedirectPolicy>, 3> kRedirectPolicies{
    {{starrocks::RedirectPolicy::kFollowKnown, "follow_known"},
     {starrocks::RedirectPolicy::kMap, "map"},
     {starrocks::RedirectPolicy::kProxyOnly, "proxy_only"}}};
constexpr std::array<build::Word<bool>, 2> kUnknownTables{
    {{false, "reject"}, {true, "allow_with_defaults"}}};
constexpr std::array<build::Word<LogLevel>, 4> kLogLevels{{{LogLevel::kDebug, "debug"},
                                                           {LogLevel::kInfo, "info"},
                                                           {LogLevel::kWarn, "warn"},
                                                           {LogLevel::kError, "error"}}};
constexpr std::array<build::Word<LogFormatOption>, 3> kLogFormats{
    {{LogFormatOption::kAuto, "auto"},
     {LogFormatOption::kJson, "json"},
     {LogFormatOption::kText, "text"}}};

Row boolean(const char* key, auto field) { return build::boolean<Options>(key, field); }
Row integer(const char* key, auto field, Range range) {
  return build::integer<Options>(key, field, range);
}
Row percent(const char* key, auto field, Range range) {
  return build::percent<Options>(key, field, range);
}
Row size(const char* key, auto field, Bytes min, Bytes max) {
  return build::size<Options>(key, field, min, max);
}
Row duration(const char* key, auto field, std::chrono::milliseconds min,
             std::chrono::milliseconds max) {
  return build::duration<Options>(key, field, min, max);
}
Row choice(const char* key, auto field, const auto& words) {
  return build::choice<Options>(key, field, words);
}
Row text(const char* key, auto field) { return build::text<Options>(key, field); }
Row path(const char* key, auto field) { return build::text<Options>(key, field, Kind::kPath); }

Row address(const char* key, auto field) {
  return build::scalar<Options, ListenAddress>(
      build::describe(key, Kind::kListenAddress), field,
      {parse_listen_address,
       [](const ListenAddress& value) { return yaml_text(to_string(value)); },
       {}});
}

/// The version of the file's format. It has one value and no place in Options.
Row version() {
  Row row;
  row.about = build::describe("version", Kind::kChoice);
  row.about.choices = {"1"};
  row.store = [](Options&, const Node& node, const Report& report) {
    if (!build::require_scalar(node, report) || node.text == "1") return;
    report(node, build::name_of(node) + " is not a version that this program reads; write 1");
  };
  row.print = [](const Options&) { return std::string("1"); };
  row.check = [](const Options&) { return std::optional<std::string>(); };
  return row;
}

/// Unlike other texts it is never quoted in a message.
Row password() {
  Row row;
  row.about = build::describe("starrocks.password", Kind::kSecret);
  row.store = [](Options& options, const Node& node, const Report& report) {
    if (!build::require_scalar(node, report)) return;
    const auto parsed = parse_text(node.text);
    if (!parsed.ok()) return report(node, "the password " + parsed.error());
    options.credentials.password = Secret(parsed.value());
  };
  row.print = [](const Options& options) -> std::string {
    return options.credentials.password.empty() ? "\"\"" : "<redacted>";
  };
  row.check = [](const Options&) { return std::optional<std::string>(); };
  return row;
}

Row redirect_map() {
  Row row;
  row.about = build::describe("starrocks.redirect_map", Kind::kHostPort);
  row.about.shape = Shape::kMap;
  row.store = [](Options& options, const Node& node, const Report& report) {
    if (node.kind != Node::Kind::kMap && node.kind != Node::Kind::kNull) {
      return report(node, "must be a map; write {\"be:8040\": \"reachable:18040\"}");
    }
    for (const NodeEntry& entry : node.entries) {
      if (entry.value.broken || !build::require_scalar(entry.value, report)) continue;
      const auto from = parse_host_port(entry.key);
      const auto to = parse_host_port(entry.value.text);
      if (!from.ok()) report(entry.value, quote(entry.key) + " " + from.error());
      if (!to.ok()) report(entry.value, build::name_of(entry.value) + " " + to.error());
      if (from.ok() && to.ok()) options.core.starrocks.redirect_map[from.value()] = to.value();
    }
  };
  row.print = [](const Options& options) {
    return build::print_map(options.core.starrocks.redirect_map);
  };
  row.check = [](const Options&) { return std::optional<std::string>(); };
  return row;
}

/// Documents the key; read.cpp reads what is below it with table_options().
Row tables() {
  Row row;
  row.about = build::describe("tables", Kind::kText);
  row.about.shape = Shape::kTables;
  row.store = [](Options&, const Node&, const Report&) {};
  row.print = [](const Options&) { return std::string("{}"); };
  row.check = [](const Options&) { return std::optional<std::string>(); };
  return row;
}

Row memory() {
  Description about = build::describe("limits.memory", Kind::kSize);
  about.range = Range{static_cast<double>((1_MiB).value), static_cast<double>((16'384_GiB).value)};
  return build::automatic<Options, Bytes>(
      about, LOADSTAR_FIELD(resources.memory),
      {parse_size, format_size, [](Bytes value) { return static_cast<double>(value.value); }});
}

Row threads() {
  Description about = build::describe("limits.threads", Kind::kInteger);
  about.range = Range{1, 256};
  return build::automatic<Options, std::uint64_t>(
      about, LOADSTAR_FIELD(resources.threads),
      {parse_integer, [](std::uint64_t value) { return std::to_string(value); },
       [](std::uint64_t value) { return static_cast<double>(value); }});
}

/// The longest timeout that StarRocks takes: 259200 s (starrocks-load-protocol.md 4.2).
constexpr std::chrono::milliseconds kLongestTimeout = 259'200s;

void add_instance_and_listen(std::vector<Option<Options>>& rows) {
  rows.push_back(version().required().help("Version of this file's format."));
  rows.push_back(
      text("instance.id", LOADSTAR_FIELD(instance.id))
          .help("Name of this daemon in logs and on the status page; empty = the host name."));
  rows.push_back(
      integer("instance.expected_replicas", LOADSTAR_FIELD(instance.expected_replicas),
              {1, 100'000})
          .help("Daemons that load the same tables. Only for advice: `validate` warns when "
                "they would make too many loads."));
  rows.push_back(
      build::list<Options, ListenAddress>(
          "listen.grpc", Kind::kListenAddress, LOADSTAR_FIELD(listen.grpc),
          {parse_listen_address, [](const ListenAddress& value) { return to_string(value); }, {}})
          .help("Where clients connect: host:port or unix:/path. An address off loopback "
                "needs `listen.tls`, or `listen.insecure: true`."));
  rows.push_back(size("listen.max_message", LOADSTAR_FIELD(core.limits.max_message), 1_KiB, 1_GiB)
                     .help("Largest client message. A larger one is refused, never split."));
  rows.push_back(integer("listen.max_streams", LOADSTAR_FIELD(core.limits.max_streams), {1, 1e6})
                     .help("Open streams over all connections."));
  rows.push_back(integer("listen.max_concurrent_streams",
                         LOADSTAR_FIELD(listen.max_concurrent_streams), {1, 1e6})
                     .help("Calls at once on one connection."));
  rows.push_back(boolean("listen.reflection", LOADSTAR_FIELD(listen.reflection))
                     .help("Serves gRPC reflection, which grpcurl and similar tools ask for."));
  rows.push_back(duration("listen.keepalive.time", LOADSTAR_FIELD(listen.keepalive.time), 1s, 2h)
                     .help("Pings a connection that was idle this long."));
  rows.push_back(
      duration("listen.keepalive.timeout", LOADSTAR_FIELD(listen.keepalive.timeout), 1s, 10min)
          .help("Closes a connection whose ping is not answered in this time."));
  rows.push_back(duration("listen.keepalive.min_client_interval",
                          LOADSTAR_FIELD(listen.keepalive.min_client_interval), 1s, 1h)
                     .help("How often clients may ping; shorter than gRPC's own 5m on purpose."));
  rows.push_back(
      duration("listen.keepalive.max_connection_age",
               LOADSTAR_FIELD(listen.keepalive.max_connection_age), 0s, 24h)
          .help("Asks clients to reconnect after this time, so that a gateway's load spreads; "
                "0s = never. Only where every table is `delivery: at_least_once`."));
}

void add_listen_tls(std::vector<Option<Options>>& rows) {
  rows.push_back(boolean("listen.tls.enabled", LOADSTAR_FIELD(listen.tls.enabled))
                     .help("TLS on every TCP address of `listen.grpc`."));
  rows.push_back(path("listen.tls.cert_file", LOADSTAR_FIELD(listen.tls.cert_file))
                     .help("PEM certificate chain, leaf first."));
  rows.push_back(path("listen.tls.key_file", LOADSTAR_FIELD(listen.tls.key_file))
                     .help("PEM private key of the certificate."));
  rows.push_back(
      path("listen.tls.client_ca_file", LOADSTAR_FIELD(listen.tls.client_ca_file))
          .help("PEM certificates that client certificates are verified with. Set = clients "
                "must have one."));
  rows.push_back(
      choice("listen.tls.min_version", LOADSTAR_FIELD(listen.tls.min_version), kTlsVersions)
          .help(
              "Lowest TLS version. 1.3 is refused where gRPC cannot enforce it, as 1.51 cannot."));
  rows.push_back(
      duration("listen.tls.reload_interval", LOADSTAR_FIELD(listen.tls.reload_interval), 1s, 24h)
          .help("How often the files are read again; a changed certificate needs no restart. What "
                "cannot be served (half written, another key) is not used: the earlier one stays, "
                "with a warning."));
  rows.push_back(
      boolean("listen.insecure", LOADSTAR_FIELD(listen.insecure))
          .help("true = really listen without TLS on an address that others can reach."));
}

void add_admin(std::vector<Option<Options>>& rows) {
  rows.push_back(
      address("admin.probe_listen", LOADSTAR_FIELD(admin.probe_listen))
          .help("Serves /startupz, /livez, /readyz and /metrics only; must be reachable on the "
                "pod's address, or probes fail."));
  rows.push_back(address("admin.listen", LOADSTAR_FIELD(admin.listen))
                     .help("Status page and read-only API; loopback or a UNIX socket."));
  rows.push_back(
      address("admin.control_socket", LOADSTAR_FIELD(admin.control_socket))
          .help("UNIX socket, mode 0600, for what changes something (AdminService.Drain)."));
  rows.push_back(duration("admin.livez_stall", LOADSTAR_FIELD(admin.livez_stall), 1s, 1h)
                     .help("An event loop that is silent for longer fails /livez."));
  rows.push_back(
      boolean("admin.readiness.require_starrocks",
              LOADSTAR_FIELD(admin.readiness_requires_starrocks))
          .help("true = /readyz fails while no frontend answers. Keep false in a sidecar: it "
                "would take the application out of its Service."));
  rows.push_back(
      boolean("admin.startup.require_starrocks", LOADSTAR_FIELD(admin.startup_requires_starrocks))
          .help("true = exit with status 69 if no frontend answers in `starrocks_timeout`."));
  rows.push_back(
      duration("admin.startup.starrocks_timeout", LOADSTAR_FIELD(admin.startup_timeout), 1s, 1h)
          .help("How long `require_starrocks` waits at start."));
}

void add_starrocks_access(std::vector<Option<Options>>& rows) {
  rows.push_back(text("starrocks.name", LOADSTAR_FIELD(core.starrocks.name))
                     .help("Name of the cluster: the label `cluster` of metrics."));
  rows.push_back(
      build::list<Options, http::Endpoint>("starrocks.load_urls", Kind::kLoadUrl,
                                           LOADSTAR_FIELD(core.starrocks.load_urls),
                                           {parse_load_url, format_url, {}})
          .required()
          .flink("load-url, jdbc-url")
          .starrocks("FE `http_port`, `https_port`")
          .help("HTTP addresses of frontends. Version, schema and backends are asked for "
                "over the same port, so there is no `jdbc-url`."));
  rows.push_back(text("starrocks.user", LOADSTAR_FIELD(core.starrocks.user))
                     .required()
                     .flink("username")
                     .starrocks("`Authorization`")
                     .help("Account with SELECT and INSERT on the tables."));
  rows.push_back(
      path("starrocks.password_file", LOADSTAR_FIELD(credentials.password_file))
          .flink("password")
          .starrocks("`Authorization`")
          .help("File with the password, without its last line end; read again when it changes."));
  rows.push_back(password()
                     .flink("password")
                     .starrocks("`Authorization`")
                     .help("The password itself; prefer `password_file`."));
  rows.push_back(
      boolean("starrocks.tls.enabled", LOADSTAR_FIELD(starrocks_tls_required))
          .help("true = every URL of `load_urls` must be https://. An https:// URL uses TLS "
                "in any case."));
  rows.push_back(path("starrocks.tls.ca_file", LOADSTAR_FIELD(core.pool.tls.ca_file))
                     .help("PEM certificates to verify frontends with; empty = the system's."));
  rows.push_back(path("starrocks.tls.cert_file", LOADSTAR_FIELD(core.pool.tls.cert_file))
                     .help("PEM client certificate; empty = none."));
  rows.push_back(path("starrocks.tls.key_file", LOADSTAR_FIELD(core.pool.tls.key_file))
                     .help("PEM private key of the client certificate."));
  rows.push_back(text("starrocks.tls.server_name", LOADSTAR_FIELD(core.pool.tls.server_name))
                     .help("Name to verify instead of the host of the URL."));
  rows.push_back(
      boolean("starrocks.tls.insecure_skip_verify",
              LOADSTAR_FIELD(core.pool.tls.insecure_skip_verify))
          .help("true = do not verify certificates; whoever is in between can read the password."));
  rows.push_back(
      choice("starrocks.redirect_policy", LOADSTAR_FIELD(core.starrocks.redirect_policy),
             kRedirectPolicies)
          .help("follow_known: follow redirects to hosts that the cluster lists or that stand "
                "below. map: every redirect must be in `redirect_map`. proxy_only: `load_urls` "
                "name a proxy, a redirect is an error."));
  rows.push_back(
      redirect_map().help("`host:port` of a redirect to the `host:port` to use instead."));
  rows.push_back(
      build::list<Options, std::string>(
          "starrocks.redirect_allow", Kind::kAllowPattern,
          LOADSTAR_FIELD(core.starrocks.redirect_allow),
          {parse_allow_pattern, [](const std::string& value) { return value; }, {}})
          .help("Further hosts that may receive the credentials: host:port, *.suffix:port, "
                "10.0.0.0/8:port."));
}

void add_starrocks_limits(std::vector<Option<Options>>& rows) {
  rows.push_back(
      duration("starrocks.connect_timeout", LOADSTAR_FIELD(core.pool.connect_timeout), 100ms, 60s)
          .flink("sink.connect.timeout-ms")
          .help("Name look-up, TCP and TLS together."));
  rows.push_back(duration("starrocks.expect_continue_timeout",
                          LOADSTAR_FIELD(core.pool.expect_continue_timeout), 3s, 60s)
                     .flink("sink.wait-for-continue.timeout-ms")
                     .starrocks("`Expect: 100-continue`")
                     .help("How long a backend may take to ask for the payload."));
  rows.push_back(duration("starrocks.request_timeout",
                          LOADSTAR_FIELD(core.starrocks.request_timeout), 1s, kLongestTimeout)
                     .starrocks("`timeout`")
                     .help("A whole request; sent as the timeout of a load too."));
  rows.push_back(
      duration("starrocks.publish_timeout", LOADSTAR_FIELD(core.starrocks.publish_timeout), 0s, 1h)
          .help("A load that is committed but not yet visible counts as done after this."));
  rows.push_back(
      duration("starrocks.query_timeout", LOADSTAR_FIELD(core.starrocks.query_timeout), 100ms,
               10min)
          .help("Requests that load nothing: state of a label, schema, version, health."));
  rows.push_back(
      duration("starrocks.transaction_timeout", LOADSTAR_FIELD(core.times.transaction_timeout), 1s,
               kLongestTimeout)
          .starrocks("`timeout` of begin")
          .help("Exactly-once: from the first row of a checkpoint to its prepare. Clients must "
                "checkpoint more often."));
  rows.push_back(
      duration("starrocks.prepared_timeout", LOADSTAR_FIELD(core.times.prepared_timeout), 1s, 720h)
          .starrocks("`prepared_timeout`, `prepared_transaction_default_timeout_second`")
          .help("Exactly-once: from prepare to commit. Must exceed the longest stop of a "
                "client; after it the rows are lost. At-least-once always sends 180 s."));
  rows.push_back(integer("starrocks.max_loads", LOADSTAR_FIELD(core.max_loads), {1, 256})
                     .starrocks("`max_running_txn_num_per_db`")
                     .help("Loads at once, all tables together."));
  rows.push_back(integer("starrocks.max_connections_per_host",
                         LOADSTAR_FIELD(core.pool.max_connections_per_host), {1, 1024})
                     .help("Connections to one frontend or backend."));
  rows.push_back(integer("starrocks.circuit_breaker.failures",
                         LOADSTAR_FIELD(core.starrocks.circuit_breaker.failures), {1, 1000})
                     .help("A frontend is left alone after this many failures in a row."));
  rows.push_back(duration("starrocks.circuit_breaker.open_for",
                          LOADSTAR_FIELD(core.starrocks.circuit_breaker.open_for), 100ms, 1h)
                     .help("How long at first; doubled with each failure after it, unless no "
                           "frontend is left that answers."));
  rows.push_back(duration("starrocks.circuit_breaker.max_open_for",
                          LOADSTAR_FIELD(core.starrocks.circuit_breaker.max_open_for), 100ms, 24h)
                     .help("How long at most."));
  rows.push_back(text("starrocks.label_prefix", LOADSTAR_FIELD(core.label_prefix))
                     .flink("sink.label-prefix")
                     .starrocks("`label`")
                     .help("Begin of every label, [A-Za-z0-9_]{1,16}: equal on all daemons of one "
                           "deployment, used by no other load job of the cluster."));
}

void add_tables_and_limits(std::vector<Option<Options>>& rows) {
  rows.push_back(
      choice("unknown_tables", LOADSTAR_FIELD(core.allow_unknown_tables), kUnknownTables)
          .help("Tables that are not under `tables`: refused, or taken with `defaults`."));
  rows.push_back(
      tables()
          .flink("database-name, table-name")
          .help("Tables by `DATABASE.TABLE`, one key with a dot in it. Each may set any option "
                "of `defaults`; what it does not set is taken from there."));
  rows.push_back(memory().help(
      "Bytes of rows held before the daemon stops reading; auto = 70 % of the cgroup's "
      "limit, or of the machine's memory. A writer that holds nothing may still send "
      "one message, so the most is this and `listen.max_message` for each open "
      "stream (as JSON, typed rows may be 64 MiB larger than their message)."));
  rows.push_back(
      percent("limits.memory_soft", LOADSTAR_FIELD(core.limits.memory_soft_percent), {1, 100})
          .help("Above this share of `memory` new writers are refused."));
  rows.push_back(
      threads().help("Threads of the event loop; auto = the cgroup's CPU quota, or the CPUs."));
  rows.push_back(
      integer("limits.max_batch_rows", LOADSTAR_FIELD(core.limits.max_batch_rows), {1, 100'000'000})
          .help("Most rows in one batch."));
  rows.push_back(
      integer("limits.max_pending_checkpoints", LOADSTAR_FIELD(core.limits.max_pending_checkpoints),
              {1, 64})
          .help("How far a writer's checkpoints may run ahead of its last committed one; told "
                "to clients."));
  rows.push_back(duration("limits.session_grace", LOADSTAR_FIELD(core.limits.session_grace), 0s, 1h)
                     .help("How long a writer outlives its broken stream; told to clients."));
  rows.push_back(
      duration("limits.ack_interval", LOADSTAR_FIELD(core.limits.ack_interval), 10ms, 1min)
          .help("Longest pause between two acknowledgements while batches wait for one; told "
                "to clients."));
  rows.push_back(
      duration("limits.ack_min_interval", LOADSTAR_FIELD(core.limits.ack_min_interval), 0s, 10s)
          .help("Acknowledgements of this time are sent as one."));
  rows.push_back(duration("limits.idle_stream_timeout",
                          LOADSTAR_FIELD(core.limits.idle_stream_timeout), 0s, 24h)
                     .help("A stream without a message for this long is ended; 0s = never."));
}

void add_daemon(std::vector<Option<Options>>& rows) {
  rows.push_back(
      duration("shutdown.grace", LOADSTAR_FIELD(shutdown.grace), 1s, 24h)
          .help("Time from SIGTERM to SIGKILL: the pod's terminationGracePeriodSeconds."));
  rows.push_back(duration("shutdown.margin", LOADSTAR_FIELD(shutdown.margin), 0s, 1h)
                     .help("Kept back of `grace` for the last words."));
  rows.push_back(duration("shutdown.deadline", LOADSTAR_FIELD(shutdown.deadline), 0s, 24h)
                     .help("Time to finish what was received, from SIGTERM."));
  rows.push_back(choice("log.level", LOADSTAR_FIELD(log.level), kLogLevels)
                     .help("Lines below this level are left out."));
  rows.push_back(choice("log.format", LOADSTAR_FIELD(log.format), kLogFormats)
                     .help("auto = text on a terminal, JSON otherwise."));
  rows.push_back(integer("metrics.max_tables", LOADSTAR_FIELD(core.max_metric_tables), {1, 10'000})
                     .help("Tables with a metric label of their own; the others share `_other`."));
}

#undef LOADSTAR_FIELD

}  // namespace

const std::vector<Option<Options>>& daemon_options() {
  static const auto options = [] {
    std::vector<Option<Options>> rows;
    add_instance_and_listen(rows);
    add_listen_tls(rows);
    add_admin(rows);
    add_starrocks_access(rows);
    add_starrocks_limits(rows);
    add_tables_and_limits(rows);
    add_daemon(rows);
    return rows;
  }();
  return options;
}

}  // namespace loadstar::config
