#include "tests/bench/load_client.hpp"

#include "tests/bench/measure.hpp"

#include <grpcpp/completion_queue.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <loadstar/v1/ingest_service.pb.h>

#include <algorithm>
#include <memory>
#include <utility>

namespace loadstar::bench {
namespace {

constexpr const char* kMethod = "/loadstar.v1.IngestService/Write";

grpc::ByteBuffer static_buffer(const std::string& bytes) {
  const grpc::Slice slice(bytes.data(), bytes.size(), grpc::Slice::STATIC_SLICE);
  return grpc::ByteBuffer(&slice, 1);
}

v1::WriteResponse parse(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  v1::WriteResponse response;
  if (!buffer.Dump(&slices).ok()) return response;
  std::string bytes;
  for (const grpc::Slice& slice : slices) {
    bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  response.ParseFromString(bytes);
  return response;
}

/// One Write call, driven by its completions.
class Stream {
 public:
  struct Tag {
    Stream* stream;
    void (Stream::*done)(bool ok);
  };

  Stream(const std::string& target, grpc::CompletionQueue& queue, StreamPlan plan,
         std::size_t number)
      : plan_(std::move(plan)) {
    grpc::ChannelArguments arguments;
    // Channels with equal arguments would share one connection.
    arguments.SetInt("loadstar.bench.stream", static_cast<int>(number));
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    auto channel = grpc::CreateCustomChannel(target, grpc::InsecureChannelCredentials(), arguments);
    stub_ = std::make_unique<grpc::GenericStub>(channel);
    call_ = stub_->PrepareCall(&context_, kMethod, &queue);
    call_->StartCall(&started_);
  }

  /// The Open is out and answered; from now on the next message may be written.
  [[nodiscard]] bool opened() const { return open_out_ && answered_; }
  [[nodiscard]] bool finished() const { return finished_; }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  [[nodiscard]] std::uint64_t rows() const { return rows_; }
  [[nodiscard]] double longest_pause() const { return longest_pause_; }
  [[nodiscard]] std::string error() const {
    if (!status_.ok()) return status_.error_message();
    return committed_ == sent_ ? "" : "ended without an ack of all batches";
  }

  /// Writes the next message, or ends the stream.
  void pump() {
    longest_pause_ = std::max(longest_pause_, pause_.seconds());
    pause_.start();
    if (bytes_ >= plan_.bytes) {
      call_->WritesDone(&writes_done_);
      return;
    }
    const Message& message = plan_.messages[sent_ % plan_.messages.size()];
    ++sent_;
    bytes_ += message.payload;
    rows_ += message.rows;
    call_->Write(static_buffer(message.bytes), &written_);
  }

  void begin() {
    pause_.start();
    pump();
  }

 private:
  void on_started(bool ok) {
    if (!ok) return finish();
    open_ = open_message();
    call_->Write(static_buffer(open_), &open_written_);
    call_->Read(&incoming_, &read_);
  }
  void on_open_written(bool ok) { open_out_ = ok; }
  void on_written(bool ok) {
    if (ok) pump();
  }
  void on_writes_done(bool /*ok*/) {}
  void on_read(bool ok) {
    if (!ok) return finish();
    const v1::WriteResponse response = parse(incoming_);
    if (response.has_opened()) answered_ = true;
    if (response.has_ack()) committed_ = response.ack().committed_sequence();
    call_->Read(&incoming_, &read_);
  }
  void finish() { call_->Finish(&status_, &finish_); }
  void on_finish(bool /*ok*/) { finished_ = true; }

  StreamPlan plan_;
  std::string open_;
  std::unique_ptr<grpc::GenericStub> stub_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> call_;
  grpc::ByteBuffer incoming_;
  grpc::Status status_;
  std::uint64_t sent_ = 0;
  std::uint64_t committed_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t rows_ = 0;
  bool open_out_ = false;
  bool answered_ = false;
  bool finished_ = false;
  Stopwatch pause_;
  double longest_pause_ = 0;
  Tag started_{this, &Stream::on_started};
  Tag open_written_{this, &Stream::on_open_written};
  Tag written_{this, &Stream::on_written};
  Tag writes_done_{this, &Stream::on_writes_done};
  Tag read_{this, &Stream::on_read};
  Tag finish_{this, &Stream::on_finish};
};

/// Handles completions until `done()`.
template <class Done>
void run_until(grpc::CompletionQueue& queue, Done done) {
  while (!done()) {
    void* tag = nullptr;
    bool ok = false;
    if (!queue.Next(&tag, &ok)) return;
    auto* const event = static_cast<Stream::Tag*>(tag);
    (event->stream->*event->done)(ok);
  }
}

}  // namespace

LoadResult run_load(const std::string& target, std::vector<StreamPlan> plans) {
  grpc::CompletionQueue queue;
  std::vector<std::unique_ptr<Stream>> streams;
  for (StreamPlan& plan : plans) {
    streams.push_back(std::make_unique<Stream>(target, queue, std::move(plan), streams.size()));
  }
  run_until(queue, [&] {
    return std::all_of(streams.begin(), streams.end(),
                       [](const auto& stream) { return stream->opened() || stream->finished(); });
  });
  Stopwatch watch;
  for (const auto& stream : streams) {
    if (!stream->finished()) stream->begin();
  }
  run_until(queue, [&] {
    return std::all_of(streams.begin(), streams.end(),
                       [](const auto& stream) { return stream->finished(); });
  });
  LoadResult result;
  result.seconds = watch.seconds();
  result.cpu_seconds = watch.cpu_seconds();
  for (const auto& stream : streams) {
    result.bytes += stream->bytes();
    result.rows += stream->rows();
    result.longest_pause = std::max(result.longest_pause, stream->longest_pause());
    if (result.error.empty()) result.error = stream->error();
  }
  streams.clear();
  queue.Shutdown();
  return result;
}

}  // namespace loadstar::bench
