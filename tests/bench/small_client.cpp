// The cases of many small messages: latency of one, and throughput of many.

#include "tests/bench/load_client.hpp"
#include "tests/bench/measure.hpp"

#include <grpcpp/create_channel.h>
#include <loadstar/v1/ingest_service.grpc.pb.h>

#include <memory>
#include <thread>

namespace loadstar::bench {
namespace {

/// A Write call of the blocking API: the reader and the writer have a thread each.
class Call {
 public:
  explicit Call(const std::string& target)
      : stub_(v1::IngestService::NewStub(
            grpc::CreateChannel(target, grpc::InsecureChannelCredentials()))),
        stream_(stub_->Write(&context_)) {
    v1::WriteRequest open;
    open.ParseFromString(open_message());
    v1::WriteResponse opened;
    opened_ = stream_->Write(open) && stream_->Read(&opened) && opened.has_opened();
  }

  [[nodiscard]] bool opened() const { return opened_; }

  bool write(const v1::WriteRequest& request, bool flush) {
    grpc::WriteOptions options;
    if (!flush) options.set_buffer_hint();
    return stream_->Write(request, options);
  }

  /// Reads acks until one has received `sequence`.
  bool await_received(std::uint64_t sequence) {
    v1::WriteResponse response;
    while (received_ < sequence) {
      if (!stream_->Read(&response)) return false;
      if (response.has_ack()) received_ = response.ack().received_sequence();
    }
    return true;
  }

  /// Ends the stream; empty if every row is committed.
  std::string finish() {
    stream_->WritesDone();
    v1::WriteResponse response;
    while (stream_->Read(&response)) {
    }
    return stream_->Finish().error_message();
  }

 private:
  std::unique_ptr<v1::IngestService::Stub> stub_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::WriteRequest, v1::WriteResponse>> stream_;
  bool opened_ = false;
  std::uint64_t received_ = 0;
};

}  // namespace

LatencyResult run_latency(const std::string& target, const Message& message, std::size_t count) {
  LatencyResult result;
  v1::WriteRequest request;
  request.ParseFromString(message.bytes);
  Call call(target);
  if (!call.opened()) {
    result.error = "not opened: " + call.finish();
    return result;
  }
  for (std::size_t i = 1; i <= count; ++i) {
    const Stopwatch watch;
    if (!call.write(request, true) || !call.await_received(i)) break;
    result.micros.push_back(watch.seconds() * 1e6);
  }
  result.error = call.finish();
  return result;
}

LoadResult run_appends(const std::string& target, const Message& message, std::size_t count,
                       std::size_t cork) {
  LoadResult result;
  v1::WriteRequest request;
  request.ParseFromString(message.bytes);
  Call call(target);
  if (!call.opened()) {
    result.error = "not opened: " + call.finish();
    return result;
  }
  Stopwatch watch;
  std::thread writer([&] {
    for (std::size_t i = 1; i <= count; ++i) {
      if (!call.write(request, i % cork == 0 || i == count)) return;
    }
  });
  const bool received = call.await_received(count);
  result.seconds = watch.seconds();
  result.cpu_seconds = watch.cpu_seconds();
  writer.join();
  result.bytes = message.payload * count;
  result.rows = count;
  result.error = call.finish();
  if (!received && result.error.empty()) result.error = "the stream ended early";
  return result;
}

}  // namespace loadstar::bench
