#include "server/transaction_service.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "server/convert.hpp"
#include "server/status_mapping.hpp"
#include "server/unary_call.hpp"

namespace loadstar::server {
namespace {

Refusal refuse(Reason reason, std::string message) {
  Refusal refusal;
  refusal.reason = reason;
  refusal.message = std::move(message);
  return refusal;
}

}  // namespace

TransactionService::TransactionService(asio::any_io_executor executor, const DaemonInfo& info,
                                       Writers& writers)
    : executor_(std::move(executor)), info_(info), writers_(writers) {}

grpc::ServerUnaryReactor* TransactionService::Checkpoint(grpc::CallbackServerContext* context,
                                                         const v1::CheckpointRequest* request,
                                                         v1::CheckpointResponse* /*response*/) {
  return start_unary(executor_, *context, checkpoint(*request, deadline_of(*context)));
}

asio::awaitable<grpc::Status> TransactionService::checkpoint(const v1::CheckpointRequest& request,
                                                             Deadline deadline) {
  Answer<txn::CheckpointRequest> checked = to_checkpoint_request(request);
  if (!checked.ok()) co_return to_status(checked.refusal());
  const Answer<Done> outcome = co_await writers_.checkpoint(std::move(checked.value()), deadline);
  if (outcome.ok()) co_return grpc::Status::OK;
  Refusal refusal = outcome.refusal();
  // Behind a gateway the client must come back to the daemon of its Write (architecture.md 7).
  if (refusal.reason == Reason::kWriterNotOpen) refusal.metadata["daemonId"] = info_.daemon_id;
  co_return to_status(refusal);
}

grpc::ServerUnaryReactor* TransactionService::Commit(grpc::CallbackServerContext* context,
                                                     const v1::CommitRequest* request,
                                                     v1::CommitResponse* response) {
  grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
  if (request->resume_token().empty()) {
    response->set_visible(true);  // of no rows, all can be queried
    reactor->Finish(grpc::Status::OK);
  } else {
    reactor->Finish(to_status(
        refuse(Reason::kBadResumeToken, "this release has no exactly-once writers and issues no "
                                        "resume tokens; the token is not from this daemon")));
  }
  return reactor;
}

grpc::ServerUnaryReactor* TransactionService::Abort(grpc::CallbackServerContext* context,
                                                    const v1::AbortRequest* request,
                                                    v1::AbortResponse* /*response*/) {
  return start_unary(executor_, *context, abort(*request));
}

asio::awaitable<grpc::Status> TransactionService::abort(const v1::AbortRequest& request) {
  const std::optional<Refusal> wrong = check(request);
  if (wrong) co_return to_status(*wrong);
  if (request.epoch() != 0) {
    co_return to_status(refuse(Reason::kUnsupportedCombination,
                               "DELIVERY_EXACTLY_ONCE is not in this release: there is no epoch "
                               "to abort"));
  }
  std::string writer_id = request.writer_id();
  const txn::StatusReport report = co_await writers_.status(std::move(writer_id));
  const bool held = std::any_of(report.writers.begin(), report.writers.end(),
                                [&](const auto& writer) {
                                  return writer.writer_id == request.writer_id();
                                });
  if (held) {
    co_return to_status(refuse(Reason::kUnsupportedCombination,
                               "an at-least-once writer has no transaction to abort: what was "
                               "received is loaded; close its stream to end it"));
  }
  Refusal refusal = refuse(Reason::kWriterNotOpen, "no writer '" + request.writer_id() +
                                                       "' is open on this daemon");
  refusal.metadata["daemonId"] = info_.daemon_id;
  co_return to_status(refusal);
}

}  // namespace loadstar::server
