#pragma once

#include "core/base/metrics.hpp"
#include "server/daemon_info.hpp"
#include "server/writers.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <loadstar/v1/transaction_service.grpc.pb.h>

namespace loadstar::server {

/// loadstar.v1.TransactionService: phase one and two of exactly-once writers, the flush barrier of
/// at-least-once ones (ingest-api.md 3.2 to 3.4). Converts and hands over; core decides.
///
/// A call that reaches its deadline is answered UNAVAILABLE, and the work goes on. Thread-safe.
/// References outlive the service.
class TransactionService final : public v1::TransactionService::CallbackService {
 public:
  TransactionService(asio::any_io_executor executor, const DaemonInfo& info, Writers& writers,
                     Metrics& metrics);

  grpc::ServerUnaryReactor* Checkpoint(grpc::CallbackServerContext* context,
                                       const v1::CheckpointRequest* request,
                                       v1::CheckpointResponse* response) override;

  grpc::ServerUnaryReactor* Commit(grpc::CallbackServerContext* context,
                                   const v1::CommitRequest* request,
                                   v1::CommitResponse* response) override;

  grpc::ServerUnaryReactor* Abort(grpc::CallbackServerContext* context,
                                  const v1::AbortRequest* request,
                                  v1::AbortResponse* response) override;

 private:
  asio::awaitable<grpc::Status> checkpoint(const v1::CheckpointRequest& request, Deadline deadline,
                                           v1::CheckpointResponse& response);
  asio::awaitable<grpc::Status> commit(const v1::CommitRequest& request, Deadline deadline,
                                       v1::CommitResponse& response);
  asio::awaitable<grpc::Status> abort(const v1::AbortRequest& request, Deadline deadline,
                                      v1::AbortResponse& response);
  /// Counts the refusal in errors_total, and makes it the answer.
  [[nodiscard]] grpc::Status refused(Refusal refusal) const;

  asio::any_io_executor executor_;
  const DaemonInfo& info_;
  Writers& writers_;
  Metrics& metrics_;
};

}  // namespace loadstar::server
