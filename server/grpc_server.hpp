#pragma once

#include "config/options.hpp"
#include "core/base/bytes.hpp"

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace grpc {
class Service;
}

namespace loadstar::server {

/// How a gRPC server listens.
struct GrpcServerOptions {
  std::vector<config::ListenAddress> addresses;
  Bytes max_message;  ///< larger messages die in the transport as RESOURCE_EXHAUSTED
  std::uint32_t max_concurrent_streams = 128;  ///< per connection
  bool reflection = true;
  bool private_sockets = false;  ///< UNIX sockets get mode 0600
  config::KeepaliveOptions keepalive;
  /// Of TCP addresses; null: plaintext. A UNIX socket is guarded by its file mode.
  std::shared_ptr<grpc::ServerCredentials> credentials;
};

/// A running gRPC server with health checking (architecture.md 7: empty name and
/// loadstar.v1.IngestService) and reflection. Identity encoding only: a compressed message is
/// refused with UNIMPLEMENTED, so a small message cannot become a large one (delivery-and-faults.md
/// T18).
///
/// Thread-safe after start().
class GrpcServer {
 public:
  /// Binds every address and serves `services`, which outlive the server. On failure nothing is
  /// returned and `error` says which address, and why. Sockets that another process still serves
  /// are not taken over. Called while nobody else creates files: it sets the umask for private
  /// sockets.
  [[nodiscard]] static std::unique_ptr<GrpcServer> start(
      const GrpcServerOptions& options, const std::vector<grpc::Service*>& services,
      std::string& error);
  GrpcServer(const GrpcServer&) = delete;
  GrpcServer& operator=(const GrpcServer&) = delete;
  /// shutdown() at once, unless it was called.
  ~GrpcServer();

  /// Where it listens, in the order of the options, with the ports that were chosen for port 0.
  [[nodiscard]] const std::vector<config::ListenAddress>& addresses() const { return addresses_; }

  /// What health checks answer; NOT_SERVING from the beginning of the drain.
  void set_serving(bool serving);

  /// Accepts no more calls and waits for those that run; cancels them at `deadline`. Blocks; never
  /// called on gRPC's threads or on an executor that bodies of calls need.
  void shutdown(std::chrono::system_clock::time_point deadline);

 private:
  GrpcServer(std::unique_ptr<grpc::Server> server, std::vector<config::ListenAddress> addresses)
      : server_(std::move(server)), addresses_(std::move(addresses)) {}

  std::unique_ptr<grpc::Server> server_;
  std::vector<config::ListenAddress> addresses_;
};

}  // namespace loadstar::server
