// How a Write call ends: by the client, by a broken connection, by timeouts, by the end of the
// server.

#include "tests/server/server_fixture.hpp"

#include <gmock/gmock.h>

#include <memory>
#include <vector>

namespace loadstar::server::test {
namespace {

using ::testing::HasSubstr;

using IngestEndsTest = ServerTest;

/// A client whose window is too small for any message that it does not ask for.
std::shared_ptr<grpc::Channel> narrow_channel(const std::string& target) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, 5);
  arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  return grpc::CreateCustomChannel(target, grpc::InsecureChannelCredentials(), arguments);
}

// Nothing is decided, so the client may come again (ingest-api.md 3.6).
TEST_F(IngestEndsTest, AStreamThatSaysNothingIsEndedAndMayComeAgain) {
  open_timeout_ = std::chrono::milliseconds(200);
  restart();
  Call silent(channel(target()));
  const grpc::Status status = silent.finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(reason_of(status), "STARROCKS_UNAVAILABLE");
  EXPECT_TRUE(decode(status).retry);
  EXPECT_NE(status.error_message().find("no Open came within 200 ms"), std::string::npos);
  EXPECT_TRUE(writers_.opens().empty());
}

TEST_F(IngestEndsTest, ACancelledCallIsNeverTakenForAHalfClose) {
  const auto shared = channel(target());
  for (std::size_t n = 0; n < 150; ++n) {
    Call call(shared);
    ASSERT_TRUE(call.open());
    const auto stream = writers_.stream(n);
    // At three moments: at once, after Opened, with a batch under way.
    if (n % 3 != 0) {
      ASSERT_TRUE(call.read());
    }
    if (n % 3 == 2) call.batch(1, 100'000);
    call.context.TryCancel();
    ASSERT_TRUE(stream->wait_disconnected()) << n;
    EXPECT_EQ(call.finish().error_code(), grpc::StatusCode::CANCELLED);
    EXPECT_FALSE(stream->half_closed()) << n;
  }
}

// F006
TEST_F(IngestEndsTest, ABrokenConnectionIsADisconnect) {
  auto own = channel(target());
  auto call = std::make_unique<Call>(own);
  ASSERT_TRUE(call->open());
  const auto stream = writers_.stream(0);
  call.reset();  // a client that drops its call cancels it
  own.reset();
  EXPECT_TRUE(stream->wait_disconnected());
  EXPECT_FALSE(stream->half_closed());
}

TEST_F(IngestEndsTest, AStreamThatSaysNothingForTooLongIsEnded) {
  options_.limits.idle_stream_timeout = std::chrono::milliseconds(200);
  restart();
  Call call(channel(target()));
  ASSERT_TRUE(call.open());
  const auto stream = writers_.stream(0);
  ASSERT_TRUE(call.batch(1, 10));
  ASSERT_TRUE(stream->wait_messages(1));
  const grpc::Status status = call.finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_THAT(status.error_message(), HasSubstr("limits.idle_stream_timeout"));
  EXPECT_TRUE(stream->wait_disconnected());
}

// F009
TEST_F(IngestEndsTest, AClientThatTakesNotEvenOpenedInIsCancelled) {
  open_timeout_ = std::chrono::milliseconds(200);
  restart();
  Call call(narrow_channel(target()));
  ASSERT_TRUE(call.open());
  EXPECT_TRUE(writers_.stream(0)->wait_disconnected());
  EXPECT_FALSE(call.finish().ok());
}

// F009: the idle stream ends in the middle of a write; the daemon goes on.
TEST_F(IngestEndsTest, AnIdleClientThatTakesNoAcksInIsCancelled) {
  options_.limits.idle_stream_timeout = std::chrono::milliseconds(300);
  restart();
  Call call(narrow_channel(target()));
  ASSERT_TRUE(call.open());
  ASSERT_TRUE(call.read());
  const auto stream = writers_.stream(0);
  for (std::uint64_t sequence = 1; sequence <= 10; ++sequence)
    stream->say(txn::Ack{sequence, 0, 0});
  EXPECT_TRUE(stream->wait_disconnected());
  EXPECT_FALSE(call.finish().ok());
  Call next(channel(target()));
  ASSERT_TRUE(next.open("next"));
  EXPECT_TRUE(next.read());
}

TEST_F(IngestEndsTest, TheServerCanBeShutDownInTheMiddleOfEverything) {
  std::vector<std::unique_ptr<Call>> calls;
  const auto shared = channel(target());
  for (std::size_t n = 0; n < 40; ++n) {
    calls.push_back(std::make_unique<Call>(shared));
    Call& call = *calls.back();
    if (n % 4 == 0) continue;  // has not said Open
    ASSERT_TRUE(call.open());
  }
  const auto streams = [&] { return writers_.streams(); };
  ASSERT_TRUE(writers_.stream(29));
  for (std::size_t n = 0; n < 30; ++n) {
    if (n % 3 == 0) streams()[n]->hold();
  }
  for (std::size_t n = 1; n < 40; n += 2) calls[n]->batch(1, 50'000);
  server_->shutdown(std::chrono::system_clock::now());
  for (const auto& stream : streams()) {
    EXPECT_TRUE(stream->wait_disconnected());
    EXPECT_FALSE(stream->half_closed());
  }
  for (const auto& call : calls) EXPECT_FALSE(call->finish().ok());
  stop();
  EXPECT_EQ(ingest_->streams(), 0U);
}

}  // namespace
}  // namespace loadstar::server::test
