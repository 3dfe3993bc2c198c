#include "core/base/process_metrics.hpp"

#include <prometheus/metric_family.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace loadstar {
namespace {

prometheus::MetricFamily single(const char* name, const char* help, prometheus::MetricType type,
                                double value) {
  prometheus::ClientMetric metric;
  if (type == prometheus::MetricType::Counter) {
    metric.counter.value = value;
  } else {
    metric.gauge.value = value;
  }
  return {name, help, type, {metric}};
}

double boot_time() {
  std::ifstream stat("/proc/stat");
  std::string word;
  double seconds = 0;
  while (stat >> word) {
    if (word == "btime") {
      stat >> seconds;
      break;
    }
  }
  return seconds;
}

}  // namespace

std::vector<prometheus::MetricFamily> ProcessMetrics::Collect() const {
  using prometheus::MetricType;
  std::vector<prometheus::MetricFamily> families;
  std::ifstream stat("/proc/self/stat");
  std::stringstream text;
  text << stat.rdbuf();
  // proc(5): the second field is the command in parentheses and may contain blanks.
  const std::string line = text.str();
  const auto close = line.rfind(')');
  if (close == std::string::npos) return families;
  std::istringstream fields(line.substr(close + 2));
  std::vector<std::string> values;
  for (std::string value; fields >> value;) values.push_back(value);
  constexpr std::size_t kUserTicks = 11;  // field 14 of proc(5), counted from field 3
  constexpr std::size_t kThreads = 17;
  constexpr std::size_t kStartTicks = 19;
  constexpr std::size_t kVirtualBytes = 20;
  constexpr std::size_t kResidentPages = 21;
  if (values.size() <= kResidentPages) return families;
  const auto number = [&values](std::size_t index) { return std::stod(values[index]); };
  const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  const auto page = static_cast<double>(sysconf(_SC_PAGESIZE));
  families.push_back(single("process_cpu_seconds_total", "User and system CPU time.",
                            MetricType::Counter,
                            (number(kUserTicks) + number(kUserTicks + 1)) / ticks));
  families.push_back(
      single("process_threads", "Threads of the process.", MetricType::Gauge, number(kThreads)));
  families.push_back(single("process_start_time_seconds", "Unix time of the start.",
                            MetricType::Gauge, boot_time() + number(kStartTicks) / ticks));
  families.push_back(single("process_virtual_memory_bytes", "Virtual memory size.",
                            MetricType::Gauge, number(kVirtualBytes)));
  families.push_back(single("process_resident_memory_bytes", "Resident memory size.",
                            MetricType::Gauge, number(kResidentPages) * page));
  std::error_code ec;
  double open_fds = 0;
  for (std::filesystem::directory_iterator entry("/proc/self/fd", ec), end; !ec && entry != end;
       entry.increment(ec)) {
    ++open_fds;
  }
  families.push_back(
      single("process_open_fds", "Open file descriptors.", MetricType::Gauge, open_fds));
  return families;
}

}  // namespace loadstar
