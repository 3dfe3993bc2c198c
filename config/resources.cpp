#include "config/resources.hpp"

#include <algorithm>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace loadstar::config {
namespace {

constexpr std::size_t kMaxSystemFile = 64U << 10U;
constexpr std::uint64_t kPercentOfMemory = 70;  // architecture.md 7, Limits
/// Used if even /proc/meminfo cannot be read.
constexpr std::uint64_t kFallbackMemory = 1ULL << 30U;

std::optional<std::string> read_line_of(const std::string& path) {
  const auto content = read_small_file(path, kMaxSystemFile);
  if (!content.ok()) return std::nullopt;
  return content.value().substr(0, content.value().find('\n'));
}

std::optional<std::uint64_t> read_number(const std::string& path) {
  const auto line = read_line_of(path);
  if (!line) return std::nullopt;
  const auto number = parse_integer(*line);
  if (!number.ok()) return std::nullopt;  // "max", or "-1" for no quota
  return number.value();
}

/// Path of this process below the hierarchy of `controller` ("" = v2), from /proc/self/cgroup,
/// whose lines are "0::/path" (v2) or "4:memory:/path" (cgroups(7)).
std::optional<std::string> cgroup_path(const Surroundings& surroundings,
                                       std::string_view controller) {
  const auto content =
      read_small_file(surroundings.system_root + "/proc/self/cgroup", kMaxSystemFile);
  if (!content.ok()) return std::nullopt;
  std::istringstream lines(content.value());
  for (std::string line; std::getline(lines, line);) {
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string names = "," + line.substr(first + 1, second - first - 1) + ",";
    const std::string wanted = "," + std::string(controller) + ",";
    if (names.find(wanted) != std::string::npos) return line.substr(second + 1);
  }
  return std::nullopt;
}

/// `directory`/`path` and each directory above it down to `directory`: a limit of a parent holds
/// too. In a container the path of the host is not there, but the mount point itself is.
std::vector<std::string> directories_of(const std::string& directory, std::string path) {
  std::vector<std::string> result;
  while (!path.empty() && path != "/") {
    result.push_back(directory + path);
    path.erase(path.rfind('/'));
  }
  result.push_back(directory);
  return result;
}

/// Directories whose files bound this process, for a controller of v1 and for v2.
std::vector<std::string> controller_directories(const Surroundings& surroundings,
                                                const std::string& controller) {
  const std::string mount = surroundings.system_root + "/sys/fs/cgroup";
  std::vector<std::string> result;
  if (const auto path = cgroup_path(surroundings, "")) {
    result = directories_of(mount, *path);
  }
  if (const auto path = cgroup_path(surroundings, controller)) {
    const auto v1 = directories_of(mount + "/" + controller, *path);
    result.insert(result.end(), v1.begin(), v1.end());
  }
  return result;
}

/// MemTotal of /proc/meminfo, "MemTotal:  16393244 kB" (proc(5)).
std::optional<std::uint64_t> physical_memory(const Surroundings& surroundings) {
  const auto content = read_small_file(surroundings.system_root + "/proc/meminfo", kMaxSystemFile);
  if (!content.ok()) return std::nullopt;
  std::istringstream words(content.value());
  for (std::string name; words >> name;) {
    std::uint64_t kibibytes = 0;
    if (name == "MemTotal:" && words >> kibibytes) return kibibytes << 10U;
  }
  return std::nullopt;
}

/// CPUs of "quota period" in microseconds, rounded up.
std::uint64_t whole_cpus(std::uint64_t quota, std::uint64_t period) {
  return (quota + period - 1) / period;
}

/// cpu.max of v2: "200000 100000", or "max 100000" for no quota.
std::optional<std::uint64_t> cpus_of_v2(const std::string& directory) {
  const auto line = read_line_of(directory + "/cpu.max");
  if (!line) return std::nullopt;
  std::istringstream words(*line);
  std::uint64_t quota = 0;
  std::uint64_t period = 0;
  if (!(words >> quota >> period) || quota == 0 || period == 0) return std::nullopt;
  return whole_cpus(quota, period);
}

std::optional<std::uint64_t> cpus_of_v1(const std::string& directory) {
  const auto quota = read_number(directory + "/cpu.cfs_quota_us");
  const auto period = read_number(directory + "/cpu.cfs_period_us");
  if (!quota || !period || *quota == 0 || *period == 0) return std::nullopt;
  return whole_cpus(*quota, *period);
}

}  // namespace

Bytes automatic_memory(const Surroundings& surroundings) {
  std::uint64_t limit = physical_memory(surroundings).value_or(kFallbackMemory);
  for (const std::string& directory : controller_directories(surroundings, "memory")) {
    for (const char* file : {"/memory.max", "/memory.limit_in_bytes"}) {
      const auto number = read_number(directory + file);
      if (number && *number != 0) limit = std::min(limit, *number);
    }
  }
  return Bytes{limit / 100 * kPercentOfMemory};
}

unsigned automatic_threads(const Surroundings& surroundings) {
  std::uint64_t cpus = std::max(1U, std::thread::hardware_concurrency());
  for (const std::string& directory : controller_directories(surroundings, "cpu")) {
    for (const auto& quota : {cpus_of_v2(directory), cpus_of_v1(directory)}) {
      if (quota) cpus = std::min(cpus, std::max<std::uint64_t>(1, *quota));
    }
  }
  return static_cast<unsigned>(cpus);
}

}  // namespace loadstar::config
