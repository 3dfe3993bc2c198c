#include "server/admin_service.hpp"

#include "server/convert.hpp"
#include "server/status_mapping.hpp"
#include "server/unary_call.hpp"

#include <google/protobuf/util/time_util.h>

#include <optional>
#include <string>
#include <utility>

namespace loadstar::server {

AdminService::AdminService(asio::any_io_executor executor, const DaemonInfo& info, Writers& writers,
                           StartDrain start_drain)
    : executor_(std::move(executor)),
      info_(info),
      writers_(writers),
      start_drain_(std::move(start_drain)) {}

grpc::ServerUnaryReactor* AdminService::GetStatus(grpc::CallbackServerContext* context,
                                                  const v1::GetStatusRequest* request,
                                                  v1::GetStatusResponse* response) {
  return start_unary(executor_, *context, get_status(*request, *response));
}

asio::awaitable<grpc::Status> AdminService::get_status(const v1::GetStatusRequest& request,
                                                       v1::GetStatusResponse& response) {
  std::string prefix = request.writer_id_prefix();
  const txn::StatusReport report = co_await writers_.status(std::move(prefix));
  response = status_response(report, info_);
  co_return grpc::Status::OK;
}

grpc::ServerUnaryReactor* AdminService::DescribeTable(grpc::CallbackServerContext* context,
                                                      const v1::DescribeTableRequest* request,
                                                      v1::DescribeTableResponse* response) {
  return start_unary(executor_, *context,
                     describe_table(*request, deadline_of(*context), *response));
}

asio::awaitable<grpc::Status> AdminService::describe_table(const v1::DescribeTableRequest& request,
                                                           Deadline deadline,
                                                           v1::DescribeTableResponse& response) {
  const std::optional<Refusal> wrong = check(request);
  if (wrong) co_return to_status(*wrong);
  std::string database = request.database();
  std::string table = request.table();
  const Answer<TableSchema> schema =
      co_await writers_.describe_table(std::move(database), std::move(table), deadline);
  if (!schema.ok()) co_return to_status(schema.refusal());
  response = describe_response(schema.value());
  co_return grpc::Status::OK;
}

grpc::ServerUnaryReactor* AdminService::Drain(grpc::CallbackServerContext* context,
                                              const v1::DrainRequest* request,
                                              v1::DrainResponse* /*response*/) {
  grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
  if (!start_drain_) {
    Refusal refusal;
    refusal.reason = Reason::kAccessDenied;
    refusal.message = "Drain is served on the control socket only (admin.control_socket)";
    reactor->Finish(to_status(refusal));
    return reactor;
  }
  std::optional<std::chrono::milliseconds> grace;
  if (request->has_grace()) {
    using google::protobuf::util::TimeUtil;
    grace = std::chrono::milliseconds(TimeUtil::DurationToMilliseconds(request->grace()));
  }
  if (grace && grace->count() < 0) {
    Refusal refusal;
    refusal.reason = Reason::kBadRequest;
    refusal.message = "Drain: grace is negative";
    refusal.violations.push_back({"grace", "must not be negative"});
    reactor->Finish(to_status(refusal));
    return reactor;
  }
  start_drain_(grace);
  reactor->Finish(grpc::Status::OK);
  return reactor;
}

}  // namespace loadstar::server
