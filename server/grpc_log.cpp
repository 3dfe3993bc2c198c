#include "server/grpc_log.hpp"

#include "core/base/assert.hpp"

#include <fmt/format.h>
#include <grpc/support/log.h>

#include <shared_mutex>

namespace loadstar::server {
namespace {

/// gRPC's function has no argument of ours. Never destroyed: gRPC's threads may outlive main().
struct Current {
  std::shared_mutex mutex;  // guards `log`, and holds its end back while a line is written
  GrpcLog* log = nullptr;
};

Current& current() {
  static Current& instance = *new Current;
  return instance;
}

void write_line(gpr_log_func_args* args) {
  const std::shared_lock lock(current().mutex);
  if (current().log == nullptr) return;
  const auto severity = args->severity == GPR_LOG_SEVERITY_ERROR ? GrpcLog::Severity::kError
                                                                 : GrpcLog::Severity::kDebug;
  current().log->write(severity, args->file, args->line, args->message);
}

}  // namespace

GrpcLog::GrpcLog(const Logger& logger) : logger_(logger.with("source", "grpc")) {
  {
    const std::unique_lock lock(current().mutex);
    LOADSTAR_ASSERT(current().log == nullptr, "gRPC has one log");
    current().log = this;
  }
  gpr_set_log_function(&write_line);
}

// The function stays: the default one would write raw lines again.
GrpcLog::~GrpcLog() {
  const std::unique_lock lock(current().mutex);
  current().log = nullptr;
}

void GrpcLog::write(Severity severity, std::string_view file, int line, std::string_view message) {
  const std::size_t slash = file.rfind('/');
  if (slash != std::string_view::npos) file.remove_prefix(slash + 1);
  LogFields fields{{"at", fmt::format("{}:{}", file, line)}};
  if (severity == Severity::kDebug) {
    logger_.debug(message, fields);
  } else if (message.starts_with("assertion failed")) {
    logger_.error(message, fields);  // abort() follows
  } else if (const auto suppressed = errors_.pass()) {
    if (*suppressed > 0) fields.emplace_back("suppressed", fmt::to_string(*suppressed));
    logger_.warn(message, fields);
  }
}

}  // namespace loadstar::server
