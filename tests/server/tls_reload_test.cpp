#include "server/tls_reload.hpp"

#include "tests/server/tls_fixture.hpp"

namespace loadstar::server::test {
namespace {

using TlsReloadTest = TlsServerTest;

// F254
TEST_F(TlsReloadTest, ARenewedCertificateIsServedWithoutBeingAskedFor) {
  serve();
  TlsReload reload(threads_->executor(), *tls_, std::chrono::milliseconds(10));
  reload.start();
  write(second_.certificate, second_.key);
  EXPECT_TRUE(becomes("second", "first"));
  threads_->wait(reload.stop());
  write(first_.certificate, first_.key);
  EXPECT_EQ(served(), "second");
}

TEST_F(TlsReloadTest, ItsEndDoesNotWaitForTheInterval) {
  serve();
  TlsReload reload(threads_->executor(), *tls_, std::chrono::hours(1));
  reload.start();
  threads_->wait(reload.stop());
}

}  // namespace
}  // namespace loadstar::server::test
