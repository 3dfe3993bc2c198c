#include "tests/server/server_fixture.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <thread>

namespace loadstar::server::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

using IngestServiceTest = ServerTest;

Refusal refusal_of(Reason reason, std::string message) {
  Refusal refusal;
  refusal.reason = reason;
  refusal.message = std::move(message);
  return refusal;
}

TEST_F(IngestServiceTest, AStreamIsOpenedFedAcknowledgedAndClosed) {
  for (const std::string& address : {target(), unix_target()}) {
    const std::size_t n = writers_.opens().size();
    Call call(channel(address));
    ASSERT_TRUE(call.open("writer_" + std::to_string(n)));
    const auto opened = call.read();
    ASSERT_TRUE(opened && opened->has_opened());
    EXPECT_EQ(opened->opened().daemon_id(), "host-1234");
    EXPECT_EQ(opened->opened().next_sequence(), 1U);
    EXPECT_EQ(opened->opened().label_prefix(), "ls-alo");
    EXPECT_EQ(opened->opened().next_checkpoint_id(), 0U);
    EXPECT_EQ(opened->opened().limits().max_message_bytes(), 4U << 20U);
    EXPECT_EQ(opened->opened().limits().session_grace().seconds(), 60);
    EXPECT_EQ(opened->opened().limits().prepared_timeout().seconds(), 180);
    const auto stream = writers_.stream(n);
    // Above the size that gRPC holds in one slice, and an empty payload.
    const std::vector<std::string> sent{Call::batch_message(1, 300'000).SerializeAsString(),
                                        Call::batch_message(2, 1).SerializeAsString()};
    ASSERT_TRUE(call.batch(1, 300'000));
    ASSERT_TRUE(call.batch(2, 1));
    ASSERT_TRUE(stream->wait_messages(2));
    EXPECT_EQ(stream->messages(), sent);
    stream->say(txn::Ack{2, 0, 0});
    const auto received = call.read();
    ASSERT_TRUE(received && received->has_ack());
    EXPECT_EQ(received->ack().received_sequence(), 2U);
    stream->say(txn::Ack{2, 2, 7});
    const auto committed = call.read();
    ASSERT_TRUE(committed && committed->has_ack());
    EXPECT_EQ(committed->ack().committed_sequence(), 2U);
    EXPECT_EQ(committed->ack().filtered_rows(), 7U);
    ASSERT_TRUE(call.stream->WritesDone());
    ASSERT_TRUE(stream->wait_half_closed());
    const grpc::Status status = call.finish();
    EXPECT_TRUE(status.ok()) << status.error_message();
    EXPECT_FALSE(stream->disconnected());
  }
}

TEST_F(IngestServiceTest, AStreamLeavesItsTrailInTheLog) {
  {
    Call call(channel(target()));
    ASSERT_TRUE(call.open("orders"));
    ASSERT_TRUE(call.read());
    ASSERT_TRUE(call.stream->WritesDone());
    EXPECT_TRUE(call.finish().ok());
  }
  const auto opened = log_->with("stream opened");
  ASSERT_EQ(opened.size(), 1U);
  EXPECT_NE(opened[0].find("writer=orders"), std::string::npos) << opened[0];
  EXPECT_NE(opened[0].find("database=db"), std::string::npos) << opened[0];
  EXPECT_NE(opened[0].find("attached=false"), std::string::npos) << opened[0];
  const auto ended = log_->with("stream ended");
  ASSERT_EQ(ended.size(), 1U);
  EXPECT_NE(ended[0].find("reason=OK"), std::string::npos) << ended[0];
}

TEST_F(IngestServiceTest, AClientThatIsRefusedInALoopDoesNotFillTheLog) {
  const auto shared = channel(target());
  for (int i = 0; i < 400; ++i) {
    writers_.refuse_opens(refusal_of(Reason::kWriterFenced, "fenced"));
    Call call(shared);
    ASSERT_TRUE(call.open("orders"));
    EXPECT_EQ(call.finish().error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  }
  const auto lines = log_->with("open refused");
  ASSERT_GE(lines.size(), 100U);
  EXPECT_LT(lines.size(), 300U);
  EXPECT_NE(lines[0].find("reason=WRITER_FENCED"), std::string::npos) << lines[0];
}

TEST_F(IngestServiceTest, TheOpenReachesCoreAsItWasSent) {
  v1::WriteRequest request;
  v1::Open& open = *request.mutable_open();
  open.set_writer_id("shard_7");
  open.set_database("sales");
  open.set_delivery(v1::DELIVERY_AT_LEAST_ONCE);
  open.set_client_name("tracker");
  writers_.answer_opens({true, 42, std::nullopt, "ls-alo-x"});
  Call call(channel(target()));
  ASSERT_TRUE(call.stream->Write(request));
  const auto opened = call.read();
  ASSERT_TRUE(opened && opened->has_opened());
  EXPECT_TRUE(opened->opened().attached());
  EXPECT_EQ(opened->opened().next_sequence(), 42U);
  const auto opens = writers_.opens();
  ASSERT_EQ(opens.size(), 1U);
  EXPECT_EQ(opens[0].writer_id, "shard_7");
  EXPECT_EQ(opens[0].database, "sales");
  EXPECT_EQ(opens[0].client_name, "tracker");
  EXPECT_EQ(opens[0].delivery, txn::Delivery::kAtLeastOnce);
}

TEST_F(IngestServiceTest, WhatCoreSaysGoesOutInOrderUpToTheEnd) {
  Call call(channel(target()));
  ASSERT_TRUE(call.open());
  const auto stream = writers_.stream(0);
  stream->say(txn::Ack{1, 0, 0});
  stream->say(txn::Draining{std::chrono::milliseconds(1'500)});
  stream->say(txn::Ack{1, 1, 0});
  Refusal draining = refusal_of(Reason::kDraining, "the daemon is shutting down");
  draining.retry_after = std::chrono::milliseconds(250);
  stream->say(txn::Ended{draining});
  std::vector<v1::WriteResponse::ResponseCase> kinds;
  while (const auto response = call.read()) {
    kinds.push_back(response->response_case());
    if (response->has_draining()) {
      EXPECT_EQ(response->draining().grace().seconds(), 1);
      EXPECT_EQ(response->draining().grace().nanos(), 500'000'000);
    }
  }
  EXPECT_THAT(kinds, ElementsAre(v1::WriteResponse::kOpened, v1::WriteResponse::kAck,
                                 v1::WriteResponse::kDraining, v1::WriteResponse::kAck));
  const grpc::Status status = call.stream->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(reason_of(status), "DRAINING");
  EXPECT_EQ(decode(status).retry->retry_delay().nanos(), 250'000'000);
}

// F001
TEST_F(IngestServiceTest, AnythingButAnOpenAtTheBeginningIsABadRequest) {
  const std::string batch = Call::batch_message(1, 100'000).SerializeAsString();
  for (const std::string& first : {batch, std::string(), std::string("\x0A\xFF\xFF\xFF\xFF\x0F", 6),
                                   std::string("garbage"), std::string(2U << 20U, '\x0A')}) {
    grpc::Status status;
    const auto answer =
        raw_call(channel(target()), "/loadstar.v1.IngestService/Write", first, status);
    EXPECT_FALSE(answer.has_value());
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT) << status.error_message();
    EXPECT_EQ(reason_of(status), "BAD_REQUEST");
    const Details details = decode(status);
    ASSERT_TRUE(details.bad_request);
    EXPECT_EQ(details.bad_request->field_violations(0).field(), "open");
  }
  EXPECT_TRUE(writers_.opens().empty());
}

TEST_F(IngestServiceTest, AStreamWithoutAnOpenIsABadRequest) {
  Call call(channel(target()));
  ASSERT_TRUE(call.stream->WritesDone());
  const grpc::Status status = call.finish();
  EXPECT_EQ(reason_of(status), "BAD_REQUEST");
}

TEST_F(IngestServiceTest, TheFieldsOfAnOpenAreChecked) {
  struct Case {
    const char* title;
    std::function<void(v1::Open&)> change;
    std::vector<std::string> fields;
  };
  const std::vector<Case> cases{
      {"writer id with a dash",
       [](v1::Open& open) { open.set_writer_id("a-b"); },
       {"open.writer_id"}},
      {"writer id too long",
       [](v1::Open& open) { open.set_writer_id(std::string(49, 'a')); },
       {"open.writer_id"}},
      {"no database", [](v1::Open& open) { open.clear_database(); }, {"open.database"}},
      {"control byte", [](v1::Open& open) { open.set_database("a\nb"); }, {"open.database"}},
      {"no delivery", [](v1::Open& open) { open.clear_delivery(); }, {"open.delivery"}},
      {"unknown delivery",
       [](v1::Open& open) { open.set_delivery(static_cast<v1::Delivery>(9)); },
       {"open.delivery"}},
      {"exactly-once, anonymous",
       [](v1::Open& open) {
         open.set_delivery(v1::DELIVERY_EXACTLY_ONCE);
         open.set_epoch(1);
         open.clear_writer_id();
       },
       {"open.writer_id"}},
      {"exactly-once without an epoch",
       [](v1::Open& open) { open.set_delivery(v1::DELIVERY_EXACTLY_ONCE); },
       {"open.epoch"}},
      {"epoch above 2^32-1",
       [](v1::Open& open) {
         open.set_delivery(v1::DELIVERY_EXACTLY_ONCE);
         open.set_epoch(1ULL << 32U);
       },
       {"open.epoch"}},
      {"client name too long",
       [](v1::Open& open) { open.set_client_name(std::string(129, 'n')); },
       {"open.client_name"}},
      {"several at once",
       [](v1::Open& open) {
         open.Clear();
         open.set_writer_id("?");
       },
       {"open.delivery", "open.writer_id", "open.database"}},
  };
  for (const Case& one : cases) {
    v1::WriteRequest request;
    v1::Open& open = *request.mutable_open();
    open.set_writer_id("w1");
    open.set_database("db");
    open.set_delivery(v1::DELIVERY_AT_LEAST_ONCE);
    one.change(open);
    Call call(channel(target()));
    call.stream->Write(request);
    const grpc::Status status = call.finish();
    EXPECT_EQ(reason_of(status), "BAD_REQUEST") << one.title;
    std::vector<std::string> fields;
    const Details details = decode(status);
    ASSERT_TRUE(details.bad_request) << one.title;
    for (const auto& violation : details.bad_request->field_violations()) {
      fields.push_back(violation.field());
    }
    EXPECT_THAT(fields, ::testing::UnorderedElementsAreArray(one.fields)) << one.title;
  }
  EXPECT_TRUE(writers_.opens().empty());
}

TEST_F(IngestServiceTest, LimitsOfNamesAreInclusive) {
  v1::WriteRequest request;
  v1::Open& open = *request.mutable_open();
  open.set_writer_id(std::string(48, 'Z'));
  open.set_database("db");
  open.set_delivery(v1::DELIVERY_AT_LEAST_ONCE);
  open.set_client_name(std::string(128, 'n'));
  Call call(channel(target()));
  ASSERT_TRUE(call.stream->Write(request));
  const auto opened = call.read();
  EXPECT_TRUE(opened && opened->has_opened());
  Call anonymous(channel(target()));
  ASSERT_TRUE(anonymous.open(""));
  const auto second = anonymous.read();
  EXPECT_TRUE(second && second->has_opened());
}

TEST_F(IngestServiceTest, AnExactlyOnceOpenReachesCoreWithEpochTokenAndReattach) {
  writers_.answer_opens({true, 18, 1042, "ls-w1-abcdefgh-"});
  v1::WriteRequest request;
  v1::Open& open = *request.mutable_open();
  open.set_writer_id("w1");
  open.set_database("db");
  open.set_delivery(v1::DELIVERY_EXACTLY_ONCE);
  open.set_epoch(7);
  open.set_resume_token("\x01token");
  open.set_reattach(true);
  Call call(channel(target()));
  call.stream->Write(request);
  const auto answer = call.read();
  ASSERT_TRUE(answer && answer->has_opened());
  EXPECT_TRUE(answer->opened().attached());
  EXPECT_EQ(answer->opened().next_sequence(), 18U);
  EXPECT_EQ(answer->opened().next_checkpoint_id(), 1042U);
  EXPECT_EQ(answer->opened().label_prefix(), "ls-w1-abcdefgh-");
  ASSERT_EQ(writers_.opens().size(), 1U);
  EXPECT_EQ(writers_.opens()[0].delivery, txn::Delivery::kExactlyOnce);
  EXPECT_EQ(writers_.opens()[0].epoch, 7U);
  EXPECT_EQ(writers_.opens()[0].resume_token, "\x01token");
  EXPECT_TRUE(writers_.opens()[0].reattach);
}

TEST_F(IngestServiceTest, ARefusedOpenEndsTheCallWithItsReason) {
  writers_.refuse_opens(refusal_of(Reason::kDatabaseNotFound, "no database 'db'"));
  Call call(channel(target()));
  ASSERT_TRUE(call.open());
  const grpc::Status status = call.finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(status.error_message(), "no database 'db'");
  EXPECT_EQ(reason_of(status), "DATABASE_NOT_FOUND");
}

TEST_F(IngestServiceTest, ARefusedBatchEndsTheStreamAndNothingMoreIsRead) {
  Call call(channel(target()));
  ASSERT_TRUE(call.open());
  const auto stream = writers_.stream(0);
  Refusal refusal = refusal_of(Reason::kBadPayload, "batch 1: the last row is not ended");
  refusal.violations.push_back({"batch[sequence=1].data", "the last row is not ended"});
  stream->refuse_next(refusal);
  call.batch(1);
  call.batch(2);
  const grpc::Status status = call.finish();
  EXPECT_EQ(reason_of(status), "BAD_PAYLOAD");
  EXPECT_EQ(decode(status).bad_request->field_violations(0).field(), "batch[sequence=1].data");
  EXPECT_EQ(stream->message_count(), 1U);
  EXPECT_FALSE(stream->half_closed());
}

// F018
TEST_F(IngestServiceTest, AnAppendThatWaitsStopsTheClient) {
  constexpr std::size_t kMessage = 64 * 1024;
  constexpr std::size_t kMessages = 1'024;  // 64 MiB
  const auto shared = channel(target());
  Call call(shared);
  ASSERT_TRUE(call.open());
  const auto stream = writers_.stream(0);
  stream->keep_nothing();
  stream->hold();
  std::atomic<std::size_t> written{0};
  std::thread client([&] {
    for (std::size_t n = 1; n <= kMessages && call.batch(n, kMessage); ++n) ++written;
  });
  ASSERT_TRUE(stream->wait_messages(1));
  // Calls on the same connection are answered meanwhile (ingest-api.md 3.7), and count the time:
  // the client has stopped when many of them saw no further message go.
  const auto stub = v1::TransactionService::NewStub(shared);
  std::size_t before = 0;
  for (int quiet = 0; quiet < 100;) {
    grpc::ClientContext context;
    v1::CheckpointRequest request;
    v1::CheckpointResponse response;
    request.set_writer_id("w1");
    ASSERT_TRUE(stub->Checkpoint(&context, request, &response).ok());
    const std::size_t now = written;
    quiet = now == before ? quiet + 1 : 0;
    before = now;
  }
  EXPECT_EQ(stream->message_count(), 1U);
  EXPECT_LT(before * kMessage, 16U << 20U);
  stream->release();
  client.join();
  EXPECT_EQ(written, kMessages);
  EXPECT_TRUE(stream->wait_messages(kMessages));
  EXPECT_TRUE(call.stream->WritesDone());
  EXPECT_TRUE(call.finish().ok());
}

TEST_F(IngestServiceTest, ManySmallMessagesComeInOrder) {
  constexpr std::size_t kMessages = 2'000;
  Call call(channel(target()));
  ASSERT_TRUE(call.open());
  const auto stream = writers_.stream(0);
  grpc::WriteOptions corked;
  corked.set_buffer_hint();
  std::vector<std::string> sent;
  for (std::size_t n = 1; n <= kMessages; ++n) {
    const auto message = Call::batch_message(n, 10);
    sent.push_back(message.SerializeAsString());
    ASSERT_TRUE(call.stream->Write(message, n % 64 == 0 ? grpc::WriteOptions() : corked));
  }
  ASSERT_TRUE(call.stream->WritesDone());
  ASSERT_TRUE(stream->wait_half_closed()) << "the end comes after all that was read ahead";
  EXPECT_EQ(stream->messages(), sent);
  EXPECT_TRUE(call.finish().ok());
}

// F011
TEST_F(IngestServiceTest, AMessageAboveTheLimitIsResourceExhausted) {
  Call call(channel(target()));
  ASSERT_TRUE(call.open());
  ASSERT_TRUE(call.read());
  const auto stream = writers_.stream(0);
  call.batch(1, (4U << 20U) + 1);
  EXPECT_EQ(call.finish().error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_TRUE(stream->wait_disconnected());
  EXPECT_EQ(stream->message_count(), 0U);
  EXPECT_FALSE(stream->half_closed());
}

TEST_F(IngestServiceTest, ACompressedMessageIsRefused) {
  grpc::ChannelArguments arguments;
  arguments.SetCompressionAlgorithm(GRPC_COMPRESS_GZIP);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  Call call(grpc::CreateCustomChannel(target(), grpc::InsecureChannelCredentials(), arguments));
  call.open();
  const grpc::Status status = call.finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNIMPLEMENTED) << status.error_message();
  EXPECT_TRUE(writers_.opens().empty());
}

TEST_F(IngestServiceTest, StreamsAboveTheLimitAreOverloaded) {
  options_.limits.max_streams = 2;
  restart();
  const auto shared = channel(target());
  Call first(shared);
  Call second(shared);
  ASSERT_TRUE(first.open("a") && first.read());
  ASSERT_TRUE(second.open("b") && second.read());
  {
    Call third(shared);
    third.open("c");
    const grpc::Status status = third.finish();
    EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
    EXPECT_EQ(reason_of(status), "OVERLOADED");
    EXPECT_TRUE(decode(status).retry.has_value());
  }
  first.stream->WritesDone();
  ASSERT_TRUE(first.finish().ok());
  // The place is free once the call has ended on this side too.
  grpc::Status status;
  do {
    Call next(shared);
    next.open("d");
    if (next.read()) {
      next.stream->WritesDone();
      status = next.finish();
      break;
    }
    status = next.stream->Finish();
    ASSERT_EQ(reason_of(status), "OVERLOADED");
  } while (!status.ok());
  EXPECT_TRUE(status.ok());
}

}  // namespace
}  // namespace loadstar::server::test
