// Typed values of a client, for every column type: what is accepted is one whole row of the text
// that it becomes (delivery-and-faults.md 5.2, T19 and T21).

#include "core/base/assert.hpp"
#include "core/ingest/table_encoder.hpp"
#include "core/ingest/value_writer.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace {

using namespace loadstar;  // NOLINT(google-build-using-namespace)

constexpr std::array<std::string_view, 20> kTypes{"boolean",
                                                  "tinyint",
                                                  "smallint",
                                                  "int",
                                                  "bigint",
                                                  "largeint",
                                                  "float",
                                                  "double",
                                                  "decimal(9,3)",
                                                  "char(5)",
                                                  "varchar(20)",
                                                  "varbinary(9)",
                                                  "date",
                                                  "datetime",
                                                  "json",
                                                  "array<varchar(9)>",
                                                  "map<int,double>",
                                                  "map<varchar(5),array<date>>",
                                                  "struct<a int, b array<json>>",
                                                  "bitmap"};

std::string field(char tag, std::string_view content) {
  std::string text(1, tag);
  for (std::size_t size = content.size();; size >>= 7U) {
    text += static_cast<char>(size >= 0x80 ? (size & 0x7FU) | 0x80U : size);
    if (size < 0x80) break;
  }
  return text.append(content);
}

void check(const ingest::EncodedBatch& encoded, std::size_t columns) {
  const std::string payload = encoded.payload.to_string();
  if (encoded.lane->kind == ingest::PayloadKind::kCsv) {
    const auto count = [&payload](char c) {
      return static_cast<std::uint64_t>(std::count(payload.begin(), payload.end(), c));
    };
    LOADSTAR_ASSERT(count(ingest::kRowDelimiter) == encoded.rows, "one delimiter for each row");
    LOADSTAR_ASSERT(count(ingest::kColumnSeparator) == encoded.rows * (columns - 1), "all fields");
    return;
  }
  const std::string body =
      ingest::join_payloads(encoded.lane->kind, {&encoded.payload}).to_string();
  if (body.empty()) {
    LOADSTAR_ASSERT(encoded.rows == 0, "no rows, no body");
    return;
  }
  const auto rows = nlohmann::json::parse(body, nullptr, false);
  // The other parser refuses numbers beyond double, which a JSON text of a client may hold.
  if (rows.is_discarded() && body.find_first_of("eE") != std::string::npos) return;
  LOADSTAR_ASSERT(rows.is_array() && rows.size() == encoded.rows, "an array of the rows");
  for (const auto& row : rows) LOADSTAR_ASSERT(row.size() == columns, "all members");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  TableSchema schema;
  const bool primary = (data[1] & 1U) != 0;
  schema.key_model = primary ? KeyModel::kPrimary : KeyModel::kDuplicate;
  schema.complete = true;
  for (const std::string_view type : {std::string_view("int"), kTypes[data[0] % kTypes.size()]}) {
    ColumnSchema column;
    column.name = "c" + std::to_string(schema.columns.size());
    column.type = parse_column_type(type);
    schema.columns.push_back(std::move(column));
  }
  TableOptions options;
  options.format = static_cast<RowFormat>((data[1] >> 1U) % 3);
  options.time_zone = "+05:30";
  ingest::TableEncoder encoder("db", "t", options, schema, {});
  ingest::Batch batch;
  batch.table = "t";
  batch.columns = {"c0", "c1"};
  batch.row_count = 2;
  const std::string_view value(reinterpret_cast<const char*>(data + 2), size - 2);
  const std::string row = field('\x0a', "\x18\x02") + field('\x0a', value);
  batch.rows.add(Slice::from_string(row));
  batch.rows.add((data[1] & 8U) != 0 ? Slice::from_string(std::string(value))
                                     : Slice::from_string(row));
  const auto answer = encoder.encode(batch, false);
  if (answer.ok()) {
    check(answer.value(), primary ? 3 : 2);
  } else {
    LOADSTAR_ASSERT(!answer.refusal().violations.empty(), "a refusal says where");
  }
  return 0;
}
