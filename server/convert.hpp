#pragma once

#include "core/base/reason.hpp"
#include "core/base/table_schema.hpp"
#include "core/options.hpp"
#include "core/txn/api.hpp"
#include "server/daemon_info.hpp"

#include <loadstar/v1/admin_service.pb.h>
#include <loadstar/v1/ingest_service.pb.h>
#include <loadstar/v1/transaction_service.pb.h>

#include <string_view>

// Between the messages of the contract and the values of core. Pure. What a field may hold is
// checked here, on the way in: all violations are reported at once, each with its path
// (ingest-api.md 3.1).

namespace loadstar::server {

/// Bound that clients keep their unacknowledged bytes under (ingest-api.md 3.7).
inline constexpr std::uint64_t kMaxUnackedBytes = 32U << 20U;

/// BAD_REQUEST for names, delivery, epoch and client name that break the rules of loadstar.v1.Open.
[[nodiscard]] Answer<txn::OpenRequest> to_open_request(const v1::Open& open);

/// BAD_REQUEST without a valid writer_id, or with numbers beyond their bounds.
[[nodiscard]] Answer<txn::CheckpointRequest> to_checkpoint_request(
    const v1::CheckpointRequest& request);

/// BAD_REQUEST without valid names, or with an epoch beyond its bounds.
[[nodiscard]] Answer<txn::AbortRequest> to_abort_request(const v1::AbortRequest& request);

/// BAD_REQUEST without valid names, nullopt if the request is good.
[[nodiscard]] std::optional<Refusal> check(const v1::DescribeTableRequest& request);

/// True for `[A-Za-z0-9_]{1,48}`.
[[nodiscard]] bool is_writer_id(std::string_view text);

[[nodiscard]] v1::WriteResponse opened_response(const txn::Opened& opened, txn::Delivery delivery,
                                                const CoreOptions& options,
                                                const std::string& daemon_id);
[[nodiscard]] v1::WriteResponse ack_response(const txn::Ack& ack);
[[nodiscard]] v1::WriteResponse draining_response(const txn::Draining& draining);
[[nodiscard]] v1::Limits to_limits(const CoreOptions& options);

[[nodiscard]] v1::CheckpointResponse checkpoint_response(const txn::CheckpointOutcome& outcome);
[[nodiscard]] v1::CommitResponse commit_response(const txn::CommitOutcome& outcome);

[[nodiscard]] v1::GetStatusResponse status_response(const txn::StatusReport& report,
                                                    const DaemonInfo& info);
[[nodiscard]] v1::DescribeTableResponse describe_response(const TableSchema& schema);

}  // namespace loadstar::server
