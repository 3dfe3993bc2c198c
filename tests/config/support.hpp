#pragma once

#include "config/load.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <utility>

namespace loadstar::config::testing {

/// Surroundings without any file of the real system, and with these environment variables.
inline Surroundings made_up(std::map<std::string, std::string> environment = {}) {
  Surroundings surroundings;
  surroundings.environment = [environment = std::move(environment)](
                                 const std::string& name) -> std::optional<std::string> {
    const auto found = environment.find(name);
    if (found == environment.end()) return std::nullopt;
    return found->second;
  };
  surroundings.system_root = "/nowhere";
  return surroundings;
}

/// A file that can be loaded, with `more` behind it.
inline std::string usable(const std::string& more = {}) {
  return "version: 1\n"
         "starrocks: {load_urls: [\"http://fe:8030\"], user: loader, password: hunter2-canary}\n"
         "unknown_tables: allow_with_defaults\n" +
         more;
}

/// "line:column severity key: message" for each problem, warnings about the plain password left
/// out.
inline std::string summary(const Loaded& loaded) {
  std::string text;
  for (const Problem& problem : loaded.problems) {
    if (problem.severity == Severity::kWarning && problem.key == "starrocks.password") continue;
    text += std::to_string(problem.mark.line) + ":" + std::to_string(problem.mark.column) +
            (problem.severity == Severity::kError ? " error " : " warning ") + problem.key + ": " +
            problem.message + "\n";
  }
  return text;
}

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

/// A directory that is removed with everything in it.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "loadstar-config-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  /// Writes a file that its owner alone can read; makes the directories above it.
  std::string write(const std::string& name, const std::string& content) const {
    const std::filesystem::path file = path_ / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << content;
    std::filesystem::permissions(
        file, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    return file.string();
  }

 private:
  std::filesystem::path path_;
};

}  // namespace loadstar::config::testing
