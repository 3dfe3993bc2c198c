#include "core/http/connection.hpp"

#include "core/base/run_on.hpp"
#include "core/http/tls.hpp"
#include "tests/core/http/certificates.hpp"
#include "tests/core/http/pool_fixture.hpp"

#include <gtest/gtest.h>

namespace loadstar::http::test {
namespace {

using asio::ip::tcp;

class ConnectionTest : public PoolTest {
 protected:
  void connect_to_server(std::vector<std::string> hosts, std::chrono::milliseconds each) {
    options_.connect_timeout = each;
    std::vector<tcp::endpoint> addresses;
    for (const auto& host : hosts) {
      addresses.emplace_back(asio::ip::make_address(host), server_->endpoint().port);
    }
    connection_ = std::make_unique<Connection>(io_.get_executor(), server_->endpoint(), tls_);
    auto work = connection_->connect_to(std::move(addresses), options_, late());
    connected_ = run(run_on(connection_->executor(), std::move(work)));
  }

  ExchangeEnd exchange(const Request& request) {
    auto work = connection_->exchange(request, options_, late());
    return run(run_on(connection_->executor(), std::move(work)));
  }

  PoolOptions options_;
  asio::ssl::context tls_{*make_tls_context(TlsOptions{})};
  std::unique_ptr<Connection> connection_;
  Result<void> connected_;
};

TEST_F(ConnectionTest, AnAddressThatRefusesIsFollowedByTheNext) {
  serve(echo_target);  // on 127.0.0.1 only
  connect_to_server({"127.0.0.2", "127.0.0.3", "127.0.0.1"}, 25s);
  ASSERT_TRUE(connected_.has_value()) << describe(connected_.error());
  const auto end = exchange(request_of("GET", "/third"));
  ASSERT_TRUE(end.result.has_value());
  EXPECT_EQ(end.result->body, "/third");
}

TEST_F(ConnectionTest, WithoutAnyThatAnswersTheLastErrorIsTold) {
  serve(echo_target);
  connect_to_server({"127.0.0.2", "127.0.0.3"}, 25s);
  ASSERT_TRUE(connected_.has_error());
  EXPECT_EQ(connected_.error().code, Errc::kConnectFailed);
  EXPECT_EQ(connected_.error().certainty, Certainty::kNotApplied);
  EXPECT_NE(connected_.error().detail.find("refused"), std::string::npos);
}

// F035
TEST_F(ConnectionTest, AnAddressThatIsSilentCostsItsOwnTimeOnly) {
  const Certificate ca = make_certificate({"Test CA", "", true});
  const Certificate own = make_certificate({"fe", "IP:127.0.0.1", false, false, &ca});
  PemDirectory pem;
  options_.tls.ca_file = pem.write("ca.pem", ca.certificate);
  tls_ = std::move(*make_tls_context(options_.tls));
  asio::ssl::context server_tls(asio::ssl::context::tls_server);
  server_tls.use_certificate_chain(asio::buffer(own.certificate));
  server_tls.use_private_key(asio::buffer(own.key), asio::ssl::context::pem);
  serve(echo_target, &server_tls);
  // A listener on the same port of another address, which accepts and then says nothing.
  tcp::acceptor silent(
      io_, tcp::endpoint(asio::ip::make_address("127.0.0.2"), server_->endpoint().port));
  connect_to_server({"127.0.0.2", "127.0.0.1"}, 1s);
  EXPECT_TRUE(connected_.has_value()) << describe(connected_.error());
  run(server_->stop());
  server_.reset();
}

TEST_F(ConnectionTest, ItIsAliveUntilThePeerClosesOrSaysMore) {
  serve([this](Session& session) -> asio::awaitable<void> {
    const std::string head = co_await session.read_head();
    std::string reply = ok_reply("fine");
    co_await session.write(std::move(reply));
    co_await gate_.pass();
  });
  connect_to_server({"127.0.0.1"}, 25s);
  EXPECT_TRUE(connection_->is_alive());
  const auto end = exchange(request_of("GET", "/x"));
  EXPECT_TRUE(end.reusable);
  EXPECT_TRUE(connection_->is_alive());
  gate_.open();
  wait_until([this] { return server_->closed() == 1; });
  EXPECT_FALSE(connection_->is_alive());
}

}  // namespace
}  // namespace loadstar::http::test
