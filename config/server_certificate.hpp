#pragma once

#include "config/options.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace loadstar::config {

/// What the files of `listen.tls` hold, checked and written anew: what a listener serves is what
/// was checked, without the comments and other blocks of the files.
struct ServerCertificate {
  std::string key_and_chain;                  ///< PEM: the key, then the chain, leaf first
  std::string client_ca;                      ///< PEM; empty without `client_ca_file`
  std::string subject;                        ///< of the leaf, for people
  std::chrono::system_clock::time_point end;  ///< when the first certificate of the chain ends
};

/// Why a file cannot be used. The message names the file, and never holds anything of a key.
struct CertificateProblem {
  std::string key;  ///< of the option, `listen.tls.cert_file`
  std::string message;
};

/// Reads the files of `options` and checks them as far as a handshake would notice: all parse to
/// their end, the key belongs to the first certificate, none is encrypted, and OpenSSL takes them.
/// Else nullopt, with the problems; without any if an option is missing. That a certificate has
/// ended is none: clients that do not look go on.
[[nodiscard]] std::optional<ServerCertificate> read_server_certificate(
    const ServerTlsOptions& options, std::vector<CertificateProblem>& problems);

}  // namespace loadstar::config
