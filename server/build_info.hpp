#pragma once

#include <prometheus/registry.h>

#include <string>
#include <utility>
#include <vector>

namespace loadstar::server {

/// What the program was made from.
struct BuildInfo {
  std::string version;
  std::string revision;  ///< of the sources, when CMake was run; "unknown" outside a repository
  std::string compiler;
  std::vector<std::pair<std::string, std::string>> libraries;  ///< name, version
};

[[nodiscard]] const BuildInfo& build_info();

/// loadstar_build_info and loadstar_config_info, which never change (operations.md 4.2).
/// `config_hash` identifies the effective configuration.
void register_info_metrics(prometheus::Registry& registry, const std::string& config_hash);

/// First 16 hex digits of the SHA-256 of `text`: tells configurations apart.
[[nodiscard]] std::string short_hash(const std::string& text);

}  // namespace loadstar::server
