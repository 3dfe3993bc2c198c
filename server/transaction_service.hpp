#pragma once

#include <loadstar/v1/transaction_service.grpc.pb.h>

#include <boost/asio/any_io_executor.hpp>

#include "server/daemon_info.hpp"
#include "server/writers.hpp"

namespace loadstar::server {

/// loadstar.v1.TransactionService for at-least-once writers, which this release is limited to:
/// Checkpoint is their flush barrier; no transaction outlives its load, so there is nothing that Commit
/// or Abort could decide.
///
/// Thread-safe. References outlive the service.
class TransactionService final : public v1::TransactionService::CallbackService {
 public:
  TransactionService(asio::any_io_executor executor, const DaemonInfo& info, Writers& writers);

  /// Waits for `committed_sequence` to reach last_sequence, up to the call's deadline. The token and
  /// the expiry of the answer are empty: those rows are committed.
  grpc::ServerUnaryReactor* Checkpoint(grpc::CallbackServerContext* context,
                                       const v1::CheckpointRequest* request,
                                       v1::CheckpointResponse* response) override;

  /// An empty token commits nothing and is OK. Any other is BAD_RESUME_TOKEN: this release issues none.
  grpc::ServerUnaryReactor* Commit(grpc::CallbackServerContext* context,
                                   const v1::CommitRequest* request,
                                   v1::CommitResponse* response) override;

  /// Always refused. With an epoch it is about an exactly-once writer: UNSUPPORTED_COMBINATION. Without:
  /// a held at-least-once writer is UNSUPPORTED_COMBINATION too, since its received rows may be in loads
  /// together with those of other writers (D5b) and cannot be taken back; closing the stream ends it.
  /// A writer that is not held is WRITER_NOT_OPEN.
  grpc::ServerUnaryReactor* Abort(grpc::CallbackServerContext* context,
                                  const v1::AbortRequest* request,
                                  v1::AbortResponse* response) override;

 private:
  asio::awaitable<grpc::Status> checkpoint(const v1::CheckpointRequest& request, Deadline deadline);
  asio::awaitable<grpc::Status> abort(const v1::AbortRequest& request);

  asio::any_io_executor executor_;
  const DaemonInfo& info_;
  Writers& writers_;
};

}  // namespace loadstar::server
