#include "server/tls.hpp"

#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <fstream>

namespace loadstar::server {
namespace {

bool readable(const std::string& path) {
  std::ifstream file(path);
  return file.good() && file.peek() != std::ifstream::traits_type::eof();
}

}  // namespace

std::shared_ptr<grpc::ServerCredentials> make_server_credentials(
    const config::ServerTlsOptions& options, std::string& error) {
  if (!options.enabled) return grpc::InsecureServerCredentials();
  if (options.min_version == config::TlsVersion::kTls13) {
    error = "listen.tls.min_version: gRPC 1.51 cannot refuse TLS 1.2; use \"1.2\"";
    return nullptr;
  }
  for (const std::string& path : {options.cert_file, options.key_file}) {
    if (!readable(path)) {
      error = "listen.tls: '" + path + "' cannot be read or is empty";
      return nullptr;
    }
  }
  if (!options.client_ca_file.empty() && !readable(options.client_ca_file)) {
    error =
        "listen.tls.client_ca_file: '" + options.client_ca_file + "' cannot be read or is empty";
    return nullptr;
  }
  using grpc::experimental::FileWatcherCertificateProvider;
  const auto interval = std::chrono::duration_cast<std::chrono::seconds>(options.reload_interval);
  const auto seconds = static_cast<unsigned>(std::max<std::int64_t>(interval.count(), 1));
  const auto provider = std::make_shared<FileWatcherCertificateProvider>(
      options.key_file, options.cert_file, options.client_ca_file, seconds);
  grpc::experimental::TlsServerCredentialsOptions tls(provider);
  tls.watch_identity_key_cert_pairs();
  if (!options.client_ca_file.empty()) {
    tls.watch_root_certs();
    tls.set_cert_request_type(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  }
  return grpc::experimental::TlsServerCredentials(tls);
}

std::optional<std::chrono::system_clock::time_point> certificate_end(
    const config::ServerTlsOptions& options) {
  using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;
  using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
  if (!options.enabled) return std::nullopt;
  const Bio file(BIO_new_file(options.cert_file.c_str(), "r"), &BIO_free);
  std::optional<std::chrono::system_clock::time_point> first;
  while (file) {
    const Certificate certificate(PEM_read_bio_X509(file.get(), nullptr, nullptr, nullptr),
                                  &X509_free);
    if (!certificate) break;
    std::tm parts{};
    if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate.get()), &parts) != 1) continue;
    const auto end = std::chrono::system_clock::from_time_t(::timegm(&parts));
    if (!first || end < *first) first = end;
  }
  ERR_clear_error();  // the end of the file is one
  return first;
}

}  // namespace loadstar::server
