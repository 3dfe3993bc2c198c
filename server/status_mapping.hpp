#pragma once

#include "core/base/reason.hpp"

#include <grpcpp/support/status.h>

#include <span>
#include <string_view>

namespace loadstar::server {

/// What a reason is called on the wire and which gRPC code goes with it (errors.proto).
struct ReasonEntry {
  Reason reason;
  std::string_view name;  ///< ErrorInfo.reason
  grpc::StatusCode code;
};

/// All reasons, in the order of errors.proto: the one table that maps them.
[[nodiscard]] std::span<const ReasonEntry> reason_table();

/// Entry of one reason.
[[nodiscard]] const ReasonEntry& entry_of(Reason reason);

/// A refusal as clients see it: google.rpc.Status with ErrorInfo (domain "loadstar"), RetryInfo
/// with UNAVAILABLE, BadRequest with field errors. The text has at most 512 bytes and the details
/// at most 3 KiB, because default clients drop trailers above 8 KiB (ingest-api.md 3.6); what does
/// not fit is cut, field errors from the end first. Bytes that are not UTF-8 become '?'.
[[nodiscard]] grpc::Status to_status(const Refusal& refusal);

/// "WRITER_FENCED: text", for status pages and logs.
[[nodiscard]] std::string describe(const Refusal& refusal);

}  // namespace loadstar::server
