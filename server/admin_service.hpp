#pragma once

#include "server/daemon_info.hpp"
#include "server/writers.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <loadstar/v1/admin_service.grpc.pb.h>

#include <chrono>
#include <functional>
#include <optional>

namespace loadstar::server {

/// Starts the graceful shutdown, as SIGTERM does; `grace` overrides the configured time. Returns at
/// once. Thread-safe; later calls change nothing.
using StartDrain = std::function<void(std::optional<std::chrono::milliseconds> grace)>;

/// loadstar.v1.AdminService. One object for each door (architecture.md 7, Doors): only the one on
/// the control socket has a way to drain.
///
/// Thread-safe. References outlive the service.
class AdminService final : public v1::AdminService::CallbackService {
 public:
  /// `start_drain`: empty = Drain is PERMISSION_DENIED at this door.
  AdminService(asio::any_io_executor executor, const DaemonInfo& info, Writers& writers,
               StartDrain start_drain);

  grpc::ServerUnaryReactor* GetStatus(grpc::CallbackServerContext* context,
                                      const v1::GetStatusRequest* request,
                                      v1::GetStatusResponse* response) override;

  grpc::ServerUnaryReactor* DescribeTable(grpc::CallbackServerContext* context,
                                          const v1::DescribeTableRequest* request,
                                          v1::DescribeTableResponse* response) override;

  grpc::ServerUnaryReactor* Drain(grpc::CallbackServerContext* context,
                                  const v1::DrainRequest* request,
                                  v1::DrainResponse* response) override;

 private:
  asio::awaitable<grpc::Status> get_status(const v1::GetStatusRequest& request,
                                           v1::GetStatusResponse& response);
  asio::awaitable<grpc::Status> describe_table(const v1::DescribeTableRequest& request,
                                               Deadline deadline,
                                               v1::DescribeTableResponse& response);

  asio::any_io_executor executor_;
  const DaemonInfo& info_;
  Writers& writers_;
  StartDrain start_drain_;
};

}  // namespace loadstar::server
