#pragma once

#include "config/options.hpp"

#include <grpcpp/security/server_credentials.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace loadstar::server {

/// Credentials of the gRPC listeners: plaintext unless TLS is enabled. Certificate, key and client
/// CA are read again every `reload_interval`, so that renewed ones take effect without a restart.
/// nullptr with `error` if a file cannot be read, or if TLS 1.3 is demanded, which gRPC 1.51 cannot
/// enforce.
[[nodiscard]] std::shared_ptr<grpc::ServerCredentials> make_server_credentials(
    const config::ServerTlsOptions& options, std::string& error);

/// When the first certificate of the listeners' chain ends; nullopt without TLS, or if the file has
/// no certificate that can be read. Reads the file.
[[nodiscard]] std::optional<std::chrono::system_clock::time_point> certificate_end(
    const config::ServerTlsOptions& options);

}  // namespace loadstar::server
