#include "server/push/push_session.hpp"

#include "core/base/clock.hpp"

#include <boost/asio/io_context.hpp>
#include <fmt/format.h>
#include <google/rpc/error_details.pb.h>
#include <google/rpc/status.pb.h>
#include <grpcpp/client_context.h>
#include <loadstar/v1/ingest_service.grpc.pb.h>

#include <algorithm>
#include <charconv>
#include <condition_variable>
#include <thread>
#include <utility>

namespace loadstar::server {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kReportEvery{100};
constexpr milliseconds kConnectTimeout{5'000};
constexpr milliseconds kShortestConnect{1'000};  // whatever --retry-for says
constexpr milliseconds kOpenTimeout{60'000};
constexpr milliseconds kFirstPause{200};
constexpr milliseconds kMaxPause{5'000};
// A stream is given up when no Ack comes for three times Limits.ack_interval, and at least this
// long.
constexpr milliseconds kLeastSilence{15'000};
// What a message has besides its data: names, numbers, properties.
constexpr std::uint64_t kMessageOverhead = 64U << 10U;

struct Details {
  google::rpc::ErrorInfo info;
  std::string field;  // of the first violation
};

Details decode(const grpc::Status& status) {
  google::rpc::Status message;
  Details details;
  if (!message.ParseFromString(status.error_details())) return details;
  for (const auto& any : message.details()) {
    any.UnpackTo(&details.info);
    google::rpc::BadRequest bad;
    if (any.UnpackTo(&bad) && bad.field_violations_size() > 0) {
      details.field = bad.field_violations(0).field();
    }
  }
  return details;
}

std::uint64_t number(std::string_view text) {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

/// Back-off, on the thread that has nothing else to do.
void wait_for(milliseconds pause) {
  boost::asio::io_context io;
  Timer(io, pause).wait();
}

milliseconds to_milliseconds(const google::protobuf::Duration& duration) {
  return milliseconds(duration.seconds() * 1'000 + duration.nanos() / 1'000'000);
}

}  // namespace

// One Write call: the owner writes, a thread of its own reads.
class PushSession::Stream {
 public:
  Stream(const std::shared_ptr<grpc::Channel>& channel, std::mutex& mutex, PushLedger& ledger)
      : stub_(v1::IngestService::NewStub(channel)),
        call_(stub_->Write(&context_)),
        mutex_(mutex),
        ledger_(ledger),
        heard_(Clock::now()),
        reader_([this] { read(); }) {}
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream() {
    if (reader_.joinable()) {
      context_.TryCancel();
      reader_.join();
    }
  }

  bool write(const v1::WriteRequest& request) { return call_->Write(request); }
  void close() { call_->WritesDone(); }
  void cancel() { context_.TryCancel(); }
  grpc::Status finish() {
    reader_.join();
    return call_->Finish();
  }

  /// Waits until the daemon has said something new, the stream has ended, or a while has passed.
  void wait(std::unique_lock<std::mutex>& lock) {
    const std::uint64_t before = responses_;
    changed_.wait_for(lock, kReportEvery, [&] { return ended_ || responses_ != before; });
  }

  // With the mutex held.
  [[nodiscard]] bool opened() const { return opened_; }
  [[nodiscard]] bool ended() const { return ended_; }
  [[nodiscard]] bool draining() const { return draining_; }
  [[nodiscard]] const v1::Limits& limits() const { return limits_; }
  [[nodiscard]] milliseconds silence() const {
    return std::chrono::duration_cast<milliseconds>(Clock::now() - heard_);
  }
  [[nodiscard]] milliseconds patience() const {
    if (!opened_) return kOpenTimeout;
    return std::max(3 * to_milliseconds(limits_.ack_interval()), kLeastSilence);
  }

 private:
  void read() {
    v1::WriteResponse response;
    while (call_->Read(&response)) take(response);
    const std::lock_guard lock(mutex_);
    ended_ = true;
    changed_.notify_all();
  }

  void take(const v1::WriteResponse& response) {
    const std::lock_guard lock(mutex_);
    if (response.has_opened()) {
      opened_ = true;
      limits_ = response.opened().limits();
      ledger_.on_opened(response.opened().attached(), response.opened().next_sequence());
    } else if (response.has_ack()) {
      const v1::Ack& ack = response.ack();
      ledger_.on_ack(ack.received_sequence(), ack.committed_sequence(), ack.filtered_rows());
    } else if (response.has_draining()) {
      draining_ = true;
    }
    heard_ = Clock::now();
    ++responses_;
    changed_.notify_all();
  }

  grpc::ClientContext context_;
  std::unique_ptr<v1::IngestService::Stub> stub_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::WriteRequest, v1::WriteResponse>> call_;
  std::mutex& mutex_;  // the session's; guards all below and the ledger
  PushLedger& ledger_;
  std::condition_variable changed_;
  bool opened_ = false;
  bool ended_ = false;
  bool draining_ = false;
  v1::Limits limits_;
  std::uint64_t responses_ = 0;
  Clock::time_point heard_;
  std::thread reader_;  // last: runs when all else is there
};

PushSession::PushSession(std::shared_ptr<grpc::Channel> channel, PushTarget target, Options options)
    : channel_(std::move(channel)), target_(std::move(target)), options_(options) {}

PushEnd PushSession::run(const NextChunk& next, const Report& report) {
  const auto connect_time =
      std::clamp<Clock::duration>(options_.retry_for, kShortestConnect, kConnectTimeout);
  if (!channel_->WaitForConnected(wall_now() + connect_time)) {
    return {false, true, "no daemon answers"};
  }
  auto give_up = Clock::now() + options_.retry_for;
  milliseconds pause = kFirstPause;
  for (;;) {
    progressed_ = false;
    const Verdict verdict = run_stream(next, report);
    {
      const std::lock_guard lock(mutex_);
      report(ledger_);
    }
    if (verdict == Verdict::kDone) return {true, false, ""};
    if (verdict == Verdict::kFatal) return {false, !opened_, error_};
    if (progressed_) {
      give_up = Clock::now() + options_.retry_for;
      pause = kFirstPause;
    }
    if (verdict == Verdict::kAgainAtOnce) continue;
    if (Clock::now() >= give_up) return {false, !opened_, error_};
    wait_for(pause);
    pause = std::min(2 * pause, kMaxPause);
  }
}

PushSession::Verdict PushSession::run_stream(const NextChunk& next, const Report& report) {
  Stream stream(channel_, mutex_, ledger_);
  v1::WriteRequest open;
  open.mutable_open()->set_writer_id(target_.writer_id);
  open.mutable_open()->set_database(target_.database);
  open.mutable_open()->set_delivery(v1::DELIVERY_AT_LEAST_ONCE);
  open.mutable_open()->set_client_name(target_.client_name);
  stream.write(open);

  v1::WriteRequest request;
  *request.mutable_batch() = target_.prototype;
  bool closed = false;
  std::unique_lock lock(mutex_);
  while (!stream.ended()) {
    report(ledger_);
    if (stream.silence() > stream.patience() &&
        (!stream.opened() || !ledger_.settled() || closed)) {
      error_ = fmt::format("the daemon said nothing for {} s", stream.silence().count() / 1'000);
      stream.cancel();
    }
    const bool room = stream.opened() && !closed &&
                      ledger_.unreceived_bytes() < stream.limits().max_unacked_bytes();
    if (!room) {
      stream.wait(lock);
      continue;
    }
    const PushLedger::Batch* const batch = stream.draining() ? nullptr : ledger_.send_next();
    if (batch != nullptr) {
      if (batch->chunk.data.size() + kMessageOverhead > stream.limits().max_message_bytes()) {
        error_ =
            fmt::format("line {}: the row is longer than the daemon's limit of {} bytes a message",
                        batch->chunk.first_line, stream.limits().max_message_bytes());
        return Verdict::kFatal;
      }
      request.mutable_batch()->set_sequence(batch->sequence);
      request.mutable_batch()->set_row_count(static_cast<std::uint32_t>(batch->chunk.rows));
      request.mutable_batch()->set_data(batch->chunk.data);
      lock.unlock();
      stream.write(request);  // waits while the daemon does not read
      lock.lock();
    } else if (file_ended_ || stream.draining()) {
      lock.unlock();
      stream.close();
      closed = true;
      lock.lock();
    } else if (ledger_.held_bytes() < options_.max_held_bytes) {
      lock.unlock();
      std::optional<Chunk> chunk = next();
      lock.lock();
      file_ended_ = !chunk.has_value();
      if (chunk) ledger_.add(std::move(*chunk));
    } else {
      stream.wait(lock);
    }
  }
  opened_ = opened_ || stream.opened();
  progressed_ = stream.opened();
  lock.unlock();
  return judge(stream.finish());
}

PushSession::Verdict PushSession::judge(const grpc::Status& status) {
  const std::lock_guard lock(mutex_);
  if (status.ok()) {
    if (file_ended_ && ledger_.settled()) return Verdict::kDone;
    error_ = "the daemon ended the stream early";
    return Verdict::kAgain;
  }
  const Details details = decode(status);
  const std::string& reason = details.info.reason();
  error_ = reason.empty() ? status.error_message() : reason + ": " + status.error_message();
  const auto& metadata = details.info.metadata();
  const auto value = [&metadata](const std::string& key) {
    const auto found = metadata.find(key);
    return found == metadata.end() ? std::string() : found->second;
  };
  if (reason == "ROWS_REJECTED") {
    return judge_rejection(value("rejectedSequences"), value("receivedSequence"), error_);
  }
  if (reason == "BAD_PAYLOAD" || reason == "BAD_REQUEST")
    return judge_refusal(details.field, error_);
  switch (status.error_code()) {
    case grpc::StatusCode::UNAVAILABLE:
    case grpc::StatusCode::DEADLINE_EXCEEDED:
    case grpc::StatusCode::CANCELLED:
    case grpc::StatusCode::INTERNAL:
    case grpc::StatusCode::UNKNOWN:
      return Verdict::kAgain;
    default:
      return Verdict::kFatal;
  }
}

PushSession::Verdict PushSession::judge_rejection(const std::string& sequences,
                                                  const std::string& received,
                                                  const std::string& message) {
  const std::size_t before = ledger_.rejected().size();
  ledger_.on_rejected(sequences, number(received), message);
  if (ledger_.rejected().size() == before) return Verdict::kFatal;  // would come again for ever
  return file_ended_ && ledger_.settled() ? Verdict::kDone : Verdict::kAgainAtOnce;
}

PushSession::Verdict PushSession::judge_refusal(const std::string& field,
                                                const std::string& message) {
  constexpr std::string_view kPath = "batch[sequence=";
  if (!field.starts_with(kPath)) return Verdict::kFatal;
  const std::size_t before = ledger_.rejected().size();
  ledger_.on_refused(number(std::string_view(field).substr(kPath.size())), message);
  if (ledger_.rejected().size() == before) return Verdict::kFatal;
  return file_ended_ && ledger_.settled() ? Verdict::kDone : Verdict::kAgainAtOnce;
}

}  // namespace loadstar::server
