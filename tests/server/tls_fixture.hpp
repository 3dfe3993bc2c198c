#pragma once

#include "server/tls.hpp"
#include "tests/core/http/certificates.hpp"
#include "tests/server/server_fixture.hpp"

#include <grpcpp/security/credentials.h>

namespace loadstar::server::test {

/// Certificate files of a listener, and a server that has them.
class TlsServerTest : public ServerTest {
 protected:
  using Pair = http::test::Certificate;

  void SetUp() override {
    ServerTest::SetUp();
    tls_options_.enabled = true;
    write(first_.certificate, first_.key);
  }

  void TearDown() override {
    tls_server_.reset();
    ServerTest::TearDown();
  }

  [[nodiscard]] static Pair issue(const std::string& name, const Pair& authority) {
    return http::test::make_certificate({name, "IP:127.0.0.1", false, false, &authority});
  }

  void write(const std::string& certificate, const std::string& key) {
    tls_options_.cert_file = pem_.write("cert.pem", certificate);
    tls_options_.key_file = pem_.write("key.pem", key);
  }

  void serve() {
    std::string error;
    tls_ = ServerTls::open(tls_options_, Logger(log_, LogLevel::kInfo), error);
    ASSERT_TRUE(tls_) << error;
    GrpcServerOptions options;
    options.addresses = {{"127.0.0.1", 0, ""}};
    options.max_message = 1_MiB;
    options.credentials = tls_->credentials();
    tls_server_ = GrpcServer::start(options, {transactions_.get()}, error);
    ASSERT_TRUE(tls_server_) << error;
  }

  /// The name of the certificate that a new client is shown; empty if it has no connection.
  [[nodiscard]] std::string served(const Pair* client = nullptr) const {
    grpc::SslCredentialsOptions ssl;
    ssl.pem_root_certs = ca_.certificate;
    if (client != nullptr) {
      ssl.pem_cert_chain = client->certificate;
      ssl.pem_private_key = client->key;
    }
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    const auto stub = v1::TransactionService::NewStub(grpc::CreateCustomChannel(
        to_string(tls_server_->addresses()[0]), grpc::SslCredentials(ssl), arguments));
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
    v1::CheckpointRequest request;
    request.set_writer_id("w1");
    v1::CheckpointResponse response;
    if (!stub->Checkpoint(&context, request, &response).ok()) return "";
    const auto names = context.auth_context()->FindPropertyValues("x509_common_name");
    return names.empty() ? "" : std::string(names[0].data(), names[0].size());
  }

  /// True as soon as new clients are shown `name`; until then they are shown `before`, always.
  [[nodiscard]] bool becomes(const std::string& name, const std::string& before) const {
    const auto until = Clock::now() + std::chrono::seconds(30);
    while (Clock::now() < until) {
      const std::string now = served();
      if (now == name) return true;
      if (now != before) return false;
    }
    return false;
  }

  http::test::PemDirectory pem_;
  Pair ca_ = http::test::make_certificate({"Test CA", "", true});
  Pair first_ = issue("first", ca_);
  Pair second_ = issue("second", ca_);
  config::ServerTlsOptions tls_options_;
  std::unique_ptr<ServerTls> tls_;
  std::unique_ptr<GrpcServer> tls_server_;
};

}  // namespace loadstar::server::test
