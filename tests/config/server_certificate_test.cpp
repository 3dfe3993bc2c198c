// Which files of listen.tls are refused, and what is said about them (delivery-and-faults.md 5.2).

#include "config/server_certificate.hpp"

#include "core/base/clock.hpp"
#include "tests/core/http/certificates.hpp"

#include <gmock/gmock.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <chrono>
#include <utility>

namespace loadstar::config {
namespace {

using http::test::make_certificate;
using ::testing::HasSubstr;

/// `key` as `openssl pkey -aes256` writes it.
std::string encrypted(const std::string& key) {
  BIO* const in = BIO_new_mem_buf(key.data(), static_cast<int>(key.size()));
  EVP_PKEY* const parsed = PEM_read_bio_PrivateKey(in, nullptr, nullptr, nullptr);
  BIO* const out = BIO_new(BIO_s_mem());
  const std::string passphrase = "secret";
  PEM_write_bio_PKCS8PrivateKey(out, parsed, EVP_aes_256_cbc(), passphrase.data(),
                                static_cast<int>(passphrase.size()), nullptr, nullptr);
  char* data = nullptr;
  const long size = BIO_get_mem_data(out, &data);
  std::string text(data, static_cast<std::size_t>(size));
  BIO_free(out);
  EVP_PKEY_free(parsed);
  BIO_free(in);
  return text;
}

class ServerCertificateTest : public ::testing::Test {
 protected:
  void SetUp() override { write(pair_.certificate, pair_.key); }

  void write(const std::string& certificate, const std::string& key) {
    options_.cert_file = pem_.write("cert.pem", certificate);
    options_.key_file = pem_.write("key.pem", key);
  }

  std::optional<ServerCertificate> read() {
    problems_.clear();
    auto result = read_server_certificate(options_, problems_);
    EXPECT_EQ(result.has_value(), problems_.empty());
    return result;
  }

  /// One problem: of `option`, with the file's name and `text`.
  void expect_refused(const std::string& option, const std::string& file, const std::string& text) {
    EXPECT_FALSE(read());
    ASSERT_EQ(problems_.size(), 1U) << text;
    EXPECT_EQ(problems_[0].key, "listen.tls." + option);
    EXPECT_THAT(problems_[0].message, HasSubstr("/" + file + "` "));
    EXPECT_THAT(problems_[0].message, HasSubstr(text));
  }

  http::test::PemDirectory pem_;
  http::test::Certificate ca_ = make_certificate({"Test CA", "", true});
  http::test::Certificate pair_ =
      make_certificate({"localhost", "DNS:localhost", false, false, &ca_});
  http::test::Certificate other_ = make_certificate({"other", ""});
  ServerTlsOptions options_;
  std::vector<CertificateProblem> problems_;
};

TEST_F(ServerCertificateTest, APairThatBelongsTogetherIsWrittenAnewInOnePiece) {
  write("a comment\n" + pair_.certificate + "\n" + ca_.certificate + "another", pair_.key);
  options_.client_ca_file = pem_.write("ca.pem", ca_.certificate + other_.certificate);
  const auto result = read();
  ASSERT_TRUE(result) << problems_[0].message;
  EXPECT_EQ(result->key_and_chain, pair_.key + pair_.certificate + ca_.certificate);
  EXPECT_EQ(result->client_ca, ca_.certificate + other_.certificate);
  EXPECT_EQ(result->subject, "CN=localhost");
}

TEST_F(ServerCertificateTest, KeyAndCertificateMayBeInOneFile) {
  const std::string both = other_.certificate + other_.key;
  write(both, both);
  const auto result = read();
  ASSERT_TRUE(result);
  EXPECT_EQ(result->key_and_chain, other_.key + other_.certificate);
}

// F254
TEST_F(ServerCertificateTest, TheCertificateThatEndsFirstIsTheOneThatCounts) {
  const auto now = wall_now();
  const auto later = read();
  ASSERT_TRUE(later);
  EXPECT_GT(later->end, now);
  EXPECT_LT(later->end, now + std::chrono::hours(24));
  write(pair_.certificate + make_certificate({"old", "", true, true}).certificate, pair_.key);
  const auto first = read();
  ASSERT_TRUE(first) << "that it has ended is no reason to refuse it";
  EXPECT_LT(first->end, now);
}

TEST_F(ServerCertificateTest, FilesThatCannotBeRead) {
  options_.cert_file = "/nowhere/cert.pem";
  expect_refused("cert_file", "cert.pem", "No such file");
  write("", pair_.key);
  expect_refused("cert_file", "cert.pem", "is empty");
  write(pair_.certificate, "");
  expect_refused("key_file", "key.pem", "is empty");
  write(pair_.certificate, pair_.key);
  options_.client_ca_file = pem_.write("ca.pem", "");
  expect_refused("client_ca_file", "ca.pem", "is empty");
}

TEST_F(ServerCertificateTest, ACertificateThatIsNone) {
  write("garbage\n", pair_.key);
  expect_refused("cert_file", "cert.pem", "holds no certificate in PEM");
  write(pair_.key, pair_.key);
  expect_refused("cert_file", "cert.pem", "holds no certificate in PEM");
  write("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", pair_.key);
  expect_refused("cert_file", "cert.pem", "number 1, that cannot be parsed");
  const std::string broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
  write(pair_.certificate + broken, pair_.key);
  expect_refused("cert_file", "cert.pem", "number 2, that cannot be parsed");
}

// As a reader sees it while it is written.
TEST_F(ServerCertificateTest, TheBeginningOfAFileIsRefused) {
  const std::string whole = pair_.certificate + ca_.certificate;
  const std::size_t leaf = pair_.certificate.size();
  const std::string_view mark = "-----BEGIN ";
  constexpr std::size_t kStep = 11;  // each takes some milliseconds
  for (std::size_t size = 1; size + 1 < whole.size(); size += kStep) {
    write(whole.substr(0, size), pair_.key);
    // Between two certificates the beginning of a chain is a chain.
    const bool chain = size + 1 >= leaf && size < leaf + mark.size();
    EXPECT_EQ(read().has_value(), chain) << size;
  }
  for (std::size_t size = 1; size + 1 < pair_.key.size(); size += kStep) {
    write(pair_.certificate, pair_.key.substr(0, size));
    expect_refused("key_file", "key.pem", "holds ");
  }
}

TEST_F(ServerCertificateTest, AKeyThatIsNoneOrAnother) {
  write(pair_.certificate, "garbage\n");
  expect_refused("key_file", "key.pem", "holds no private key in PEM");
  write(pair_.certificate, pair_.certificate);
  expect_refused("key_file", "key.pem", "holds no private key in PEM");
  write(pair_.certificate, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
  expect_refused("key_file", "key.pem", "cannot be parsed");
  write(pair_.certificate, other_.key);
  expect_refused("key_file", "key.pem", "is not the key of the first certificate in");
  EXPECT_THAT(problems_[0].message, HasSubstr("cert.pem"));
  write(pair_.certificate, encrypted(pair_.key));
  expect_refused("key_file", "key.pem", "is encrypted");
  // The leaf comes first.
  write(ca_.certificate + pair_.certificate, pair_.key);
  expect_refused("key_file", "key.pem", "is not the key of the first certificate in");
}

TEST_F(ServerCertificateTest, CertificateAndKeySwapped) {
  write(pair_.key, pair_.certificate);
  EXPECT_FALSE(read());
  ASSERT_EQ(problems_.size(), 2U);
  EXPECT_EQ(problems_[0].key, "listen.tls.cert_file");
  EXPECT_EQ(problems_[1].key, "listen.tls.key_file");
}

TEST_F(ServerCertificateTest, AClientCaThatIsNone) {
  options_.client_ca_file = pem_.write("ca.pem", "garbage\n");
  expect_refused("client_ca_file", "ca.pem", "holds no certificate in PEM");
  options_.client_ca_file =
      pem_.write("ca.pem", ca_.certificate + other_.certificate.substr(0, 100));
  expect_refused("client_ca_file", "ca.pem", "is damaged, or not complete");
}

// Another rule says that it is missing.
TEST_F(ServerCertificateTest, AMissingOptionIsNotJudged) {
  for (std::string* const file : {&options_.cert_file, &options_.key_file}) {
    const std::string before = std::exchange(*file, "");
    std::vector<CertificateProblem> problems;
    EXPECT_FALSE(read_server_certificate(options_, problems));
    EXPECT_TRUE(problems.empty());
    *file = before;
  }
}

}  // namespace
}  // namespace loadstar::config
