#include "server/push/push_stream.hpp"

#include "tests/server/server_fixture.hpp"

#include <gtest/gtest.h>

namespace loadstar::server::test {
namespace {

class PushStreamTest : public ServerTest {
 protected:
  void SetUp() override {
    ServerTest::SetUp();
    writers_.be_patient();
  }

  static v1::WriteRequest open() {
    v1::WriteRequest request;
    request.mutable_open()->set_writer_id("push_1");
    request.mutable_open()->set_database("db");
    request.mutable_open()->set_delivery(v1::DELIVERY_AT_LEAST_ONCE);
    return request;
  }

  void wait_until(PushStream& stream, const std::function<bool()>& condition) {
    std::unique_lock lock(mutex_);
    while (!condition()) stream.wait(lock);
  }

  std::mutex mutex_;
  PushLedger ledger_;
};

TEST_F(PushStreamTest, WhatTheDaemonSaysReachesTheLedger) {
  PushStream stream(channel(target()), mutex_, ledger_);
  EXPECT_TRUE(stream.write(open()));
  wait_until(stream, [&stream] { return stream.opened(); });
  {
    const std::lock_guard lock(mutex_);
    EXPECT_EQ(stream.limits().max_message_bytes(), 4U << 20U);
    EXPECT_GE(stream.patience(), std::chrono::seconds(15));
    ledger_.add(Chunk{"1\n", 1, 1, 1, 2});
    ASSERT_NE(ledger_.send_next(), nullptr);
  }
  writers_.stream(0)->say(txn::Ack{1, 1, 0});
  wait_until(stream, [this] { return ledger_.settled(); });
  stream.cancel();
  EXPECT_EQ(stream.finish().error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_TRUE(stream.ended());
}

TEST_F(PushStreamTest, AStreamThatIsNotFinishedIsCancelled) {
  {
    PushStream stream(channel(target()), mutex_, ledger_);
    EXPECT_TRUE(stream.write(open()));
    wait_until(stream, [&stream] { return stream.opened(); });
  }
  EXPECT_TRUE(writers_.stream(0)->wait_disconnected());
}

}  // namespace
}  // namespace loadstar::server::test
