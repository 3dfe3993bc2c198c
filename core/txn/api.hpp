#pragma once

#include "core/base/reason.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

// What the gRPC services ask of core, as plain values (ingest-api.md 3). server/ converts messages
// to these and back, and does nothing else.

namespace loadstar::txn {

/// Values of loadstar.v1.Delivery.
enum class Delivery : std::uint8_t { kAtLeastOnce = 1, kExactlyOnce = 2 };

/// loadstar.v1.Open; see the comments there.
struct OpenRequest {
  std::string writer_id;
  std::string database;
  Delivery delivery = Delivery::kAtLeastOnce;
  std::uint64_t epoch = 0;
  std::string resume_token;
  std::string client_name;
  bool reattach = false;
};

/// What differs from writer to writer in loadstar.v1.Opened; the limits are the daemon's.
struct Opened {
  bool attached = false;
  std::uint64_t next_sequence = 1;
  std::optional<std::uint64_t> next_checkpoint_id;  ///< exactly-once only
  std::string label_prefix;
};

/// loadstar.v1.Ack.
struct Ack {
  std::uint64_t received_sequence = 0;
  std::uint64_t committed_sequence = 0;
  std::uint64_t filtered_rows = 0;

  friend bool operator==(const Ack&, const Ack&) = default;
};

/// loadstar.v1.Draining: told once, then the stream is ended as soon as what was received is final.
struct Draining {
  std::chrono::milliseconds grace{0};
};

/// The stream is over: gracefully (no refusal, status OK), or with one. Nothing follows it.
struct Ended {
  std::optional<Refusal> refusal;
};

/// What the sending side of a Write call has to do next.
using StreamEvent = std::variant<Ack, Draining, Ended>;

/// loadstar.v1.CheckpointRequest.
struct CheckpointRequest {
  std::string writer_id;
  std::uint64_t epoch = 0;
  std::uint64_t checkpoint_id = 0;
  std::uint64_t last_sequence = 0;
};

/// loadstar.v1.LoadSummary: one transaction that a checkpoint prepared.
struct LoadSummary {
  std::string table;
  std::string label;
  std::int64_t transaction_id = -1;
  std::uint64_t total_rows = 0;
  std::uint64_t filtered_rows = 0;
  std::uint64_t bytes = 0;
};

/// loadstar.v1.CheckpointResponse; empty for an at-least-once writer.
struct CheckpointOutcome {
  std::string resume_token;
  std::optional<std::chrono::system_clock::time_point> expire_time;
  std::vector<LoadSummary> loads;
};

/// loadstar.v1.CommitRequest.
struct CommitRequest {
  std::string resume_token;
  bool wait_visible = false;
};

/// loadstar.v1.CommitResponse.
struct CommitOutcome {
  std::uint64_t committed_sequence = 0;
  bool visible = true;
};

/// loadstar.v1.AbortRequest.
struct AbortRequest {
  std::string writer_id;
  std::string database;
  std::uint64_t epoch = 0;
  std::string resume_token;
};

/// loadstar.v1.AbortResponse.
struct AbortOutcome {
  std::uint32_t aborted_transactions = 0;
};

/// loadstar.v1.TransactionStatus.State, number for number.
enum class TransactionState : std::uint8_t {
  kOpen = 1,
  kPrepared = 2,
  kCommitting = 3,
  kAborting = 4
};

/// One StarRocks transaction that is not finished (loadstar.v1.TransactionStatus).
struct TransactionReport {
  std::string label;
  std::string table;
  TransactionState state = TransactionState::kOpen;
  std::chrono::system_clock::time_point begin_time;
};

/// One writer in a status report (loadstar.v1.WriterStatus).
struct WriterReport {
  std::string writer_id;  ///< empty for an anonymous writer
  std::string database;
  Delivery delivery = Delivery::kAtLeastOnce;
  std::uint64_t epoch = 0;  ///< exactly-once only
  std::vector<TransactionReport> transactions;
  bool connected = false;
  std::string client_name;
  Ack ack;
  std::uint64_t buffered_bytes = 0;
  std::string stall_reason;
  std::string last_error;
  std::optional<std::chrono::system_clock::time_point> last_error_time;
};

/// Snapshot of the daemon (loadstar.v1.GetStatusResponse).
struct StatusReport {
  std::string starrocks_version;  ///< empty until known
  bool draining = false;
  std::uint64_t buffered_bytes = 0;
  std::uint64_t buffer_limit_bytes = 0;
  std::vector<WriterReport> writers;
};

/// How a drain ended: the exit status and the last log line say it (architecture.md 7, Exit
/// status).
struct DrainReport {
  std::uint64_t committed_batches = 0;    ///< batches that became final during the drain
  std::uint64_t uncommitted_batches = 0;  ///< received, never acknowledged as committed
  std::uint64_t uncommitted_rows = 0;
};

}  // namespace loadstar::txn
