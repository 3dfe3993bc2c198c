#pragma once

#include "core/base/log.hpp"

#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace loadstar::test {

/// Keeps what is logged, as one text line each: `info message key=value ...`. Thread-safe.
class CollectingSink final : public LogSink {
 public:
  void write(LogLevel level, std::string_view message, const LogFields& fields) override {
    std::string line = std::string(to_string(level)) + " " + std::string(message);
    for (const auto& [key, value] : fields) line.append(" ").append(key).append("=").append(value);
    const std::lock_guard lock(mutex_);
    lines_.push_back(std::move(line));
  }

  /// Lines that hold `text`.
  [[nodiscard]] std::vector<std::string> with(std::string_view text) const {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> found;
    for (const std::string& line : lines_) {
      if (line.find(text) != std::string::npos) found.push_back(line);
    }
    return found;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
};

}  // namespace loadstar::test
