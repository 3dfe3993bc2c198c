#pragma once

#include "core/base/clock.hpp"
#include "server/push/ledger.hpp"

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <loadstar/v1/ingest_service.grpc.pb.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>

namespace loadstar::server {

/// One Write call: the owner writes, a thread of its own reads, and tells the ledger what it hears.
class PushStream {
 public:
  /// `mutex` guards `ledger`, and what the stream has told.
  PushStream(const std::shared_ptr<grpc::Channel>& channel, std::mutex& mutex, PushLedger& ledger);
  PushStream(const PushStream&) = delete;
  PushStream& operator=(const PushStream&) = delete;
  ~PushStream();

  /// Waits while the daemon does not read.
  bool write(const v1::WriteRequest& request) { return call_->Write(request); }
  void close() { call_->WritesDone(); }
  void cancel() { context_.TryCancel(); }
  grpc::Status finish();

  /// Waits until the daemon has said something new, the stream has ended, or a while has passed.
  void wait(std::unique_lock<std::mutex>& lock);

  // With the mutex held.

  /// From now on there is something that the daemon has to answer.
  void expect_answer() { heard_ = Clock::now(); }
  [[nodiscard]] bool opened() const { return opened_; }
  [[nodiscard]] bool ended() const { return ended_; }
  [[nodiscard]] bool draining() const { return draining_; }
  [[nodiscard]] const v1::Limits& limits() const { return limits_; }
  [[nodiscard]] std::chrono::milliseconds silence() const;
  /// How long the silence may be.
  [[nodiscard]] std::chrono::milliseconds patience() const;

 private:
  void read();
  void take(const v1::WriteResponse& response);

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

}  // namespace loadstar::server
