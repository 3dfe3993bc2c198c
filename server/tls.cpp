#include "server/tls.hpp"

#include "core/base/clock.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>

#include <ctime>
#include <utility>
#include <vector>

namespace loadstar::server {
namespace {

// How often gRPC looks at the copies, which costs it a read of some kilobytes of memory.
constexpr unsigned kCopyRefreshSeconds = 1;

std::string describe(const std::vector<config::CertificateProblem>& problems) {
  std::string text;
  for (const auto& [key, message] : problems) {
    text += fmt::format("{}{}: {}", text.empty() ? "" : "; ", key, message);
  }
  return text;
}

}  // namespace

std::unique_ptr<ServerTls> ServerTls::open(const config::ServerTlsOptions& options, Logger logger,
                                           std::string& error) {
  if (options.min_version == config::TlsVersion::kTls13) {
    error = "listen.tls.min_version: gRPC 1.51 cannot refuse TLS 1.2; use \"1.2\"";
    return nullptr;
  }
  std::vector<config::CertificateProblem> problems;
  auto certificate = config::read_server_certificate(options, problems);
  if (!certificate) {
    error = problems.empty() ? "listen.tls: cert_file or key_file is missing" : describe(problems);
    return nullptr;
  }
  auto key_and_chain = AnonymousFile::create(certificate->key_and_chain, error);
  std::unique_ptr<AnonymousFile> client_ca;
  if (key_and_chain && !certificate->client_ca.empty()) {
    client_ca = AnonymousFile::create(certificate->client_ca, error);
  }
  if (!key_and_chain || (!client_ca && !certificate->client_ca.empty())) {
    error = "listen.tls: " + error;
    return nullptr;
  }
  auto tls =
      std::unique_ptr<ServerTls>(new ServerTls(options, std::move(logger), std::move(*certificate),
                                               std::move(key_and_chain), std::move(client_ca)));
  tls->tell("the certificate of the listeners");
  return tls;
}

ServerTls::ServerTls(config::ServerTlsOptions options, Logger logger,
                     config::ServerCertificate certificate,
                     std::unique_ptr<AnonymousFile> key_and_chain,
                     std::unique_ptr<AnonymousFile> client_ca)
    : options_(std::move(options)),
      logger_(std::move(logger)),
      certificate_(std::move(certificate)),
      key_and_chain_(std::move(key_and_chain)),
      client_ca_(std::move(client_ca)) {}

std::shared_ptr<grpc::ServerCredentials> ServerTls::credentials() const {
  // Key and chain are one file, so that no moment exists in which they do not belong together. gRPC
  // opens it twice, and reads again if it was replaced between: the times of modification differ.
  const std::string pair = key_and_chain_->path();
  const auto provider = std::make_shared<grpc::experimental::FileWatcherCertificateProvider>(
      pair, pair, client_ca_ ? client_ca_->path() : std::string(), kCopyRefreshSeconds);
  grpc::experimental::TlsServerCredentialsOptions tls(provider);
  tls.watch_identity_key_cert_pairs();
  if (client_ca_) {
    tls.watch_root_certs();
    tls.set_cert_request_type(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  }
  return grpc::experimental::TlsServerCredentials(tls);
}

void ServerTls::reload() {
  std::vector<config::CertificateProblem> problems;
  auto next = config::read_server_certificate(options_, problems);
  std::string problem = describe(problems);
  if (next) {
    const bool same = next->key_and_chain == certificate_.key_and_chain &&
                      next->client_ca == certificate_.client_ca;
    if (!same && adopt(std::move(*next), problem)) tell("the changed certificate is used");
  }
  if (!problem.empty() && problem != told_) {
    logger_.warn("the changed certificate is not used; the earlier one stays",
                 {{"error", problem}});
  }
  told_ = problem;
}

bool ServerTls::adopt(config::ServerCertificate next, std::string& error) {
  const bool replaced = (!client_ca_ || client_ca_->replace(next.client_ca, error)) &&
                        key_and_chain_->replace(next.key_and_chain, error);
  if (!replaced) return false;
  const std::lock_guard lock(mutex_);
  certificate_ = std::move(next);
  return true;
}

void ServerTls::tell(const std::string& message) const {
  const std::time_t end = std::chrono::system_clock::to_time_t(certificate_.end);
  const LogFields fields{{"subject", certificate_.subject},
                         {"ends", fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(end))}};
  if (certificate_.end < wall_now()) {
    logger_.warn(message + ", but it has ended", fields);
  } else {
    logger_.info(message, fields);
  }
}

std::chrono::system_clock::time_point ServerTls::certificate_end() const {
  const std::lock_guard lock(mutex_);
  return certificate_.end;
}

}  // namespace loadstar::server
