#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace loadstar {

/// Who has to act: nobody, the curious, the operator some day, the operator now.
enum class LogLevel : std::uint8_t { kDebug, kInfo, kWarn, kError };

/// `debug`, `info`, `warn`, `error`, as in the configuration key `log.level`.
[[nodiscard]] std::string_view to_string(LogLevel level);

/// Fields of a log line in the order they were added: `label`, `table`, `writer`, ...
using LogFields = std::vector<std::pair<std::string, std::string>>;

/// Where log lines go. Implementations are thread-safe and never block on the data path longer than
/// one write().
class LogSink {
 public:
  LogSink() = default;
  LogSink(const LogSink&) = delete;
  LogSink& operator=(const LogSink&) = delete;
  virtual ~LogSink() = default;

  virtual void write(LogLevel level, std::string_view message, const LogFields& fields) = 0;
};

/// A handle to a sink with fields that go on every line; cheap to copy and to extend. One event,
/// one line, written where the error is handled (style-anchors.md 2.9). Thread-safe.
class Logger {
 public:
  /// Drops everything; for tests that do not look.
  Logger() = default;
  Logger(std::shared_ptr<LogSink> sink, LogLevel threshold)
      : sink_(std::move(sink)), threshold_(threshold) {}

  /// A logger that adds `key`=`value` to each line.
  [[nodiscard]] Logger with(std::string key, std::string value) const;

  /// A logger that also tells `count` of each line it writes (loadstar_log_messages_total). `count`
  /// is called from any thread.
  [[nodiscard]] Logger counting(std::function<void(LogLevel)> count) const;

  void debug(std::string_view message, const LogFields& more = {}) const;
  void info(std::string_view message, const LogFields& more = {}) const;
  void warn(std::string_view message, const LogFields& more = {}) const;
  void error(std::string_view message, const LogFields& more = {}) const;

 private:
  void write(LogLevel level, std::string_view message, const LogFields& more) const;

  std::shared_ptr<LogSink> sink_;
  LogLevel threshold_ = LogLevel::kInfo;
  LogFields fields_;
};

/// How a line looks: one JSON object, or text for people.
enum class LogFormat : std::uint8_t { kJson, kText };

/// The sink of the daemon: stderr, through spdlog. Control bytes in messages and fields are escaped
/// in both formats, so that no value can forge a line (delivery-and-faults.md 5.2, T27).
[[nodiscard]] std::shared_ptr<LogSink> make_stderr_sink(LogFormat format);

/// One line as the stderr sink prints it, without the line end; `time` is RFC 3339 UTC.
[[nodiscard]] std::string format_log_line(LogFormat format, std::string_view time, LogLevel level,
                                          std::string_view message, const LogFields& fields);

}  // namespace loadstar
