#pragma once

#include "core/base/log.hpp"
#include "core/base/log_limit.hpp"
#include "core/base/metrics.hpp"
#include "core/options.hpp"
#include "server/daemon_info.hpp"
#include "server/stream_call.hpp"
#include "server/writers.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <loadstar/v1/ingest_service.grpc.pb.h>

#include <atomic>
#include <chrono>
#include <cstdint>

namespace loadstar::server {

/// loadstar.v1.IngestService: attaches Write calls to writers. Messages arrive raw, so that
/// payloads stay where gRPC put them (architecture.md D7).
///
/// One call has two coroutines on its strand: the reader appends messages as fast as core takes
/// them (an append that does not return stops the reading, and HTTP/2 stops the client, D6); the
/// sender writes what core has to say, and ends the call.
///
/// Thread-safe. References outlive the service, and the service outlives the server it is
/// registered with. `executor` runs until the last call is deleted.
class IngestService final
    : public v1::IngestService::WithRawCallbackMethod_Write<v1::IngestService::Service> {
 public:
  /// A stream that does not say Open for so long is ended (delivery-and-faults.md 5.2, T17).
  static constexpr std::chrono::milliseconds kOpenTimeout{10'000};

  /// The parts of CoreOptions that clients are told (Limits), and `max_streams`. Nobody but a test
  /// gives an `open_timeout`.
  IngestService(asio::any_io_executor executor, const CoreOptions& options, const DaemonInfo& info,
                Writers& writers, Metrics& metrics, Logger logger,
                std::chrono::milliseconds open_timeout = kOpenTimeout);

  grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* Write(
      grpc::CallbackServerContext* context) override;

  /// Write calls that are open now.
  [[nodiscard]] std::uint64_t streams() const { return streams_.load(); }

 private:
  class Session;

  asio::awaitable<void> serve(StreamCall& call);

  asio::any_io_executor executor_;
  const CoreOptions& options_;
  const DaemonInfo& info_;
  Writers& writers_;
  Metrics& metrics_;
  Logger logger_;
  const std::chrono::milliseconds open_timeout_;
  // A client that opens in a loop fills no log: some lines at once, then a few in a second.
  LogLimit opened_lines_{200, 5};
  LogLimit ended_lines_{200, 5};
  LogLimit refused_lines_{200, 5};
  std::atomic<std::uint64_t> streams_{0};
  ReadAhead read_ahead_;
};

}  // namespace loadstar::server
