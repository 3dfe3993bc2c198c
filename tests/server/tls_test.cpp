// TLS of the listeners and the renewal of their certificate (delivery-and-faults.md 5.2).

#include "server/tls.hpp"

#include "tests/server/tls_fixture.hpp"

#include <gmock/gmock.h>

namespace loadstar::server::test {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

constexpr const char* kNotUsed = "the changed certificate is not used";
constexpr const char* kUsed = "the changed certificate is used";

using ServerTlsTest = TlsServerTest;

TEST_F(ServerTlsTest, FilesThatCannotBeServedAreAnErrorWithTheirOptionAndName) {
  write(first_.certificate, second_.key);
  std::string error;
  EXPECT_FALSE(ServerTls::open(tls_options_, Logger(), error));
  EXPECT_THAT(error, AllOf(StartsWith("listen.tls.key_file: "), HasSubstr("key.pem"),
                           HasSubstr("is not the key of the first certificate")));
  tls_options_.min_version = config::TlsVersion::kTls13;
  EXPECT_FALSE(ServerTls::open(tls_options_, Logger(), error));
  EXPECT_THAT(error, HasSubstr("listen.tls.min_version"));
}

TEST_F(ServerTlsTest, WhatIsServedIsToldWithItsEnd) {
  serve();
  EXPECT_EQ(served(), "first");
  EXPECT_THAT(log_->with("the certificate of the listeners"),
              ElementsAre(AllOf(HasSubstr("info "), HasSubstr("subject=CN=first ends=20"))));
}

// F254
TEST_F(ServerTlsTest, ACertificateThatHasEndedIsWarnedOf) {
  first_ = http::test::make_certificate({"first", "IP:127.0.0.1", false, true, &ca_});
  write(first_.certificate, first_.key);
  serve();
  EXPECT_THAT(log_->with("but it has ended"), ElementsAre(StartsWith("warn ")));
  EXPECT_EQ(served(), "");
  write(second_.certificate, second_.key);
  tls_->reload();
  EXPECT_TRUE(becomes("second", ""));
}

// F254: what a renewal by `cp` and by hand goes through. Clients connect at every moment.
TEST_F(ServerTlsTest, ARenewalByStepsServesTheOldCertificateUntilTheNewOneIsWhole) {
  serve();
  const auto end = tls_->certificate_end();
  const std::string half = second_.certificate.substr(0, second_.certificate.size() / 2);
  const std::vector<std::pair<Pair, std::string>> steps{
      {{"", first_.key}, "is empty"},
      {{first_.certificate, ""}, "is empty"},
      {{"garbage\n", first_.key}, "holds no certificate in PEM"},
      {{half, first_.key}, "is damaged, or not complete"},
      {{second_.certificate, first_.key}, "is not the key of the first certificate in"}};
  for (const auto& [files, problem] : steps) {
    write(files.certificate, files.key);
    const std::size_t before = log_->with(kNotUsed).size();
    for (int i = 0; i < 3; ++i) tls_->reload();
    const auto lines = log_->with(kNotUsed);
    ASSERT_EQ(lines.size(), before + 1) << "one line for each problem: " << problem;
    EXPECT_THAT(lines.back(),
                AllOf(StartsWith("warn "), HasSubstr("listen.tls."), HasSubstr(problem)));
    EXPECT_EQ(served(), "first") << problem;
    EXPECT_EQ(tls_->certificate_end(), end);
  }
  EXPECT_THAT(log_->with(kUsed), IsEmpty());
  write(second_.certificate, second_.key);
  for (int i = 0; i < 3; ++i) tls_->reload();
  EXPECT_THAT(log_->with(kUsed),
              ElementsAre(AllOf(StartsWith("info "), HasSubstr("subject=CN=second"))));
  EXPECT_TRUE(becomes("second", "first"));
  EXPECT_THAT(log_->with("PRIVATE KEY"), IsEmpty());
}

TEST_F(ServerTlsTest, AProblemThatComesAgainIsToldAgain) {
  serve();
  for (int i = 0; i < 2; ++i) {
    write("", first_.key);
    tls_->reload();
    write(first_.certificate, first_.key);
    tls_->reload();
  }
  EXPECT_EQ(log_->with(kNotUsed).size(), 2U);
  EXPECT_THAT(log_->with(kUsed), IsEmpty()) << "it is the one in use";
}

TEST_F(ServerTlsTest, TheEndIsThatOfTheCertificateInUse) {
  serve();
  const auto before = tls_->certificate_end();
  const auto old = http::test::make_certificate({"old", "IP:127.0.0.1", false, true, &ca_});
  write(old.certificate, old.key);
  tls_->reload();
  EXPECT_LT(tls_->certificate_end(), before);
}

TEST_F(ServerTlsTest, TheClientCaIsRenewedLikewise) {
  const auto other_ca = http::test::make_certificate({"Other CA", "", true});
  const auto client = issue("client", ca_);
  const auto stranger = issue("stranger", other_ca);
  tls_options_.client_ca_file = pem_.write("ca.pem", ca_.certificate);
  serve();
  EXPECT_EQ(served(&client), "first");
  EXPECT_EQ(served(&stranger), "");
  EXPECT_EQ(served(), "") << "without a certificate";
  for (const char* const bad : {"", "garbage\n"}) {
    ASSERT_FALSE(pem_.write("ca.pem", bad).empty());
    tls_->reload();
    EXPECT_EQ(served(&client), "first");
    EXPECT_EQ(served(), "");
  }
  EXPECT_EQ(log_->with(kNotUsed).size(), 2U);
  ASSERT_FALSE(pem_.write("ca.pem", ca_.certificate + other_ca.certificate).empty());
  tls_->reload();
  const auto until = Clock::now() + std::chrono::seconds(30);
  std::string shown;
  while (shown.empty() && Clock::now() < until) {
    EXPECT_EQ(served(&client), "first");
    shown = served(&stranger);
  }
  EXPECT_EQ(shown, "first");
}

}  // namespace
}  // namespace loadstar::server::test
