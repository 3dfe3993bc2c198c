#include "server/transaction_service.hpp"

#include "server/convert.hpp"
#include "server/status_mapping.hpp"
#include "server/unary_call.hpp"

#include <utility>

namespace loadstar::server {
TransactionService::TransactionService(asio::any_io_executor executor, const DaemonInfo& info,
                                       Writers& writers, Metrics& metrics)
    : executor_(std::move(executor)), info_(info), writers_(writers), metrics_(metrics) {}

grpc::Status TransactionService::refused(Refusal refusal) const {
  // Behind a gateway the client must come back to the daemon of its Write (architecture.md 7).
  if (refusal.reason == Reason::kWriterNotOpen) refusal.metadata["daemonId"] = info_.daemon_id;
  metrics_.error(entry_of(refusal.reason).name);
  return to_status(refusal);
}

grpc::ServerUnaryReactor* TransactionService::Checkpoint(grpc::CallbackServerContext* context,
                                                         const v1::CheckpointRequest* request,
                                                         v1::CheckpointResponse* response) {
  return start_unary(executor_, *context, checkpoint(*request, deadline_of(*context), *response));
}

asio::awaitable<grpc::Status> TransactionService::checkpoint(const v1::CheckpointRequest& request,
                                                             Deadline deadline,
                                                             v1::CheckpointResponse& response) {
  Answer<txn::CheckpointRequest> checked = to_checkpoint_request(request);
  if (!checked.ok()) co_return refused(checked.refusal());
  const Answer<txn::CheckpointOutcome> outcome =
      co_await writers_.checkpoint(std::move(checked.value()), deadline);
  if (!outcome.ok()) co_return refused(outcome.refusal());
  response = checkpoint_response(outcome.value());
  co_return grpc::Status::OK;
}

grpc::ServerUnaryReactor* TransactionService::Commit(grpc::CallbackServerContext* context,
                                                     const v1::CommitRequest* request,
                                                     v1::CommitResponse* response) {
  return start_unary(executor_, *context, commit(*request, deadline_of(*context), *response));
}

asio::awaitable<grpc::Status> TransactionService::commit(const v1::CommitRequest& request,
                                                         Deadline deadline,
                                                         v1::CommitResponse& response) {
  txn::CommitRequest asked{request.resume_token(), request.wait_visible()};
  const Answer<txn::CommitOutcome> outcome = co_await writers_.commit(std::move(asked), deadline);
  if (!outcome.ok()) co_return refused(outcome.refusal());
  response = commit_response(outcome.value());
  co_return grpc::Status::OK;
}

grpc::ServerUnaryReactor* TransactionService::Abort(grpc::CallbackServerContext* context,
                                                    const v1::AbortRequest* request,
                                                    v1::AbortResponse* response) {
  return start_unary(executor_, *context, abort(*request, deadline_of(*context), *response));
}

asio::awaitable<grpc::Status> TransactionService::abort(const v1::AbortRequest& request,
                                                        Deadline deadline,
                                                        v1::AbortResponse& response) {
  Answer<txn::AbortRequest> checked = to_abort_request(request);
  if (!checked.ok()) co_return refused(checked.refusal());
  const Answer<txn::AbortOutcome> outcome =
      co_await writers_.abort(std::move(checked.value()), deadline);
  if (!outcome.ok()) co_return refused(outcome.refusal());
  response.set_aborted_transactions(outcome.value().aborted_transactions);
  co_return grpc::Status::OK;
}

}  // namespace loadstar::server
