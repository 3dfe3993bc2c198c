#include "config/files.hpp"

#include "config/document.hpp"
#include "config/password.hpp"
#include "config/server_certificate.hpp"
#include "config/surroundings.hpp"
#include "core/base/load_property.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace loadstar::config {
namespace {

constexpr std::size_t kMaxPemFile = 4U << 20U;
constexpr const char* kZoneDirectory = "/usr/share/zoneinfo";

bool readable_by_others(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && (status.st_mode & S_IROTH) != 0;
}

void check_secret_mode(const std::string& key, const std::string& path, Findings& findings) {
  findings.warn_if(
      readable_by_others(path), {key},
      fmt::format("{} can be read by everyone on this system; chmod o-r", quote(path)));
}

void check_readable(const std::string& key, const std::string& path, Findings& findings) {
  const auto content = read_small_file(path, kMaxPemFile);
  findings.error_unless(content.ok(), {key}, quote(path) + " " + content.error());
}

void check_pem(const std::string& key, const std::string& path, bool secret, Findings& findings) {
  if (path.empty()) return;
  check_readable(key, path, findings);
  if (secret) check_secret_mode(key, path, findings);
}

void check_time_zone(const std::string& key, const std::string& zone, Findings& findings) {
  std::error_code ignored;
  const bool offset = zone.starts_with('+') || zone.starts_with('-');
  if (!is_time_zone(zone) || offset || zone == "UTC" ||
      !std::filesystem::is_directory(kZoneDirectory, ignored)) {
    return;
  }
  const bool known =
      std::filesystem::is_regular_file(std::filesystem::path(kZoneDirectory) / zone, ignored);
  findings.error_unless(
      known, {key},
      fmt::format("{} is not known to this system ({})", quote(zone), kZoneDirectory));
}

/// The load property `timezone` of `table`, as far as it is not that of `inherited`: a value that
/// is not known would have every batch of the table refused.
void check_zone_properties(const std::string& path, const TableOptions& table,
                           const TableOptions* inherited, Findings& findings) {
  const auto check = [&path, &findings](const char* map,
                                        const std::map<std::string, std::string>& properties,
                                        const std::map<std::string, std::string>* above) {
    const auto zone = properties.find("timezone");
    if (zone == properties.end()) return;
    if (above != nullptr && above->contains("timezone") && above->at("timezone") == zone->second)
      return;
    check_time_zone(path + map + ".timezone", zone->second, findings);
  };
  check(".properties", table.properties, inherited == nullptr ? nullptr : &inherited->properties);
  check(".pinned", table.pinned, inherited == nullptr ? nullptr : &inherited->pinned);
}

}  // namespace

void check_files(const Options& options, Findings& findings) {
  const std::string& password_file = options.credentials.password_file;
  if (!password_file.empty()) {
    const auto password = read_password_file(password_file);
    findings.error_unless(password.ok(), {"starrocks.password_file"},
                          quote(password_file) + " " + password.error());
    check_secret_mode("starrocks.password_file", password_file, findings);
  }
  const ServerTlsOptions& listen = options.listen.tls;
  if (listen.enabled) {
    std::vector<CertificateProblem> problems;
    static_cast<void>(read_server_certificate(listen, problems));
    for (const CertificateProblem& problem : problems) {
      findings.error_unless(false, {problem.key}, problem.message);
    }
    if (!listen.key_file.empty()) {
      check_secret_mode("listen.tls.key_file", listen.key_file, findings);
    }
  }
  const http::TlsOptions& starrocks = options.core.pool.tls;
  check_pem("starrocks.tls.ca_file", starrocks.ca_file, false, findings);
  check_pem("starrocks.tls.cert_file", starrocks.cert_file, false, findings);
  check_pem("starrocks.tls.key_file", starrocks.key_file, true, findings);

  const std::string& zone = options.core.defaults.time_zone;
  check_time_zone("defaults.time_zone", zone, findings);
  check_zone_properties("defaults", options.core.defaults, nullptr, findings);
  for (const auto& [name, table] : options.core.tables) {
    if (table.time_zone != zone) {
      check_time_zone(join_key("tables", name) + ".time_zone", table.time_zone, findings);
    }
    check_zone_properties(join_key("tables", name), table, &options.core.defaults, findings);
  }
}

}  // namespace loadstar::config
