#include "tests/server/server_fixture.hpp"
#include "tests/support/metric_value.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <fstream>

namespace loadstar::server::test {
namespace {

using ::testing::HasSubstr;
using ServicesTest = ServerTest;

Refusal refusal_of(Reason reason) {
  Refusal refusal;
  refusal.reason = reason;
  refusal.message = "because";
  return refusal;
}

grpc::Status checkpoint(const std::string& target, const std::string& writer,
                        std::chrono::seconds timeout = std::chrono::seconds(30)) {
  const auto stub = v1::TransactionService::NewStub(
      grpc::CreateChannel(target, grpc::InsecureChannelCredentials()));
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + timeout);
  v1::CheckpointRequest request;
  request.set_writer_id(writer);
  request.set_last_sequence(9);
  v1::CheckpointResponse response;
  const grpc::Status status = stub->Checkpoint(&context, request, &response);
  EXPECT_TRUE(response.resume_token().empty());
  return status;
}

TEST_F(ServicesTest, ACheckpointIsAFlushBarrierWithTheDeadlineOfTheCall) {
  const auto before = Clock::now();
  EXPECT_TRUE(checkpoint(target(), "w1").ok());
  const auto requests = writers_.checkpoints();
  ASSERT_EQ(requests.size(), 1U);
  EXPECT_EQ(requests[0].writer_id, "w1");
  EXPECT_EQ(requests[0].last_sequence, 9U);
  const auto left = *writers_.last_deadline() - before;
  EXPECT_GT(left, std::chrono::seconds(20));
  EXPECT_LE(left, std::chrono::seconds(31));
}

TEST_F(ServicesTest, ACheckpointThatIsRefusedSaysWhyAndWhichDaemonItIs) {
  writers_.answer_checkpoints(refusal_of(Reason::kWriterNotOpen));
  const grpc::Status status = checkpoint(target(), "w1");
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(reason_of(status), "WRITER_NOT_OPEN");
  EXPECT_EQ(decode(status).info->metadata().at("daemonId"), "host-1234");
  EXPECT_EQ(reason_of(checkpoint(target(), "")), "BAD_REQUEST");
  EXPECT_EQ(loadstar::test::metric_value(registry_, "loadstar_errors_total", "WRITER_NOT_OPEN"), 1);
  EXPECT_EQ(loadstar::test::metric_value(registry_, "loadstar_errors_total", "BAD_REQUEST"), 1);
}

TEST_F(ServicesTest, ACheckpointAnswersTokenExpiryAndLoads) {
  txn::CheckpointOutcome outcome;
  outcome.resume_token = "\x01token";
  outcome.expire_time = std::chrono::system_clock::time_point(std::chrono::seconds(1'000'000));
  outcome.loads.push_back({"t", "ls-w1-abcdefgh-7-1041-0", 12, 10, 1, 99});
  writers_.answer_checkpoints_with(outcome);
  const auto stub = v1::TransactionService::NewStub(channel(target()));
  grpc::ClientContext context;
  v1::CheckpointRequest request;
  request.set_writer_id("w1");
  request.set_epoch(7);
  request.set_checkpoint_id(1041);
  v1::CheckpointResponse response;
  ASSERT_TRUE(stub->Checkpoint(&context, request, &response).ok());
  EXPECT_EQ(response.resume_token(), outcome.resume_token);
  EXPECT_EQ(response.expire_time().seconds(), 1'000'000);
  ASSERT_EQ(response.loads_size(), 1);
  EXPECT_EQ(response.loads(0).label(), "ls-w1-abcdefgh-7-1041-0");
  EXPECT_EQ(response.loads(0).transaction_id(), 12);
  EXPECT_EQ(response.loads(0).total_rows(), 10U);
  EXPECT_EQ(response.loads(0).filtered_rows(), 1U);
  EXPECT_EQ(response.loads(0).bytes(), 99U);
  EXPECT_EQ(writers_.checkpoints().back().epoch, 7U);
  EXPECT_EQ(writers_.checkpoints().back().checkpoint_id, 1041U);
}

TEST_F(ServicesTest, CommitHandsTheTokenOverAndAnswersWhatIsCommitted) {
  const auto stub = v1::TransactionService::NewStub(channel(target()));
  v1::CommitRequest request;
  v1::CommitResponse response;
  request.set_resume_token("\x01token");
  request.set_wait_visible(true);
  writers_.answer_commits(txn::CommitOutcome{17, false});
  {
    grpc::ClientContext context;
    EXPECT_TRUE(stub->Commit(&context, request, &response).ok());
    EXPECT_EQ(response.committed_sequence(), 17U);
    EXPECT_FALSE(response.visible());
  }
  ASSERT_EQ(writers_.commits().size(), 1U);
  EXPECT_EQ(writers_.commits()[0].resume_token, "\x01token");
  EXPECT_TRUE(writers_.commits()[0].wait_visible);
  writers_.answer_commits(refusal_of(Reason::kCheckpointLost));
  grpc::ClientContext context;
  const grpc::Status status = stub->Commit(&context, request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(reason_of(status), "CHECKPOINT_LOST");
}

TEST_F(ServicesTest, AbortChecksItsFieldsAndAnswersTheCount) {
  const auto stub = v1::TransactionService::NewStub(channel(target()));
  v1::AbortResponse response;
  const auto abort = [&](const std::string& writer, std::uint64_t epoch,
                         const std::string& database) {
    grpc::ClientContext context;
    v1::AbortRequest request;
    request.set_writer_id(writer);
    request.set_database(database);
    request.set_epoch(epoch);
    return stub->Abort(&context, request, &response);
  };
  writers_.answer_aborts(txn::AbortOutcome{3});
  EXPECT_TRUE(abort("w1", 3, "db").ok());
  EXPECT_EQ(response.aborted_transactions(), 3U);
  ASSERT_EQ(writers_.aborts().size(), 1U);
  EXPECT_EQ(writers_.aborts()[0].epoch, 3U);
  EXPECT_EQ(reason_of(abort("he-ld", 3, "db")), "BAD_REQUEST");
  EXPECT_EQ(reason_of(abort("held", 3, "")), "BAD_REQUEST");
  EXPECT_EQ(reason_of(abort("held", 1ULL << 32U, "db")), "BAD_REQUEST");
  EXPECT_EQ(writers_.aborts().size(), 1U) << "what is malformed does not reach core";
}

TEST_F(ServicesTest, StatusShowsTheDaemonAndItsWriters) {
  txn::StatusReport report;
  report.starrocks_version = "3.5.4";
  report.draining = true;
  report.buffered_bytes = 10;
  report.buffer_limit_bytes = 100;
  auto& writer = report.writers.emplace_back();
  writer.writer_id = "shard_1";
  writer.database = "db";
  writer.connected = true;
  writer.client_name = "c";
  writer.ack = {5, 4, 3};
  writer.stall_reason = "memory";
  writer.last_error = "BAD_PAYLOAD: x";
  writer.last_error_time = std::chrono::system_clock::time_point(std::chrono::seconds(1'000));
  report.writers.emplace_back().writer_id = "other";
  writers_.set_report(report);
  const auto stub = v1::AdminService::NewStub(channel(target()));
  grpc::ClientContext context;
  v1::GetStatusRequest request;
  request.set_writer_id_prefix("shard");
  v1::GetStatusResponse response;
  ASSERT_TRUE(stub->GetStatus(&context, request, &response).ok());
  EXPECT_EQ(response.version(), "1.2.3");
  EXPECT_EQ(response.daemon_id(), "host-1234");
  EXPECT_EQ(response.starrocks_version(), "3.5.4");
  EXPECT_TRUE(response.draining());
  EXPECT_EQ(response.buffered_bytes(), 10U);
  EXPECT_EQ(response.buffer_limit_bytes(), 100U);
  ASSERT_EQ(response.writers_size(), 1);
  EXPECT_EQ(response.writers(0).delivery(), v1::DELIVERY_AT_LEAST_ONCE);
  EXPECT_EQ(response.writers(0).ack().filtered_rows(), 3U);
  EXPECT_EQ(response.writers(0).stall_reason(), "memory");
  EXPECT_EQ(response.writers(0).last_error_time().seconds(), 1'000);
}

TEST_F(ServicesTest, ATableIsDescribedAsStarRocksHasIt) {
  TableSchema schema;
  schema.key_model = KeyModel::kPrimary;
  schema.columns.push_back({"id", parse_column_type("bigint"), false, true, false, false});
  schema.columns.push_back({"price", parse_column_type("decimal(18,4)"), true, false, true, false});
  writers_.set_schema(schema);
  const auto stub = v1::AdminService::NewStub(channel(target()));
  v1::DescribeTableRequest request;
  v1::DescribeTableResponse response;
  request.set_database("db");
  {
    grpc::ClientContext context;
    EXPECT_EQ(reason_of(stub->DescribeTable(&context, request, &response)), "BAD_REQUEST");
  }
  request.set_table("t");
  {
    grpc::ClientContext context;
    ASSERT_TRUE(stub->DescribeTable(&context, request, &response).ok());
  }
  EXPECT_EQ(response.keys_type(), "PRIMARY_KEYS");
  ASSERT_EQ(response.columns_size(), 2);
  EXPECT_TRUE(response.columns(0).key());
  EXPECT_FALSE(response.columns(0).nullable());
  EXPECT_EQ(response.columns(1).type(), "DECIMAL(18,4)");
  EXPECT_TRUE(response.columns(1).has_default());
  writers_.set_schema(refusal_of(Reason::kTableNotFound));
  grpc::ClientContext context;
  EXPECT_EQ(reason_of(stub->DescribeTable(&context, request, &response)), "TABLE_NOT_FOUND");
}

grpc::Status drain(const std::string& target, std::optional<std::int64_t> seconds) {
  const auto stub =
      v1::AdminService::NewStub(grpc::CreateChannel(target, grpc::InsecureChannelCredentials()));
  grpc::ClientContext context;
  v1::DrainRequest request;
  if (seconds) request.mutable_grace()->set_seconds(*seconds);
  v1::DrainResponse response;
  return stub->Drain(&context, request, &response);
}

TEST_F(ServicesTest, OnlyTheControlSocketDrains) {
  for (const std::string& door : {target(), unix_target()}) {
    const grpc::Status status = drain(door, std::nullopt);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::PERMISSION_DENIED);
    EXPECT_EQ(reason_of(status), "ACCESS_DENIED");
  }
  EXPECT_TRUE(drains_.empty());
  EXPECT_EQ(reason_of(drain(control_target(), -1)), "BAD_REQUEST");
  EXPECT_TRUE(drain(control_target(), std::nullopt).ok());
  EXPECT_TRUE(drain(control_target(), 7).ok());
  ASSERT_EQ(drains_.size(), 2U);
  EXPECT_FALSE(drains_[0].has_value());
  EXPECT_EQ(drains_[1], std::chrono::seconds(7));
  struct stat info {};
  ASSERT_EQ(::stat((directory_.path() / "control.sock").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
}

// grpc.health.v1.HealthCheckRequest{service = 1}; the response is {status = 1}.
std::string health(const std::string& target, const std::string& service) {
  std::string request;
  if (!service.empty()) {
    request = "\x0A" + std::string(1, static_cast<char>(service.size())) + service;
  }
  grpc::Status status;
  const auto answer = raw_call(grpc::CreateChannel(target, grpc::InsecureChannelCredentials()),
                               "/grpc.health.v1.Health/Check", request, status);
  if (!status.ok()) return "code " + std::to_string(status.error_code());
  if (*answer == std::string("\x08\x01", 2)) return "SERVING";
  if (*answer == std::string("\x08\x02", 2)) return "NOT_SERVING";
  return "?";
}

TEST_F(ServicesTest, HealthFollowsTheDrain) {
  EXPECT_EQ(health(target(), ""), "SERVING");
  EXPECT_EQ(health(target(), "loadstar.v1.IngestService"), "SERVING");
  EXPECT_EQ(health(target(), "loadstar.v1.Nonesuch"), "code 5");
  server_->set_serving(false);
  EXPECT_EQ(health(target(), ""), "NOT_SERVING");
  EXPECT_EQ(health(target(), "loadstar.v1.IngestService"), "NOT_SERVING");
}

TEST_F(ServicesTest, ReflectionListsTheServices) {
  grpc::Status status;
  const std::string list_services("\x3A\x00", 2);  // ServerReflectionRequest{list_services = 7}
  const auto answer =
      raw_call(channel(target()), "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
               list_services, status);
  ASSERT_TRUE(answer) << status.error_message();
  for (const char* const service : {"loadstar.v1.IngestService", "loadstar.v1.TransactionService",
                                    "loadstar.v1.AdminService", "grpc.health.v1.Health"}) {
    EXPECT_THAT(*answer, HasSubstr(service));
  }
}

TEST_F(ServicesTest, AnAddressThatIsTakenIsAnError) {
  GrpcServerOptions options;
  options.max_message = 1_MiB;
  options.addresses = {{"127.0.0.1", 0, ""}, server_->addresses()[0]};
  std::string error;
  EXPECT_FALSE(GrpcServer::start(options, {admin_.get()}, error));
  EXPECT_THAT(error, HasSubstr(target()));
  options.addresses = {server_->addresses()[1]};
  EXPECT_FALSE(GrpcServer::start(options, {admin_.get()}, error));
  EXPECT_THAT(error, HasSubstr("another process serves it"));
  EXPECT_TRUE(checkpoint(unix_target(), "w1").ok()) << "the socket was taken away from its owner";
  options.addresses = {{"", 0, (directory_.path() / "no/such.sock").string()}};
  EXPECT_FALSE(GrpcServer::start(options, {admin_.get()}, error));
  EXPECT_THAT(error, HasSubstr("No such file"));
  const auto file = directory_.path() / "file";
  std::ofstream(file) << "precious";
  options.addresses = {{"", 0, file.string()}};
  EXPECT_FALSE(GrpcServer::start(options, {admin_.get()}, error));
  EXPECT_THAT(error, HasSubstr("is no socket"));
}

}  // namespace
}  // namespace loadstar::server::test
