#include "core/http/resolve.hpp"

#include "core/base/run_on.hpp"
#include "tests/core/http/real_time.hpp"

#include <boost/asio/strand.hpp>
#include <gtest/gtest.h>

namespace loadstar::http::test {
namespace {

using namespace std::chrono_literals;
using asio::ip::tcp;

class ResolveTest : public RealTimeTest {
 protected:
  Result<std::vector<tcp::endpoint>> look_up(const std::string& host, Deadline deadline) {
    const asio::any_io_executor strand = asio::make_strand(io_);
    auto looking = resolve(Endpoint{false, host, 8040}, deadline);
    return run(run_on(strand, std::move(looking)));
  }
};

TEST_F(ResolveTest, ALiteralAddressIsItselfWithoutALookup) {
  for (const char* host : {"10.1.2.3", "2001:db8::1"}) {
    const auto found = look_up(host, Clock::now() - 1h);  // no time for a lookup
    ASSERT_TRUE(found.has_value()) << describe(found.error());
    EXPECT_EQ(*found,
              std::vector<tcp::endpoint>{tcp::endpoint(asio::ip::make_address(host), 8040)});
  }
}

TEST_F(ResolveTest, ANameGivesItsAddresses) {
  const auto found = look_up("localhost", Clock::now() + 25s);
  ASSERT_TRUE(found.has_value()) << describe(found.error());
  ASSERT_FALSE(found->empty());
  EXPECT_LE(found->size(), kMaxAddresses);
  for (const auto& address : *found) {
    EXPECT_TRUE(address.address().is_loopback());
    EXPECT_EQ(address.port(), 8040);
  }
}

// F034
TEST_F(ResolveTest, AnUnknownNameIsNotApplied) {
  for (const Deadline deadline : {Clock::now() - 1h, Clock::now() + 25s}) {
    const auto found = look_up("no-such-host.invalid", deadline);
    ASSERT_TRUE(found.has_error());
    EXPECT_EQ(found.error().code, Errc::kConnectFailed);
    EXPECT_EQ(found.error().certainty, Certainty::kNotApplied);
    EXPECT_NE(found.error().detail.find("no-such-host.invalid"), std::string::npos);
  }
}

}  // namespace
}  // namespace loadstar::http::test
