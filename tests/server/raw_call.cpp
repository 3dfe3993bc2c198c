#include "server/byte_buffer.hpp"
#include "tests/server/server_fixture.hpp"

#include <grpcpp/completion_queue.h>
#include <grpcpp/support/byte_buffer.h>

namespace loadstar::server::test {

std::optional<std::string> raw_call(const std::shared_ptr<grpc::Channel>& channel,
                                    const std::string& method, const std::string& request,
                                    grpc::Status& status) {
  grpc::GenericStub stub(channel);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
  grpc::CompletionQueue queue;
  const auto call = stub.PrepareCall(&context, method, &queue);
  const auto next = [&queue] {
    void* tag = nullptr;
    bool ok = false;
    return queue.Next(&tag, &ok) && ok;
  };
  call->StartCall(nullptr);
  next();
  const grpc::Slice slice(request);
  const grpc::ByteBuffer bytes(&slice, 1);
  call->WriteLast(bytes, grpc::WriteOptions(), nullptr);
  next();
  grpc::ByteBuffer answer;
  call->Read(&answer, nullptr);
  const bool answered = next();
  // Reflection goes on until we are gone.
  if (answered) {
    grpc::ByteBuffer more;
    call->Read(&more, nullptr);
    next();
  }
  call->Finish(&status, nullptr);
  next();
  queue.Shutdown();
  void* tag = nullptr;
  bool ok = false;
  while (queue.Next(&tag, &ok)) {
  }
  if (!answered) return std::nullopt;
  return take_slices(answer).to_string();
}

}  // namespace loadstar::server::test
