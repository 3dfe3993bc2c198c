#include "server/push/push_stream.hpp"

#include <algorithm>

namespace loadstar::server {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kReportEvery{100};
constexpr milliseconds kOpenTimeout{60'000};
// A stream is given up when no Ack comes for three times Limits.ack_interval, and at least this
// long.
constexpr milliseconds kLeastSilence{15'000};

milliseconds to_milliseconds(const google::protobuf::Duration& duration) {
  return milliseconds(duration.seconds() * 1'000 + duration.nanos() / 1'000'000);
}

}  // namespace

PushStream::PushStream(const std::shared_ptr<grpc::Channel>& channel, std::mutex& mutex,
                       PushLedger& ledger)
    : stub_(v1::IngestService::NewStub(channel)),
      call_(stub_->Write(&context_)),
      mutex_(mutex),
      ledger_(ledger),
      heard_(Clock::now()),
      reader_([this] { read(); }) {}

PushStream::~PushStream() {
  if (!reader_.joinable()) return;
  context_.TryCancel();
  reader_.join();
}

grpc::Status PushStream::finish() {
  reader_.join();
  return call_->Finish();
}

void PushStream::wait(std::unique_lock<std::mutex>& lock) {
  const std::uint64_t before = responses_;
  changed_.wait_for(lock, kReportEvery, [&] { return ended_ || responses_ != before; });
}

milliseconds PushStream::silence() const {
  return std::chrono::duration_cast<milliseconds>(Clock::now() - heard_);
}

milliseconds PushStream::patience() const {
  if (!opened_) return kOpenTimeout;
  return std::max(3 * to_milliseconds(limits_.ack_interval()), kLeastSilence);
}

void PushStream::read() {
  v1::WriteResponse response;
  while (call_->Read(&response)) take(response);
  const std::lock_guard lock(mutex_);
  ended_ = true;
  changed_.notify_all();
}

void PushStream::take(const v1::WriteResponse& response) {
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

}  // namespace loadstar::server
