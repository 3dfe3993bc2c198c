#pragma once

#include "core/base/slice.hpp"

#include <google/protobuf/message_lite.h>
#include <grpcpp/support/byte_buffer.h>

namespace loadstar::server {

/// The bytes of a received message as slices that share gRPC's storage: nothing is copied, and the
/// whole message lives as long as any slice of it (architecture.md D7). Leaves `buffer` empty.
[[nodiscard]] SliceList take_slices(grpc::ByteBuffer& buffer);

/// Parses a small message with protobuf. False if the bytes are no such message.
[[nodiscard]] bool parse(const SliceList& bytes, google::protobuf::MessageLite& into);

/// A message as one slice, ready to be written.
[[nodiscard]] grpc::ByteBuffer serialize(const google::protobuf::MessageLite& message);

}  // namespace loadstar::server
