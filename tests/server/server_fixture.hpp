#pragma once

#include "server/admin_service.hpp"
#include "server/grpc_server.hpp"
#include "server/ingest_service.hpp"
#include "server/io_threads.hpp"
#include "server/transaction_service.hpp"
#include "tests/server/fake_writers.hpp"
#include "tests/support/collecting_sink.hpp"

#include <google/rpc/error_details.pb.h>
#include <google/rpc/status.pb.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <gtest/gtest.h>
#include <loadstar/v1/admin_service.grpc.pb.h>
#include <loadstar/v1/ingest_service.grpc.pb.h>
#include <loadstar/v1/transaction_service.grpc.pb.h>
#include <prometheus/registry.h>
#include <stdlib.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace loadstar::server::test {

/// A directory that goes away with the test.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "loadstar-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// Details of a status, decoded.
struct Details {
  std::optional<google::rpc::ErrorInfo> info;
  std::optional<google::rpc::RetryInfo> retry;
  std::optional<google::rpc::BadRequest> bad_request;
};

inline Details decode(const grpc::Status& status) {
  google::rpc::Status message;
  EXPECT_TRUE(message.ParseFromString(status.error_details()));
  EXPECT_EQ(message.code(), static_cast<int>(status.error_code()));
  Details details;
  for (const auto& any : message.details()) {
    if (any.Is<google::rpc::ErrorInfo>()) any.UnpackTo(&details.info.emplace());
    if (any.Is<google::rpc::RetryInfo>()) any.UnpackTo(&details.retry.emplace());
    if (any.Is<google::rpc::BadRequest>()) any.UnpackTo(&details.bad_request.emplace());
  }
  return details;
}

/// ErrorInfo.reason of a status; empty if there is none.
inline std::string reason_of(const grpc::Status& status) {
  const Details details = decode(status);
  if (!details.info) return "";
  EXPECT_EQ(details.info->domain(), "loadstar");
  return details.info->reason();
}

/// The gRPC side of the daemon over a FakeWriters, on a TCP port and a UNIX socket of its own, and
/// the control door.
class ServerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    options_.limits.max_message = 4_MiB;
    start();
  }

  void TearDown() override { stop(); }

  void start() {
    ingest_ =
        std::make_unique<IngestService>(threads_->executor(), options_, info_, writers_, metrics_,
                                        Logger(log_, LogLevel::kInfo), open_timeout_);
    transactions_ =
        std::make_unique<TransactionService>(threads_->executor(), info_, writers_, metrics_);
    admin_ = std::make_unique<AdminService>(threads_->executor(), info_, writers_, StartDrain());
    control_ = std::make_unique<AdminService>(
        threads_->executor(), info_, writers_,
        [this](std::optional<std::chrono::milliseconds> grace) { drains_.push_back(grace); });
    GrpcServerOptions options;
    options.addresses = {{"127.0.0.1", 0, ""},
                         {"", 0, (directory_.path() / "ingest.sock").string()}};
    options.max_message = options_.limits.max_message;
    std::string error;
    server_ = GrpcServer::start(options, {ingest_.get(), transactions_.get(), admin_.get()}, error);
    ASSERT_TRUE(server_) << error;
    options.addresses = {{"", 0, (directory_.path() / "control.sock").string()}};
    options.private_sockets = true;
    control_server_ = GrpcServer::start(options, {control_.get()}, error);
    ASSERT_TRUE(control_server_) << error;
  }

  /// With changed options; before the first call, which would refer to the services.
  void restart() {
    server_.reset();
    control_server_.reset();
    start();
  }

  void stop() {
    server_.reset();
    control_server_.reset();
    // Bodies of calls end before the loop does; then nothing refers to the services any more.
    threads_->join();
  }

  [[nodiscard]] std::string target() const { return to_string(server_->addresses()[0]); }
  [[nodiscard]] std::string unix_target() const { return to_string(server_->addresses()[1]); }
  [[nodiscard]] std::string control_target() const {
    return to_string(control_server_->addresses()[0]);
  }

  // Channels of their own, so that tests do not share a connection by accident.
  static std::shared_ptr<grpc::Channel> channel(const std::string& target) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    return grpc::CreateCustomChannel(target, grpc::InsecureChannelCredentials(), arguments);
  }

  std::unique_ptr<IoThreads> threads_ = std::make_unique<IoThreads>(2U);
  prometheus::Registry registry_;
  Metrics metrics_{registry_, "main", 50};
  CoreOptions options_;
  std::shared_ptr<loadstar::test::CollectingSink> log_ =
      std::make_shared<loadstar::test::CollectingSink>();
  std::chrono::milliseconds open_timeout_ = IngestService::kOpenTimeout;
  DaemonInfo info_{"1.2.3", "abcdef", "host-1234", {}};
  FakeWriters writers_{threads_->executor()};
  TemporaryDirectory directory_;
  std::vector<std::optional<std::chrono::milliseconds>> drains_;
  std::unique_ptr<IngestService> ingest_;
  std::unique_ptr<TransactionService> transactions_;
  std::unique_ptr<AdminService> admin_;
  std::unique_ptr<AdminService> control_;
  std::unique_ptr<GrpcServer> server_;
  std::unique_ptr<GrpcServer> control_server_;
};

/// One Write call of a client.
struct Call {
  explicit Call(const std::shared_ptr<grpc::Channel>& channel)
      : stub(v1::IngestService::NewStub(channel)) {
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
    stream = stub->Write(&context);
  }

  bool open(const std::string& writer_id = "w1") {
    v1::WriteRequest request;
    request.mutable_open()->set_writer_id(writer_id);
    request.mutable_open()->set_database("db");
    request.mutable_open()->set_delivery(v1::DELIVERY_AT_LEAST_ONCE);
    return stream->Write(request);
  }

  bool batch(std::uint64_t sequence, std::size_t size = 10) {
    return stream->Write(batch_message(sequence, size));
  }

  static v1::WriteRequest batch_message(std::uint64_t sequence, std::size_t size) {
    v1::WriteRequest request;
    v1::Batch& batch = *request.mutable_batch();
    batch.set_sequence(sequence);
    batch.set_table("t");
    batch.set_row_count(1);
    batch.set_format(v1::FORMAT_CSV);
    batch.set_data(std::string(size - 1, 'x') + "\n");
    return request;
  }

  /// The next response; unset at the end of the stream.
  std::optional<v1::WriteResponse> read() {
    v1::WriteResponse response;
    if (!stream->Read(&response)) return std::nullopt;
    return response;
  }

  grpc::Status finish() {
    v1::WriteResponse response;
    while (stream->Read(&response)) {
    }
    return stream->Finish();
  }

  std::unique_ptr<v1::IngestService::Stub> stub;
  grpc::ClientContext context;
  std::unique_ptr<grpc::ClientReaderWriter<v1::WriteRequest, v1::WriteResponse>> stream;
};

/// A call of any method with raw bytes: one message there, the first one back. For services whose
/// generated code is not installed (health, reflection).
std::optional<std::string> raw_call(const std::shared_ptr<grpc::Channel>& channel,
                                    const std::string& method, const std::string& request,
                                    grpc::Status& status);

}  // namespace loadstar::server::test
