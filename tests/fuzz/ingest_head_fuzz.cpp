// Properties, columns and expressions of a client: no header of the load has a control byte,
// whatever the client sends (delivery-and-faults.md 5.2, T01 and T02). Entries end with NUL: `=key
// value`, `cname`, `eexpression`, `f` for CSV.

#include "core/base/assert.hpp"
#include "core/base/load_property.hpp"
#include "core/ingest/table_encoder.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace loadstar;  // NOLINT(google-build-using-namespace)
  std::string_view text(reinterpret_cast<const char*>(data), size);
  ingest::Batch batch;
  batch.table = "t";
  batch.format = ingest::Format::kNdjson;
  batch.row_count = 1;
  batch.data.append(Slice::from_static("{}\n"));
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\0'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const std::string content(line.substr(std::min<std::size_t>(line.size(), 1)));
    if (line.starts_with('c')) {
      batch.columns.push_back(content);
    } else if (line.starts_with('e')) {
      batch.column_expressions.push_back(content);
    } else if (line.starts_with('=')) {
      const auto blank = std::min(content.find(' '), content.size() - (content.empty() ? 0 : 1));
      batch.properties[content.substr(0, blank)] = content.empty() ? "" : content.substr(blank + 1);
    } else if (line.starts_with('f')) {
      batch.format = ingest::Format::kCsv;
    }
  }
  TableOptions options;
  options.key_model = KeyModel::kPrimary;
  ingest::TableEncoder encoder("db", "t", options, std::nullopt, {});
  const auto answer = encoder.encode(batch, false);
  if (!answer.ok()) return 0;
  for (const auto& [name, value] : answer.value().lane->headers) {
    const bool clean = std::none_of(value.begin(), value.end(), [](char c) {
      return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
    });
    LOADSTAR_ASSERT(clean, "no header has a control byte");
    const bool ours = name == "format" || name == "columns" || name == "strip_outer_array";
    LOADSTAR_ASSERT(ours || find_load_property(name) != nullptr, "only allowed headers are sent");
  }
  return 0;
}
