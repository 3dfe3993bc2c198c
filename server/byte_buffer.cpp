#include "server/byte_buffer.hpp"

#include "core/base/assert.hpp"

#include <grpc/slice.h>
#include <grpcpp/support/slice.h>

#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace loadstar::server {

SliceList take_slices(grpc::ByteBuffer& buffer) {
  // One owner for all pieces: one allocation a message instead of one a slice.
  auto owner = std::make_shared<std::vector<grpc::Slice>>();
  SliceList list;
  if (!buffer.Valid()) return list;
  const grpc::Status dumped = buffer.Dump(owner.get());
  LOADSTAR_ASSERT(dumped.ok(), "a received message can be read: decompression is off");
  for (const grpc::Slice& slice : *owner) {
    // Short slices hold their bytes inside the object, which the owner keeps in place.
    const std::string_view bytes(reinterpret_cast<const char*>(slice.begin()), slice.size());
    list.append(Slice(owner, bytes));
  }
  buffer.Clear();
  return list;
}

bool parse(const SliceList& bytes, google::protobuf::MessageLite& into) {
  if (bytes.slices().size() == 1) {
    const std::string_view text = bytes.slices().front().view();
    return into.ParseFromArray(text.data(), static_cast<int>(text.size()));
  }
  return into.ParseFromString(bytes.to_string());
}

grpc::ByteBuffer serialize(const google::protobuf::MessageLite& message) {
  const std::size_t size = message.ByteSizeLong();
  grpc::Slice slice(grpc_slice_malloc(size), grpc::Slice::STEAL_REF);
  // gRPC has no writable view of a fresh slice; nobody else has seen this one yet.
  message.SerializeWithCachedSizesToArray(const_cast<std::uint8_t*>(slice.begin()));
  return grpc::ByteBuffer(&slice, 1);
}

}  // namespace loadstar::server
