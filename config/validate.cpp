#include "config/validate.hpp"

#include "config/address.hpp"
#include "config/scalar.hpp"
#include "config/schema.hpp"
#include "config/validate_internal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace loadstar::config {
namespace {

bool is_word_byte(char character) {
  return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
         (character >= '0' && character <= '9') || character == '_';
}

/// Ranges, by the table that describes the options.
void validate_ranges(const Options& options, Findings& findings) {
  for (const auto& option : daemon_options()) {
    if (const auto error = option.check(options)) {
      findings.error_unless(false, {option.about.key}, *error);
    }
  }
}

/// True if both addresses cannot be bound at once.
bool same_socket(const ListenAddress& left, const ListenAddress& right) {
  if (left.is_unix() || right.is_unix()) return left.unix_path == right.unix_path;
  const auto everywhere = [](const ListenAddress& address) {
    return address.host == "0.0.0.0" || address.host == "::";
  };
  return left.port == right.port && left.port != 0 &&
         (left.host == right.host || everywhere(left) || everywhere(right));
}

/// The doors: who can reach them, and that they are different ones.
void validate_listeners(const Options& options, Findings& findings) {
  const ListenOptions& listen = options.listen;
  findings.error_unless(!listen.grpc.empty(), {"listen.grpc"},
                        "is empty; clients need an address, such as 127.0.0.1:7070");
  bool tcp = false;
  bool open = false;
  for (std::size_t index = 0; index < listen.grpc.size(); ++index) {
    const ListenAddress& address = listen.grpc[index];
    const std::string key = fmt::format("listen.grpc[{}]", index);
    tcp = tcp || !address.is_unix();
    open = open || !address.is_local();
    findings.error_unless(
        address.is_local() || listen.tls.enabled || listen.insecure,
        {key, "listen.tls.enabled", "listen.insecure"},
        fmt::format("{} can be reached from outside without TLS; set listen.tls, listen "
                    "on 127.0.0.1, or say `insecure: true`",
                    to_string(address)));
    for (std::size_t other = 0; other < index; ++other) {
      findings.error_unless(
          !same_socket(address, listen.grpc[other]), {key},
          fmt::format("{} is already listened on by listen.grpc[{}]", to_string(address), other));
    }
    for (const auto& [name, door] : {std::pair("admin.probe_listen", options.admin.probe_listen),
                                     std::pair("admin.listen", options.admin.listen)}) {
      findings.error_unless(!same_socket(address, door), {key, name},
                            fmt::format("{} is the address of {} too", to_string(address), name));
    }
  }
  findings.error_unless(
      !same_socket(options.admin.probe_listen, options.admin.listen),
      {"admin.listen", "admin.probe_listen"},
      fmt::format("{} is the address of admin.probe_listen too", to_string(options.admin.listen)));
  findings.error_unless(
      options.admin.listen.is_local(), {"admin.listen"},
      fmt::format("{} can be reached from outside; listen on 127.0.0.1 or a UNIX socket "
                  "(kubectl port-forward reaches loopback)",
                  to_string(options.admin.listen)));
  findings.error_unless(options.admin.control_socket.is_unix(), {"admin.control_socket"},
                        "must be a UNIX socket, such as unix:/run/loadstar/control.sock");
  findings.warn_if(listen.insecure && (listen.tls.enabled || !open), {"listen.insecure"},
                   "has no effect: every address is local or has TLS");
  findings.warn_if(listen.tls.enabled && !tcp, {"listen.tls.enabled"},
                   "has no effect: listen.grpc has UNIX sockets only");
}

void validate_listen_tls(const Options& options, Findings& findings) {
  const ServerTlsOptions& tls = options.listen.tls;
  findings.error_unless(!tls.enabled || tls.min_version == TlsVersion::kTls12,
                        {"listen.tls.min_version"},
                        "gRPC 1.51 cannot refuse TLS 1.2; write \"1.2\"");
  const std::array<std::pair<const char*, const std::string*>, 3> files{
      {{"listen.tls.cert_file", &tls.cert_file},
       {"listen.tls.key_file", &tls.key_file},
       {"listen.tls.client_ca_file", &tls.client_ca_file}}};
  for (const auto& [key, file] : files) {
    const bool needed = file != &tls.client_ca_file;
    findings.error_unless(!tls.enabled || !needed || !file->empty(), {key, "listen.tls.enabled"},
                          "is missing; listen.tls.enabled needs it");
    findings.warn_if(!tls.enabled && !file->empty(), {key, "listen.tls.enabled"},
                     "has no effect because listen.tls.enabled is false");
  }
}

void validate_load_urls(const Options& options, Findings& findings) {
  const starrocks::ClientOptions& client = options.core.starrocks;
  findings.error_unless(!client.load_urls.empty(), {"starrocks.load_urls"},
                        "is missing; list the frontends, such as http://127.0.0.1:8030");
  bool https = false;
  for (std::size_t index = 0; index < client.load_urls.size(); ++index) {
    const http::Endpoint& url = client.load_urls[index];
    const std::string key = fmt::format("starrocks.load_urls[{}]", index);
    https = https || url.tls;
    findings.error_unless(
        url.tls || !options.starrocks_tls_required, {key, "starrocks.tls.enabled"},
        fmt::format("{} is not https, but starrocks.tls.enabled is true", format_url(url)));
    const auto end = client.load_urls.begin() + static_cast<std::ptrdiff_t>(index);
    findings.error_unless(std::find(client.load_urls.begin(), end, url) == end, {key},
                          fmt::format("{} is listed twice", format_url(url)));
  }
  const http::TlsOptions& tls = options.core.pool.tls;
  for (const auto& [key, set] :
       {std::pair("starrocks.tls.ca_file", !tls.ca_file.empty()),
        std::pair("starrocks.tls.cert_file", !tls.cert_file.empty()),
        std::pair("starrocks.tls.server_name", !tls.server_name.empty()),
        std::pair("starrocks.tls.insecure_skip_verify", tls.insecure_skip_verify)}) {
    findings.warn_if(set && !https && !client.load_urls.empty(), {key, "starrocks.load_urls"},
                     "has no effect because no URL of starrocks.load_urls is https");
  }
  findings.error_unless(tls.cert_file.empty() || !tls.key_file.empty(),
                        {"starrocks.tls.key_file", "starrocks.tls.cert_file"},
                        "is missing; starrocks.tls.cert_file needs it");
  findings.error_unless(!tls.cert_file.empty() || tls.key_file.empty(),
                        {"starrocks.tls.cert_file", "starrocks.tls.key_file"},
                        "is missing; starrocks.tls.key_file needs it");
  findings.warn_if(tls.insecure_skip_verify && https, {"starrocks.tls.insecure_skip_verify"},
                   "certificates are not verified; whoever is in between can read the password");
}

void validate_credentials(const Options& options, Findings& findings) {
  const std::string& user = options.core.starrocks.user;
  findings.error_unless(!user.empty(), {"starrocks.user"},
                        "is missing; name an account with SELECT and INSERT on the tables");
  findings.error_unless(user.find(':') == std::string::npos, {"starrocks.user"},
                        "has a colon, which HTTP Basic authentication cannot carry (RFC 7617 2)");
  const bool has_password = !options.credentials.password.empty();
  const bool has_file = !options.credentials.password_file.empty();
  findings.error_unless(!has_password || !has_file,
                        {"starrocks.password", "starrocks.password_file"},
                        "is set beside starrocks.password_file; keep one of them");
  findings.warn_if(has_password && !has_file, {"starrocks.password"},
                   "a password in the configuration can be read by whoever reads the file; use "
                   "password_file");
  findings.warn_if(!has_password && !has_file, {"starrocks.password_file", "starrocks.password"},
                   "no password is set; the account must have an empty one");
}

void validate_redirects(const Options& options, Findings& findings) {
  const starrocks::ClientOptions& client = options.core.starrocks;
  using enum starrocks::RedirectPolicy;
  findings.error_unless(client.redirect_policy != kMap || !client.redirect_map.empty(),
                        {"starrocks.redirect_map", "starrocks.redirect_policy"},
                        "is empty, so that redirect_policy `map` would refuse every redirect");
  findings.warn_if(client.redirect_policy == kProxyOnly && !client.redirect_map.empty(),
                   {"starrocks.redirect_map", "starrocks.redirect_policy"},
                   "has no effect because redirect_policy is proxy_only");
  findings.warn_if(client.redirect_policy != kFollowKnown && !client.redirect_allow.empty(),
                   {"starrocks.redirect_allow", "starrocks.redirect_policy"},
                   "has no effect because redirect_policy is not follow_known");
  for (const auto& [from, to] : client.redirect_map) {
    const bool good = parse_host_port(from).ok() && parse_host_port(to).ok();
    findings.error_unless(good, {join_key("starrocks.redirect_map", from)},
                          "must map host:port to host:port");
  }
  for (std::size_t index = 0; index < client.redirect_allow.size(); ++index) {
    const auto pattern = parse_allow_pattern(client.redirect_allow[index]);
    findings.error_unless(pattern.ok(), {fmt::format("starrocks.redirect_allow[{}]", index)},
                          quote(client.redirect_allow[index]) + " " + pattern.error());
  }
}

void validate_cluster(const Options& options, Findings& findings) {
  findings.error_unless(!options.core.starrocks.name.empty(), {"starrocks.name"},
                        "is empty; it is the label `cluster` of metrics");
  const std::string& prefix = options.core.label_prefix;
  const bool good = !prefix.empty() && prefix.size() <= 16 &&
                    std::all_of(prefix.begin(), prefix.end(), is_word_byte);
  findings.error_unless(good, {"starrocks.label_prefix"},
                        "must be 1 to 16 letters, digits or `_`; it begins every label");
  const auto& breaker = options.core.starrocks.circuit_breaker;
  findings.error_unless(
      breaker.max_open_for >= breaker.open_for,
      {"starrocks.circuit_breaker.max_open_for", "starrocks.circuit_breaker.open_for"},
      fmt::format("{} is shorter than open_for ({})", format_duration(breaker.max_open_for),
                  format_duration(breaker.open_for)));
  const TransactionTimes& times = options.core.times;
  findings.warn_if(
      times.prepared_timeout < times.transaction_timeout,
      {"starrocks.prepared_timeout", "starrocks.transaction_timeout"},
      fmt::format("{} is shorter than transaction_timeout ({}); it must exceed the longest "
                  "stop of a client, or prepared rows are lost",
                  format_duration(times.prepared_timeout),
                  format_duration(times.transaction_timeout)));
}

void validate_limits(const Options& options, Findings& findings) {
  const IngestLimits& limits = options.core.limits;
  findings.error_unless(limits.memory >= limits.max_message,
                        {"limits.memory", "listen.max_message"},
                        fmt::format("{} does not hold one message of listen.max_message ({})",
                                    format_size(limits.memory), format_size(limits.max_message)));
  findings.error_unless(
      limits.ack_min_interval <= limits.ack_interval,
      {"limits.ack_min_interval", "limits.ack_interval"},
      fmt::format("{} is longer than ack_interval ({})", format_duration(limits.ack_min_interval),
                  format_duration(limits.ack_interval)));
  findings.error_unless(
      limits.idle_stream_timeout.count() == 0 || limits.idle_stream_timeout > limits.ack_interval,
      {"limits.idle_stream_timeout", "limits.ack_interval"},
      "must be longer than ack_interval, or 0s for never");
}

void validate_shutdown(const Options& options, Findings& findings) {
  const ShutdownOptions& shutdown = options.shutdown;
  const std::string grace = format_duration(shutdown.grace);
  findings.error_unless(shutdown.deadline < shutdown.grace, {"shutdown.deadline", "shutdown.grace"},
                        fmt::format("{} is not shorter than grace ({}); SIGKILL would come first",
                                    format_duration(shutdown.deadline), grace));
  findings.error_unless(
      shutdown.margin < shutdown.grace, {"shutdown.margin", "shutdown.grace"},
      fmt::format("{} is not shorter than grace ({}); nothing would be left to finish in",
                  format_duration(shutdown.margin), grace));
}

}  // namespace

std::vector<Problem> validate(const Options& options, const Origins& origins) {
  Findings findings(origins);
  validate_ranges(options, findings);
  validate_listeners(options, findings);
  validate_listen_tls(options, findings);
  validate_load_urls(options, findings);
  validate_credentials(options, findings);
  validate_redirects(options, findings);
  validate_cluster(options, findings);
  validate_limits(options, findings);
  validate_tables(options, findings);
  validate_shutdown(options, findings);
  return findings.take();
}

}  // namespace loadstar::config
