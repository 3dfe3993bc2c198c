#include "server/convert.hpp"

#include "core/starrocks/label.hpp"

#include <fmt/format.h>
#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace loadstar::server {
namespace {

using google::protobuf::util::TimeUtil;
using starrocks::kMaxEpoch;

constexpr std::size_t kMaxWriterId = 48;
constexpr std::size_t kMaxName = 256;  // of a database or table; StarRocks takes no longer ones
constexpr std::size_t kMaxClientName = 128;
constexpr std::string_view kWriterIdRule = "must match [A-Za-z0-9_]{1,48}";

using Violations = std::vector<FieldViolation>;

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

void check_name(const std::string& name, std::string field, Violations& violations) {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  if (name.empty()) {
    violations.push_back({std::move(field), "is required"});
  } else if (name.size() > kMaxName) {
    violations.push_back({std::move(field), fmt::format("has {} bytes; at most {} are allowed",
                                                        name.size(), kMaxName)});
  } else if (std::any_of(name.begin(), name.end(), is_control)) {
    violations.push_back({std::move(field), "holds a control byte"});
  }
}

void check_writer_id(const std::string& id, std::string field, Violations& violations) {
  if (!is_writer_id(id)) violations.push_back({std::move(field), std::string(kWriterIdRule)});
}

Refusal bad_request(std::string_view what, Violations violations) {
  Refusal refusal;
  refusal.reason = Reason::kBadRequest;
  const FieldViolation& first = violations.front();
  refusal.message = fmt::format("{}: {} {}", what, first.field, first.description);
  if (violations.size() > 1)
    refusal.message += fmt::format(" (and {} more)", violations.size() - 1);
  refusal.violations = std::move(violations);
  return refusal;
}

google::protobuf::Duration to_duration(std::chrono::milliseconds length) {
  return TimeUtil::MillisecondsToDuration(length.count());
}

google::protobuf::Timestamp to_timestamp(std::chrono::system_clock::time_point time) {
  return TimeUtil::NanosecondsToTimestamp(
      std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count());
}

v1::Delivery to_proto(txn::Delivery delivery) {
  return delivery == txn::Delivery::kExactlyOnce ? v1::DELIVERY_EXACTLY_ONCE
                                                 : v1::DELIVERY_AT_LEAST_ONCE;
}

void fill(const txn::Ack& from, v1::Ack& to) {
  to.set_received_sequence(from.received_sequence);
  to.set_committed_sequence(from.committed_sequence);
  to.set_filtered_rows(from.filtered_rows);
}

void fill(const txn::WriterReport& from, v1::WriterStatus& to) {
  to.set_writer_id(from.writer_id);
  to.set_database(from.database);
  to.set_delivery(to_proto(from.delivery));
  to.set_epoch(from.epoch);
  for (const txn::TransactionReport& transaction : from.transactions) {
    v1::TransactionStatus& message = *to.add_transactions();
    message.set_label(transaction.label);
    message.set_table(transaction.table);
    message.set_state(static_cast<v1::TransactionStatus::State>(transaction.state));
    *message.mutable_begin_time() = to_timestamp(transaction.begin_time);
  }
  to.set_connected(from.connected);
  to.set_client_name(from.client_name);
  fill(from.ack, *to.mutable_ack());
  to.set_buffered_bytes(from.buffered_bytes);
  to.set_stall_reason(from.stall_reason);
  to.set_last_error(from.last_error);
  if (from.last_error_time) *to.mutable_last_error_time() = to_timestamp(*from.last_error_time);
}

}  // namespace

bool is_writer_id(std::string_view text) {
  return !text.empty() && text.size() <= kMaxWriterId &&
         std::all_of(text.begin(), text.end(), is_word);
}

Answer<txn::OpenRequest> to_open_request(const v1::Open& open) {
  Violations violations;
  const bool exactly_once = open.delivery() == v1::DELIVERY_EXACTLY_ONCE;
  if (!exactly_once && open.delivery() != v1::DELIVERY_AT_LEAST_ONCE) {
    violations.push_back(
        {"open.delivery", "must be DELIVERY_AT_LEAST_ONCE or DELIVERY_EXACTLY_ONCE"});
  }
  if (exactly_once || !open.writer_id().empty()) {
    check_writer_id(open.writer_id(), "open.writer_id", violations);
  }
  check_name(open.database(), "open.database", violations);
  if (exactly_once && (open.epoch() == 0 || open.epoch() > kMaxEpoch)) {
    violations.push_back({"open.epoch", "must be from 1 to 2^32-1 for DELIVERY_EXACTLY_ONCE"});
  }
  if (open.client_name().size() > kMaxClientName) {
    violations.push_back(
        {"open.client_name", fmt::format("has {} bytes; at most {} are allowed",
                                         open.client_name().size(), kMaxClientName)});
  }
  if (!violations.empty()) return bad_request("Open", std::move(violations));
  txn::OpenRequest request;
  request.writer_id = open.writer_id();
  request.database = open.database();
  request.delivery = exactly_once ? txn::Delivery::kExactlyOnce : txn::Delivery::kAtLeastOnce;
  request.epoch = open.epoch();
  request.resume_token = open.resume_token();
  request.client_name = open.client_name();
  request.reattach = open.reattach();
  return request;
}

Answer<txn::CheckpointRequest> to_checkpoint_request(const v1::CheckpointRequest& request) {
  Violations violations;
  check_writer_id(request.writer_id(), "writer_id", violations);
  if (request.epoch() > kMaxEpoch) violations.push_back({"epoch", "must be at most 2^32-1"});
  if (!violations.empty()) return bad_request("Checkpoint", std::move(violations));
  return txn::CheckpointRequest{request.writer_id(), request.epoch(), request.checkpoint_id(),
                                request.last_sequence()};
}

Answer<txn::AbortRequest> to_abort_request(const v1::AbortRequest& request) {
  Violations violations;
  check_writer_id(request.writer_id(), "writer_id", violations);
  check_name(request.database(), "database", violations);
  if (request.epoch() > kMaxEpoch) violations.push_back({"epoch", "must be at most 2^32-1"});
  if (!violations.empty()) return bad_request("Abort", std::move(violations));
  return txn::AbortRequest{request.writer_id(), request.database(), request.epoch(),
                           request.resume_token()};
}

std::optional<Refusal> check(const v1::DescribeTableRequest& request) {
  Violations violations;
  check_name(request.database(), "database", violations);
  check_name(request.table(), "table", violations);
  if (violations.empty()) return std::nullopt;
  return bad_request("DescribeTable", std::move(violations));
}

v1::Limits to_limits(const CoreOptions& options) {
  v1::Limits limits;
  limits.set_max_message_bytes(options.limits.max_message.value);
  limits.set_max_unacked_bytes(kMaxUnackedBytes);
  limits.set_max_pending_checkpoints(options.limits.max_pending_checkpoints);
  *limits.mutable_transaction_timeout() = to_duration(options.times.transaction_timeout);
  *limits.mutable_prepared_timeout() = to_duration(options.times.prepared_timeout);
  *limits.mutable_session_grace() = to_duration(options.limits.session_grace);
  *limits.mutable_ack_interval() = to_duration(options.limits.ack_interval);
  return limits;
}

v1::WriteResponse opened_response(const txn::Opened& opened, txn::Delivery delivery,
                                  const CoreOptions& options, const std::string& daemon_id) {
  v1::WriteResponse response;
  v1::Opened& message = *response.mutable_opened();
  message.set_attached(opened.attached);
  message.set_next_sequence(opened.next_sequence);
  if (opened.next_checkpoint_id) message.set_next_checkpoint_id(*opened.next_checkpoint_id);
  *message.mutable_limits() = to_limits(options);
  if (delivery == txn::Delivery::kAtLeastOnce) {
    // What an at-least-once writer's transactions get (starrocks-load-protocol.md 5.6).
    *message.mutable_limits()->mutable_prepared_timeout() =
        to_duration(options.times.at_least_once_prepared_timeout);
  }
  message.set_label_prefix(opened.label_prefix);
  message.set_daemon_id(daemon_id);
  return response;
}

v1::WriteResponse ack_response(const txn::Ack& ack) {
  v1::WriteResponse response;
  fill(ack, *response.mutable_ack());
  return response;
}

v1::WriteResponse draining_response(const txn::Draining& draining) {
  v1::WriteResponse response;
  *response.mutable_draining()->mutable_grace() = to_duration(draining.grace);
  return response;
}

v1::CheckpointResponse checkpoint_response(const txn::CheckpointOutcome& outcome) {
  v1::CheckpointResponse response;
  response.set_resume_token(outcome.resume_token);
  if (outcome.expire_time) *response.mutable_expire_time() = to_timestamp(*outcome.expire_time);
  for (const txn::LoadSummary& load : outcome.loads) {
    v1::LoadSummary& message = *response.add_loads();
    message.set_table(load.table);
    message.set_label(load.label);
    message.set_transaction_id(load.transaction_id);
    message.set_total_rows(load.total_rows);
    message.set_filtered_rows(load.filtered_rows);
    message.set_bytes(load.bytes);
  }
  return response;
}

v1::CommitResponse commit_response(const txn::CommitOutcome& outcome) {
  v1::CommitResponse response;
  response.set_committed_sequence(outcome.committed_sequence);
  response.set_visible(outcome.visible);
  return response;
}

v1::GetStatusResponse status_response(const txn::StatusReport& report, const DaemonInfo& info) {
  v1::GetStatusResponse response;
  response.set_version(info.version);
  response.set_daemon_id(info.daemon_id);
  *response.mutable_start_time() = to_timestamp(info.start_time);
  response.set_starrocks_version(report.starrocks_version);
  for (const v1::Format format :
       {v1::FORMAT_TYPED_ROWS, v1::FORMAT_CSV, v1::FORMAT_NDJSON, v1::FORMAT_JSON_ARRAY}) {
    response.add_supported_formats(format);
  }
  response.set_draining(report.draining);
  response.set_buffered_bytes(report.buffered_bytes);
  response.set_buffer_limit_bytes(report.buffer_limit_bytes);
  for (const txn::WriterReport& writer : report.writers) fill(writer, *response.add_writers());
  return response;
}

v1::DescribeTableResponse describe_response(const TableSchema& schema) {
  v1::DescribeTableResponse response;
  for (const ColumnSchema& column : schema.columns) {
    v1::Column& message = *response.add_columns();
    message.set_name(column.name);
    message.set_type(to_string(column.type));
    message.set_nullable(column.nullable);
    message.set_key(column.key);
    // A generated column is never loaded, so it can always be left out.
    message.set_has_default(column.has_default || column.generated);
  }
  response.set_keys_type(std::string(to_string(schema.key_model)));
  return response;
}

}  // namespace loadstar::server
