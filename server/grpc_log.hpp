#pragma once

#include "core/base/log.hpp"
#include "core/base/log_limit.hpp"

#include <cstdint>
#include <string_view>

namespace loadstar::server {

/// While it lives, what gRPC itself has to say goes to our log, where it would be raw lines among
/// JSON: its errors as warnings, since most are about a peer (a handshake that failed), the rest as
/// debug. Each line has `source`=`grpc`. A port scanner cannot flood the log: errors are limited.
/// That gRPC ends the process is told as an error, always.
///
/// One at a time. Made before gRPC runs threads. What those say after its end is dropped.
class GrpcLog {
 public:
  explicit GrpcLog(const Logger& logger);
  GrpcLog(const GrpcLog&) = delete;
  GrpcLog& operator=(const GrpcLog&) = delete;
  ~GrpcLog();

  enum class Severity : std::uint8_t { kDebug, kError };

  /// A line of gRPC's: where in its sources, and what. From any thread.
  void write(Severity severity, std::string_view file, int line, std::string_view message);

 private:
  const Logger logger_;
  LogLimit errors_{20, 1};
};

}  // namespace loadstar::server
