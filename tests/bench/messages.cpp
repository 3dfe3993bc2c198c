#include "tests/bench/messages.hpp"

#include "tests/bench/rows.hpp"

#include <loadstar/v1/ingest_service.pb.h>

#include <utility>

namespace loadstar::bench {
namespace {

Message encoded(const std::string& table, Payload payload) {
  Message message;
  message.rows = payload.rows;
  message.payload = payload.bytes.size();
  v1::WriteRequest request;
  v1::Batch& batch = *request.mutable_batch();
  batch.set_table(table);
  batch.set_row_count(payload.rows);
  batch.set_format(v1::FORMAT_CSV);
  batch.set_data(std::move(payload.bytes));
  message.bytes = request.SerializeAsString();
  return message;
}

void add_row(v1::Batch& batch, std::uint64_t number) {
  const Row row = make_row(number);
  v1::Row& out = *batch.add_rows();
  out.add_values()->set_int_value(row.id);
  out.add_values()->set_datetime_value(row.created);
  out.add_values()->set_string_value(row.name);
  out.add_values()->set_string_value(row.city);
  out.add_values()->set_double_value(row.amount);
  out.add_values()->set_int_value(row.quantity);
  out.set_op(v1::ROW_OP_UPSERT);
}

/// Bytes of rows [first, first + count) as the encoder writes them: as many as in tab-separated
/// CSV.
std::size_t csv_size(std::uint64_t first, std::uint32_t count) {
  std::size_t bytes = 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    bytes += csv_payload(first + i, 256).bytes.find('\n') + 1;
  }
  return bytes;
}

}  // namespace

std::vector<Message> csv_messages(const std::string& table, std::size_t total, std::size_t limit) {
  std::vector<Message> messages;
  for (Payload& payload : csv_payloads(total, limit)) {
    messages.push_back(encoded(table, std::move(payload)));
  }
  return messages;
}

std::vector<Message> typed_messages(const std::string& table, std::uint32_t rows,
                                    std::size_t count) {
  std::vector<Message> messages;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t first = i * rows;
    Message message;
    message.rows = rows;
    message.payload = csv_size(first, rows);
    v1::WriteRequest request;
    v1::Batch& batch = *request.mutable_batch();
    batch.set_table(table);
    for (const std::string& name : column_names()) batch.add_columns(name);
    batch.set_row_count(rows);
    batch.set_format(v1::FORMAT_TYPED_ROWS);
    for (std::uint32_t row = 0; row < rows; ++row) add_row(batch, first + row);
    message.bytes = request.SerializeAsString();
    messages.push_back(std::move(message));
  }
  return messages;
}

Message one_row_message(const std::string& table, std::size_t bytes) {
  Payload payload = csv_payload(0, 256);
  payload.bytes.resize(payload.bytes.find('\n'));
  if (payload.bytes.size() + 1 < bytes) {
    payload.bytes.insert(0, std::string(bytes - payload.bytes.size() - 1, '0'));
  }
  payload.bytes += '\n';
  payload.rows = 1;
  return encoded(table, std::move(payload));
}

std::string open_message() {
  v1::WriteRequest request;
  v1::Open& open = *request.mutable_open();
  open.set_database("bench");
  open.set_delivery(v1::DELIVERY_AT_LEAST_ONCE);
  open.set_client_name("bench");
  return request.SerializeAsString();
}

}  // namespace loadstar::bench
