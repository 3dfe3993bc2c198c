#pragma once

#include "server/push/ledger.hpp"

#include <grpcpp/channel.h>
#include <grpcpp/support/status.h>
#include <loadstar/v1/data.pb.h>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace loadstar::server {

class PushStream;

/// What a push sends, whatever the file holds.
struct PushTarget {
  std::string writer_id;  ///< named, so that a broken stream can go on where it was
  std::string database;
  std::string client_name;
  v1::Batch prototype;  ///< table, format, columns, properties; data and row_count are filled in
};

/// How a push ended.
struct PushEnd {
  bool complete = false;      ///< every row is committed or rejected
  bool never_opened = false;  ///< no daemon answered at all
  bool stopped = false;       ///< by stop(), before everything was sent
  std::string error;          ///< for people; empty if complete
};

/// The client side of IngestService.Write for one file: sends batches, keeps them until they are
/// committed, and opens the stream again when it breaks (ingest-api.md 3.7, 3.8). Keeps to the
/// limits that the daemon told. Two threads: the caller's writes, one of its own reads.
class PushSession {
 public:
  struct Options {
    std::chrono::milliseconds retry_for{
        60'000};                                 ///< a daemon that is away for longer ends the push
    std::uint64_t max_held_bytes = 256U << 20U;  ///< not final, in our memory
  };

  /// What the file has for the daemon now.
  struct Pull {
    std::optional<Chunk> chunk;
    bool ended = false;  ///< nothing comes any more; otherwise without a chunk: nothing yet
  };

  /// Gives the next batch, of at most `max_bytes`. Comes back within a fraction of a second also if
  /// there is none yet.
  using NextChunk = std::function<Pull(std::size_t max_bytes)>;
  /// Told several times a second, and at the end: what has become of the rows.
  using Report = std::function<void(const PushLedger& ledger)>;

  PushSession(std::shared_ptr<grpc::Channel> channel, PushTarget target, Options options);

  /// Sends everything and waits until it is final. Called once.
  PushEnd run(const NextChunk& next, const Report& report);

  /// From another thread: reads and sends no more; run() ends when what was sent is final.
  void stop();
  /// Likewise, after stop(): does not wait for that any longer.
  void give_up();

  /// After run(): what became of the rows.
  [[nodiscard]] const PushLedger& ledger() const { return ledger_; }

 private:
  /// What a stream's end means for the push.
  enum class Verdict : std::uint8_t { kDone, kAgain, kAgainAtOnce, kFatal };

  bool connect();
  Verdict run_stream(const NextChunk& next, const Report& report);
  void pull(const NextChunk& next, PushStream& stream, std::unique_lock<std::mutex>& lock);
  [[nodiscard]] std::size_t max_batch_bytes(const PushStream& stream) const;
  Verdict judge(const grpc::Status& status);
  Verdict judge_rejection(const std::string& sequences, const std::string& received,
                          const std::string& message);
  Verdict judge_refusal(const std::string& field, const std::string& message);
  void pause_for(std::chrono::milliseconds pause);

  std::shared_ptr<grpc::Channel> channel_;
  PushTarget target_;
  Options options_;
  std::mutex mutex_;  // guards ledger_ and what the stream has told
  PushLedger ledger_;
  std::condition_variable stop_called_;
  bool stopping_ = false;
  bool given_up_ = false;
  PushStream* stream_ = nullptr;  // the one that is open
  bool file_ended_ = false;
  bool opened_ = false;      // a stream was, once
  bool progressed_ = false;  // the last stream was opened
  std::string error_;
};

}  // namespace loadstar::server
