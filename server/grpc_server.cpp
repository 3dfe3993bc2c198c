#include "server/grpc_server.hpp"

#include "server/unix_socket.hpp"

#include <grpc/grpc.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/server_builder.h>

#include <utility>

namespace loadstar::server {
namespace {

constexpr const char* kIngestService = "loadstar.v1.IngestService";
// gRPC takes in this much of a stream ahead of its reader; more is not charged to the memory budget
// (ingest-api.md 3.7). HTTP/2's own value, on purpose: gRPC widens the window of a connection,
// which is no larger, only by what a message needs beyond this, so that with more here large
// messages come in pieces of 64 KiB, each with a system call and a window update of its own.
constexpr int kStreamLookahead = 65'535;
// A frame is a slice or more in the payload; 16 KiB, the least, makes sixty of them out of a
// message.
constexpr int kMaxFrame = 1 << 20;
constexpr int kMaxMetadataBytes = 16 * 1024;  // delivery-and-faults.md 5.1
constexpr std::chrono::seconds kHandshakeTimeout{10};

int to_int(std::chrono::milliseconds length) { return static_cast<int>(length.count()); }

void set_arguments(grpc::ServerBuilder& builder, const GrpcServerOptions& options) {
  // Without it a second daemon would share the port silently.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, kStreamLookahead);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_FRAME_SIZE, kMaxFrame);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS,
                             static_cast<int>(options.max_concurrent_streams));
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, kMaxMetadataBytes);
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, to_int(kHandshakeTimeout));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, to_int(options.keepalive.time));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, to_int(options.keepalive.timeout));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                             to_int(options.keepalive.min_client_interval));
  if (options.keepalive.max_connection_age.count() > 0) {
    builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_MS,
                               to_int(options.keepalive.max_connection_age));
  }
  builder.SetMaxReceiveMessageSize(static_cast<int>(options.max_message.value));
  builder.SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_DEFLATE, false);
  builder.SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_GZIP, false);
}

}  // namespace

std::unique_ptr<GrpcServer> GrpcServer::start(const GrpcServerOptions& options,
                                              const std::vector<grpc::Service*>& services,
                                              std::string& error) {
  grpc::EnableDefaultHealthCheckService(true);
  // Registers with all builders of the process; the plugin itself is added once.
  if (options.reflection) grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  grpc::ServerBuilder builder;
  set_arguments(builder, options);
  std::vector<int> ports(options.addresses.size(), 0);
  for (std::size_t i = 0; i < options.addresses.size(); ++i) {
    const config::ListenAddress& address = options.addresses[i];
    const std::string problem = address.is_unix() ? check_unix_path(address.unix_path) : "";
    if (!problem.empty()) {
      error = "cannot listen on " + to_string(address) + ": " + problem;
      return nullptr;
    }
    const bool plaintext = address.is_unix() || !options.credentials;
    const auto credentials = plaintext ? grpc::InsecureServerCredentials() : options.credentials;
    builder.AddListeningPort(to_string(address), credentials, &ports[i]);
  }
  for (grpc::Service* const service : services) builder.RegisterService(service);
  std::unique_ptr<grpc::Server> server;
  {
    const PrivateFiles guard(options.private_sockets);
    server = builder.BuildAndStart();
  }
  std::vector<config::ListenAddress> bound = options.addresses;
  for (std::size_t i = 0; i < bound.size(); ++i) {
    if (ports[i] == 0) {
      error = "cannot listen on " + to_string(bound[i]) +
              ": the address is in use, or not one of this host";
      return nullptr;
    }
    if (!bound[i].is_unix()) bound[i].port = static_cast<std::uint16_t>(ports[i]);
  }
  if (!server) {
    error = "the gRPC server does not start";
    return nullptr;
  }
  auto result = std::unique_ptr<GrpcServer>(new GrpcServer(std::move(server), std::move(bound)));
  result->set_serving(true);
  return result;
}

GrpcServer::~GrpcServer() { shutdown(std::chrono::system_clock::now()); }

void GrpcServer::set_serving(bool serving) {
  grpc::HealthCheckServiceInterface* const health = server_->GetHealthCheckService();
  health->SetServingStatus("", serving);
  health->SetServingStatus(kIngestService, serving);
}

void GrpcServer::shutdown(std::chrono::system_clock::time_point deadline) {
  server_->Shutdown(deadline);
}

}  // namespace loadstar::server
