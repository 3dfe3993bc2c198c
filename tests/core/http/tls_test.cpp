// TLS towards a server with certificates made here (delivery-and-faults.md 5.2, T14).

#include "core/http/tls.hpp"

#include "tests/core/http/certificates.hpp"
#include "tests/core/http/pool_fixture.hpp"

#include <gtest/gtest.h>
#include <openssl/ssl.h>

namespace loadstar::http::test {
namespace {

namespace ssl = boost::asio::ssl;

class TlsTest : public PoolTest {
 protected:
  void SetUp() override {
    ca_ = make_certificate({"Test CA", "", true});
    options_.tls.ca_file = pem_.write("ca.pem", ca_.certificate);
    make_pool(options_);
  }

  void serve_with(const Certificate& certificate) {
    context_.use_certificate_chain(asio::buffer(certificate.certificate));
    context_.use_private_key(asio::buffer(certificate.key), ssl::context::pem);
    serve(echo_target, &context_);
  }

  Certificate good() const {
    return make_certificate({"fe", "DNS:localhost,IP:127.0.0.1", false, false, &ca_});
  }

  void expect_refused(const std::string& why) {
    const auto reply = send(request_of("POST", "/x"));
    expect_error(reply, Errc::kConnectFailed, Certainty::kNotApplied);
    EXPECT_NE(reply.error().detail.find(why), std::string::npos) << reply.error().detail;
    expect_nothing_left();
  }

  PemDirectory pem_;
  Certificate ca_;
  PoolOptions options_;
  ssl::context context_{ssl::context::tls_server};
};

TEST_F(TlsTest, ACertificateOfTheAuthorityWithTheRightNameIsTrustedAndTheConnectionReused) {
  serve_with(good());
  for (const char* host : {"127.0.0.1", "localhost"}) {
    Endpoint endpoint = server_->endpoint();
    endpoint.host = host;
    for (int i = 0; i < 3; ++i) {
      auto task =
          pool_->send(endpoint, i == 1 ? put("/x", 5'000'000) : request_of("GET", "/x"), late());
      const auto reply = run(std::move(task));
      ASSERT_TRUE(reply.has_value()) << describe(reply.error());
      EXPECT_EQ(reply->body, "/x");
    }
  }
  EXPECT_EQ(server_->accepted(), 2);
}

TEST_F(TlsTest, AnotherNameIsRefused) {
  serve_with(make_certificate({"127.0.0.1", "DNS:other.example,IP:127.0.0.2", false, false, &ca_}));
  expect_refused("certificate verify failed");
}

TEST_F(TlsTest, TheConfiguredServerNameIsTheOneThatCounts) {
  serve_with(make_certificate({"x", "DNS:fe.example", false, false, &ca_}));
  expect_refused("certificate verify failed");
  options_.tls.server_name = "fe.example";
  make_pool(options_);
  EXPECT_TRUE(send(request_of("GET", "/x")).has_value());
  options_.tls.server_name = "be.example";
  make_pool(options_);
  expect_refused("certificate verify failed");
}

TEST_F(TlsTest, AnotherAuthorityIsRefused) {
  const auto stranger = make_certificate({"Stranger CA", "", true});
  serve_with(make_certificate({"fe", "IP:127.0.0.1", false, false, &stranger}));
  expect_refused("certificate verify failed");
}

TEST_F(TlsTest, ACertificateSignedByItselfIsRefused) {
  serve_with(make_certificate({"fe", "IP:127.0.0.1"}));
  expect_refused("certificate verify failed");
}

TEST_F(TlsTest, TheSystemStoreDoesNotKnowTheTestAuthority) {
  options_.tls.ca_file.clear();
  make_pool(options_);
  serve_with(good());
  expect_refused("certificate verify failed");
}

// F254
TEST_F(TlsTest, AnExpiredCertificateIsRefused) {
  serve_with(make_certificate({"fe", "IP:127.0.0.1", false, true, &ca_}));
  expect_refused("certificate verify failed");
}

TEST_F(TlsTest, Tls11IsRefused) {
  SSL_CTX_set_security_level(context_.native_handle(), 0);
  SSL_CTX_set_min_proto_version(context_.native_handle(), TLS1_VERSION);
  SSL_CTX_set_max_proto_version(context_.native_handle(), TLS1_1_VERSION);
  serve_with(good());
  expect_refused("TLS");
}

TEST_F(TlsTest, APlainServerIsRefused) {
  serve([](Session& session) -> asio::awaitable<void> {
    std::string text = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
    co_await session.write(std::move(text));
    co_await session.wait_closed();
  });
  Endpoint endpoint = server_->endpoint();
  endpoint.tls = true;
  auto task = pool_->send(endpoint, request_of("GET", "/x"), late());
  expect_error(run(std::move(task)), Errc::kConnectFailed, Certainty::kNotApplied);
}

TEST_F(TlsTest, SkippingTheVerificationIsPossibleOnlyOnPurpose) {
  options_.tls.insecure_skip_verify = true;
  make_pool(options_);
  serve_with(make_certificate({"whoever", ""}));
  EXPECT_TRUE(send(request_of("GET", "/x")).has_value());
}

TEST_F(TlsTest, TheClientCertificateIsShown) {
  context_.set_verify_mode(ssl::verify_peer | ssl::verify_fail_if_no_peer_cert);
  context_.load_verify_file(options_.tls.ca_file);
  // TLS 1.2 refuses within the handshake; in 1.3 the client would notice at its first read.
  SSL_CTX_set_max_proto_version(context_.native_handle(), TLS1_2_VERSION);
  serve_with(good());
  EXPECT_TRUE(send(request_of("GET", "/x")).has_error());
  const auto client = make_certificate({"loadstar", "", false, false, &ca_});
  options_.tls.cert_file = pem_.write("client.pem", client.certificate);
  options_.tls.key_file = pem_.write("client.key", client.key);
  make_pool(options_);
  const auto reply = send(request_of("GET", "/x"));
  EXPECT_TRUE(reply.has_value()) << describe(reply.error());
}

// A reply whose end is the end of the stream could be cut by anyone; TLS tells the difference.
TEST_F(TlsTest, AReplyWithoutLengthThatIsCutIsNotAReply) {
  const auto certificate = good();
  context_.use_certificate_chain(asio::buffer(certificate.certificate));
  context_.use_private_key(asio::buffer(certificate.key), ssl::context::pem);
  serve(
      [](Session& session) -> asio::awaitable<void> {
        const std::string head = co_await session.read_head();
        std::string half = "HTTP/1.1 200 OK\r\n\r\nhalf";
        co_await session.write(std::move(half));  // and closes without close_notify
      },
      &context_);
  expect_error(send(request_of("GET", "/x")), Errc::kConnectionLost, Certainty::kUnknown);
}

TEST(TlsContextTest, AFileThatCannotBeUsedIsNamed) {
  for (const auto& spoil : std::vector<std::function<void(TlsOptions&)>>{
           [](TlsOptions& tls) { tls.ca_file = "/nonexistent/ca.pem"; },
           [](TlsOptions& tls) { tls.cert_file = "/nonexistent/cert.pem"; }}) {
    TlsOptions options;
    spoil(options);
    const auto context = make_tls_context(options);
    ASSERT_TRUE(context.has_error());
    EXPECT_EQ(context.error().code, Errc::kConnectFailed);
    EXPECT_NE(context.error().detail.find("/nonexistent/"), std::string::npos);
  }
}

}  // namespace
}  // namespace loadstar::http::test
