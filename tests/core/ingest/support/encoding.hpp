#pragma once

#include "core/ingest/batch_reader.hpp"
#include "core/ingest/table_encoder.hpp"
#include "tests/core/ingest/support/wire_builder.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace loadstar::ingest {

/// A complete schema from "name type [not null]" texts; the first `keys` columns are the key.
inline TableSchema schema_of(KeyModel model, const std::vector<std::string>& columns,
                             std::size_t keys = 1) {
  TableSchema schema;
  schema.key_model = model;
  schema.complete = true;
  for (const std::string& text : columns) {
    ColumnSchema column;
    const auto blank = text.find(' ');
    std::string type = text.substr(blank + 1);
    column.name = text.substr(0, blank);
    if (const auto cut = type.find(" not null"); cut != std::string::npos) {
      column.nullable = false;
      type.resize(cut);
    }
    column.type = parse_column_type(type);
    column.key = schema.columns.size() < keys;
    schema.columns.push_back(std::move(column));
  }
  return schema;
}

/// What a test needs to encode batches of one table.
struct Encoding {
  std::optional<TableSchema> schema;
  TableOptions options;
  ServerFacts facts{true, true, true, true};
  bool exactly_once = false;

  [[nodiscard]] Answer<EncodedBatch> encode(const wire::BatchFields& fields) const {
    auto batch = read_batch(wire::whole(fields.message()), {});
    if (!batch.ok()) return batch.refusal();
    TableEncoder encoder("db", "t", options, schema, facts);
    return encoder.encode(batch.value(), exactly_once);
  }
};

/// Header `name` of a lane; "(none)" if it is not sent.
inline std::string header(const LaneSpec& lane, std::string_view name) {
  for (const auto& [key, value] : lane.headers) {
    if (key == name) return value;
  }
  return "(none)";
}

/// The violations of a refusal, "field: description" one a line, with its reason's number in front.
inline std::string shown(const Refusal& refusal) {
  std::string text = std::to_string(static_cast<int>(refusal.reason));
  for (const FieldViolation& one : refusal.violations)
    text += "\n" + one.field + ": " + one.description;
  return text;
}

/// A batch of typed rows.
inline wire::BatchFields typed(std::vector<std::string> columns, std::vector<std::string> rows) {
  wire::BatchFields batch;
  batch.sequence = 7;
  batch.columns = std::move(columns);
  batch.row_count = static_cast<std::uint32_t>(rows.size());
  batch.format = 1;
  batch.rows = std::move(rows);
  return batch;
}

/// A batch of an encoded format: 2 CSV, 3 NDJSON, 4 JSON array.
inline wire::BatchFields encoded(std::uint32_t format, std::string data, std::uint32_t rows) {
  wire::BatchFields batch;
  batch.sequence = 7;
  batch.row_count = rows;
  batch.format = format;
  batch.data = std::move(data);
  return batch;
}

}  // namespace loadstar::ingest
