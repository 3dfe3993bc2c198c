#include "core/base/log.hpp"

#include "core/base/clock.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <poll.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <mutex>
#include <utility>

namespace loadstar {
namespace {

/// Longest log line in bytes (delivery-and-faults.md 5.1); what is longer is cut, visibly.
constexpr std::size_t kMaxValueBytes = 2048;

std::string cut(std::string_view text) {
  if (text.size() <= kMaxValueBytes) return std::string(text);
  return fmt::format("{}... ({} bytes)", text.substr(0, kMaxValueBytes), text.size());
}

/// Control bytes as \xNN, so that text on a terminal stays one line and sends no escape sequence.
std::string escape_controls(std::string_view text) {
  std::string escaped;
  for (const char character : text) {
    const auto byte = static_cast<unsigned char>(character);
    if (byte < 0x20 || byte == 0x7f) {
      escaped += fmt::format("\\x{:02x}", byte);
    } else {
      escaped += character;
    }
  }
  return escaped;
}

std::string rfc3339(std::chrono::system_clock::time_point time) {
  const auto micros = std::chrono::floor<std::chrono::microseconds>(time);
  const auto seconds = std::chrono::floor<std::chrono::seconds>(micros);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:06}Z", fmt::gmtime(seconds),
                     (micros - seconds).count());
}

class StderrSink final : public LogSink {
 public:
  explicit StderrSink(LogFormat format)
      : format_(format), logger_("loadstar", std::make_shared<spdlog::sinks::stderr_sink_mt>()) {
    logger_.set_pattern("%v");
    logger_.set_level(spdlog::level::trace);
    logger_.flush_on(spdlog::level::trace);
  }

  // A pipe that nobody reads takes nothing more; the daemon does not stand still for its log, so
  // the line is dropped, and the next one that is written says how many were
  // (delivery-and-faults.md F248). A pipe with room takes PIPE_BUF bytes, which is more than a line
  // of ours.
  void write(LogLevel level, std::string_view message, const LogFields& fields) override {
    const std::lock_guard lock(mutex_);
    pollfd room{STDERR_FILENO, POLLOUT, 0};
    if (::poll(&room, 1, 0) != 1) {
      ++dropped_;
      return;
    }
    const std::string now = rfc3339(wall_now());
    if (dropped_ == 0) {
      logger_.info("{}", format_log_line(format_, now, level, message, fields));
      return;
    }
    LogFields more = fields;
    more.emplace_back("dropped_lines", std::to_string(std::exchange(dropped_, 0)));
    logger_.info("{}", format_log_line(format_, now, level, message, more));
  }

 private:
  LogFormat format_;
  std::mutex mutex_;  // guards what follows
  std::uint64_t dropped_ = 0;
  spdlog::logger logger_;
};

class CountingSink final : public LogSink {
 public:
  CountingSink(std::shared_ptr<LogSink> inner, std::function<void(LogLevel)> count)
      : inner_(std::move(inner)), count_(std::move(count)) {}

  void write(LogLevel level, std::string_view message, const LogFields& fields) override {
    inner_->write(level, message, fields);
    count_(level);
  }

 private:
  std::shared_ptr<LogSink> inner_;
  std::function<void(LogLevel)> count_;
};

}  // namespace

std::string_view to_string(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarn:
      return "warn";
    case LogLevel::kError:
      return "error";
  }
  return "error";
}

Logger Logger::with(std::string key, std::string value) const {
  Logger extended = *this;
  extended.fields_.emplace_back(std::move(key), std::move(value));
  return extended;
}

Logger Logger::counting(std::function<void(LogLevel)> count) const {
  Logger counting = *this;
  if (sink_) counting.sink_ = std::make_shared<CountingSink>(sink_, std::move(count));
  return counting;
}

void Logger::debug(std::string_view message, const LogFields& more) const {
  write(LogLevel::kDebug, message, more);
}
void Logger::info(std::string_view message, const LogFields& more) const {
  write(LogLevel::kInfo, message, more);
}
void Logger::warn(std::string_view message, const LogFields& more) const {
  write(LogLevel::kWarn, message, more);
}
void Logger::error(std::string_view message, const LogFields& more) const {
  write(LogLevel::kError, message, more);
}

void Logger::write(LogLevel level, std::string_view message, const LogFields& more) const {
  if (!sink_ || level < threshold_) return;
  if (more.empty()) return sink_->write(level, message, fields_);
  LogFields all = fields_;
  all.insert(all.end(), more.begin(), more.end());
  sink_->write(level, message, all);
}

std::shared_ptr<LogSink> make_stderr_sink(LogFormat format) {
  return std::make_shared<StderrSink>(format);
}

std::string format_log_line(LogFormat format, std::string_view time, LogLevel level,
                            std::string_view message, const LogFields& fields) {
  if (format == LogFormat::kText) {
    std::string line =
        fmt::format("{} {:<5} {}", time, to_string(level), escape_controls(cut(message)));
    for (const auto& [key, value] : fields) {
      line += fmt::format(" {}={}", key, escape_controls(cut(value)));
    }
    return line;
  }
  nlohmann::ordered_json object;
  object["time"] = time;
  object["level"] = to_string(level);
  object["message"] = cut(message);
  for (const auto& [key, value] : fields) object[key] = cut(value);
  return object.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace loadstar
