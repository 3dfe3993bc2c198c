#include "server/push/push_session.hpp"

#include "core/base/clock.hpp"
#include "server/push/push_stream.hpp"

#include <fmt/format.h>
#include <google/rpc/error_details.pb.h>
#include <google/rpc/status.pb.h>
#include <loadstar/v1/ingest_service.grpc.pb.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <utility>

namespace loadstar::server {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kConnectTimeout{5'000};
constexpr milliseconds kShortestConnect{1'000};  // whatever --retry-for says
constexpr milliseconds kFirstPause{200};
constexpr milliseconds kMaxPause{5'000};
constexpr milliseconds kConnectStep{100};
// Tags and lengths of `data` and `batch` in a message, which grow with them.
constexpr std::size_t kLengthBytes = 16;
constexpr std::string_view kStopped = "stopped by a signal";

struct Details {
  google::rpc::ErrorInfo info;
  std::string field;  // of the first violation
  bool too_many_rows = false;
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
      // Of all that a head may have wrong with its count, ours can only be too high.
      for (const auto& violation : bad.field_violations()) {
        details.too_many_rows = details.too_many_rows || violation.field().ends_with(".row_count");
      }
    }
  }
  return details;
}

std::uint64_t number(std::string_view text) {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

}  // namespace

PushSession::PushSession(std::shared_ptr<grpc::Channel> channel, PushTarget target, Options options)
    : channel_(std::move(channel)), target_(std::move(target)), options_(options) {}

void PushSession::stop() {
  const std::lock_guard lock(mutex_);
  stopping_ = true;
  stop_called_.notify_all();
}

void PushSession::give_up() {
  const std::lock_guard lock(mutex_);
  given_up_ = true;
  if (stream_ != nullptr) stream_->cancel();
}

// In steps: gRPC's wait cannot be ended by stop().
bool PushSession::connect() {
  const auto give_up = Clock::now() + std::clamp<Clock::duration>(
                                          options_.retry_for, kShortestConnect, kConnectTimeout);
  while (!channel_->WaitForConnected(wall_now() + kConnectStep)) {
    const std::lock_guard lock(mutex_);
    if (stopping_ || Clock::now() >= give_up) return false;
  }
  return true;
}

void PushSession::pause_for(milliseconds pause) {
  std::unique_lock lock(mutex_);
  stop_called_.wait_for(lock, pause, [this] { return stopping_; });
}

PushEnd PushSession::run(const NextChunk& next, const Report& report) {
  const bool connected = connect();
  auto give_up = Clock::now() + options_.retry_for;
  milliseconds pause = kFirstPause;
  for (;;) {
    progressed_ = false;
    Verdict verdict = connected ? run_stream(next, report) : Verdict::kFatal;
    bool stopped = false;
    {
      const std::lock_guard lock(mutex_);
      report(ledger_);
      stopped = stopping_ &&
                (verdict == Verdict::kAgain || verdict == Verdict::kAgainAtOnce || !connected);
    }
    if (verdict == Verdict::kDone) return {true, false, false, ""};
    if (stopped) return {false, !opened_, true, std::string(kStopped)};
    if (!connected) return {false, true, false, "no daemon answers"};
    if (verdict == Verdict::kFatal) return {false, !opened_, false, error_};
    if (progressed_) {
      give_up = Clock::now() + options_.retry_for;
      pause = kFirstPause;
    }
    if (verdict == Verdict::kAgainAtOnce) continue;
    if (Clock::now() >= give_up) return {false, !opened_, false, error_};
    pause_for(pause);
    pause = std::min(2 * pause, kMaxPause);
  }
}

std::size_t PushSession::max_batch_bytes(const PushStream& stream) const {
  v1::WriteRequest request;
  *request.mutable_batch() = target_.prototype;
  request.mutable_batch()->set_sequence(std::numeric_limits<std::uint64_t>::max());
  request.mutable_batch()->set_row_count(std::numeric_limits<std::uint32_t>::max());
  const std::size_t head = request.ByteSizeLong() + kLengthBytes;
  return stream.limits().max_message_bytes() - std::min(stream.limits().max_message_bytes(), head);
}

// One batch from the file into the ledger, without the mutex while the file is read.
void PushSession::pull(const NextChunk& next, PushStream& stream,
                       std::unique_lock<std::mutex>& lock) {
  const std::size_t max_bytes = max_batch_bytes(stream);
  lock.unlock();
  Pull pull = next(max_bytes);
  lock.lock();
  file_ended_ = pull.ended;
  if (!pull.chunk) return;
  if (ledger_.settled()) stream.expect_answer();
  ledger_.add(std::move(*pull.chunk));
}

PushSession::Verdict PushSession::run_stream(const NextChunk& next, const Report& report) {
  PushStream stream(channel_, mutex_, ledger_);
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
  stream_ = &stream;
  while (!stream.ended()) {
    report(ledger_);
    if (stream.silence() > stream.patience() &&
        (!stream.opened() || !ledger_.settled() || closed)) {
      error_ = fmt::format("the daemon said nothing for {} s", stream.silence().count() / 1'000);
      stream.cancel();
    }
    // Nothing was sent yet, so there is nothing to wait for.
    if (given_up_ || (stopping_ && !stream.opened())) stream.cancel();
    const bool room = stream.opened() && !closed &&
                      ledger_.unreceived_bytes() < stream.limits().max_unacked_bytes();
    if (!room && !(stopping_ && stream.opened() && !closed)) {
      stream.wait(lock);
      continue;
    }
    const bool no_more = stream.draining() || stopping_;
    const PushLedger::Batch* const batch = no_more ? nullptr : ledger_.send_next();
    if (batch != nullptr) {
      if (batch->chunk.data.size() > max_batch_bytes(stream)) {
        // It was cut for a daemon that took more.
        error_ = fmt::format(
            "lines {}-{}: the daemon takes messages of {} bytes only, fewer than before",
            batch->chunk.first_line, batch->chunk.last_line, stream.limits().max_message_bytes());
        stream_ = nullptr;
        return Verdict::kFatal;
      }
      request.mutable_batch()->set_sequence(batch->sequence);
      request.mutable_batch()->set_row_count(static_cast<std::uint32_t>(batch->chunk.rows));
      request.mutable_batch()->set_data(batch->chunk.data);
      lock.unlock();
      stream.write(request);  // waits while the daemon does not read
      lock.lock();
    } else if (file_ended_ || no_more) {
      lock.unlock();
      stream.close();
      closed = true;
      lock.lock();
    } else if (ledger_.held_bytes() < options_.max_held_bytes) {
      pull(next, stream, lock);
    } else {
      stream.wait(lock);
    }
  }
  stream_ = nullptr;
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
  if (reason == "BAD_REQUEST" && details.too_many_rows) {
    error_ +=
        " (push with fewer --batch-rows, or raise limits.max_batch_rows in the daemon's "
        "configuration)";
    return Verdict::kFatal;  // the other batches have as many
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
