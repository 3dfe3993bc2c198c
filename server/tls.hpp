#pragma once

#include "config/options.hpp"
#include "config/server_certificate.hpp"
#include "core/base/log.hpp"
#include "server/anonymous_file.hpp"

#include <grpcpp/security/server_credentials.h>

#include <chrono>
#include <memory>
#include <mutex>
#include <string>

namespace loadstar::server {

/// TLS of the gRPC listeners: the certificate in use, and how a renewed one takes its place.
///
/// gRPC watches files too, but takes whatever it finds there: a half-written file, or a key whose
/// certificate comes a moment later, ends every new handshake, and an empty one ends the process.
/// So it watches copies of ours, which change only to what was checked.
///
/// reload() by one thread at a time; certificate_end() by any.
class ServerTls {
 public:
  /// With the files of `options`, which has TLS enabled; nullptr with `error` if they cannot be
  /// served, or if TLS 1.3 is demanded, which gRPC 1.51 cannot enforce.
  [[nodiscard]] static std::unique_ptr<ServerTls> open(const config::ServerTlsOptions& options,
                                                       Logger logger, std::string& error);

  /// For the listeners. They are gone when this object goes: they read its copies.
  [[nodiscard]] std::shared_ptr<grpc::ServerCredentials> credentials() const;

  /// Looks at the files again. What changed and is good is served to handshakes from a second later
  /// on; what is not is left, with one warning for each problem.
  void reload();

  /// When the first certificate of the chain in use ends.
  [[nodiscard]] std::chrono::system_clock::time_point certificate_end() const;

 private:
  ServerTls(config::ServerTlsOptions options, Logger logger, config::ServerCertificate certificate,
            std::unique_ptr<AnonymousFile> key_and_chain, std::unique_ptr<AnonymousFile> client_ca);

  /// Puts `next` in the place of what is in use; false with `error` if the system refuses.
  bool adopt(config::ServerCertificate next, std::string& error);
  void tell(const std::string& message) const;

  const config::ServerTlsOptions options_;
  const Logger logger_;
  mutable std::mutex mutex_;  // guards certificate_, which reload() alone changes
  config::ServerCertificate certificate_;
  const std::unique_ptr<AnonymousFile> key_and_chain_;
  const std::unique_ptr<AnonymousFile> client_ca_;  ///< null: clients need no certificate
  std::string told_;  ///< the problem that was warned of last; empty if there is none
};

}  // namespace loadstar::server
